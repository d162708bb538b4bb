/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's decisions about a batch: its transaction, and who is to blame when it fails. */
#include "runtime/loop/sink/core/batch.h"

#include "runtime/loop/sink/core/effects.h"
#include "runtime/loop/sink/core/intake.h"

#include <assert.h>

#define CULPRIT_NONE SIZE_MAX

static struct sink_core_entry *entry_at(const struct sink_core *core, size_t index) {
    assert(index < core->entry_count);
    struct sink_core_entry *entry = &core->options.entries[index];
    assert(entry->partition < core->partition_count);
    return entry;
}

static bool is_done(const struct sink_core *core, const struct sink_core_entry *entry) {
    assert(entry->offset < core->partitions[entry->partition].position);
    return entry->offset < core->partitions[entry->partition].next_offset;
}

static bool is_to_be_handled(const struct sink_core *core, size_t index) {
    const struct sink_core_entry *entry = entry_at(core, index);
    return !entry->parked && !is_done(core, entry);
}

/* --- one attempt after the other --- */

void sink_core_batch_begin(struct sink_core *core, struct sink_core_effects *effects) {
    assert(!core->running);
    assert(core->entry_count > 0);
    core->running = true;
    core->from = 0;
    core->limit = core->entry_count;
    core->bad = 0;
    core->failures = 0;
    core->unknown = false;
    sink_core_attempt_begin(core, effects);
}

static void batch_end(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_NOTHING);
    assert(core->running);
    core->running = false;
    sink_core_batch_drop(core, effects);
}

/* Leaves the batch to whoever owns the partition now, and the group to say who that is. */
static void fence(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->running);
    sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_FENCED});
    core->rejoin = true;
    batch_end(core, effects);
}

/* Whether the partitions stand where we expect them; takes over what a lost commit did. */
static void reread_next(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->unknown);
    if (core->cursor < core->partition_count) {
        sink_core_ask(
            core, effects,
            (struct sink_core_effect){.kind = SINK_ASK_REREAD, .partition = core->cursor});
        return;
    }
    core->unknown = false;
    sink_core_attempt_begin(core, effects);
}

static void reread(struct sink_core *core, int64_t next_offset, struct sink_core_effects *effects) {
    assert(core->unknown);
    assert(core->cursor < core->partition_count);
    struct sink_core_partition *partition = &core->partitions[core->cursor];
    /* Ours went from next_offset to moves_to; anything beyond is another owner's. */
    if (next_offset < partition->next_offset || next_offset > partition->moves_to.next_offset) {
        core->unknown = false;
        fence(core, effects);
        return;
    }
    partition->next_offset = next_offset;
    core->cursor++;
    reread_next(core, effects);
}

/* Acknowledged before the offset moves on: at least once. */
static void letters_next(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->cursor >= core->from);
    for (; core->cursor < core->to; core->cursor++) {
        const struct sink_core_entry *entry = entry_at(core, core->cursor);
        if (entry->parked && !entry->dead_lettered && !is_done(core, entry)) {
            sink_core_ask(
                core, effects,
                (struct sink_core_effect){.kind = SINK_ASK_DEAD_LETTER, .entry = core->cursor});
            return;
        }
    }
    assert(core->cursor == core->to);
    assert(core->to > core->from);
    sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_BEGIN});
}

/* How many records of a range of the batch are to be handled, and the last of them. */
static size_t handled_count(const struct sink_core *core, size_t from, size_t to, size_t *last) {
    size_t count = 0;
    assert(from <= to);
    for (size_t i = from; i < to; i++) {
        if (is_to_be_handled(core, i)) {
            *last = i;
            count++;
        }
    }
    return count;
}

/* All of the attempt; while a culprit is looked for, a beginning of it. */
static size_t handles_to(const struct sink_core *core) {
    size_t last;
    if (core->bad == 0) {
        return core->to;
    }
    assert(core->good < core->bad);
    assert(core->bad <= core->to);
    return handled_count(core, core->good, core->bad, &last) <= 1
               ? core->bad
               : core->good + (core->bad - core->good) / 2;
}

