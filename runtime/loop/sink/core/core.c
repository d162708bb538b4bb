/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's decisions: steps, the group, a turn. */
#include "runtime/loop/sink/core/core.h"

#include "runtime/loop/sink/core/batch.h"
#include "runtime/loop/sink/core/effects.h"

#include <assert.h>
#include <string.h>

void sink_core_init(struct sink_core *core, const struct sink_core_options *options) {
    assert(options->batch_records_max > 0);
    assert(options->entries != NULL);
    assert(options->entry_capacity >= options->batch_records_max);
    assert(options->record_tries_max > 0);
    memset(core, 0, sizeof *core);
    core->options = *options;
    core->asked = SINK_ASK_NOTHING;
}

void sink_core_entries_move(struct sink_core *core, struct sink_core_entry *entries,
                            size_t capacity) {
    assert(entries != NULL);
    assert(capacity >= core->options.entry_capacity);
    core->options.entries = entries;
    core->options.entry_capacity = capacity;
}

/* --- the group and the log --- */

static void assignment_forget(struct sink_core *core, struct sink_core_effects *effects) {
    sink_core_batch_drop(core, effects);
    sink_core_held_drop(core, effects);
    core->overtaken = true;
    core->partitions = NULL;
    core->partition_count = 0;
    core->assigned = false;
    core->offsets_known = false;
    core->flowing = false;
}

static void assignment_take(struct sink_core *core, const struct sink_core_event *event) {
    assert(event->partition_count == 0 || event->partitions != NULL);
    assert(core->entry_count == 0);
    assert(core->held_count == 0);
    assert(!core->flowing);
    core->partitions = event->partitions;
    core->partition_count = event->partition_count;
    core->assigned = true;
    for (size_t i = 0; i < core->partition_count; i++) {
        core->partitions[i] = (struct sink_core_partition){.next_offset = SINK_OFFSET_UNKNOWN,
                                                           .drained_offset = SINK_OFFSET_UNKNOWN};
    }
}

static void log_gap(struct sink_core *core, size_t partition) {
    if (!sink_core_is_known(core, partition)) {
        return;
    }
    sink_core_fault_set(core,
                        (struct sink_core_fault){.kind = SINK_FAULT_LOG_GAP,
                                                 .partition = partition,
                                                 .offset = core->partitions[partition].position});
    core->dying = true;
}

/* Nothing of this is an answer: what was asked for stays asked for. */
static void group_event(struct sink_core *core, const struct sink_core_event *event,
                        struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_JOIN || core->asked == SINK_ASK_POLL ||
           core->asked == SINK_ASK_SKIM || core->asked == SINK_ASK_WAIT ||
           core->asked == SINK_ASK_END);
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
        if (sink_core_is_known(core, event->partition)) {
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

static void turn_begin(struct sink_core *core, struct sink_core_effects *effects) {
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
        turn_begin(core, effects);
        return;
    }
    sink_core_back_off(core, effects, ++core->turn_failures, SINK_TURN_RETRY_BASE_MS, random);
}

/* One partition a turn; its alarm is not repeated. */
static void deaf_tell(struct sink_core *core, struct sink_core_effects *effects) {
    for (size_t i = 0; i < core->partition_count; i++) {
        struct sink_core_partition *partition = &core->partitions[i];
        if (partition->ruled && partition->reader.deaf && !partition->deaf_told &&
            core->now_ms - partition->deaf_since_ms >= TERM_DEAF_MS_MAX) {
            partition->deaf_told = true;
            sink_core_tell(effects,
                           (struct sink_core_effect){.kind = SINK_TELL_DEAF, .partition = i});
            return;
        }
    }
}

static void look(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->entry_count == 0);
    core->polled = 0;
    deaf_tell(core, effects);
    sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_LOOK});
}

static void load_next(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->assigned);
    assert(core->cursor <= core->partition_count);
    while (sink_core_is_known(core, core->cursor)) { /* from before a failure */
        core->cursor++;
    }
    if (core->cursor < core->partition_count) {
        sink_core_ask(core, effects,
                      (struct sink_core_effect){.kind = SINK_ASK_LOAD, .partition = core->cursor});
        return;
    }
    core->offsets_known = true;
    turn_begin(core, effects);
}

static void partition_begin(struct sink_core *core, int64_t offset,
                            const struct term_reader *reader, struct sink_core_effects *effects) {
    assert(core->cursor < core->partition_count);
    struct sink_core_partition *partition = &core->partitions[core->cursor];
    assert(partition->next_offset == SINK_OFFSET_UNKNOWN);
    assert(partition->ruled == (reader != NULL));
    partition->next_offset = offset;
    partition->position = offset;
    if (reader != NULL) {
        assert(reader->next_offset == offset);
        partition->reader = *reader;
        partition->deaf_since_ms = core->now_ms;
    }
    load_next(core, effects);
}

/* Whether the log holds what comes next: a gap would be a projection that lies. */
static bool log_is_whole(const struct sink_core_event *event, struct sink_core_fault *fault) {
    assert(event->low <= event->high);
    if (event->offset < event->low) {
        fault->kind = SINK_FAULT_LOG_BEGINS;
        fault->edge = event->low;
        fault->error.action = ERROR_DIE;
        return false;
    }
    if (event->offset > event->high) {
        fault->kind = SINK_FAULT_LOG_ENDS;
        fault->edge = event->high;
        fault->error.action = ERROR_RETRY;
        return false;
    }
    return true;
}

