/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_FOUNDATION_H
#define SEATLOG_RUNTIME_LOOP_FOUNDATION_H

#include "runtime/base/buffer.h"
#include "runtime/base/config.h"

#include <stdbool.h>

/*
 * Whether what the daemon stands on is there: PostgreSQL, Kafka. A thread with a connection of its
 * own asks each every two seconds and waits three for the answer (two failures in a row: away; one
 * may be a busy machine), so that it does not matter in
 * which call the daemon's own threads may hang; /readyz reads what was found and costs nothing.
 * What is away and what is back is one line in the log each, the latter with how long it was away.
 */
#define FOUNDATION_POSTGRESQL 1u
#define FOUNDATION_KAFKA 2u

/* Starts the thread, for the parts that are asked for. The configuration must outlive it. */
void foundation_watch(const struct config *config, const char *name, unsigned parts);
void foundation_release(void);

/* Appends what is away, and for how long; false: nothing is. */
bool foundation_reasons(struct buffer *out);

#endif