/* So many records as the limit allows, but whole commands, and one at least. */
static size_t attempt_end(const struct sink_core *core) {
    size_t to = core->from;
    for (size_t i = core->from; i < core->entry_count; i++) {
        if (i - core->from >= core->limit && to > core->from) {
            break;
        }
        if (entry_at(core, i)->ends) {
            to = i + 1;
        }
    }
    assert(to > core->from);
    return to;
}

void sink_core_attempt_begin(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->asked == SINK_ASK_NOTHING);
    assert(core->running);
    assert(core->limit > 0);
    core->cursor = 0;
    if (core->from >= core->entry_count || sink_core_is_ending(core)) {
        batch_end(core, effects);
    } else if (core->unknown) {
        core->to = core->from;
        reread_next(core, effects);
    } else {
        core->to = attempt_end(core);
        core->handles_to = handles_to(core);
        core->cursor = core->from;
        letters_next(core, effects);
    }
}

static void lettered(struct sink_core *core, struct sink_core_effects *effects) {
    struct sink_core_entry *entry = entry_at(core, core->cursor);
    assert(entry->parked);
    assert(!entry->dead_lettered);
    entry->dead_lettered = true;
    letters_next(core, effects);
}

/* Every partition that the range touches moves behind its last command there. */
static void moves_plan(struct sink_core *core) {
    assert(core->to > core->from);
    assert(!core->unknown);
    for (size_t i = 0; i < core->partition_count; i++) {
        core->partitions[i].moves_to.next_offset = core->partitions[i].next_offset;
    }
    for (size_t i = core->from; i < core->to; i++) {
        const struct sink_core_entry *entry = entry_at(core, i);
        struct sink_core_partition *partition = &core->partitions[entry->partition];
        if (entry->ends && !is_done(core, entry)) {
            assert(entry->after.next_offset > partition->moves_to.next_offset);
            partition->moves_to = entry->after;
        }
    }
}

static void handle_next(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->cursor >= core->from);
    assert(core->handles_to <= core->to);
    for (; core->cursor < core->handles_to; core->cursor++) {
        if (is_to_be_handled(core, core->cursor)) {
            sink_core_ask(
                core, effects,
                (struct sink_core_effect){.kind = SINK_ASK_HANDLE, .entry = core->cursor});
            return;
        }
    }
    sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_FLUSH});
}

static void advance_next(struct sink_core *core, struct sink_core_effects *effects) {
    for (; core->cursor < core->partition_count; core->cursor++) {
        const struct sink_core_partition *partition = &core->partitions[core->cursor];
        assert(partition->moves_to.next_offset >= partition->next_offset);
        if (partition->moves_to.next_offset > partition->next_offset) {
            sink_core_ask(
                core, effects,
                (struct sink_core_effect){.kind = SINK_ASK_ADVANCE, .partition = core->cursor});
            return;
        }
    }
    core->cursor = core->from;
    handle_next(core, effects);
}

/* Counts what the commit made permanent, and remembers how far it went. */
static void settle(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->to > core->from);
    int64_t handled = 0;
    for (size_t i = core->from; i < core->to; i++) {
        const struct sink_core_entry *entry = entry_at(core, i);
        assert(!entry->parked || entry->dead_lettered || is_done(core, entry));
        handled += is_to_be_handled(core, i) ? 1 : 0;
    }
    for (size_t i = 0; i < core->partition_count; i++) {
        assert(core->partitions[i].moves_to.next_offset >= core->partitions[i].next_offset);
        core->partitions[i].next_offset = core->partitions[i].moves_to.next_offset;
    }
    assert(is_done(core, entry_at(core, core->to - 1)));
    sink_core_tell(effects,
                   (struct sink_core_effect){.kind = SINK_TELL_SETTLED, .handled = handled});
    core->from = core->to;
    core->limit = core->entry_count;
    core->failures = 0;
    sink_core_attempt_begin(core, effects);
}

