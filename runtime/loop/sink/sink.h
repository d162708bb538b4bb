/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_SINK_H
#define SEATLOG_RUNTIME_LOOP_SINK_SINK_H

#include "runtime/loop/sink/spec.h"

/*
 * The exactly-once PostgreSQL sink: records of one or more topics, in order within a partition,
 * each handled once in the same PostgreSQL transaction as the next offset to read:
 *
 *   BEGIN; UPDATE public.sink_offset SET next_offset = :new, term = :term, cursor = :cursor
 *   WHERE sink = :daemon AND topic = :t AND partition = :p AND next_offset = :expected;
 *   handle(record)…; flush(); COMMIT
 *
 * No row updated means that somebody else owns the partition: roll back and rejoin the group.
 * Offsets live in PostgreSQL alone, and the group only shares out the partitions. What arrived
 * during a commit makes the next batch, about sink_batch_records_max of them.
 *
 * Of seatlog.events the reader's rule (runtime/term/reader.h) says what counts; handled are whole
 * commands, and no row stands inside one.
 */

/* The loop; daemon_main calls it for a daemon whose spec has a sink. Returns the exit status. */
int sink_run(struct daemon *daemon, const struct sink_spec *spec);

#endif
