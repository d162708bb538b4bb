/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_BATCH_H
#define SEATLOG_RUNTIME_LOOP_SINK_BATCH_H

#include "runtime/loop/sink/state.h"

/*
 * Keeps a message that counts, decoded, and makes room for it in the core. Fills in *event what the
 * core is to be told: record, size, history_cursor, and undecodable, for which there is a reason
 * then.
 */
void sink_batch_add(struct sink *sink, const struct sink_partition *partition,
                    rd_kafka_message_t *message, struct sink_core_event *event);

/* Gives back what the core does not have any more. */
void sink_batch_sweep(struct sink *sink);

/* All memory. */
void sink_batch_free(struct sink *sink);

/* The entry's reason: that of core.fault, after `tries`; 0: as it says. */
void sink_batch_park(struct sink *sink, size_t index, int tries);

/* What the core asks for of the batch: whether it worked. */
bool sink_batch_dead_letter(struct sink *sink, size_t index, struct error *error);
bool sink_batch_handle(struct sink *sink, size_t index, struct error *error);

/* Into the arena. Topics that the sink does not know are not decoded. */
bool sink_record_decode(struct sink *sink, const char *topic, struct octets value,
                        struct event *event, struct ticket_record *tickets, struct text *reason);

#endif
