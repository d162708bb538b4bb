/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_OFFSET_H
#define SEATLOG_RUNTIME_LOOP_SINK_OFFSET_H

#include "runtime/loop/sink/state.h"

/* A row of public.sink_offset. */
struct sink_offset {
    int64_t next_offset;
    bool placed; /* its term and cursor are known */
    struct term_position place;
};

/* Where a partition stands in PostgreSQL; `begin`: at 0 where it stands nowhere. */
bool sink_offset_read(struct sink *sink, const struct sink_partition *partition, bool begin,
                      struct sink_offset *out, struct error *error);

/* UPDATE … WHERE next_offset = expected. *fenced: no row was. */
bool sink_offset_advance(struct sink *sink, const struct sink_partition *partition,
                         int64_t expected, const struct term_position *to, bool *fenced,
                         struct error *error);

/* Moves the row to where it is: no other instance owns the partition, and none takes it over until
 * the transaction ends. */
bool sink_offset_lock(struct sink *sink, const struct sink_partition *partition, int64_t expected,
                      bool *fenced, struct error *error);

/* Where the log of a partition begins and ends. */
bool sink_log_bounds(struct sink *sink, const struct sink_partition *partition, int64_t *low,
                     int64_t *high, struct error *error);

/* Sets lag metrics and caught_up from what the consumer knows; asks the cluster when `ask`. */
void sink_lag_update(struct sink *sink, bool ask);

#endif
