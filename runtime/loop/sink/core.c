/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's decisions: steps, the group, a turn. A batch is in core_batch.c. */
#include "runtime/loop/sink/core.h"

#include "runtime/base/backoff.h"
#include "runtime/loop/sink/core_internal.h"

#include <assert.h>
#include <string.h>

void sink_core_init(struct sink_core *core, const struct sink_core_options *options) {
    assert(options->batch_records_max > 0);
    assert(options->entries != NULL);
    assert(options->record_tries_max > 0);
    memset(core, 0, sizeof *core);
    core->options = *options;
    core->asked = SINK_ASK_NOTHING;
}

/* --- effects --- */

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

/* --- faults --- */

/* What the process dies of is not forgotten over what fails while it does. */
static void fault_set(struct sink_core *core, struct sink_core_fault fault) {
    if (!core->dying) {
        core->fault = fault;
    }
}

static void fault_take(struct sink_core *core, const struct error *error) {
    assert(error != NULL);
    assert(error->action != ERROR_NONE);
    fault_set(core, (struct sink_core_fault){.kind = SINK_FAULT_TOLD, .error = *error});
}

/* No record comes while we wait, so that none is lost over it: they are asked for again. */
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

/* --- the group and the log --- */

void sink_core_batch_drop(struct sink_core *core, struct sink_core_effects *effects) {
    if (core->entry_count > 0) {
        sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_DROP});
    }
    core->entry_count = 0;
    core->batch_bytes = 0;
    core->from = core->to = 0;
}

static void assignment_forget(struct sink_core *core, struct sink_core_effects *effects) {
    sink_core_batch_drop(core, effects);
    core->partitions = NULL;
    core->partition_count = 0;
    core->assigned = false;
    core->offsets_known = false;
    core->flowing = false;
}

static void assignment_take(struct sink_core *core, const struct sink_core_event *event) {
    assert(event->partition_count == 0 || event->partitions != NULL);
    assert(core->entry_count == 0);
    assert(!core->flowing);
    core->partitions = event->partitions;
    core->partition_count = event->partition_count;
    core->assigned = true;
    for (size_t i = 0; i < core->partition_count; i++) {
        core->partitions[i] = (struct sink_core_partition){.next_offset = SINK_OFFSET_UNKNOWN,
                                                           .drained_offset = SINK_OFFSET_UNKNOWN};
    }
}

static bool is_known(const struct sink_core *core, size_t partition) {
    return partition < core->partition_count &&
           core->partitions[partition].next_offset != SINK_OFFSET_UNKNOWN;
}

static void log_gap(struct sink_core *core, size_t partition) {
    if (!is_known(core, partition)) {
        return;
    }
    assert(core->partitions[partition].position >= core->partitions[partition].next_offset);
    fault_set(core, (struct sink_core_fault){.kind = SINK_FAULT_LOG_GAP,
                                             .partition = partition,
                                             .offset = core->partitions[partition].position});
    core->dying = true;
}

/* Nothing of this is an answer: what was asked for stays asked for. */
static void group_event(struct sink_core *core, const struct sink_core_event *event,
                        struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_JOIN || core->asked == SINK_ASK_POLL ||
           core->asked == SINK_ASK_WAIT || core->asked == SINK_ASK_END);
    switch (event->kind) {
    case SINK_ASSIGNED:
        assignment_forget(core, effects);
        assignment_take(core, event);
        break;
    case SINK_REVOKED:
        assignment_forget(core, effects);
        break;
    case SINK_UNASSIGNABLE:
        assignment_forget(core, effects);
        core->rejoin = true;
        break;
    case SINK_DRAINED:
        if (is_known(core, event->partition)) {
            core->partitions[event->partition].drained_offset = event->offset;
        }
        break;
    default:
        assert(event->kind == SINK_GAP);
        log_gap(core, event->partition);
    }
}

/* --- a turn --- */

/* Where to go on is asked of one partition after the other. */
static void load_next(struct sink_core *core, struct sink_core_effects *effects);

void sink_core_turn_begin(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_NOTHING);
    assert(!core->running);
    if (sink_core_is_ending(core)) {
        sink_core_batch_drop(core, effects);
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_END});
    } else if (!core->joined || core->rejoin) {
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_JOIN});
    } else if (core->assigned && !core->offsets_known) {
        core->cursor = 0;
        load_next(core, effects);
    } else if (core->offsets_known && !core->flowing) {
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_FLOW});
    } else {
        sink_core_ask(core, effects,
                      (struct sink_core_effect){.kind = SINK_ASK_POLL, .timeout_ms = SINK_POLL_MS});
    }
}

