/* SPDX-License-Identifier: Apache-2.0 */
/* The seat map of a show: which of its places are free. */
#ifndef SEATLOG_INDEXER_CORE_SEAT_MAP_H
#define SEATLOG_INDEXER_CORE_SEAT_MAP_H

#include "codec/arena.h"
#include "codec/seat_state.h"
#include "indexer/core/fold.h"
#include "seatlog_types.h"

#include <stddef.h>
#include <stdint.h>

struct seat_map {
    struct uuid show_id;
    int64_t seq;     /* of the last event folded */
    int64_t version; /* seq of the last change of a seat or of a general section's count */
    uint8_t *states; /* enum seat_state of each seat */
    size_t seat_count;
    int32_t *general_held; /* places by section; 0 in seated ones */
    int32_t *general_sold;
    size_t section_count;
};

/* The map of a show as it goes on sale. */
struct seat_map *seat_map_new(struct arena *arena, const struct event_show_created *created);

/* Folds any event of the map's show with a seq. */
enum fold_result seat_map_fold(struct seat_map *map, const struct event *event);

#endif
