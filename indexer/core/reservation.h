/* SPDX-License-Identifier: Apache-2.0 */
/* The row of a reservation, and which reservations an event is about. */
#ifndef SEATLOG_INDEXER_CORE_RESERVATION_H
#define SEATLOG_INDEXER_CORE_RESERVATION_H

#include "codec/arena.h"
#include "indexer/core/fold.h"
#include "seatlog_types.h"

#include <stddef.h>
#include <stdint.h>

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

#endif
