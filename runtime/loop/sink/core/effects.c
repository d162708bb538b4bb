/* SPDX-License-Identifier: Apache-2.0 */
/* What the sink's core tells and asks. */
#include "runtime/loop/sink/core/effects.h"

#include "runtime/base/backoff.h"

#include <assert.h>

void sink_core_tell(struct sink_core_effects *effects, struct sink_core_effect effect) {
    assert(effects->count < SINK_CORE_EFFECTS_MAX - 1); /* what is asked has its place */
    assert(effect.kind < SINK_ASK_NOTHING);
    effects->items[effects->count++] = effect;
}

void sink_core_ask(struct sink_core *core, struct sink_core_effects *effects,
                   struct sink_core_effect effect) {
    assert(core->asked == SINK_ASK_NOTHING);
    assert(effect.kind > SINK_ASK_NOTHING);
    assert(effects->count < SINK_CORE_EFFECTS_MAX);
    core->asked = effect.kind;
    effects->items[effects->count++] = effect;
}

void sink_core_fault_set(struct sink_core *core, struct sink_core_fault fault) {
    if (!core->dying) {
        core->fault = fault;
    }
}

void sink_core_fault_take(struct sink_core *core, const struct error *error) {
    assert(error != NULL);
    assert(error->action != ERROR_NONE);
    sink_core_fault_set(core, (struct sink_core_fault){.kind = SINK_FAULT_TOLD, .error = *error});
}

void sink_core_back_off(struct sink_core *core, struct sink_core_effects *effects, int failures,
                        int base_ms, uint32_t random) {
    assert(base_ms > 0 && base_ms <= SINK_RETRY_MAX_MS);
    int delay_ms = backoff_delay_ms(failures, base_ms, SINK_RETRY_MAX_MS, random);
    assert(failures > 0);
    assert(delay_ms <= SINK_RETRY_MAX_MS);
    core->flowing = false;
    core->until_ms = core->now_ms + delay_ms;
    sink_core_ask(core, effects,
                  (struct sink_core_effect){
                      .kind = SINK_ASK_WAIT, .until_ms = core->until_ms, .failures = failures});
}
