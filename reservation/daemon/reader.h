/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_READER_H
#define SEATLOG_RESERVATION_DAEMON_READER_H

#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"

#include <stdatomic.h>

/*
 * Reads ranges of our own topics, read committed and in bulk, for recovery. Safe from any thread,
 * as long as no two read the same partition of the same topic at once.
 */
struct reservation_reader;

struct reservation_reader *reservation_reader_new(const struct daemon *daemon);
void reservation_reader_free(struct reservation_reader *reader); /* NULL is fine */

/* Offsets [begin, end): low and high watermark. */
struct reservation_range {
    int64_t begin;
    int64_t end;
};

/*
 * The watermarks as of now; high, not the last stable offset: what is pending counts. RETRY where
 * the cluster does not say.
 */
bool reservation_reader_range(struct reservation_reader *reader, const char *topic,
                              int32_t partition, struct reservation_range *range,
                              struct error *error);

/* Visits one record; false with *error ends the reading. */
typedef bool reservation_visit(void *context, const rd_kafka_message_t *message,
                               struct error *error);

/*
 * Visits the range's committed records in order. Returns when everything up to its end is known,
 * committed or aborted, for which it waits; or false with *error, RETRY also once *cancelled.
 */
bool reservation_reader_read(struct reservation_reader *reader, const char *topic,
                             int32_t partition, const struct reservation_range *range,
                             const atomic_bool *cancelled, reservation_visit *visit, void *context,
                             struct error *error);

#endif
