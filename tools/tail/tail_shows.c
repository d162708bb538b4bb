/* SPDX-License-Identifier: Apache-2.0 */
#include "tail_shows.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 1024 }; /* a power of two */

struct slot {
    struct uuid show_id;
    struct octets wire; /* NULL: free */
};

/* Open addressing; ids are random, so their own bytes spread them. */
struct tail_shows {
    struct slot *slots;
    size_t capacity;
    size_t count;
};

static struct slot *slot_find(struct slot *slots, size_t capacity, const struct uuid *show_id) {
    uint64_t hash;
    memcpy(&hash, show_id->octets, sizeof hash);
    for (size_t i = hash & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
        if (slots[i].wire.data == NULL || uuid_equal(&slots[i].show_id, show_id)) {
            return &slots[i];
        }
    }
}

struct tail_shows *tail_shows_new(void) {
    struct tail_shows *shows = allocate_zeroed(1, sizeof *shows);
    shows->capacity = SLOTS_FIRST;
    shows->slots = allocate_zeroed(shows->capacity, sizeof *shows->slots);
    return shows;
}

void tail_shows_free(struct tail_shows *shows) {
    if (shows == NULL) {
        return;
    }
    for (size_t i = 0; i < shows->capacity; i++) {
        free((void *)shows->slots[i].wire.data);
    }
    free(shows->slots);
    free(shows);
}

static void shows_grow(struct tail_shows *shows) {
    size_t capacity = shows->capacity * 2;
    struct slot *slots = allocate_zeroed(capacity, sizeof *slots);
    for (size_t i = 0; i < shows->capacity; i++) {
        if (shows->slots[i].wire.data != NULL) {
            *slot_find(slots, capacity, &shows->slots[i].show_id) = shows->slots[i];
        }
    }
    free(shows->slots);
    shows->slots = slots;
    shows->capacity = capacity;
}

void tail_shows_put(struct tail_shows *shows, const struct uuid *show_id, struct octets wire) {
    struct slot *slot = slot_find(shows->slots, shows->capacity, show_id);
    if (slot->wire.data != NULL) {
        return; /* a show is created once */
    }
    uint8_t *copy = allocate(wire.size);
    memcpy(copy, wire.data, wire.size);
    *slot = (struct slot){*show_id, {copy, wire.size}};
    if (++shows->count * 2 > shows->capacity) {
        shows_grow(shows);
    }
}

bool tail_shows_get(const struct tail_shows *shows, struct codec *codec, struct arena *arena,
                    const struct uuid *show_id, struct event_show_created *out) {
    struct event event;
    struct text reason;
    const struct slot *slot = slot_find(shows->slots, shows->capacity, show_id);
    if (slot->wire.data == NULL || !codec_event_decode(codec, arena, slot->wire, &event, &reason) ||
        event.kind != EVENT_SHOW_CREATED) {
        return false;
    }
    *out = event.as.show_created;
    return true;
}
