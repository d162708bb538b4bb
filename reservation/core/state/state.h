/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_STATE_H
#define SEATLOG_RESERVATION_CORE_STATE_STATE_H

/* All that a core has: the slabs of its shows and reservations, and the ways to find them. */

#include "reservation/core/state/map.h"
#include "reservation/core/state/records.h"

struct reservation_heap_entry {
    int64_t key;
    uint32_t show;
};

struct reservation_core {
    struct reservation_memory memory;
    struct reservation_slab shows;
    struct reservation_slab reservations;
    struct reservation_map map_shows;        /* show id */
    struct reservation_map map_reservations; /* (show, reservation id) */
    struct reservation_map map_buyers;       /* (show, buyer id): first of the buyer's chain */
    struct reservation_heap_entry *heap;     /* by a lower bound of when a show is due */
    uint32_t *heap_positions;                /* of each show, by slot */
    size_t heap_count, heap_size;
    struct reservation_list changed; /* shows */
    size_t changed_count;
    uint32_t found; /* the reservation looked up last: likely to be asked for again */
    int64_t cursor;
    int32_t logic_version; /* the highest folded */
    int32_t decides_as;
    size_t seats, payments, octets_plans;
};

static inline struct reservation *reservation_at(const struct reservation_core *core,
                                                 uint32_t slot) {
    struct reservation *reservation = reservation_slab_at(&core->reservations, slot);
    RESERVATION_ASSERT(reservation->slot == slot);
    return reservation;
}

static inline struct reservation_show *show_at(const struct reservation_core *core, uint32_t slot) {
    struct reservation_show *show = reservation_slab_at(&core->shows, slot);
    RESERVATION_ASSERT(show->index == slot);
    return show;
}

#endif
