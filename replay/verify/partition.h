/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_PARTITION_H
#define SEATLOG_REPLAY_VERIFY_PARTITION_H

#include "replay/log/log.h"
#include "replay/verify/witness.h"
#include "reservation/core/core.h"
#include "reservation/daemon/latest.h"
#include "seatlog_codec.h"

#include <stdatomic.h>

/*
 * One partition of commands and events, decided again from its first command to its last event that
 * counts:
 *
 *   every command below the cursor has its events, in order, none twice
 *   every event is what the core of the logic version it names decides: key and value, byte for
 *   byte; and its label says that it is where it is
 *   the model (replay/verify/model.h) finds nothing against it
 *   the witness (replay/verify/witness.h) finds nothing against what does not count, nor against
 *   what others have kept of the partition
 *
 * Streaming: memory is that of the core and of the model. Stops at the first event that differs,
 * since from there on the state is no longer the one that decided.
 */
struct replay_observer;

struct replay_partition {
    struct replay_log *log;
    int32_t partition;
    int32_t partition_count;
    const struct replay_observer *observer; /* NULL: none */
    const struct seal *seals;               /* seal_count of them, oldest first */
    size_t seal_count;

    /* Kept by deciders before the run (replay/verify/kept.h). */
    struct reservation_latest *snapshots;
    struct replay_fit fits[REPLAY_FITS_MAX]; /* fit_count of them */
    size_t fit_count;
    int64_t committed_before; /* by the deciders that knew of no terms; -1: nothing */

    /* Progress, for a watcher. */
    _Atomic uint64_t commands;
    _Atomic uint64_t events;
    _Atomic int64_t event_offset;
    _Atomic int64_t event_end;

    /* Results, once run has returned. */
    uint64_t differing;
    uint64_t violated;
    struct buffer findings; /* a line each */
    bool failed;            /* the log could not be read: error says why */
    bool stopped;           /* it has lost what counted: not followed to its end */
    struct error error;
    int64_t cursor;            /* next command to decide */
    int64_t commands_end;      /* end of the partition of commands */
    int64_t last_timestamp_ms; /* of the last command decided */
    struct replay_tally tally;
    struct reservation_core *core; /* as of the last event; the caller frees by deinit */
    struct replay_model *model;
};

/* Sees every event that was found right, with its record, in order; from the partition's thread. */
struct replay_observer {
    void (*event)(void *context, const struct replay_record *record, const struct event *event);
    void (*command)(void *context, const struct replay_record *record,
                    const struct command *command);
    void *context;
};

void replay_partition_init(struct replay_partition *partition, struct replay_log *log,
                           int32_t number, int32_t count);
void replay_partition_run(struct replay_partition *partition);
void replay_partition_deinit(struct replay_partition *partition);

#endif