/* --- what failed in a batch --- */

static void undo(struct sink_core *core, struct sink_core_effects *effects, bool rollback) {
    assert(core->to > core->from);
    assert(core->running);
    if (rollback) {
        sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_ROLLBACK});
    }
    sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_DISCARD});
}

static void batch_wait(struct sink_core *core, uint32_t random, struct sink_core_effects *effects) {
    assert(core->running);
    sink_core_back_off(core, effects, ++core->failures, SINK_BATCH_RETRY_BASE_MS, random);
}

/* A record that may be to blame: alone, or known by the handler. */
static void entry_fail(struct sink_core *core, size_t culprit, uint32_t random,
                       struct sink_core_effects *effects) {
    struct sink_core_entry *entry = entry_at(core, culprit);
    struct blame *blame = &core->partitions[entry->partition].blame;
    const struct error *error = &core->fault.error;
    assert(!error->outside && error->action != ERROR_DIE);
    core->bad = 0;
    bool park = error->action == ERROR_PARK;
    if (!park && !blame_count(blame, entry->offset, error, core->options.record_tries_max)) {
        batch_wait(core, random, effects);
        return;
    }
    entry->parked = true;
    sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_PARK,
                                                      .entry = culprit,
                                                      .tries = park ? 0 : blame->tries});
    sink_core_attempt_begin(core, effects);
}

/* Whether [from, to) is more than one command. */
static bool has_commands(const struct sink_core *core) {
    for (size_t i = core->from; i + 1 < core->to; i++) {
        if (entry_at(core, i)->ends) {
            return true;
        }
    }
    return false;
}

/*
 * A command is committed whole or not at all. When the flush fails for one of its records, its
 * beginnings are tried and rolled back, until that record is found with which it begins to fail.
 */
static void culprit_find(struct sink_core *core, uint32_t random,
                         struct sink_core_effects *effects) {
    size_t culprit = core->from;
    if (core->bad == 0) {
        core->good = core->from;
    }
    core->bad = core->handles_to;
    size_t count = handled_count(core, core->good, core->bad, &culprit);
    if (count == 1) {
        entry_fail(core, culprit, random, effects);
    } else if (count == 0) { /* no record is to blame */
        core->bad = 0;
        batch_wait(core, random, effects);
    } else {
        sink_core_attempt_begin(core, effects);
    }
}

static void beginning_works(struct sink_core *core, struct sink_core_effects *effects) {
    assert(core->bad > 0);
    undo(core, effects, true);
    if (core->handles_to == core->bad) { /* now it does: from the start */
        core->bad = 0;
    } else {
        core->good = core->handles_to;
    }
    sink_core_attempt_begin(core, effects);
}

/* A refused commit names nobody: of a command the last record is put aside first. */
static void last_fail(struct sink_core *core, uint32_t random, struct sink_core_effects *effects) {
    size_t last = core->from;
    if (handled_count(core, core->from, core->to, &last) == 0) {
        batch_wait(core, random, effects);
    } else {
        entry_fail(core, last, random, effects);
    }
}

/* [from, to) failed, by core->fault.error; the culprit is one of them, or NONE is known. */
static void batch_fail(struct sink_core *core, enum sink_core_effect_kind asked, size_t culprit,
                       uint32_t random, struct sink_core_effects *effects) {
    const struct error *error = &core->fault.error;
    assert(core->running);
    assert(core->to <= core->entry_count);
    assert(culprit == CULPRIT_NONE || (culprit >= core->from && culprit < core->to));
    if (error->action == ERROR_DIE) {
        core->dying = true;
    }
    if (core->dying) {
        sink_core_attempt_begin(core, effects);
        return;
    }
    sink_core_tell(effects, (struct sink_core_effect){
                                .kind = SINK_TELL_STUCK, .from = core->from, .to = core->to});
    if (culprit == CULPRIT_NONE && !error->outside && has_commands(core)) {
        /* The flush failed for one of several: halve until its command stands alone. */
        core->limit = (core->to - core->from) / 2;
        sink_core_attempt_begin(core, effects);
        return;
    }
    if (culprit != CULPRIT_NONE && error->action == ERROR_RETRY) {
        /* What stood before its command in the batch need not wait; that is tried again alone. */
        core->limit = culprit > core->from ? culprit - core->from : 1;
    }
    if (error->outside) {
        batch_wait(core, random, effects);
    } else if (culprit != CULPRIT_NONE) {
        entry_fail(core, culprit, random, effects);
    } else if (asked == SINK_ASK_COMMIT) {
        last_fail(core, random, effects);
    } else {
        culprit_find(core, random, effects);
    }
}

