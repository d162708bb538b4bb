/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INDEXER_DAEMON_BATCH_H
#define SEATLOG_INDEXER_DAEMON_BATCH_H

#include "codec/arena.h"
#include "indexer/core/reservation.h"
#include "indexer/core/seat_map.h"
#include "runtime/loop/sink/sink.h"

/*
 * What one transaction of the sink has gathered: the events in order, and the rows they touch. The
 * rows are loaded once, folded in memory and stored once, however many events touch them.
 */
struct indexer_batch {
    struct arena arena;
    const struct sink_record **records; /* of seatlog.events */
    size_t record_count;
    size_t record_capacity;
    const struct sink_record **tickets; /* of seatlog.tickets */
    size_t ticket_count;
    size_t ticket_capacity;

    struct seat_map **maps; /* by ascending show id */
    size_t map_count;
    struct reservation_row **rows; /* by ascending reservation id */
    size_t row_count;
};

void indexer_batch_init(struct indexer_batch *batch);
void indexer_batch_deinit(struct indexer_batch *batch);

/* Forgets everything gathered, keeps the memory. */
void indexer_batch_reset(struct indexer_batch *batch);

void indexer_batch_add(struct indexer_batch *batch, const struct sink_record *record);

/*
 * After the last add: makes an empty map (seq 0) for every show and an empty row (seq 0) for every
 * reservation that the events touch, sorted, each once, for the adapter to fill.
 */
void indexer_batch_prepare(struct indexer_batch *batch);

/* The entry for an id that prepare has made; never NULL for such. */
struct seat_map *indexer_batch_map(struct indexer_batch *batch, const struct uuid *show_id);
struct reservation_row *indexer_batch_row(struct indexer_batch *batch,
                                          const struct uuid *reservation_id);

/* Folds all events. Returns how many events of a show were missing (a gap of its seq), 0 when all
 * is well. */
size_t indexer_batch_fold(struct indexer_batch *batch);

#endif