static void turn_fail(struct sink_core *core, uint32_t random, struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_NOTHING);
    assert(!core->running);
    if (core->fault.error.action != ERROR_RETRY) {
        core->dying = true;
    }
    if (sink_core_is_ending(core)) {
        sink_core_turn_begin(core, effects);
        return;
    }
    sink_core_back_off(core, effects, ++core->turn_failures, SINK_TURN_RETRY_BASE_MS, random);
}

static void load_next(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->assigned);
    assert(core->cursor <= core->partition_count);
    if (core->cursor < core->partition_count) {
        sink_core_ask(core, effects,
                      (struct sink_core_effect){.kind = SINK_ASK_LOAD, .partition = core->cursor});
        return;
    }
    core->offsets_known = true;
    sink_core_turn_begin(core, effects);
}

/* The log must still hold what comes next: a gap would be a projection that lies. */
static void loaded(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    assert(event->kind == SINK_FOUND);
    assert(core->cursor < core->partition_count);
    assert(event->low <= event->high);
    assert(!core->offsets_known);
    struct sink_core_partition *partition = &core->partitions[core->cursor];
    struct sink_core_fault fault = {.partition = core->cursor, .offset = event->offset};
    if (event->offset < event->low) {
        fault.kind = SINK_FAULT_LOG_BEGINS;
        fault.edge = event->low;
        fault.error.action = ERROR_DIE;
        fault_set(core, fault);
        turn_fail(core, event->random, effects);
        return;
    }
    if (event->offset > event->high) {
        fault.kind = SINK_FAULT_LOG_ENDS;
        fault.edge = event->high;
        fault.error.action = ERROR_RETRY;
        fault_set(core, fault);
        turn_fail(core, event->random, effects);
        return;
    }
    partition->next_offset = event->offset;
    partition->position = event->offset;
    partition->moves_to = event->offset;
    partition->drained_offset = SINK_OFFSET_UNKNOWN;
    partition->end_offset = event->high;
    core->cursor++;
    load_next(core, effects);
}

bool sink_core_wants(const struct sink_core *core, size_t partition, int64_t offset) {
    return core->asked == SINK_ASK_POLL && core->flowing && is_known(core, partition) &&
           offset >= core->partitions[partition].position;
}

static bool batch_is_full(const struct sink_core *core) {
    assert(core->entry_count <= core->options.batch_records_max);
    return core->entry_count == core->options.batch_records_max ||
           core->batch_bytes >= SINK_BATCH_BYTES_MAX;
}

static void batch_add(struct sink_core *core, const struct sink_core_event *event) {
    assert(is_known(core, event->partition));
    assert(!batch_is_full(core));
    struct sink_core_partition *partition = &core->partitions[event->partition];
    assert(event->offset >= partition->position);
    core->options.entries[core->entry_count++] =
        (struct sink_core_entry){.partition = event->partition,
                                 .offset = event->offset,
                                 .size = event->size,
                                 .parked = event->undecodable};
    partition->position = event->offset + 1;
    core->batch_bytes += event->size;
}

/* Something comes as long as it comes at once; then what has come is a batch. */
static void polled(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    assert(!core->running);
    if (event->kind == SINK_RECORD) {
        batch_add(core, event);
    }
    if (sink_core_is_ending(core)) {
        sink_core_turn_begin(core, effects);
    } else if (event->kind != SINK_QUIET && !batch_is_full(core)) {
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_POLL});
    } else if (core->entry_count > 0) {
        sink_core_batch_begin(core, effects);
    } else {
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_LOOK});
    }
}

static void failed(struct sink_core *core, enum sink_core_effect_kind asked,
                   const struct sink_core_event *event, struct sink_core_effects *effects) {
    fault_take(core, event->error);
    if (core->running) {
        sink_core_batch_failed(core, asked, event->random, effects);
        return;
    }
    assert(asked < SINK_ASK_REREAD);
    assert(asked != SINK_ASK_POLL);
    if (asked == SINK_ASK_JOIN) {
        core->joined = false; /* it is left, whatever became of joining again */
    }
    turn_fail(core, event->random, effects);
}

static void fenced(struct sink_core *core, enum sink_core_effect_kind asked,
                   const struct sink_core_event *event, struct sink_core_effects *effects) {
    if (core->running) {
        sink_core_batch_fenced(core, asked, effects);
        return;
    }
    assert(asked == SINK_ASK_LOOK);
    fault_take(core, event->error);
    core->rejoin = true;
    turn_fail(core, event->random, effects);
}

/* --- steps --- */

static void waited(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->now_ms >= core->until_ms || sink_core_is_ending(core));
    assert(!core->flowing);
    if (core->running) {
        sink_core_attempt_begin(core, effects);
    } else {
        sink_core_turn_begin(core, effects);
    }
}

