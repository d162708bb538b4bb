/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_ENVELOPE_H
#define SEATLOG_RESERVATION_DAEMON_ENVELOPE_H

#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#define RESERVATION_SOURCE_SIZE 96 /* "/seatlog/" and the instance, which is cut */

/*
 * The headers of events: those of runtime/kafka/kafka.h, made faster, since every event of every
 * command has them. What all events of a command have in common is read from its record once.
 */
struct reservation_envelope {
    char source[RESERVATION_SOURCE_SIZE]; /* ce_source, the same for all */
    uint64_t random; /* state of a generator for span ids, which need to be unique only */
    char traceparent[TRACEPARENT_TEXT_SIZE]; /* of the command, "" where it has none */
    char waiter[KAFKA_WAITER_SIZE];
    size_t waiter_size;
};

/* source: the daemon's instance. */
void reservation_envelope_init(struct reservation_envelope *envelope, const char *source);

/* Takes over what the command's record says of its trace and of who waits. */
void reservation_envelope_read(struct reservation_envelope *envelope,
                               const rd_kafka_message_t *message);

/*
 * The headers of one event of that command, the index-th; the caller passes them on to librdkafka
 * or destroys them. ce_id is made of the command's position and the index, and so the same however
 * often it is decided. key is the show id as text.
 */
rd_kafka_headers_t *reservation_envelope_headers(struct reservation_envelope *envelope,
                                                 const struct event *event, int32_t partition,
                                                 const char *key, size_t index);

#endif