/* No record has been touched: but for what ends the process, the cause is outside. */
static void untouched_fail(struct sink_core *core, enum sink_core_effect_kind asked,
                           uint32_t random, struct sink_core_effects *effects) {
    struct error *error = &core->fault.error;
    if (error->action != ERROR_DIE) {
        error->action = ERROR_RETRY;
        error->outside = true;
    }
    batch_fail(core, asked, CULPRIT_NONE, random, effects);
}

/* --- answers --- */

void sink_core_batch_failed(struct sink_core *core, enum sink_core_effect_kind asked,
                            uint32_t random, struct sink_core_effects *effects) {
    assert(core->running && asked >= SINK_ASK_REREAD && asked <= SINK_ASK_COMMIT);
    switch (asked) {
    case SINK_ASK_REREAD:
    case SINK_ASK_DEAD_LETTER:
        untouched_fail(core, asked, random, effects);
        break;
    case SINK_ASK_BEGIN:
        batch_fail(core, asked, CULPRIT_NONE, random, effects);
        break;
    case SINK_ASK_HANDLE:
        undo(core, effects, true);
        batch_fail(core, asked, core->cursor, random, effects);
        break;
    case SINK_ASK_COMMIT:
        undo(core, effects, false);
        /* A refused commit (a deferred constraint) is no commit; a lost answer may be one. */
        core->unknown = core->fault.error.action == ERROR_RETRY;
        if (core->unknown) {
            batch_wait(core, random, effects);
        } else {
            batch_fail(core, asked, CULPRIT_NONE, random, effects);
        }
        break;
    default: /* ADVANCE, FLUSH */
        undo(core, effects, true);
        batch_fail(core, asked, CULPRIT_NONE, random, effects);
    }
}

void sink_core_batch_fenced(struct sink_core *core, enum sink_core_effect_kind asked,
                            struct sink_core_effects *effects) {
    assert(core->running && asked == SINK_ASK_ADVANCE);
    undo(core, effects, true);
    fence(core, effects);
}

void sink_core_batch_answered(struct sink_core *core, enum sink_core_effect_kind asked,
                              const struct sink_core_event *event,
                              struct sink_core_effects *effects) {
    assert(core->running && asked >= SINK_ASK_REREAD && asked <= SINK_ASK_COMMIT);
    assert((event->kind == SINK_FOUND) == (asked == SINK_ASK_REREAD));
    switch (asked) {
    case SINK_ASK_REREAD:
        reread(core, event->offset, effects);
        break;
    case SINK_ASK_DEAD_LETTER:
        lettered(core, effects);
        break;
    case SINK_ASK_BEGIN:
        moves_plan(core);
        core->cursor = 0;
        advance_next(core, effects);
        break;
    case SINK_ASK_ADVANCE:
        core->cursor++;
        advance_next(core, effects);
        break;
    case SINK_ASK_HANDLE:
        core->cursor++;
        handle_next(core, effects);
        break;
    case SINK_ASK_FLUSH:
        if (core->bad == 0) {
            sink_core_ask(core, effects, (struct sink_core_effect){.kind = SINK_ASK_COMMIT});
        } else {
            beginning_works(core, effects);
        }
        break;
    default: /* COMMIT */
        settle(core, effects);
    }
}
