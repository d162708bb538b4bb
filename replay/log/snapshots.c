/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshots of a partition, held against the state at their offset. */
#include "replay/log/snapshots.h"

#include "replay/log/counted.h"
#include "reservation/daemon/heap.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"

#include <inttypes.h>
#include <string.h>

#define FINDINGS_MAX 20

struct check {
    struct replay_partition *partition;
    struct reservation_core *core; /* from the snapshots */
    struct codec *codec;
    struct arena arena;
    bool found; /* a PartitionSnapshot */
    struct term_position position;
    uint64_t findings;
};

static void find(struct check *check, const char *what, const struct uuid *show_id) {
    char show[UUID_TEXT_SIZE] = "";
    struct replay_partition *partition = check->partition;
    partition->violated++;
    if (check->findings++ < FINDINGS_MAX) {
        buffer_append_format(&partition->findings, "partition %d, show %s: %s\n",
                             (int)partition->partition,
                             show_id != NULL ? uuid_format(show_id, show) : "?", what);
    }
}

static bool snapshot_restore(void *context, struct octets key, struct octets value,
                             struct error *error) {
    struct check *check = context;
    struct snapshot_record record;
    struct text reason;
    (void)key;
    (void)error;
    arena_reset(&check->arena);
    if (!codec_snapshot_record_decode(check->codec, &check->arena, value, &record, &reason)) {
        find(check, "a snapshot cannot be decoded", NULL);
    } else if (record.kind == SNAPSHOT_RECORD_PARTITION_SNAPSHOT) {
        check->found = replay_snapshot_position(&record.as.partition_snapshot, &check->position);
    } else if (reservation_core_show_restore(check->core, &record.as.show_snapshot) ==
               RESERVATION_APPLY_BROKEN) {
        find(check, "its snapshot makes no sense", &record.as.show_snapshot.show_id);
    }
    return true;
}

static bool tail_fold(struct check *check) {
    struct replay_partition *partition = check->partition;
    struct replay_counted *counted = replay_counted_new(partition->log, partition->partition,
                                                        &check->position, NULL, &partition->error);
    if (counted == NULL) {
        return false;
    }
    struct replay_record record;
    enum replay_read read;
    while ((read = replay_counted_next(counted, &record, &partition->error)) ==
               REPLAY_READ_RECORD &&
           record.offset < atomic_load(&partition->event_offset)) {
        struct event event;
        struct text reason;
        arena_reset(&check->arena);
        if (!codec_event_decode(check->codec, &check->arena, record.value, &event, &reason)) {
            continue; /* found before */
        }
        enum reservation_apply_result result = reservation_core_apply(check->core, &event);
        if (result == RESERVATION_APPLY_GAP || result == RESERVATION_APPLY_BROKEN) {
            find(check, "its events do not follow on its snapshot", &event.as.head.show_id);
        }
    }
    replay_counted_free(counted);
    /* A log that has lost its end was found before. */
    return read != REPLAY_READ_FAILED || partition->error.action == ERROR_PARK;
}

/* The show's state as bytes, copied into the arena. */
static struct octets state_of(struct check *check, struct reservation_core *core,
                              const struct reservation_show *show,
                              struct reservation_effects *effects) {
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(core, show, effects, &record.as.show_snapshot);
    return arena_octets_copy(&check->arena, codec_snapshot_record_encode(check->codec, &record));
}

static void shows_compare(struct check *check) {
    struct reservation_core *whole = check->partition->core;
    struct reservation_effects *effects = reservation_effects_new(&reservation_heap);
    for (struct reservation_show *show = reservation_core_show_next(whole, NULL); show != NULL;
         show = reservation_core_show_next(whole, show)) {
        struct uuid id = reservation_show_id(show);
        struct reservation_show *twin = reservation_core_show_find(check->core, &id);
        if (twin == NULL) {
            find(check, "it is in no snapshot and in no event after them", &id);
            continue;
        }
        arena_reset(&check->arena);
        struct octets expected = state_of(check, whole, show, effects);
        struct octets found = state_of(check, check->core, twin, effects);
        if (expected.size != found.size || memcmp(expected.data, found.data, found.size) != 0) {
            find(check, "snapshot and tail give another state than the fold of everything", &id);
        }
    }
    reservation_effects_free(effects);
}

bool replay_snapshot_position(const struct snapshot_partition_snapshot *snapshot,
                              struct term_position *out) {
    *out = (struct term_position){
        .next_offset = snapshot->events_offset,
        .term = {snapshot->term_offset, (uint64_t)snapshot->term_nonce},
        .cursor = snapshot->cursor,
    };
    return out->next_offset >= 0 && out->cursor >= 0 && out->term.offset < out->next_offset &&
           out->term.offset >= TERM_NONE;
}

bool replay_snapshots_check(struct replay_partition *partition) {
    struct error error;
    struct check check = {.partition = partition, .codec = codec_new()};
    check.core = reservation_core_new(&reservation_heap);
    bool read = true;
    reservation_latest_visit(partition->snapshots, snapshot_restore, &check, &error);
    if (check.found) {
        read = tail_fold(&check);
        if (read) {
            shows_compare(&check);
        }
    }
    reservation_core_free(check.core);
    arena_deinit(&check.arena);
    codec_free(check.codec);
    return read;
}
