/* SPDX-License-Identifier: Apache-2.0 */
/* Records that were set aside and are asked for again, one at a time, between batches. */
#include "runtime/loop/sink/retry.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/dead_letter_retry.h"
#include "runtime/loop/sink/batch.h"
#include "runtime/loop/sink/offset.h"

#include <stdio.h>

/* A record of a partition of ours that has been passed: what is set aside may not be yet. */
static bool retry_is_ours(void *context, const char *topic, int32_t partition, int64_t offset) {
    const struct sink *sink = context;
    size_t owned = sink_partition_find(sink, topic, partition);
    return owned != SIZE_MAX && offset < sink->core.partitions[owned].next_offset;
}

static bool retry_handle(struct sink *sink, const struct dead_letter_retry *retry,
                         const struct sink_partition *partition, struct error *error) {
    struct event event;
    struct ticket_record tickets;
    struct text reason = {0};
    if (!sink_record_decode(sink, partition->topic, retry->value, &event, &tickets, &reason)) {
        return error_set(error, ERROR_PARK, "undecodable: %.*s", TEXT_FORMAT(reason));
    }
    struct sink_record *record = arena_allocate(&sink->arena, sizeof *record);
    *record = (struct sink_record){
        .topic = partition->topic,
        .partition = retry->partition,
        .offset = retry->offset,
        .timestamp_ms = retry->timestamp_ms,
        .value = retry->value,
        .traceparent = retry->traceparent,
        .waiter = "", /* has long been answered */
        .event = strcmp(partition->topic, TOPIC_EVENTS) == 0 ? &event : NULL,
        .tickets = strcmp(partition->topic, TOPIC_TICKETS) == 0 ? &tickets : NULL,
    };
    log_trace_set(record->traceparent);
    bool good =
        (sink->spec->late == NULL || sink->spec->late(sink->daemon, sink->pg, record, error)) &&
        sink->spec->handle(sink->daemon, sink->pg, record, error) &&
        (sink->spec->flush == NULL || sink->spec->flush(sink->daemon, sink->pg, error));
    log_trace_set(NULL);
    return good;
}

/* Everything between BEGIN and COMMIT. */
static bool retry_fill(struct sink *sink, const struct dead_letter_retry *retry, bool *taken,
                       bool *fenced, struct error *error) {
    size_t index = sink_partition_find(sink, retry->topic, retry->partition);
    const struct sink_partition *partition = &sink->partitions[index];
    int64_t next_offset = sink->core.partitions[index].next_offset;
    if (!sink_offset_lock(sink, partition, next_offset, fenced, error)) {
        return false;
    }
    if (*fenced) {
        return error_set_outside(error, "another instance owns the partition");
    }
    return dead_letter_retry_settle(sink->pg, retry, taken, error) &&
           (!*taken || retry_handle(sink, retry, partition, error));
}

/* What did not work is tried again a second later, or set aside again. A retry ends no process. */
static bool retry_failed(struct sink *sink, const struct dead_letter_retry *retry,
                         const struct error *failure, struct error *error) {
    char reason[ERROR_MESSAGE_SIZE];
    if (failure->outside) {
        *error = *failure;
        return false;
    }
    snprintf(reason, sizeof reason, "%s", failure->message);
    if (failure->action == ERROR_RETRY) {
        if (!blame_count(&sink->retry_blame, retry->offset, failure,
                         sink->core.options.record_tries_max)) {
            return true;
        }
        snprintf(reason, sizeof reason, "tried %d times: %.*s", sink->retry_blame.tries,
                 ERROR_MESSAGE_SIZE - 32, failure->message);
    }
    sink->retry_blame.tries = 0;
    return dead_letter_retry_fail(sink->pg, retry, reason, error);
}

static bool retry_run(struct sink *sink, const struct dead_letter_retry *retry, bool *fenced,
                      struct error *error) {
    struct error failure = {0};
    bool taken = false;
    if (!pg_begin(sink->pg, error)) {
        return false;
    }
    bool good = retry_fill(sink, retry, &taken, fenced, &failure);
    if (good && !pg_commit(sink->pg, &failure)) {
        good = false; /* where the answer was lost, the row says what came of it */
    } else if (!good) {
        pg_rollback(sink->pg);
    }
    void (*ended)(struct daemon *) = good ? sink->spec->committed : sink->spec->discard;
    if (ended != NULL) {
        ended(sink->daemon);
    }
    if (!good) {
        metric_add(sink->rollbacks, 1);
        return retry_failed(sink, retry, &failure, error);
    }
    if (taken) {
        metric_add(sink->handled, 1);
        log_info("a record that was set aside is handled", LOG_TEXT("topic", retry->topic),
                 LOG_INTEGER("partition", retry->partition), LOG_INTEGER("offset", retry->offset));
    }
    return true;
}

bool sink_retry(struct sink *sink, bool *fenced, struct error *error) {
    int64_t now_ms = clock_monotonic_ms();
    if (!sink->core.offsets_known || sink->partition_count == 0 || now_ms < sink->retry_at_ms) {
        return true;
    }
    sink->retry_at_ms = now_ms + DEAD_LETTER_RETRY_INTERVAL_MS;
    struct dead_letter_retry retry;
    bool found = false;
    if (!dead_letter_retry_find(sink->pg, sink->daemon->name, retry_is_ours, sink, &retry, &found,
                                error)) {
        return false;
    }
    if (!found) {
        return true;
    }
    bool good = retry_run(sink, &retry, fenced, error);
    if (good && sink->retry_blame.tries == 0) {
        sink->retry_at_ms = 0; /* there may be more */
    }
    dead_letter_retry_free(&retry);
    sink_batch_sweep(sink); /* and with it what the record was decoded into */
    return good;
}
