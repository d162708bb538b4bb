/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/dead_letter.h"
#include "runtime/loop/sink/internal.h"

#include <stdio.h>
#include <string.h>

#define RETRY_BASE_MS 100
#define RETRY_MAX_MS 10000

/* How an attempt at a range of the batch ended. */
enum attempt {
    ATTEMPT_COMMITTED,
    ATTEMPT_ROLLED_BACK, /* *error says what to do; *culprit the record, where one is to blame */
    ATTEMPT_FENCED,
    ATTEMPT_UNKNOWN /* the commit may have happened */
};

#define CULPRIT_NONE SIZE_MAX

static void entry_park(struct sink *sink, struct sink_entry *entry, const char *reason) {
    entry->parked = true;
    entry->reason = arena_text_copy_string(&sink->arena, reason).data;
}

static struct octets message_value(const rd_kafka_message_t *message) {
    return (struct octets){.data = message->payload,
                           .size = message->payload != NULL ? message->len : 0};
}

bool sink_record_decode(struct sink *sink, const char *topic, struct octets value,
                        struct event *event, struct ticket_record *tickets, struct text *reason) {
    if (strcmp(topic, TOPIC_EVENTS) == 0) {
        return codec_event_decode(sink->codec, &sink->arena, value, event, reason);
    }
    if (strcmp(topic, TOPIC_TICKETS) == 0) {
        return codec_ticket_record_decode(sink->codec, &sink->arena, value, tickets, reason);
    }
    return true;
}

static void entry_decode(struct sink *sink, struct sink_entry *entry) {
    struct text reason = {0};
    if (!sink_record_decode(sink, entry->partition->topic, message_value(entry->message),
                            &entry->event, &entry->tickets, &reason)) {
        char text[ERROR_MESSAGE_SIZE];
        snprintf(text, sizeof text, "undecodable: %.*s", TEXT_FORMAT(reason));
        entry_park(sink, entry, text);
    }
}

void sink_batch_add(struct sink *sink, struct sink_partition *partition,
                    rd_kafka_message_t *message) {
    if (sink->entry_count == sink->entry_capacity) {
        sink->entry_capacity = sink->entry_capacity > 0 ? 2 * sink->entry_capacity : 64;
        sink->entries = reallocate(sink->entries, sink->entry_capacity * sizeof sink->entries[0]);
    }
    struct sink_entry *entry = &sink->entries[sink->entry_count++];
    *entry = (struct sink_entry){.message = message, .partition = partition};
    kafka_headers_read(message, &entry->envelope);
    entry_decode(sink, entry);
    partition->position = message->offset + 1;
    sink->batch_octets += message->len;
}

bool sink_batch_is_full(const struct sink *sink) {
    return sink->entry_count >= sink->batch_records_max ||
           sink->batch_octets >= SINK_BATCH_OCTETS_MAX;
}

void sink_batch_drop(struct sink *sink) {
    for (size_t i = 0; i < sink->entry_count; i++) {
        rd_kafka_message_destroy(sink->entries[i].message);
    }
    sink->entry_count = 0;
    sink->batch_octets = 0;
    arena_reset(&sink->arena);
}

static bool entry_is_done(const struct sink_entry *entry) {
    return entry->message->offset < entry->partition->next_offset;
}

/* The record lives as long as the batch: handlers may keep it until committed or discard. */
static bool entry_handle(struct sink *sink, const struct sink_entry *entry, struct error *error) {
    rd_kafka_timestamp_type_t type;
    struct sink_record *record = arena_allocate(&sink->arena, sizeof *record);
    *record = (struct sink_record){
        .topic = entry->partition->topic,
        .partition = entry->partition->partition,
        .offset = entry->message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(entry->message, &type),
        .value = message_value(entry->message),
        .traceparent = entry->envelope.traceparent,
        .waiter = entry->envelope.waiter,
    };
    if (strcmp(record->topic, TOPIC_EVENTS) == 0) {
        record->event = &entry->event;
    } else if (strcmp(record->topic, TOPIC_TICKETS) == 0) {
        record->tickets = &entry->tickets;
    }
    log_trace_set(record->traceparent);
    bool good = sink->spec->handle(sink->daemon, sink->pg, record, error);
    log_trace_set(NULL);
    if (!good && error->action == ERROR_NONE) {
        die("a sink's handler failed without saying what to do");
    }
    return good;
}

/* Moves the offset of every partition that the range touches behind its last record there. */
static bool range_advance(struct sink *sink, size_t from, size_t to, bool *fenced,
                          struct error *error) {
    *fenced = false;
    for (size_t p = 0; p < sink->partition_count && !*fenced; p++) {
        const struct sink_partition *partition = &sink->partitions[p];
        int64_t next_offset = partition->next_offset;
        for (size_t i = from; i < to; i++) {
            if (sink->entries[i].partition == partition && !entry_is_done(&sink->entries[i])) {
                next_offset = sink->entries[i].message->offset + 1;
            }
        }
        if (next_offset > partition->next_offset &&
            !sink_offset_advance(sink, partition, next_offset, fenced, error)) {
            return false;
        }
    }
    return true;
}

