/* SPDX-License-Identifier: Apache-2.0 */
/* A number for each show of a core, which the core does not know. */

#include "reservation/daemon/show_map.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS_MIN 1024 /* a power of two */

struct slot {
    const struct reservation_show *show; /* NULL: free */
    int64_t value;
};

struct reservation_show_map {
    struct slot *slots;
    size_t slot_count; /* a power of two, more than half of them free */
    size_t used;
};

struct reservation_show_map *reservation_show_map_new(void) {
    struct reservation_show_map *map = allocate_zeroed(1, sizeof *map);
    map->slot_count = SLOTS_MIN;
    map->slots = allocate_zeroed(SLOTS_MIN, sizeof(struct slot));
    return map;
}

void reservation_show_map_free(struct reservation_show_map *map) {
    if (map != NULL) {
        free(map->slots);
        free(map);
    }
}

/* The show's slot, or the free one where it belongs. */
static struct slot *slot_find(const struct reservation_show_map *map,
                              const struct reservation_show *show) {
    size_t mask = map->slot_count - 1;
    size_t index = (size_t)(((uint64_t)(uintptr_t)show * 0x9e3779b97f4a7c15ull) >> 32) & mask;
    while (map->slots[index].show != NULL && map->slots[index].show != show) {
        index = (index + 1) & mask;
    }
    return &map->slots[index];
}

static void map_grow(struct reservation_show_map *map) {
    struct slot *old = map->slots;
    size_t old_count = map->slot_count;
    map->slot_count = old_count * 2;
    map->slots = allocate_zeroed(map->slot_count, sizeof(struct slot));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].show != NULL) {
            *slot_find(map, old[i].show) = old[i];
        }
    }
    free(old);
}

void reservation_show_map_set(struct reservation_show_map *map, const struct reservation_show *show,
                              int64_t value) {
    assert(show != NULL);
    struct slot *slot = slot_find(map, show);
    if (slot->show == NULL) {
        if ((map->used + 1) * 2 > map->slot_count) {
            map_grow(map);
            slot = slot_find(map, show);
        }
        map->used++;
    }
    assert(slot->show == NULL || slot->show == show);
    *slot = (struct slot){show, value};
}

int64_t reservation_show_map_get(const struct reservation_show_map *map,
                                 const struct reservation_show *show) {
    const struct slot *slot = slot_find(map, show);
    return slot->show == NULL ? -1 : slot->value;
}
