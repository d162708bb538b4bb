/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/state.h"

#define MAP_SIZE_MIN 1024

static void map_put(struct reservation_map *map, uint32_t hash, uint32_t slot) {
    uint32_t i = hash & map->mask;
    while (map->entries[i].slot != 0) {
        i = (i + 1) & map->mask;
    }
    map->entries[i] = (struct reservation_map_entry){.hash = hash, .slot = slot};
}

static size_t map_octets(const struct reservation_map *map) {
    return map->entries == NULL ? 0 : ((size_t)map->mask + 1) * sizeof(*map->entries);
}

static void map_grow(struct reservation_core *core, struct reservation_map *map) {
    struct reservation_map old = *map;
    size_t size = old.entries == NULL ? MAP_SIZE_MIN : 2 * ((size_t)old.mask + 1);
    map->entries = reservation_memory_allocate(&core->memory, size * sizeof(*map->entries));
    memset(map->entries, 0, size * sizeof(*map->entries));
    map->mask = (uint32_t)(size - 1);
    if (old.entries == NULL) {
        return;
    }
    for (size_t i = 0; i <= old.mask; i++) {
        if (old.entries[i].slot != 0) {
            map_put(map, old.entries[i].hash, old.entries[i].slot);
        }
    }
    reservation_memory_release(&core->memory, old.entries, map_octets(&old));
}

/* At most two thirds full. */
static void map_insert(struct reservation_core *core, struct reservation_map *map, uint32_t hash,
                       uint32_t slot) {
    if (map->entries == NULL || (uint64_t)(map->count + 1) * 3 > ((uint64_t)map->mask + 1) * 2) {
        map_grow(core, map);
    }
    map_put(map, hash, slot);
    map->count++;
}

/* The entry of this slot. */
static uint32_t map_entry(const struct reservation_map *map, uint32_t hash, uint32_t slot) {
    uint32_t i = hash & map->mask;
    while (map->entries[i].slot != slot) {
        RESERVATION_ASSERT(map->entries[i].slot != 0);
        i = (i + 1) & map->mask;
    }
    return i;
}

/* Moves back what follows, so that no probe ends early at the hole. */
static void map_remove(struct reservation_map *map, uint32_t hash, uint32_t slot) {
    uint32_t hole = map_entry(map, hash, slot);
    for (uint32_t i = (hole + 1) & map->mask; map->entries[i].slot != 0; i = (i + 1) & map->mask) {
        uint32_t home = map->entries[i].hash & map->mask;
        if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (struct reservation_map_entry){.slot = 0};
    map->count--;
}

uint32_t reservation_map_show_find(const struct reservation_core *core, const struct uuid *id) {
    const struct reservation_map *map = &core->map_shows;
    if (map->entries == NULL) {
        return 0;
    }
    uint32_t hash = reservation_map_hash(id, 0);
    for (uint32_t i = hash & map->mask; map->entries[i].slot != 0; i = (i + 1) & map->mask) {
        if (map->entries[i].hash == hash &&
            uuid_equal(&show_at(core, map->entries[i].slot)->show_id, id)) {
            return map->entries[i].slot;
        }
    }
    return 0;
}

void reservation_map_show_insert(struct reservation_core *core, uint32_t slot) {
    map_insert(core, &core->map_shows, reservation_map_hash(&show_at(core, slot)->show_id, 0),
               slot);
}

uint32_t reservation_map_reservation_find(const struct reservation_core *core, uint32_t show,
                                          const struct uuid *id) {
    const struct reservation_map *map = &core->map_reservations;
    if (map->entries == NULL) {
        return 0;
    }
    uint32_t hash = reservation_map_hash(id, show);
    for (uint32_t i = hash & map->mask; map->entries[i].slot != 0; i = (i + 1) & map->mask) {
        if (map->entries[i].hash != hash) {
            continue;
        }
        const struct reservation *reservation = reservation_at(core, map->entries[i].slot);
        if (reservation->show == show && uuid_equal(&reservation->reservation_id, id)) {
            return map->entries[i].slot;
        }
    }
    return 0;
}

static uint32_t reservation_hash(const struct reservation *reservation) {
    return reservation_map_hash(&reservation->reservation_id, reservation->show);
}

void reservation_map_reservation_insert(struct reservation_core *core, uint32_t slot) {
    map_insert(core, &core->map_reservations, reservation_hash(reservation_at(core, slot)), slot);
}

void reservation_map_reservation_remove(struct reservation_core *core, uint32_t slot) {
    map_remove(&core->map_reservations, reservation_hash(reservation_at(core, slot)), slot);
}

/* The entry of the buyer's chain, -1 if there is none. */
static int64_t buyer_entry(const struct reservation_core *core, uint32_t show,
                           const struct uuid *buyer_id, uint32_t hash) {
    const struct reservation_map *map = &core->map_buyers;
    if (map->entries == NULL) {
        return -1;
    }
    for (uint32_t i = hash & map->mask; map->entries[i].slot != 0; i = (i + 1) & map->mask) {
        if (map->entries[i].hash != hash) {
            continue;
        }
        const struct reservation *first = reservation_at(core, map->entries[i].slot);
        if (first->show == show && uuid_equal(&first->buyer_id, buyer_id)) {
            return i;
        }
    }
    return -1;
}

uint32_t reservation_map_buyer_find(const struct reservation_core *core, uint32_t show,
                                    const struct uuid *buyer_id) {
    int64_t entry = buyer_entry(core, show, buyer_id, reservation_map_hash(buyer_id, show));
    return entry < 0 ? 0 : core->map_buyers.entries[entry].slot;
}

void reservation_map_buyer_insert(struct reservation_core *core, uint32_t slot) {
    struct reservation *reservation = reservation_at(core, slot);
    uint32_t hash = reservation_map_hash(&reservation->buyer_id, reservation->show);
    int64_t entry = buyer_entry(core, reservation->show, &reservation->buyer_id, hash);
    if (entry < 0) {
        reservation->next_of_buyer = 0;
        map_insert(core, &core->map_buyers, hash, slot);
        return;
    }
    reservation->next_of_buyer = core->map_buyers.entries[entry].slot;
    core->map_buyers.entries[entry].slot = slot;
}

void reservation_map_buyer_remove(struct reservation_core *core, uint32_t slot) {
    struct reservation *reservation = reservation_at(core, slot);
    uint32_t hash = reservation_map_hash(&reservation->buyer_id, reservation->show);
    int64_t entry = buyer_entry(core, reservation->show, &reservation->buyer_id, hash);
    RESERVATION_ASSERT(entry >= 0);
    uint32_t first = core->map_buyers.entries[entry].slot;
    if (first != slot) {
        struct reservation *before = reservation_at(core, first);
        while (before->next_of_buyer != slot) {
            RESERVATION_ASSERT(before->next_of_buyer != 0);
            before = reservation_at(core, before->next_of_buyer);
        }
        before->next_of_buyer = reservation->next_of_buyer;
    } else if (reservation->next_of_buyer != 0) {
        core->map_buyers.entries[entry].slot = reservation->next_of_buyer;
    } else {
        map_remove(&core->map_buyers, hash, slot);
    }
}

void reservation_map_free(struct reservation_core *core) {
    struct reservation_memory *memory = &core->memory;
    reservation_memory_release(memory, core->map_shows.entries, map_octets(&core->map_shows));
    reservation_memory_release(memory, core->map_reservations.entries,
                               map_octets(&core->map_reservations));
    reservation_memory_release(memory, core->map_buyers.entries, map_octets(&core->map_buyers));
}
