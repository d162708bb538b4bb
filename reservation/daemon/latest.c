/* SPDX-License-Identifier: Apache-2.0 */
/* The last value of each key of a compacted topic. */

#include "reservation/daemon/latest.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 1024 /* a power of two */

struct slot {
    uint8_t *key; /* NULL: free */
    size_t key_size;
    uint8_t *value; /* NULL: taken away */
    size_t value_size;
    size_t capacity;
};

struct reservation_latest {
    struct slot *slots;
    size_t slot_count; /* a power of two, more than half of them free */
    size_t used;
};

struct reservation_latest *reservation_latest_new(void) {
    struct reservation_latest *latest = allocate_zeroed(1, sizeof *latest);
    latest->slot_count = SLOTS_MIN;
    latest->slots = allocate_zeroed(SLOTS_MIN, sizeof(struct slot));
    return latest;
}

void reservation_latest_free(struct reservation_latest *latest) {
    if (latest == NULL) {
        return;
    }
    for (size_t i = 0; i < latest->slot_count; i++) {
        free(latest->slots[i].key);
        free(latest->slots[i].value);
    }
    free(latest->slots);
    free(latest);
}

/* FNV-1a. */
static uint64_t octets_digest(struct octets octets) {
    uint64_t digest = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < octets.size; i++) {
        digest = (digest ^ octets.data[i]) * 0x100000001b3ull;
    }
    return digest ^ (digest >> 32);
}

static struct slot *slot_find(const struct reservation_latest *latest, struct octets key) {
    size_t mask = latest->slot_count - 1;
    size_t index = (size_t)octets_digest(key) & mask;
    for (;; index = (index + 1) & mask) {
        struct slot *slot = &latest->slots[index];
        if (slot->key == NULL ||
            (slot->key_size == key.size && memcmp(slot->key, key.data, key.size) == 0)) {
            return slot;
        }
    }
}

static void latest_grow(struct reservation_latest *latest) {
    struct slot *old = latest->slots;
    size_t old_count = latest->slot_count;
    latest->slot_count = old_count * 2;
    latest->slots = allocate_zeroed(latest->slot_count, sizeof(struct slot));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].key != NULL) {
            *slot_find(latest, (struct octets){old[i].key, old[i].key_size}) = old[i];
        }
    }
    free(old);
}

void reservation_latest_put(struct reservation_latest *latest, struct octets key,
                            struct octets value) {
    if (key.size == 0) {
        return;
    }
    struct slot *slot = slot_find(latest, key);
    if (slot->key == NULL) {
        if ((latest->used + 1) * 2 > latest->slot_count) {
            latest_grow(latest);
            slot = slot_find(latest, key);
        }
        latest->used++;
        slot->key = allocate(key.size);
        memcpy(slot->key, key.data, key.size);
        slot->key_size = key.size;
    }
    if (value.size > slot->capacity) {
        free(slot->value);
        slot->value = allocate(value.size);
        slot->capacity = value.size;
    }
    slot->value_size = value.size;
    if (value.size > 0) {
        memcpy(slot->value, value.data, value.size);
    }
}

static struct octets slot_value(const struct slot *slot) {
    if (slot->key == NULL || slot->value_size == 0) {
        return (struct octets){0};
    }
    return (struct octets){slot->value, slot->value_size};
}

struct octets reservation_latest_get(const struct reservation_latest *latest, struct octets key) {
    return slot_value(slot_find(latest, key));
}

bool reservation_latest_visit(const struct reservation_latest *latest,
                              reservation_latest_visitor *visitor, void *context,
                              struct error *error) {
    for (size_t i = 0; i < latest->slot_count; i++) {
        const struct slot *slot = &latest->slots[i];
        struct octets value = slot_value(slot);
        if (value.data != NULL &&
            !visitor(context, (struct octets){slot->key, slot->key_size}, value, error)) {
            return false;
        }
    }
    return true;
}
