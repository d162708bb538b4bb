/* SPDX-License-Identifier: Apache-2.0 */
/* How the sink's core says what is to be done, and what went wrong. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_EFFECTS_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_EFFECTS_H

#include "runtime/loop/sink/core/types.h"

void sink_core_tell(struct sink_core_effects *effects, struct sink_core_effect effect);

/* At most once a step, last. */
void sink_core_ask(struct sink_core *core, struct sink_core_effects *effects,
                   struct sink_core_effect effect);

/* Asks to wait. No record comes meanwhile: none is lost over it, they are asked for again. */
void sink_core_back_off(struct sink_core *core, struct sink_core_effects *effects, int failures,
                        int base_ms, uint32_t random);

/* What the process dies of is not forgotten over what fails while it does. */
void sink_core_fault_set(struct sink_core *core, struct sink_core_fault fault);
void sink_core_fault_take(struct sink_core *core, const struct error *error);

#endif
