/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_METRICS_H
#define SEATLOG_RUNTIME_BASE_METRICS_H

#include "runtime/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Prometheus metrics of the process; runtime/http/admin.h answers them.
 *
 * A metric lives as long as the process; registering the same name and labels again gives the same
 * one. Names carry the unit last: seatlog_consumer_lag_records, seatlog_commit_duration_seconds.
 * Updates are atomic, from any thread.
 */
struct metric;

/* Room for labels as we write them: the name of a topic is the longest of what they say. */
#define METRIC_LABELS_SIZE 320

/* labels: Prometheus syntax without braces, such as `topic="seatlog.events",partition="0"`, or
 * NULL. */
struct metric *metrics_counter(const char *name, const char *labels, const char *help);
struct metric *metrics_gauge(const char *name, const char *labels, const char *help);

/* Set in milliseconds, rendered in seconds: Prometheus wants base units. */
struct metric *metrics_gauge_ms(const char *name, const char *labels, const char *help);

/* Durations in seconds, buckets from 0.5 ms to 60 s. */
struct metric *metrics_histogram(const char *name, const char *labels, const char *help);

void metric_add(struct metric *metric, int64_t amount); /* counter, gauge */
void metric_set(struct metric *metric, int64_t value);  /* gauge */
/* A gauge of the seconds since a time of the monotonic clock, counted when it is asked for; 0:
 * none. */
void metric_since(struct metric *metric, int64_t since_ms);
void metric_hide(struct metric *metric); /* no longer ours to say: not rendered until set again */
void metric_observe_ms(struct metric *metric, double duration_ms); /* histogram */
int64_t metric_value(const struct metric *metric); /* counter, gauge; for tests and status */

/* Appends all metrics in the text format. */
void metrics_render(struct buffer *out);

#endif
