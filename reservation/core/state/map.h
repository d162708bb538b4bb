/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_MAP_H
#define SEATLOG_RESERVATION_CORE_STATE_MAP_H

/* From the hash of an id to the slots that may have it. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "reservation/core/memory.h"
#include "seatlog_types.h"

/* Open addressing, linear probing, no tombstones: entries are (hash, slot), slot 0 is empty. */
struct reservation_map {
    struct reservation_map_entry *entries; /* NULL before the first */
    uint32_t mask;                         /* size - 1 */
    uint32_t count;
};

struct reservation_map_entry {
    uint32_t hash;
    uint32_t slot;
};

/* salt tells the shows apart, 0 for shows themselves. */
uint32_t reservation_map_hash(const struct uuid *id, uint32_t salt);

void reservation_map_insert(struct reservation_map *map, struct reservation_memory *memory,
                            uint32_t hash, uint32_t slot);
/* The slot must be there under this hash. replace: to is there instead. */
void reservation_map_remove(struct reservation_map *map, uint32_t hash, uint32_t slot);
void reservation_map_replace(struct reservation_map *map, uint32_t hash, uint32_t slot,
                             uint32_t to);
size_t reservation_map_octets(const struct reservation_map *map);
void reservation_map_free(struct reservation_map *map, struct reservation_memory *memory);

/* The slots with this hash, one after the other: begin, then next until it is 0. */
struct reservation_map_probe {
    const struct reservation_map *map;
    uint32_t hash;
    uint32_t at;
};

static inline struct reservation_map_probe reservation_map_begin(const struct reservation_map *map,
                                                                 uint32_t hash) {
    return (struct reservation_map_probe){.map = map, .hash = hash, .at = hash};
}

static inline uint32_t reservation_map_next(struct reservation_map_probe *probe) {
    const struct reservation_map *map = probe->map;
    if (map->entries == NULL) {
        return 0;
    }
    for (;;) {
        const struct reservation_map_entry *entry = &map->entries[probe->at++ & map->mask];
        if (entry->slot == 0 || entry->hash == probe->hash) {
            RESERVATION_ASSERT(probe->at - probe->hash <= map->mask + 1);
            return entry->slot;
        }
    }
}

#endif
