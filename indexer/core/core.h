/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INDEXER_CORE_CORE_H
#define SEATLOG_INDEXER_CORE_CORE_H

#include "codec/arena.h"
#include "seatlog_types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The projections as folds: a seat map and a reservation row, each a pure function of the row
 * before and one event. No I/O, no clock. Rows live in the arena they are made in.
 */
enum seat_state { SEAT_FREE = 0, SEAT_HELD = 1, SEAT_SOLD = 2 };

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

enum fold_result {
    FOLD_APPLIED,
    FOLD_SEEN, /* its seq is not beyond the row's: nothing was changed */
    FOLD_GAP   /* applied, but events of the show are missing before it */
};

/* The map of a show as it goes on sale. */
struct seat_map *seat_map_new(struct arena *arena, const struct event_show_created *created);

/* Folds any event of the map's show with a seq. */
enum fold_result seat_map_fold(struct seat_map *map, const struct event *event);

#define CODE_SIZE_MAX 64
#define CURRENCY_SIZE 3

struct reservation_row {
    struct uuid reservation_id;
    struct uuid show_id;
    struct uuid buyer_id;
    struct uuid owner_id;
    int64_t seq; /* of the last event that touched it; 0: there is no such row yet */
    enum reservation_state state;
    const char *reason; /* see catalog.reservation; a literal or in the arena */
    const int32_t *seats;
    size_t seat_count;
    int32_t section;
    int32_t quantity;
    int64_t total_minor;
    char currency[CURRENCY_SIZE + 1];
    int64_t expires_at;
    int32_t attempt;
    int32_t attempts_left;
    char code[CODE_SIZE_MAX + 1];
    const char *void_reason;
    int64_t created_at;
    int64_t updated_at;
    int64_t sold_at;
};

/*
 * The reservations an event is about: their ids, in order. Returns how many there are and writes at
 * most ids_max of them. Events that change no reservation have none.
 */
size_t reservation_ids_of(const struct event *event, struct uuid *ids, size_t ids_max);

/*
 * Folds an event into the row of one of its reservations. A Reserved fills a row with seq 0; any
 * other event of a reservation without a row leaves it so (the core has let go of what was never
 * held).
 */
enum fold_result reservation_row_fold(struct arena *arena, struct reservation_row *row,
                                      const struct event *event);

/* The seat plan as the JSON text of catalog.show.plan; the caller frees. */
char *seat_plan_format(const struct show_details *show);

/* Lowest and highest price among the categories that a section uses. */
void show_price_range(const struct show_details *show, int64_t *minimum, int64_t *maximum);

#endif
