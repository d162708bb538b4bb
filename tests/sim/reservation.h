/* SPDX-License-Identifier: Apache-2.0 */
/* The decider of the simulator, and how it recovers. */
#ifndef SEATLOG_TESTS_SIM_RESERVATION_H
#define SEATLOG_TESTS_SIM_RESERVATION_H

#include "reservation/core/core.h"
#include "reservation/daemon/heap.h"
#include "tests/sim/loop.h"

/*
 * The decider: the real core and its decode–decide–encode–seal path, within what
 * reservation/daemon/kafka.c, reservation/daemon/recovery.c, reservation/daemon/snapshot.c and reservation/daemon/tick.c do.
 */
#define SIM_SHOWS_MAX 16
#define SIM_SNAPSHOT_PARTITION_KEY "partition"

/* What is known of a show beside the core: its last event's offset, and its outstanding Tick. */
struct sim_show_note {
    struct uuid show_id;
    int64_t event_offset;
    int64_t tick_sent_ms;
};

struct sim_recovery {
    struct reservation_core *core;
    struct sim_show_note notes[SIM_SHOWS_MAX];
    size_t note_count;
    bool snapshots_done;
    int64_t snapshots_end; /* -1: not asked yet */
    int64_t events_end;    /* -1: not asked yet */
    int64_t events_next;
    int64_t events_offset; /* where folding began */
    bool broken;           /* snapshots and events do not go together */
};

/* Begins anew. */
void sim_recovery_begin(struct sim_recovery *recovery);
void sim_recovery_end(struct sim_recovery *recovery);

/* A piece of it; true when the events have reached committed_offset. */
bool sim_recovery_step(struct sim_world *world, struct sim_recovery *recovery, int32_t partition,
                       int64_t committed_offset);

/* Entry for a show; made if there is none. */
struct sim_show_note *sim_show_note_of(struct sim_show_note *notes, size_t *count,
                                       const struct uuid *show_id);

#endif
