/* SPDX-License-Identifier: Apache-2.0 */
/* The batch while it fills, and the commands under way behind it. */
#include "runtime/loop/sink/core/intake.h"

#include "runtime/loop/sink/core/effects.h"

#include <assert.h>
#include <string.h>

bool sink_core_expects(const struct sink_core *core, size_t partition, int64_t offset) {
    return core->asked == SINK_ASK_POLL && core->flowing && sink_core_is_known(core, partition) &&
           offset >= core->partitions[partition].position;
}

bool sink_core_counts(const struct sink_core *core, size_t partition, int64_t offset,
                      const struct term_label *label) {
    assert(sink_core_expects(core, partition, offset));
    assert(core->partitions[partition].ruled == (label != NULL));
    if (label == NULL) {
        return true;
    }
    struct term_reader reader = core->partitions[partition].reader;
    enum term_verdict verdict = term_reader_feed(&reader, offset, label, 0);
    return verdict == TERM_HISTORY || verdict == TERM_JOINS || verdict == TERM_DELIVERS;
}

bool sink_core_is_full(const struct sink_core *core) {
    return core->entry_count >= core->options.batch_records_max ||
           core->batch_bytes >= SINK_BATCH_BYTES_MAX || core->polled >= SINK_POLLED_MAX;
}

static void drop_tell(struct sink_core_effects *effects) {
    sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_DROP});
}

void sink_core_batch_drop(struct sink_core *core, struct sink_core_effects *effects) {
    struct sink_core_entry *entries = core->options.entries;
    if (core->entry_count > 0) {
        memmove(entries, entries + core->entry_count, core->held_count * sizeof entries[0]);
        drop_tell(effects);
    }
    core->entry_count = 0;
    core->batch_bytes = 0;
    core->polled = 0;
    core->from = core->to = 0;
}

void sink_core_held_drop(struct sink_core *core, struct sink_core_effects *effects) {
    if (core->held_count > 0) {
        drop_tell(effects);
    }
    core->held_count = 0;
    for (size_t i = 0; i < core->partition_count; i++) {
        core->partitions[i].held_count = 0;
    }
}

/* Of one partition alone. */
static void forget(struct sink_core *core, size_t index, struct sink_core_effects *effects) {
    struct sink_core_entry *held = core->options.entries + core->entry_count;
    size_t kept = 0;
    if (core->partitions[index].held_count == 0) {
        return;
    }
    for (size_t i = 0; i < core->held_count; i++) {
        if (held[i].partition != index) {
            held[kept++] = held[i];
        }
    }
    assert(kept + core->partitions[index].held_count == core->held_count);
    core->held_count = kept;
    core->partitions[index].held_count = 0;
    drop_tell(effects);
}

static struct sink_core_entry *hold(struct sink_core *core, const struct sink_core_event *event) {
    size_t count = core->entry_count + core->held_count;
    assert(count < core->options.entry_capacity);
    assert(event->offset < core->partitions[event->partition].position);
    struct sink_core_entry *entry = &core->options.entries[count];
    *entry = (struct sink_core_entry){.record = event->record,
                                      .partition = event->partition,
                                      .offset = event->offset,
                                      .size = event->size,
                                      .parked = event->undecodable};
    core->held_count++;
    core->partitions[event->partition].held_count++;
    return entry;
}

/* What is held of a partition becomes the end of the batch, in order. */
static void deliver(struct sink_core *core, size_t index) {
    struct sink_core_partition *partition = &core->partitions[index];
    struct sink_core_entry *entries = core->options.entries;
    size_t to = core->entry_count + partition->held_count;
    assert(partition->held_count > 0);
    assert(partition->held_count <= core->held_count);
    for (size_t i = core->entry_count; core->entry_count < to; i++) {
        struct sink_core_entry entry = entries[i];
        if (entry.partition == index) { /* those of others, in between, stay behind */
            memmove(&entries[core->entry_count + 1], &entries[core->entry_count],
                    (i - core->entry_count) * sizeof entry);
            entries[core->entry_count++] = entry;
            core->batch_bytes += entry.size;
        }
    }
    core->held_count -= partition->held_count;
    partition->held_count = 0;
    assert(entries[to - 1].ends && entries[to - 1].partition == index);
}

/* --- what the rule says --- */

static void counts(struct sink_core *core, const struct sink_core_event *event,
                   struct term_position after) {
    struct sink_core_entry *entry = hold(core, event);
    assert(after.next_offset == event->offset + 1);
    entry->ends = true;
    entry->after = after;
    deliver(core, event->partition);
}

static void stale_tell(const struct term_reader *before, const struct term_reader *after,
                       size_t partition, struct sink_core_effects *effects) {
    for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
        if (after->stale[kind] > before->stale[kind]) {
            sink_core_tell(effects, (struct sink_core_effect){.kind = SINK_TELL_STALE,
                                                              .partition = partition,
                                                              .stale = (enum term_stale)kind});
        }
    }
}

static void log_forgot(struct sink_core *core, const struct sink_core_event *event) {
    assert(event->label->prev < core->partitions[event->partition].reader.position.cursor);
    sink_core_fault_set(core, (struct sink_core_fault){.kind = SINK_FAULT_LOG_FORGOT,
                                                       .partition = event->partition,
                                                       .offset = event->offset,
                                                       .edge = event->label->prev});
    core->dying = true;
}

static void judge(struct sink_core *core, const struct sink_core_event *event,
                  struct sink_core_effects *effects) {
    struct sink_core_partition *partition = &core->partitions[event->partition];
    struct term_reader before = partition->reader;
    enum term_verdict verdict =
        term_reader_feed(&partition->reader, event->offset, event->label, event->history_cursor);
    partition->position = partition->reader.next_offset;
    switch (verdict) {
    case TERM_HISTORY:
    case TERM_DELIVERS:
        counts(core, event, partition->reader.position);
        return;
    case TERM_JOINS:
        hold(core, event);
        return;
    case TERM_STALE:
        stale_tell(&before, &partition->reader, event->partition, effects);
        break;
    case TERM_REREAD:
        core->flowing = false;
        partition->drained_offset = SINK_OFFSET_UNKNOWN;
        break;
    case TERM_FORGOTTEN:
        log_forgot(core, event);
        break;
    default:
        assert(verdict == TERM_CLAIM);
    }
    if (partition->reader.held == 0) {
        forget(core, event->partition, effects);
    }
    if (partition->reader.deaf && !before.deaf) {
        partition->deaf_since_ms = core->now_ms;
        partition->deaf_told = false;
    }
}

void sink_core_take(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects) {
    assert(sink_core_is_known(core, event->partition));
    assert(!sink_core_is_full(core));
    struct sink_core_partition *partition = &core->partitions[event->partition];
    assert(event->offset >= partition->position);
    assert(partition->ruled == (event->label != NULL));
    core->polled++;
    if (partition->ruled) {
        judge(core, event, effects);
        assert(partition->held_count <= partition->reader.held);
    } else {
        partition->position = event->offset + 1;
        counts(core, event,
               (struct term_position){.next_offset = event->offset + 1,
                                      .term = {.offset = TERM_NONE}});
    }
}
