/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the sink's core, core.c and core_batch.c, know of each other. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_INTERNAL_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_INTERNAL_H

#include "runtime/loop/sink/core.h"

#include <assert.h>

static inline bool sink_core_is_ending(const struct sink_core *core) {
    return core->stopping || core->dying;
}

static inline struct sink_core_entry *sink_core_entry_at(const struct sink_core *core,
                                                         size_t index) {
    assert(index < core->entry_count);
    struct sink_core_entry *entry = &core->options.entries[index];
    assert(entry->partition < core->partition_count);
    return entry;
}

static inline bool sink_core_entry_is_done(const struct sink_core *core,
                                           const struct sink_core_entry *entry) {
    assert(entry->offset < core->partitions[entry->partition].position);
    return entry->offset < core->partitions[entry->partition].next_offset;
}

/* core.c */
void sink_core_tell(struct sink_core_effects *effects, struct sink_core_effect effect);
void sink_core_ask(struct sink_core *core, struct sink_core_effects *effects,
                   struct sink_core_effect effect);
void sink_core_turn_begin(struct sink_core *core, struct sink_core_effects *effects);
void sink_core_batch_drop(struct sink_core *core, struct sink_core_effects *effects);
/* Asks to wait. No record comes meanwhile: none is lost over it, they are asked for again. */
void sink_core_back_off(struct sink_core *core, struct sink_core_effects *effects, int failures,
                        int base_ms, uint32_t random);

/*
 * core_batch.c: from batch_begin until it has asked for LOOK or END the batch is `running`, and
 * what is answered is its own, but for WAIT: after it an attempt begins. A revocation meanwhile
 * empties the batch, and with it ends the run.
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