/*
 * Everything of a range between BEGIN and COMMIT. The offsets move first: a stale owner is stopped
 * before it touches anything, and a commit of ours whose answer was lost is waited for on their
 * rows.
 */
static enum attempt range_fill(struct sink *sink, size_t from, size_t to, size_t *culprit,
                               struct error *error) {
    bool fenced = false;
    if (!range_advance(sink, from, to, &fenced, error)) {
        return ATTEMPT_ROLLED_BACK;
    }
    if (fenced) {
        return ATTEMPT_FENCED;
    }
    for (size_t i = from; i < to; i++) {
        struct sink_entry *entry = &sink->entries[i];
        if (entry->parked || entry_is_done(entry)) {
            continue;
        }
        if (!entry_handle(sink, entry, error)) {
            *culprit = i;
            return ATTEMPT_ROLLED_BACK;
        }
    }
    if (sink->spec->flush != NULL && !sink->spec->flush(sink->daemon, sink->pg, error)) {
        return ATTEMPT_ROLLED_BACK;
    }
    return ATTEMPT_COMMITTED;
}

/* Counts what the commit made permanent, and remembers how far it went. */
static void range_settle(struct sink *sink, size_t from, size_t to) {
    int64_t handled = 0;
    for (size_t i = from; i < to; i++) {
        struct sink_entry *entry = &sink->entries[i];
        if (!entry_is_done(entry)) {
            entry->partition->next_offset = entry->message->offset + 1;
            handled += entry->parked ? 0 : 1;
        }
    }
    metric_add(sink->handled, handled);
}

static enum attempt range_attempt(struct sink *sink, size_t from, size_t to, size_t *culprit,
                                  struct error *error) {
    int64_t began_ms = clock_monotonic_ms();
    *culprit = CULPRIT_NONE;
    *error = (struct error){0};
    if (!pg_begin(sink->pg, error)) {
        return ATTEMPT_ROLLED_BACK;
    }
    enum attempt attempt = range_fill(sink, from, to, culprit, error);
    if (attempt == ATTEMPT_COMMITTED) {
        if (pg_commit(sink->pg, error)) {
            range_settle(sink, from, to);
            metric_observe_ms(sink->commit_duration, (double)(clock_monotonic_ms() - began_ms));
            if (sink->spec->committed != NULL) {
                sink->spec->committed(sink->daemon);
            }
            return ATTEMPT_COMMITTED;
        }
        /* A refused commit (a deferred constraint) is no commit; a lost answer may be one. */
        attempt = error->action == ERROR_RETRY ? ATTEMPT_UNKNOWN : ATTEMPT_ROLLED_BACK;
    } else {
        pg_rollback(sink->pg);
    }
    metric_add(sink->rollbacks, 1);
    if (sink->spec->discard != NULL) {
        sink->spec->discard(sink->daemon);
    }
    return attempt;
}

static bool dead_letter_send(struct sink *sink, const struct sink_entry *entry,
                             struct error *error) {
    const rd_kafka_message_t *message = entry->message;
    rd_kafka_timestamp_type_t type;
    const struct dead_letter_source of = {
        .topic = entry->partition->topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &type),
        .key = {message->key, message->key != NULL ? message->key_len : 0},
        .value = message_value(message),
    };
    char reason[DEAD_LETTER_REASON_SIZE];
    struct dead_letter_record letter =
        dead_letter_of(&of, sink->daemon->name, entry->reason, reason);
    char source[128];
    snprintf(source, sizeof source, "%s/%s", sink->daemon->name, sink->daemon->instance);
    struct kafka_envelope envelope = {
        .type = "seatlog.deadletters.DeadLetter", .source = source, .id = uuid_random()};
    traceparent_child(entry->envelope.traceparent, envelope.traceparent);
    struct producer_record record = {
        .topic = TOPIC_DEAD_LETTERS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = letter.as.dead_letter.key,
        .value = codec_dead_letter_record_encode(sink->codec, &letter),
        .envelope = &envelope,
    };
    return producer_send_wait(sink->producer, &record, NULL, error) == PRODUCER_PERSISTED;
}

/* Acknowledged before the offset moves on: at least once, with the same topic, partition, offset.
 */
static bool dead_letters_send(struct sink *sink, size_t from, size_t to, struct error *error) {
    for (size_t i = from; i < to; i++) {
        struct sink_entry *entry = &sink->entries[i];
        if (!entry->parked || entry->dead_lettered || entry_is_done(entry)) {
            continue;
        }
        if (!dead_letter_send(sink, entry, error)) {
            return false;
        }
        entry->dead_lettered = true;
        metric_add(sink->dead_letters, 1);
        log_trace_set(entry->envelope.traceparent);
        log_warning("dead letter", LOG_TEXT("topic", entry->partition->topic),
                    LOG_INTEGER("partition", entry->message->partition),
                    LOG_INTEGER("offset", entry->message->offset),
                    LOG_TEXT("reason", entry->reason));
        log_trace_set(NULL);
    }
    return true;
}

