/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions that stand still. */
#include "runtime/loop/stall.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ALARM_INTERVAL_MS 60000

struct stall {
    char *topic;
    int32_t partition;
    bool ours;
    bool lagging;
    int64_t done;
    int64_t since_ms; /* when it last got on, by the monotonic clock */
    int64_t alarm_ms;
    int64_t failures;
    char reason[ERROR_MESSAGE_SIZE];
    struct metric *stalled;
    struct metric *retries;
    struct stall *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct stall *first;
static int64_t ms_max = 60000;

static struct metric *retries_total(void) {
    return metrics_counter("seatlog_partition_retries_total", NULL,
                           "Failures of records that were tried again.");
}

static struct stall *stall_new(const char *topic, int32_t partition) {
    struct stall *stall = allocate_zeroed(1, sizeof *stall);
    char labels[METRIC_LABELS_SIZE];
    snprintf(labels, sizeof labels, "topic=\"%s\",partition=\"%d\"", topic, (int)partition);
    stall->topic = text_duplicate(topic);
    stall->partition = partition;
    stall->stalled = metrics_gauge("seatlog_partition_stalled_seconds", labels,
                                   "How long a partition with lag has not got on.");
    stall->retries = metrics_gauge("seatlog_partition_retries", labels,
                                   "Failures in a row of what comes next in a partition.");
    metric_hide(stall->stalled);
    metric_hide(stall->retries);
    return stall;
}

struct stall *stall_of(const char *topic, int32_t partition) {
    pthread_mutex_lock(&mutex);
    struct stall *stall = first;
    while (stall != NULL && (stall->partition != partition || strcmp(stall->topic, topic) != 0)) {
        stall = stall->next;
    }
    if (stall == NULL) {
        stall = stall_new(topic, partition);
        stall->next = first;
        first = stall;
        retries_total();
    }
    pthread_mutex_unlock(&mutex);
    return stall;
}

void stall_update(struct stall *stall, int64_t done, int64_t lag) {
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&mutex);
    if (!stall->ours || done != stall->done || lag <= 0 || !stall->lagging) {
        stall->since_ms = now_ms;
        stall->alarm_ms = 0;
    }
    if (!stall->ours || done != stall->done || lag <= 0) {
        stall->failures = 0;
        stall->reason[0] = '\0';
    }
    stall->ours = true;
    stall->done = done;
    stall->lagging = lag > 0;
    metric_since(stall->stalled, stall->lagging ? stall->since_ms : 0);
    metric_set(stall->retries, stall->failures);
    pthread_mutex_unlock(&mutex);
}

void stall_failed(struct stall *stall, int64_t offset, const char *reason) {
    pthread_mutex_lock(&mutex);
    if (!stall->ours || !stall->lagging || stall->done != offset) {
        stall->since_ms = clock_monotonic_ms();
        stall->alarm_ms = 0;
        stall->failures = 0;
        stall->ours = true;
        stall->lagging = true; /* there is something to do, or it could not fail */
        stall->done = offset;
    }
    stall->failures++;
    snprintf(stall->reason, sizeof stall->reason, "%s", reason);
    metric_since(stall->stalled, stall->since_ms);
    metric_set(stall->retries, stall->failures);
    pthread_mutex_unlock(&mutex);
    metric_add(retries_total(), 1);
}

void stall_forget(struct stall *stall) {
    pthread_mutex_lock(&mutex);
    stall->ours = false;
    stall->lagging = false;
    stall->failures = 0;
    stall->reason[0] = '\0';
    stall->alarm_ms = 0;
    metric_hide(stall->stalled);
    metric_hide(stall->retries);
    pthread_mutex_unlock(&mutex);
}

void stall_s_max_set(int64_t seconds) {
    pthread_mutex_lock(&mutex);
    ms_max = seconds * 1000;
    pthread_mutex_unlock(&mutex);
}

static bool is_stuck(const struct stall *stall, int64_t now_ms) {
    return stall->ours && stall->lagging && now_ms - stall->since_ms >= ms_max;
}

bool stall_reasons(struct buffer *out) {
    bool any = false;
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&mutex);
    for (const struct stall *stall = first; stall != NULL; stall = stall->next) {
        if (!is_stuck(stall, now_ms)) {
            continue;
        }
        if (out != NULL) {
            buffer_append_format(out,
                                 "%s%s/%d has stood at offset %" PRId64 " for %" PRId64
                                 " s, %" PRId64 " failures: %s",
                                 out->size > 0 ? "; " : "", stall->topic, (int)stall->partition,
                                 stall->done, (now_ms - stall->since_ms) / 1000, stall->failures,
                                 stall->reason[0] != '\0' ? stall->reason : "no reason is known");
        }
        any = true;
    }
    pthread_mutex_unlock(&mutex);
    return any;
}

void stall_alarm(void) {
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&mutex);
    for (struct stall *stall = first; stall != NULL; stall = stall->next) {
        if (!is_stuck(stall, now_ms) ||
            (stall->alarm_ms != 0 && now_ms - stall->alarm_ms < ALARM_INTERVAL_MS)) {
            continue;
        }
        stall->alarm_ms = now_ms;
        log_error("alarm: a partition is stuck", LOG_TEXT("topic", stall->topic),
                  LOG_INTEGER("partition", stall->partition), LOG_INTEGER("offset", stall->done),
                  LOG_INTEGER("seconds", (now_ms - stall->since_ms) / 1000),
                  LOG_INTEGER("failures", stall->failures), LOG_TEXT("reason", stall->reason));
    }
    pthread_mutex_unlock(&mutex);
}