static void loaded(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    assert(event->kind == SINK_FOUND);
    assert(core->cursor < core->partition_count);
    assert(!core->offsets_known);
    struct sink_core_partition *partition = &core->partitions[core->cursor];
    struct sink_core_fault fault = {.partition = core->cursor, .offset = event->offset};
    if (!log_is_whole(event, &fault)) {
        sink_core_fault_set(core, fault);
        turn_fail(core, event->random, effects);
        return;
    }
    struct term_reader reader;
    partition->end_offset = event->high;
    partition->ruled = event->ruled;
    if (!event->ruled) {
        partition_begin(core, event->offset, NULL, effects);
    } else if (event->place != NULL) {
        assert(event->place->next_offset == event->offset);
        term_reader_init(&reader, event->place);
        partition_begin(core, event->offset, &reader, effects);
    } else {
        core->overtaken = false;
        partition->position = event->offset;
        sink_core_ask(core, effects,
                      (struct sink_core_effect){.kind = SINK_ASK_SKIM, .partition = core->cursor});
    }
}

static void skimmed(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects) {
    assert(core->overtaken || event->kind == SINK_FOUND);
    if (core->overtaken || sink_core_is_ending(core)) {
        turn_begin(core, effects);
    } else {
        partition_begin(core, core->partitions[core->cursor].position, event->reader, effects);
    }
}

/* --- a batch --- */

/* Goes on after the batch, where it is over. */
static void batch_goes_on(struct sink_core *core, struct sink_core_effects *effects) {
    if (core->running) {
        assert(core->asked != SINK_ASK_NOTHING);
    } else if (sink_core_is_ending(core)) {
        turn_begin(core, effects);
    } else {
        look(core, effects);
    }
}

/* Something comes as long as it comes at once; then what has come is a batch. */
static void polled(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    assert(!core->running);
    if (event->kind == SINK_RECORD) {
        sink_core_take(core, event, effects);
    }
    if (sink_core_is_ending(core)) {
        turn_begin(core, effects);
    } else if (event->kind != SINK_QUIET && core->flowing && !sink_core_is_full(core)) {
        sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_POLL});
    } else if (core->entry_count > 0) {
        sink_core_batch_begin(core, effects);
        batch_goes_on(core, effects);
    } else {
        look(core, effects);
    }
}

static void failed(struct sink_core *core, enum sink_core_effect_kind asked,
                   const struct sink_core_event *event, struct sink_core_effects *effects) {
    sink_core_fault_take(core, event->error);
    if (core->running) {
        sink_core_batch_failed(core, asked, event->random, effects);
        batch_goes_on(core, effects);
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
        batch_goes_on(core, effects);
        return;
    }
    assert(asked == SINK_ASK_LOOK);
    sink_core_fault_take(core, event->error);
    core->rejoin = true;
    turn_fail(core, event->random, effects);
}

/* --- steps --- */

static void waited(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->now_ms >= core->until_ms || sink_core_is_ending(core));
    assert(!core->flowing);
    if (core->running) {
        sink_core_attempt_begin(core, effects);
        batch_goes_on(core, effects);
    } else {
        turn_begin(core, effects);
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
        break;
    case SINK_ASK_FLOW:
        core->flowing = true;
        break;
    default:
        assert(asked == SINK_ASK_LOOK);
        core->turn_failures = 0;
    }
    turn_begin(core, effects);
}

/* What POLL, WAIT, LOAD and SKIM are answered with is theirs; all else worked. */
static void worked(struct sink_core *core, enum sink_core_effect_kind asked,
                   const struct sink_core_event *event, struct sink_core_effects *effects) {
    switch (asked) {
    case SINK_ASK_POLL:
        polled(core, event, effects);
        return;
    case SINK_ASK_WAIT:
        waited(core, effects);
        return;
    case SINK_ASK_LOAD:
        loaded(core, event, effects);
        return;
    case SINK_ASK_SKIM:
        skimmed(core, event, effects);
        return;
    default:
        break;
    }
    if (core->running) {
        sink_core_batch_answered(core, asked, event, effects);
        batch_goes_on(core, effects);
    } else {
        assert(event->kind == SINK_DONE);
        done(core, asked, effects);
    }
}

static void answer(struct sink_core *core, const struct sink_core_event *event,
                   struct sink_core_effects *effects) {
    enum sink_core_effect_kind asked = core->asked;
    assert(asked != SINK_ASK_END);
    assert((event->kind == SINK_START) == (asked == SINK_ASK_NOTHING));
    core->asked = SINK_ASK_NOTHING;
    if (event->kind == SINK_START) {
        turn_begin(core, effects);
    } else if (event->kind == SINK_FAILED) {
        failed(core, asked, event, effects);
    } else if (event->kind == SINK_FENCED) {
        fenced(core, asked, event, effects);
    } else {
        worked(core, asked, event, effects);
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
    assert(core->offsets_known || core->held_count == 0);
    assert(core->entry_count + core->held_count <= core->options.entry_capacity);
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
        sink_core_fault_take(core, event->error);
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
        if (core->options.entries[i].partition == partition) {
            return true;
        }
    }
    return false;
}

static int64_t larger(int64_t left, int64_t right) { return left > right ? left : right; }

int64_t sink_core_lag(struct sink_core *core, size_t index, int64_t end) {
    assert(index < core->partition_count);
    struct sink_core_partition *partition = &core->partitions[index];
    if (partition->next_offset == SINK_OFFSET_UNKNOWN) {
        return -1;
    }
    int64_t done = partition->next_offset;
    if (core->entry_count == 0 && !core->rejoin) {
        int64_t seen = larger(partition->position, done);
        /* Transaction markers have offsets and never arrive: once drained, nothing is behind. */
        seen = larger(seen, partition->drained_offset);
        partition->caught_up = partition->caught_up || seen >= partition->end_offset;
        bool waits = partition->ruled && (partition->reader.held > 0 || partition->reader.deaf);
        done = waits ? larger(done, partition->reader.position.next_offset) : seen;
    }
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