/* What is left of the batch: [from, count), tried at most `limit` records at a time. */
struct progress {
    size_t from;
    size_t limit;
    int failures;
    bool unknown; /* a commit's outcome is to be found out first */
};

static void fence(struct sink *sink) {
    log_warning("another instance owns a partition: joining the group again");
    sink->rejoin = true;
    sink_batch_drop(sink);
}

/* RETRY: waits, with the group kept alive. */
static void progress_wait(struct sink *sink, struct progress *progress, const struct error *error) {
    progress->failures++;
    int delay_ms = backoff_ms(progress->failures, RETRY_BASE_MS, RETRY_MAX_MS);
    log_warning("batch failed; trying again", LOG_TEXT("reason", error->message),
                LOG_INTEGER("failures", progress->failures), LOG_INTEGER("delay_ms", delay_ms));
    metrics_ready_set(error->message);
    sink_wait(sink, delay_ms);
}

/* What comes next in the partitions of [from, to) has failed: that shows. */
static void failure_show(struct sink *sink, size_t from, size_t to, const struct error *error) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        const struct sink_partition *partition = &sink->partitions[i];
        size_t at = from;
        while (at < to && sink->entries[at].partition != partition) {
            at++;
        }
        if (at < to) {
            stall_failed(partition->stall, partition->next_offset, error->message);
        }
    }
}

/* A record that may be to blame: alone, or known by the handler. */
static void entry_fail(struct sink *sink, struct progress *progress, size_t culprit,
                       const struct error *error) {
    struct sink_entry *entry = &sink->entries[culprit];
    char reason[DEAD_LETTER_REASON_SIZE];
    if (error->action == ERROR_PARK) {
        entry_park(sink, entry, error->message);
    } else if (blame_count(&entry->partition->blame, entry->message->offset, error,
                           sink->record_tries_max)) {
        snprintf(reason, sizeof reason, "tried %d times: %s", entry->partition->blame.tries,
                 error->message);
        entry_park(sink, entry, reason);
    } else {
        progress_wait(sink, progress, error);
    }
}

static void progress_fail(struct sink *sink, struct progress *progress, size_t to, size_t culprit,
                          const struct error *error) {
    if (error->action == ERROR_DIE) {
        sink->fatal = *error;
        return;
    }
    failure_show(sink, progress->from, to, error);
    if (culprit == CULPRIT_NONE && to - progress->from > 1 && !error->outside) {
        /* The flush failed for one of several: halve until it stands alone. */
        progress->limit = (to - progress->from) / 2;
        return;
    }
    if (culprit != CULPRIT_NONE && error->action == ERROR_RETRY) {
        /* What stood before it in the batch need not wait; it is tried again alone. */
        progress->limit = culprit > progress->from ? culprit - progress->from : 1;
    }
    if (error->outside) {
        progress_wait(sink, progress, error);
    } else {
        entry_fail(sink, progress, culprit != CULPRIT_NONE ? culprit : progress->from, error);
    }
}

static void progress_step(struct sink *sink, struct progress *progress) {
    struct error error = {0};
    bool fenced = false;
    if (progress->unknown) {
        if (!sink_offsets_reread(sink, &fenced, &error)) {
            error.outside = error.action == ERROR_RETRY; /* no record has been touched */
            progress_fail(sink, progress, progress->from, CULPRIT_NONE, &error);
            return;
        }
        progress->unknown = false;
        if (fenced) {
            fence(sink);
            return;
        }
    }
    size_t to = sink->entry_count;
    if (to - progress->from > progress->limit) {
        to = progress->from + progress->limit;
    }
    size_t culprit = CULPRIT_NONE;
    if (!dead_letters_send(sink, progress->from, to, &error)) {
        error.action = error.action == ERROR_DIE ? ERROR_DIE : ERROR_RETRY;
        error.outside = error.action == ERROR_RETRY;
        progress_fail(sink, progress, to, culprit, &error);
        return;
    }
    switch (range_attempt(sink, progress->from, to, &culprit, &error)) {
    case ATTEMPT_COMMITTED:
        progress->from = to;
        progress->limit = sink->batch_records_max;
        progress->failures = 0;
        break;
    case ATTEMPT_ROLLED_BACK:
        progress_fail(sink, progress, to, culprit, &error);
        break;
    case ATTEMPT_FENCED:
        fence(sink);
        break;
    case ATTEMPT_UNKNOWN:
        progress->unknown = true;
        progress_wait(sink, progress, &error);
        break;
    }
}

void sink_batch_run(struct sink *sink) {
    struct progress progress = {.limit = sink->batch_records_max};
    /* A revocation while waiting empties the batch, and with it ends the loop. */
    while (progress.from < sink->entry_count && sink->fatal.action == ERROR_NONE &&
           !daemon_stopping()) {
        progress_step(sink, &progress);
    }
    sink_batch_drop(sink);
}
