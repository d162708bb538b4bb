/* SPDX-License-Identifier: Apache-2.0 */
/* What does not count on the log, told. */
#include "runtime/loop/term_watch.h"

#include "runtime/base/log.h"

#include <stdio.h>

#define ALARM_INTERVAL_MS 60000

struct metric *term_watch_stale_metric(enum term_stale kind) {
    char labels[32];
    snprintf(labels, sizeof labels, "kind=\"%s\"", term_stale_name(kind));
    return metrics_counter("seatlog_stale_records_total", labels,
                           "Records of seatlog.events that do not count.");
}

void term_watch_register(void) {
    for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
        term_watch_stale_metric((enum term_stale)kind);
    }
}

void term_watch_reset(struct term_watch *watch) { *watch = (struct term_watch){0}; }

static bool is_alarming(struct term_watch *watch, const struct term_reader *reader,
                        int64_t now_ms) {
    if (!reader->deaf) {
        watch->deaf_since_ms = 0;
        watch->alarm_ms = 0;
        return false;
    }
    if (watch->deaf_since_ms == 0) {
        watch->deaf_since_ms = now_ms;
    }
    return now_ms - watch->deaf_since_ms >= TERM_DEAF_MS_MAX &&
           (watch->alarm_ms == 0 || now_ms - watch->alarm_ms >= ALARM_INTERVAL_MS);
}

bool term_watch_update(struct term_watch *watch, const struct term_reader *reader,
                       int32_t partition, int64_t now_ms) {
    for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
        if (reader->stale[kind] > watch->told[kind]) {
            metric_add(term_watch_stale_metric((enum term_stale)kind),
                       reader->stale[kind] - watch->told[kind]);
        }
        watch->told[kind] = reader->stale[kind];
    }
    if (!is_alarming(watch, reader, now_ms)) {
        return false;
    }
    watch->alarm_ms = now_ms;
    log_error("alarm: " TERM_DEAF_REASON, LOG_INTEGER("partition", partition),
              LOG_INTEGER("offset", reader->position.next_offset),
              LOG_INTEGER("cursor", reader->position.cursor),
              LOG_INTEGER("seconds", (now_ms - watch->deaf_since_ms) / 1000));
    return true;
}
