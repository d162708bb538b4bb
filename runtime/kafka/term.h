/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_KAFKA_TERM_H
#define SEATLOG_RUNTIME_KAFKA_TERM_H

#include "runtime/base/config.h"
#include "runtime/base/error.h"
#include "runtime/term/reader.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

/*
 * The reader's rule over messages of seatlog.events, and where a reader begins that has kept no
 * term.
 */

/* The consumer group of the deciders. The offsets that it commits are those of seatlog.commands;
 * their metadata is a term_position: where on seatlog.events that is. */
#define KAFKA_DECIDERS_GROUP "reservation-terms"

/* The group of the deciders that did without terms. */
#define KAFKA_DECIDERS_GROUP_BEFORE "reservation"

/* The label of a record: TERM_LABEL_MALFORMED where the header is there twice. */
struct term_label kafka_term_label(const rd_kafka_message_t *message);

/* Judges a record by the rule. */
enum term_verdict kafka_term_feed(struct term_reader *reader, const rd_kafka_message_t *message);

/* What the deciders have committed for a partition last; out is the beginning, and commands_offset
 * -1, where that is nothing. Waits for what is pending. RETRY where the cluster does not say. */
bool kafka_term_committed(const struct config *config, int32_t partition, struct term_position *out,
                          int64_t *commands_offset, struct error *error);

/*
 * A reader that stands at `offset` of a partition, as if it had read everything below: for rows,
 * offsets and tails that have an offset and no term. Reads labels from where the deciders say, if
 * that is at or below the offset and its claim is there, else from the beginning; blocks meanwhile.
 * Events of a command under way below the offset count as held: they were handled. KAFKA_TERM_END:
 * the end of the partition as of now (reader->next_offset says where that was).
 *
 * false with *error: RETRY also once *cancelled (which may be NULL); DIE where the log does not
 * reach so far, or has forgotten something.
 */
#define KAFKA_TERM_END INT64_C(-1)
bool kafka_term_skim(const struct config *config, int32_t partition, int64_t offset,
                     const atomic_bool *cancelled, struct term_reader *reader, struct error *error);

#endif
