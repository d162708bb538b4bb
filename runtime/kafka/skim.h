/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_KAFKA_SKIM_H
#define SEATLOG_RUNTIME_KAFKA_SKIM_H

#include "runtime/kafka/term.h"

/*
 * kafka_term_skim in a thread of its own, for loops that must not stand still: a member of a group
 * that does not poll loses its partitions.
 */
struct kafka_skim;

/* Begins; the configuration must live as long. NULL: no thread can be started. */
struct kafka_skim *kafka_skim_begin(const struct config *config, int32_t partition, int64_t offset);

/* Whether kafka_skim_end would not wait. */
bool kafka_skim_ended(const struct kafka_skim *skim);

/* Waits for its end and frees it. What it found is as kafka_term_skim says. */
bool kafka_skim_end(struct kafka_skim *skim, struct term_reader *reader, struct error *error);

/* Asks it to end soon, with RETRY: within a moment, some seconds where Kafka is away. */
void kafka_skim_stop(struct kafka_skim *skim);

/* Gives it up, waits for its end and frees it; NULL is fine. */
void kafka_skim_cancel(struct kafka_skim *skim);

#endif
