/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table without tombstones: what follows a hole moves back into it. */
#include "reservation/core/state/map.h"

#define MAP_SIZE_MIN 1024

_Static_assert((MAP_SIZE_MIN & (MAP_SIZE_MIN - 1)) == 0, "a size is a power of two");

/* Ids are random or digests already; the multiplications spread them over a table all the same. */
uint32_t reservation_map_hash(const struct uuid *id, uint32_t salt) {
    uint64_t words[2];
    memcpy(words, id->octets, sizeof(words));
    uint64_t spread = words[0] * 0xff51afd7ed558ccdu;
    spread = (spread ^ spread >> 32 ^ words[1]) * 0x9e3779b97f4a7c15u;
    spread = (spread ^ spread >> 29 ^ salt) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(spread >> 32);
}

static void map_put(struct reservation_map *map, uint32_t hash, uint32_t slot) {
    RESERVATION_ASSERT(slot != 0);
    uint32_t i = hash & map->mask;
    while (map->entries[i].slot != 0) {
        RESERVATION_ASSERT(map->entries[i].slot != slot);
        i = (i + 1) & map->mask;
    }
    map->entries[i] = (struct reservation_map_entry){.hash = hash, .slot = slot};
}

size_t reservation_map_octets(const struct reservation_map *map) {
    RESERVATION_ASSERT(map->entries != NULL || map->mask == 0);
    RESERVATION_ASSERT(map->count <= map->mask);
    return map->entries == NULL ? 0 : ((size_t)map->mask + 1) * sizeof(*map->entries);
}

static void map_grow(struct reservation_map *map, struct reservation_memory *memory) {
    struct reservation_map old = *map;
    size_t size = old.entries == NULL ? MAP_SIZE_MIN : 2 * ((size_t)old.mask + 1);
    map->entries = reservation_memory_allocate(memory, size * sizeof(*map->entries));
    memset(map->entries, 0, size * sizeof(*map->entries));
    map->mask = (uint32_t)(size - 1);
    RESERVATION_ASSERT((size & map->mask) == 0);
    if (old.entries == NULL) {
        return;
    }
    uint32_t moved = 0;
    for (size_t i = 0; i <= old.mask; i++) {
        if (old.entries[i].slot != 0) {
            map_put(map, old.entries[i].hash, old.entries[i].slot);
            moved++;
        }
    }
    RESERVATION_ASSERT(moved == map->count);
    reservation_memory_release(memory, old.entries, reservation_map_octets(&old));
}

/* At most two thirds full. */
void reservation_map_insert(struct reservation_map *map, struct reservation_memory *memory,
                            uint32_t hash, uint32_t slot) {
    if (map->entries == NULL || (uint64_t)(map->count + 1) * 3 > ((uint64_t)map->mask + 1) * 2) {
        map_grow(map, memory);
    }
    RESERVATION_ASSERT(map->count < map->mask);
    map_put(map, hash, slot);
    map->count++;
    RESERVATION_ASSERT((uint64_t)map->count * 3 <= ((uint64_t)map->mask + 1) * 2);
}

/* The entry of this slot. */
static struct reservation_map_entry *map_entry(const struct reservation_map *map, uint32_t hash,
                                               uint32_t slot) {
    RESERVATION_ASSERT(slot != 0);
    uint32_t i = hash & map->mask;
    while (map->entries[i].slot != slot) {
        RESERVATION_ASSERT(map->entries[i].slot != 0);
        i = (i + 1) & map->mask;
    }
    RESERVATION_ASSERT(map->entries[i].hash == hash);
    return &map->entries[i];
}

/* Moves back what follows, so that no probe ends early at the hole. */
void reservation_map_remove(struct reservation_map *map, uint32_t hash, uint32_t slot) {
    RESERVATION_ASSERT(map->count > 0);
    uint32_t hole = (uint32_t)(map_entry(map, hash, slot) - map->entries);
    for (uint32_t i = (hole + 1) & map->mask; map->entries[i].slot != 0; i = (i + 1) & map->mask) {
        uint32_t home = map->entries[i].hash & map->mask;
        if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    RESERVATION_ASSERT(map->entries[(hole + 1) & map->mask].slot == 0 ||
                       (map->entries[(hole + 1) & map->mask].hash & map->mask) != hole);
    map->entries[hole] = (struct reservation_map_entry){.slot = 0};
    map->count--;
}

void reservation_map_replace(struct reservation_map *map, uint32_t hash, uint32_t slot,
                             uint32_t to) {
    RESERVATION_ASSERT(to != 0);
    RESERVATION_ASSERT(to != slot);
    map_entry(map, hash, slot)->slot = to;
}

void reservation_map_free(struct reservation_map *map, struct reservation_memory *memory) {
    reservation_memory_release(memory, map->entries, reservation_map_octets(map));
    *map = (struct reservation_map){.entries = NULL};
}
