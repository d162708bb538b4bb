/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a batch: decoded, handled, put aside. */
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/dead_letter.h"
#include "runtime/loop/sink/internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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

void sink_batch_add(struct sink *sink, const struct sink_partition *partition,
                    rd_kafka_message_t *message, bool *undecodable) {
    struct text reason = {0};
    if (sink->entry_count == sink->entry_capacity) {
        sink->entry_capacity = sink->entry_capacity > 0 ? 2 * sink->entry_capacity : 64;
        sink->entries = reallocate(sink->entries, sink->entry_capacity * sizeof sink->entries[0]);
    }
    struct sink_entry *entry = &sink->entries[sink->entry_count++];
    *entry = (struct sink_entry){.message = message};
    kafka_headers_read(message, &entry->envelope);
    *undecodable = !sink_record_decode(sink, partition->topic, message_value(message),
                                       &entry->event, &entry->tickets, &reason);
    if (*undecodable) {
        char text[ERROR_MESSAGE_SIZE];
        snprintf(text, sizeof text, "undecodable: %.*s", TEXT_FORMAT(reason));
        entry->reason = arena_text_copy_string(&sink->arena, text).data;
    }
}

void sink_batch_drop(struct sink *sink) {
    for (size_t i = 0; i < sink->entry_count; i++) {
        rd_kafka_message_destroy(sink->entries[i].message);
    }
    sink->entry_count = 0;
    arena_reset(&sink->arena);
}

void sink_batch_park(struct sink *sink, size_t index, int tries) {
    char reason[DEAD_LETTER_REASON_SIZE];
    const char *message = sink->core.fault.error.message;
    if (tries > 0) {
        snprintf(reason, sizeof reason, "tried %d times: %s", tries, message);
    } else {
        snprintf(reason, sizeof reason, "%s", message);
    }
    sink->entries[index].reason = arena_text_copy_string(&sink->arena, reason).data;
}

static const struct sink_partition *partition_of(const struct sink *sink, size_t index) {
    assert(index < sink->entry_count && index < sink->core.entry_count);
    return &sink->partitions[sink->core_entries[index].partition];
}

/* The record lives as long as the batch: handlers may keep it until committed or discard. */
bool sink_batch_handle(struct sink *sink, size_t index, struct error *error) {
    const struct sink_entry *entry = &sink->entries[index];
    const struct sink_partition *partition = partition_of(sink, index);
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

static bool dead_letter_send(struct sink *sink, const struct sink_partition *partition,
                             const struct sink_entry *entry, struct error *error) {
    const rd_kafka_message_t *message = entry->message;
    rd_kafka_timestamp_type_t type;
    const struct dead_letter_source of = {
        .topic = partition->topic,
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
    const struct sink_entry *entry = &sink->entries[index];
    const struct sink_partition *partition = partition_of(sink, index);
    assert(entry->reason != NULL);
    if (!dead_letter_send(sink, partition, entry, error)) {
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
