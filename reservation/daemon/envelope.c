/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of events, and of records in general, as the decider writes and reads them. */

#include "reservation/daemon/envelope.h"

#include "runtime/base/identity.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACEPARENT_SIZE (TRACEPARENT_TEXT_SIZE - 1)
#define HEADERS_MAX 9
#define ID_SIZE 72 /* three numbers and two dashes */

/* Where the parts of a traceparent of version 00 stand. */
#define AT_TRACE_ID 3
#define AT_PARENT_ID 36
#define HALF_TRACE_ID 16 /* digits */

void reservation_envelope_init(struct reservation_envelope *envelope, const char *source) {
    *envelope = (struct reservation_envelope){0};
    snprintf(envelope->source, sizeof envelope->source, "/seatlog/%s", source);
    arc4random_buf(&envelope->random, sizeof envelope->random);
}

void reservation_envelope_read(struct reservation_envelope *envelope,
                               const rd_kafka_message_t *message) {
    struct kafka_envelope read;
    kafka_headers_read(message, &read);
    memcpy(envelope->traceparent, read.traceparent, sizeof envelope->traceparent);
    memcpy(envelope->waiter, read.waiter, sizeof envelope->waiter);
    envelope->waiter_size = strlen(envelope->waiter);
}

/* SplitMix64. */
static uint64_t random_next(struct reservation_envelope *envelope) {
    uint64_t value = envelope->random += 0x9e3779b97f4a7c15ull;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

static void hexadecimal_put(char *out, uint64_t value) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 15; i >= 0; i--, value >>= 4) {
        out[i] = digits[value & 15];
    }
}

/* A child of the command's: the same trace, a parent id of its own (version 00 alone is known). */
static void traceparent_put(struct reservation_envelope *envelope, char out[TRACEPARENT_SIZE]) {
    if (strlen(envelope->traceparent) == TRACEPARENT_SIZE &&
        memcmp(envelope->traceparent, "00-", 3) == 0) {
        memcpy(out, envelope->traceparent, TRACEPARENT_SIZE);
    } else {
        memcpy(out, "00-", 3);
        hexadecimal_put(out + AT_TRACE_ID, random_next(envelope) | 1);
        hexadecimal_put(out + AT_TRACE_ID + HALF_TRACE_ID, random_next(envelope));
        memcpy(out + AT_PARENT_ID - 1, "-0000000000000000-01", 20);
    }
    hexadecimal_put(out + AT_PARENT_ID, random_next(envelope) | 1);
}

/* "seatlog.events.Reserved" */
static struct text type_of(enum event_kind kind) {
    static struct text types[EVENT_KIND_COUNT];
    if (types[kind].data == NULL) {
        const struct codec_schema *schema = codec_schema_by_id(codec_event_schema_id(kind));
        assert(schema != NULL);
        types[kind] = (struct text){schema->record, strlen(schema->record)};
    }
    return types[kind];
}

#define ADD(name, value, size)                                                                     \
    rd_kafka_header_add(headers, (name), sizeof(name) - 1, (value), (ssize_t)(size))

rd_kafka_headers_t *reservation_envelope_headers(struct reservation_envelope *envelope,
                                                 const struct event *event, int32_t partition,
                                                 const char *key, size_t index) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS_MAX);
    struct text type = type_of(event->kind);
    char command_id[UUID_TEXT_SIZE];
    uuid_format(&event->as.head.command_id, command_id);
    char id[ID_SIZE];
    int id_size = snprintf(id, sizeof id, "%d-%lld-%zu", partition,
                           (long long)event->as.head.command_offset, index);
    char traceparent[TRACEPARENT_SIZE];
    traceparent_put(envelope, traceparent);
    assert(id_size > 0 && id_size < ID_SIZE);
    assert(strlen(key) == UUID_TEXT_SIZE - 1);

    ADD("ce_specversion", "1.0", 3);
    ADD("ce_id", id, id_size);
    ADD("ce_type", type.data, type.size);
    ADD("ce_source", envelope->source, strlen(envelope->source));
    ADD("ce_subject", key, UUID_TEXT_SIZE - 1);
    ADD("content-type", "application/avro", 16);
    ADD("traceparent", traceparent, TRACEPARENT_SIZE);
    ADD("seatlog-command-id", command_id, UUID_TEXT_SIZE - 1);
    if (envelope->waiter_size > 0) {
        ADD("seatlog-waiter", envelope->waiter, envelope->waiter_size);
    }
    return headers;
}
