/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table by UUID: open addressing with linear probing. */
#include "runtime/base/table.h"

#include "runtime/base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keys are random or hashes themselves, but who writes them may be hostile: mix both halves. */
static size_t slot_of(const struct uuid_table *table, const void *key) {
    uint64_t halves[2];
    memcpy(halves, key, sizeof halves);
    uint64_t mixed = (halves[0] ^ (halves[1] >> 29)) * 0x9e3779b97f4a7c15u + halves[1];
    mixed ^= mixed >> 32;
    return (size_t)(mixed * 0xd6e8feb86659fd93u >> 16) & (table->capacity - 1);
}

static size_t next_slot(const struct uuid_table *table, size_t slot) {
    return (slot + 1) & (table->capacity - 1);
}

void *uuid_table_find(const struct uuid_table *table, const struct uuid *key) {
    if (table->capacity == 0) {
        return NULL;
    }
    for (size_t slot = slot_of(table, key); table->entries[slot] != NULL;
         slot = next_slot(table, slot)) {
        if (memcmp(table->entries[slot], key, sizeof *key) == 0) {
            return table->entries[slot];
        }
    }
    return NULL;
}

static void place(struct uuid_table *table, void *entry) {
    size_t slot = slot_of(table, entry);
    while (table->entries[slot] != NULL) {
        slot = next_slot(table, slot);
    }
    table->entries[slot] = entry;
}

static void grow(struct uuid_table *table) {
    struct uuid_table larger = {.capacity = table->capacity ? table->capacity * 2 : 8,
                                .count = table->count};
    larger.entries = allocate_zeroed(larger.capacity, sizeof *larger.entries);
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->entries[i] != NULL) {
            place(&larger, table->entries[i]);
        }
    }
    free(table->entries);
    *table = larger;
}

void uuid_table_add(struct uuid_table *table, void *entry) {
    if ((table->count + 1) * 4 > table->capacity * 3) {
        grow(table);
    }
    place(table, entry);
    table->count++;
}

void *uuid_table_remove(struct uuid_table *table, const struct uuid *key) {
    if (table->capacity == 0) {
        return NULL;
    }
    size_t slot = slot_of(table, key);
    while (table->entries[slot] != NULL && memcmp(table->entries[slot], key, sizeof *key) != 0) {
        slot = next_slot(table, slot);
    }
    void *removed = table->entries[slot];
    if (removed == NULL) {
        return NULL;
    }
    table->entries[slot] = NULL;
    table->count--;
    /* Whatever was pushed past the hole finds its place again. */
    for (size_t next = next_slot(table, slot); table->entries[next] != NULL;
         next = next_slot(table, next)) {
        void *moved = table->entries[next];
        table->entries[next] = NULL;
        place(table, moved);
    }
    return removed;
}

void uuid_table_clear(struct uuid_table *table, void (*entry_free)(void *entry)) {
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->entries[i] != NULL) {
            entry_free(table->entries[i]);
        }
    }
    free(table->entries);
    *table = (struct uuid_table){0};
}
