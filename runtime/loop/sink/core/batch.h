/* SPDX-License-Identifier: Apache-2.0 */
/* The run of a batch: its transaction, and who is to blame when it fails. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_BATCH_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_BATCH_H

#include "runtime/loop/sink/core/types.h"

/*
 * From begin until it is over the batch is `running`, and what is answered is its own, but for
 * WAIT: after it an attempt begins. Each of these has asked for something when it returns, or
 * `running` is false: the batch is over and dropped. A revocation meanwhile empties the batch, and
 * with it ends the run.
 */
void sink_core_batch_begin(struct sink_core *core, struct sink_core_effects *effects);
void sink_core_attempt_begin(struct sink_core *core, struct sink_core_effects *effects);
void sink_core_batch_answered(struct sink_core *core, enum sink_core_effect_kind asked,
                              const struct sink_core_event *event,
                              struct sink_core_effects *effects);
void sink_core_batch_failed(struct sink_core *core, enum sink_core_effect_kind asked,
                            uint32_t random, struct sink_core_effects *effects);
void sink_core_batch_fenced(struct sink_core *core, enum sink_core_effect_kind asked,
                            struct sink_core_effects *effects);

#endif
