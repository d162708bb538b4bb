/* SPDX-License-Identifier: Apache-2.0 */
/* What the PostgreSQL sink decides: a pure step from what happened to what is to be done. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_CORE_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_CORE_H

#include "runtime/loop/sink/core/intake.h"
#include "runtime/loop/sink/core/types.h"

/*
 * The core knows which partitions are ours and how far they are, which records count, what makes a
 * batch, the order of its transaction, what a failure leads to, how long to wait, when to leave the
 * group and when to end. It does no I/O, reads no clock, draws nothing and allocates nothing: times
 * and a random number come with the events, all memory is the caller's.
 *
 * A caller begins with SINK_START and then carries out the effects of each step, in order. Those
 * named TELL have no answer. The last one is always an ASK, and what came of it is the next event;
 * SINK_ASK_END has none. Besides, the group may speak up while the consumer is served, that is
 * under JOIN, POLL, SKIM and WAIT; STOP and BROKEN may come before any step. These lead to TELLs
 * only, and what was asked for stays asked for.
 *
 * A turn: join the group where we are not in it; load where to go on; let records flow; poll until
 * nothing comes or the batch is full; run the batch; look around. A batch: read the offsets again
 * where a commit's answer was lost; dead letters; begin; advance each partition; handle each
 * record; flush; commit. The offsets move first: an owner that has been replaced is stopped before
 * it touches anything.
 *
 * A batch is made of whole commands (intake.h). It ends, is halved and exceeds its limits only
 * where one ends, so that no row ever stands inside a command; a record is put aside by itself.
 */
void sink_core_init(struct sink_core *core, const struct sink_core_options *options);

/* Makes room: the caller has moved the entries to where there is more of it. At any time. */
void sink_core_entries_move(struct sink_core *core, struct sink_core_entry *entries,
                            size_t capacity);

/* Fills *effects; what it points to stays until the next step. */
void sink_core_step(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects);

/* Whether a range of the batch has records of a partition. */
bool sink_core_touches(const struct sink_core *core, size_t partition, size_t from, size_t to);

/*
 * How many records of a partition are left when the log ends at `end`; marks it as caught up where
 * it is. What does not count is done when it was seen, unless something before it waits. Where
 * nothing is known of it yet: -1.
 */
int64_t sink_core_lag(struct sink_core *core, size_t index, int64_t end);

/* Whether all partitions are where their logs ended when we began; without one: standing by. */
bool sink_core_caught_up(const struct sink_core *core);

#endif
