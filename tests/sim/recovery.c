/* SPDX-License-Identifier: Apache-2.0 */
/* How a decider gets a partition's state back: snapshots, then the events behind them. */
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "tests/sim/reservation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_STEP 40

struct sim_show_note *sim_show_note_of(struct sim_show_note *notes, size_t *count,
                                       const struct uuid *show_id) {
    for (size_t i = 0; i < *count; i++) {
        if (uuid_equal(&notes[i].show_id, show_id)) {
            return &notes[i];
        }
    }
    assert(*count < SIM_SHOWS_MAX);
    notes[*count] = (struct sim_show_note){.show_id = *show_id, .event_offset = -1};
    return &notes[(*count)++];
}

void sim_recovery_begin(struct sim_recovery *recovery) {
    *recovery = (struct sim_recovery){
        .core = reservation_core_new(&reservation_heap),
        .snapshots_end = -1,
        .events_end = -1,
    };
}

void sim_recovery_end(struct sim_recovery *recovery) {
    reservation_core_free(recovery->core);
    recovery->core = NULL;
}

/* The latest committed record of every key below the end. */
static bool is_latest(const struct sim_world *world, int32_t partition, int64_t offset, int64_t end,
                      struct octets key) {
    const struct sim_entry *later;
    while ((later = sim_log_read(world, SIM_SNAPSHOTS, partition, &offset, end, false)) != NULL) {
        if (sim_octets_equal(later->key, key)) {
            return false;
        }
    }
    return true;
}

static bool snapshot_decode(struct sim_world *world, const struct sim_entry *entry,
                            struct snapshot_record *record) {
    struct text reason;
    if (codec_snapshot_record_decode(world->codec, &world->scratch, entry->value, record,
                                     &reason)) {
        return true;
    }
    sim_violated(world, 3, "a snapshot can not be decoded: %.*s", TEXT_FORMAT(reason));
    return false;
}

static bool is_partition_key(struct octets key) {
    return key.size == sizeof SIM_SNAPSHOT_PARTITION_KEY - 1;
}

static const struct sim_entry *partition_snapshot_find(const struct sim_world *world,
                                                       int32_t partition, int64_t end) {
    const struct sim_entry *found = NULL, *entry;
    int64_t offset = 0;
    while ((entry = sim_log_read(world, SIM_SNAPSHOTS, partition, &offset, end, false)) != NULL) {
        if (is_partition_key(entry->key)) {
            found = entry;
        }
    }
    return found;
}

static void show_restore(struct sim_world *world, struct sim_recovery *recovery,
                         const struct sim_entry *entry) {
    struct snapshot_record record;
    if (!snapshot_decode(world, entry, &record) || record.kind != SNAPSHOT_RECORD_SHOW_SNAPSHOT ||
        reservation_core_show_restore(recovery->core, &record.as.show_snapshot) !=
            RESERVATION_APPLY_APPLIED) {
        recovery->broken = true;
        return;
    }
    struct sim_show_note *note =
        sim_show_note_of(recovery->notes, &recovery->note_count, &record.as.show_snapshot.show_id);
    note->event_offset = record.as.show_snapshot.event_offset;
}

static void snapshots_restore(struct sim_world *world, struct sim_recovery *recovery,
                              int32_t partition) {
    int64_t end = recovery->snapshots_end;
    const struct sim_entry *head = partition_snapshot_find(world, partition, end);
    struct snapshot_record record;
    if (head == NULL || !snapshot_decode(world, head, &record)) {
        return; /* no round was ever completed: all events are folded */
    }
    int64_t events_offset = record.as.partition_snapshot.events_offset;
    int64_t cursor = record.as.partition_snapshot.cursor;
    int64_t offset = 0;
    const struct sim_entry *entry;
    while ((entry = sim_log_read(world, SIM_SNAPSHOTS, partition, &offset, end, false)) != NULL) {
        if (!is_partition_key(entry->key) && is_latest(world, partition, offset, end, entry->key)) {
            show_restore(world, recovery, entry);
        }
    }
    recovery->events_offset = recovery->events_next = events_offset;
    reservation_core_cursor_advance(recovery->core, cursor);
}

static void event_fold(struct sim_world *world, struct sim_recovery *recovery, int32_t partition,
                       int64_t offset, const struct sim_entry *entry) {
    struct event event;
    if (!sim_event_decode(world, entry->value, &event)) {
        return;
    }
    enum reservation_apply_result result = reservation_core_apply(recovery->core, &event);
    switch (result) {
    case RESERVATION_APPLY_APPLIED:
        sim_show_note_of(recovery->notes, &recovery->note_count, &event.as.head.show_id)
            ->event_offset = offset;
        break;
    case RESERVATION_APPLY_STATELESS:
    case RESERVATION_APPLY_SEEN:
        break;
    case RESERVATION_APPLY_GAP:
    case RESERVATION_APPLY_BROKEN:
        recovery->broken = true;
        sim_violated(world, 3,
                     "recovery: the event at offset %lld of partition %d (%s, seq %lld) does not "
                     "fit the state made of snapshots and the events before it: %s",
                     (long long)offset, (int)partition, event_kind_name(event.kind),
                     (long long)event.as.head.seq, reservation_apply_result_name(result));
        break;
    }
}

/* As reservation/daemon/recovery.c: watermark first, then wait until all below it is settled. */
bool sim_recovery_step(struct sim_world *world, struct sim_recovery *recovery, int32_t partition,
                       int64_t committed_offset) {
    if (!recovery->snapshots_done) {
        if (recovery->snapshots_end < 0) {
            recovery->snapshots_end = sim_log_end(world, SIM_SNAPSHOTS, partition);
        }
        if (sim_log_stable(world, SIM_SNAPSHOTS, partition) >= recovery->snapshots_end) {
            snapshots_restore(world, recovery, partition);
            recovery->snapshots_done = true;
            if (recovery->broken) {
                sim_violated(world, 3, "a snapshot in partition %d makes no sense", (int)partition);
            }
        }
        return false;
    }
    if (recovery->events_end < 0) {
        recovery->events_end = sim_log_end(world, SIM_EVENTS, partition);
    }
    const struct sim_entry *entry = NULL;
    for (int i = 0; i < EVENTS_PER_STEP && !recovery->broken; i++) {
        entry = sim_log_read(world, SIM_EVENTS, partition, &recovery->events_next,
                             recovery->events_end, false);
        if (entry == NULL) {
            break;
        }
        event_fold(world, recovery, partition, recovery->events_next - 1, entry);
    }
    if (entry != NULL || recovery->events_next < recovery->events_end) {
        return false;
    }
    recovery->events_end = -1;
    return recovery->broken || reservation_core_cursor(recovery->core) >= committed_offset;
}
