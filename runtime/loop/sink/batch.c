/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a batch: decoded, handled, put aside. */
#include "runtime/loop/sink/batch.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/dead_letter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

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

/* --- records come and go --- */

/* One that is not in use. */
static struct sink_entry *entry_new(struct sink *sink) {
    if (sink->entry_count == sink->entry_capacity) {
        size_t before = sink->entry_capacity;
        sink->entry_capacity = before > 0 ? 2 * before : 64;
        sink->entries = reallocate(sink->entries, sink->entry_capacity * sizeof sink->entries[0]);
        for (size_t i = before; i < sink->entry_capacity; i++) {
            sink->entries[i] = allocate(sizeof *sink->entries[i]);
        }
    }
    return sink->entries[sink->entry_count++];
}

static void core_make_room(struct sink *sink) {
    size_t capacity = sink->core.options.entry_capacity;
    if (sink->core.entry_count + sink->core.held_count == capacity) {
        sink->core_entries =
            reallocate(sink->core_entries, 2 * capacity * sizeof sink->core_entries[0]);
        sink_core_entries_move(&sink->core, sink->core_entries, 2 * capacity);
    }
}

/* Whether it could be; else it has a reason. */
static bool entry_decode(struct sink *sink, struct sink_entry *entry) {
    char text[ERROR_MESSAGE_SIZE];
    struct text reason = {0};
    entry->reason = NULL;
    if (sink_record_decode(sink, entry->partition->topic, message_value(entry->message),
                           &entry->event, &entry->tickets, &reason)) {
        return true;
    }
    snprintf(text, sizeof text, "undecodable: %.*s", TEXT_FORMAT(reason));
    entry->reason = arena_text_copy_string(&sink->arena, text).data;
    return false;
}

void sink_batch_add(struct sink *sink, const struct sink_partition *partition,
                    rd_kafka_message_t *message, struct sink_core_event *event) {
    struct sink_entry *entry = entry_new(sink);
    core_make_room(sink);
    entry->partition = partition;
    entry->message = message;
    kafka_headers_read(message, &entry->envelope);
    event->record = entry;
    event->size = message->len;
    event->undecodable = !entry_decode(sink, entry);
    if (partition->ruled && !event->undecodable) {
        event->history_cursor = entry->event.as.head.command_offset + 1;
    }
}

/* What is held outlives a batch, and the memory that it was decoded into. */
static void entries_decode_again(struct sink *sink) {
    arena_reset(&sink->arena);
    for (size_t i = 0; i < sink->entry_count; i++) {
        entry_decode(sink, sink->entries[i]);
    }
}

void sink_batch_sweep(struct sink *sink) {
    const struct sink_core *core = &sink->core;
    size_t kept = 0;
    for (size_t i = 0; i < sink->entry_count; i++) {
        sink->entries[i]->kept = false;
    }
    for (size_t i = 0; i < core->entry_count + core->held_count; i++) {
        ((struct sink_entry *)core->options.entries[i].record)->kept = true;
    }
    for (size_t i = 0; i < sink->entry_count; i++) {
        struct sink_entry *entry = sink->entries[i];
        if (!entry->kept) {
            rd_kafka_message_destroy(entry->message);
            continue;
        }
        sink->entries[i] = sink->entries[kept];
        sink->entries[kept++] = entry;
    }
    assert(kept == core->entry_count + core->held_count);
    sink->entry_count = kept;
    if (core->entry_count == 0) {
        entries_decode_again(sink);
    }
}

void sink_batch_free(struct sink *sink) {
    for (size_t i = 0; i < sink->entry_capacity; i++) {
        if (i < sink->entry_count) {
            rd_kafka_message_destroy(sink->entries[i]->message);
        }
        free(sink->entries[i]);
    }
    free(sink->entries);
    free(sink->core_entries);
}

/* --- what the core asks for --- */

static struct sink_entry *entry_at(const struct sink *sink, size_t index) {
    assert(index < sink->core.entry_count);
    return sink->core_entries[index].record;
}

void sink_batch_park(struct sink *sink, size_t index, int tries) {
    char reason[DEAD_LETTER_REASON_SIZE];
    const char *message = sink->core.fault.error.message;
    if (tries > 0) {
        snprintf(reason, sizeof reason, "tried %d times: %s", tries, message);
    } else {
        snprintf(reason, sizeof reason, "%s", message);
    }
    entry_at(sink, index)->reason = arena_text_copy_string(&sink->arena, reason).data;
}

/* The record lives as long as the batch: handlers may keep it until committed or discard. */
bool sink_batch_handle(struct sink *sink, size_t index, struct error *error) {
    const struct sink_entry *entry = entry_at(sink, index);
    const struct sink_partition *partition = entry->partition;
    rd_kafka_timestamp_type_t type;
    struct sink_record *record = arena_allocate(&sink->arena, sizeof *record);
    *record = (struct sink_record){
        .topic = partition->topic,
        .partition = partition->partition,
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

bool sink_batch_dead_letter(struct sink *sink, size_t index, struct error *error) {
    const struct sink_entry *entry = entry_at(sink, index);
    const struct sink_partition *partition = entry->partition;
    assert(entry->reason != NULL);
    if (!dead_letter_send(sink, entry, error)) {
        return false;
    }
    metric_add(sink->dead_letters, 1);
    log_trace_set(entry->envelope.traceparent);
    log_warning("dead letter", LOG_TEXT("topic", partition->topic),
                LOG_INTEGER("partition", entry->message->partition),
                LOG_INTEGER("offset", entry->message->offset), LOG_TEXT("reason", entry->reason));
    log_trace_set(NULL);
    return true;
}
