/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_TAIL_H
#define SEATLOG_INGEST_API_COMMANDS_TAIL_H

#include "runtime/base/config.h"
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Follows seatlog.events from its end on, in a thread of its own, in every partition: answers the
 * requests that wait, and tells the catalog which shows have changed. Only by events that count, by
 * the reader's rule (runtime/term/reader.h), and once their command is whole. Reads only the head of
 * an event that nobody waits for.
 */
struct catalog;
struct tail;
struct wait_table;

/*
 * Checks the topics and starts. Which term and cursor a partition ends with is worked out by reading
 * labels, from where the deciders say; the instance is ready once that is known and every partition's
 * end, as it was then, is reached. RETRY while Kafka is away. The configuration must live as long.
 */
struct tail *tail_new(const struct config *config, const char *instance, struct wait_table *waits,
                      struct catalog *catalog, int32_t partition_count, struct error *error);
void tail_free(struct tail *tail);

/*
 * The offset after the last command told of a partition, -1 before the first one: what a projection
 * must have reached to know all that this instance may have told its clients. Any thread.
 */
int64_t tail_position(const struct tail *tail, int32_t partition);

/*
 * The next offset that will be written in a partition of seatlog.commands. Blocks for up to 2 s:
 * for workers. false: Kafka does not say.
 */
bool tail_commands_end(struct tail *tail, int32_t partition, int64_t *end);

#endif
