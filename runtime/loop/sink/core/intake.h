/* SPDX-License-Identifier: Apache-2.0 */
/* Which records the sink takes: what counts, in whole commands. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_INTAKE_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_INTAKE_H

#include "runtime/loop/sink/core/types.h"

/*
 * Records of seatlog.events go by the reader's rule (runtime/term/reader.h): those of a command
 * under way are held behind the batch, and join it together once the command is whole. What is held
 * is dropped when the rule says so or the partition goes; it outlives batches and waits. Of other
 * topics each record is a command of its own.
 */

/* Whether a record that came is what comes next: not one that we have, or that is read again later. */
bool sink_core_expects(const struct sink_core *core, size_t partition, int64_t offset);

/* Whether such a record will be taken: it is worth being decoded. label: NULL where it is not
 * ruled. */
bool sink_core_counts(const struct sink_core *core, size_t partition, int64_t offset,
                      const struct term_label *label);

/* RECORD. Where records may have been passed over they flow no more, until they are asked for
 * again. */
void sink_core_take(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects);

/* Whether a batch is to be run, or the world to be looked at, before more is taken. */
bool sink_core_is_full(const struct sink_core *core);

/* The batch is not needed any more; what is held behind it stays. */
void sink_core_batch_drop(struct sink_core *core, struct sink_core_effects *effects);

/* Nor is what is held. */
void sink_core_held_drop(struct sink_core *core, struct sink_core_effects *effects);

#endif
