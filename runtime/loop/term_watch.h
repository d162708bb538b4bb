/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TERM_WATCH_H
#define SEATLOG_RUNTIME_LOOP_TERM_WATCH_H

#include "runtime/base/metrics.h"
#include "runtime/term/reader.h"

/*
 * What a reader of seatlog.events tells of a partition besides what it delivers:
 *
 *   seatlog_stale_records_total{kind}   records that did not count: foreign, again, hole, mismatch
 *
 * and an alarm in the log, once a minute, when nothing has counted for TERM_DEAF_MS_MAX because a
 * record is missing. One for each reader; zero at first.
 */
struct term_watch {
    int64_t told[TERM_STALE_COUNT]; /* of the reader's, in the metric already */
    int64_t deaf_since_ms;          /* 0: it is not */
    int64_t alarm_ms;
};

/* What is said of a reader that is deaf. */
#define TERM_DEAF_REASON                                                                           \
    "an event is missing on the log: nothing counts until the partition is claimed again"

/* Makes the metrics known before there is anything to count. */
void term_watch_register(void);

/* The counter of a kind, for who counts without a watch. */
struct metric *term_watch_stale_metric(enum term_stale kind);

/*
 * After records that were stale, and once a second: now_ms by the monotonic clock. Returns whether
 * it has raised the alarm just now.
 */
bool term_watch_update(struct term_watch *watch, const struct term_reader *reader,
                       int32_t partition, int64_t now_ms);

/* The reader begins anew: its counts are zero again. */
void term_watch_reset(struct term_watch *watch);

#endif