static void done(struct sink_core *core, enum sink_core_effect_kind asked,
                 struct sink_core_effects *effects) {
    assert(!core->running);
    switch (asked) {
    case SINK_ASK_JOIN:
        assert(!core->assigned); /* who leaves hears that its partitions are revoked */
        core->joined = true;
        core->rejoin = false;
        sink_core_turn_begin(core, effects);
        break;
    case SINK_ASK_FLOW:
        core->flowing = true;
        sink_core_turn_begin(core, effects);
        break;
    default:
        assert(asked == SINK_ASK_LOOK);
        core->turn_failures = 0;
        sink_core_turn_begin(core, effects);
    }
}

static void answer(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    enum sink_core_effect_kind asked = core->asked;
    assert(asked != SINK_ASK_END);
    assert((event->kind == SINK_START) == (asked == SINK_ASK_NOTHING));
    core->asked = SINK_ASK_NOTHING;
    if (event->kind == SINK_START) {
        sink_core_turn_begin(core, effects);
    } else if (event->kind == SINK_FAILED) {
        failed(core, asked, event, effects);
    } else if (event->kind == SINK_FENCED) {
        fenced(core, asked, event, effects);
    } else if (asked == SINK_ASK_POLL) {
        polled(core, event, effects);
    } else if (asked == SINK_ASK_WAIT) {
        waited(core, effects);
    } else if (asked == SINK_ASK_LOAD) {
        loaded(core, event, effects);
    } else if (core->running) {
        sink_core_batch_answered(core, asked, event, effects);
    } else {
        assert(event->kind == SINK_DONE);
        done(core, asked, effects);
    }
    assert(core->asked != SINK_ASK_NOTHING);
    assert(effects->items[effects->count - 1].kind == core->asked);
}

/* What holds between any two steps. */
static void core_check(const struct sink_core *core) {
    assert(core->partition_count == 0 || core->partitions != NULL);
    assert(core->assigned || core->partition_count == 0);
    assert(core->assigned || !core->offsets_known);
    assert(core->offsets_known || !core->flowing);
    assert(core->offsets_known || core->entry_count == 0);
    assert(core->entry_count <= core->options.batch_records_max);
    assert(core->entry_count > 0 || core->batch_bytes == 0);
    assert(core->from <= core->to);
    assert(core->to <= core->entry_count);
    assert(core->running || core->from == core->to);
    assert(!core->running || core->limit > 0);
    assert(core->failures >= 0);
    assert(core->turn_failures >= 0);
    assert(core->asked != SINK_ASK_WAIT || !core->flowing);
    assert(core->asked < SINK_ASK_REREAD || core->asked > SINK_ASK_COMMIT || core->running);
    assert(core->asked != SINK_ASK_END || core->entry_count == 0);
    assert(core->asked != SINK_ASK_END || core->stopping || core->dying);
}

void sink_core_step(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects) {
    assert(event->now_ms >= core->now_ms);
    core_check(core);
    core->now_ms = event->now_ms;
    effects->count = 0;
    switch (event->kind) {
    case SINK_STOP:
        core->stopping = true;
        break;
    case SINK_BROKEN:
        fault_take(core, event->error);
        core->dying = true;
        break;
    case SINK_ASSIGNED:
    case SINK_REVOKED:
    case SINK_UNASSIGNABLE:
    case SINK_DRAINED:
    case SINK_GAP:
        group_event(core, event, effects);
        break;
    default:
        answer(core, event, effects);
    }
    core_check(core);
}

/* --- what the caller asks --- */

bool sink_core_touches(const struct sink_core *core, size_t partition, size_t from, size_t to) {
    assert(from <= to);
    assert(to <= core->entry_count);
    for (size_t i = from; i < to; i++) {
        if (sink_core_entry_at(core, i)->partition == partition) {
            return true;
        }
    }
    return false;
}

int64_t sink_core_lag(struct sink_core *core, size_t index, int64_t end) {
    assert(index < core->partition_count);
    struct sink_core_partition *partition = &core->partitions[index];
    if (partition->next_offset == SINK_OFFSET_UNKNOWN) {
        return -1;
    }
    assert(partition->next_offset <= partition->position);
    /* Transaction markers have offsets and never arrive: once drained, nothing is behind. */
    int64_t done = partition->next_offset;
    if (core->entry_count == 0 && partition->drained_offset > done) {
        done = partition->drained_offset;
    }
    partition->caught_up = partition->caught_up || done >= partition->end_offset;
    return end > done ? end - done : 0;
}

bool sink_core_caught_up(const struct sink_core *core) {
    for (size_t i = 0; i < core->partition_count; i++) {
        if (!core->partitions[i].caught_up) {
            return false;
        }
    }
    return true;
}
