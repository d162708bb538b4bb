/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_DAEMON_H
#define SEATLOG_RESERVATION_DAEMON_DAEMON_H

/*
 * What the adapters of the reservation daemon share: its state, one core a partition.
 *
 *   reservation_kafka     records in, events out
 *   reservation_recovery  a partition's core from snapshots and events
 *   reservation_snapshot  snapshots of what changed
 *   reservation_tick      Tick commands for shows with due work
 *
 * All of it lives in the loop's thread, but for the workers of reservation_recovery, which hold
 * nothing of it but what they were given.
 */

#include "reservation/core/core.h"
#include "reservation/daemon/heap.h"
#include "runtime/base/metrics.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/transaction/transaction.h"
#include "seatlog_codec.h"

struct reservation_recovery;
struct reservation_recoveries;
struct reservation_show_map;
struct reservation_ticks;

/* A partition that is assigned; core is NULL until it is rebuilt. */
struct reservation_partition {
    struct reservation_core *core;
    struct reservation_show_map *offsets; /* of each show's last event */
    struct reservation_recovery *recovery;
    int64_t events_next; /* offset of seatlog.events after the last event that is committed */
    struct reservation_ticks *ticks;

    /* The round of snapshots under way, and what the last one left. */
    struct {
        bool running;
        bool incomplete; /* a show that has no snapshot since: no partition record any more */
        size_t shows_left;
        int64_t events_offset;
        int64_t cursor;
        int64_t last_events_offset; /* of the last round */
        int64_t next_ms;            /* monotonic: when the next one is due */
    } round;
};

struct reservation_daemon {
    struct reservation_partition *partitions; /* partition_count of them, NULL before the first */
    int32_t partition_count;
    struct reservation_effects *effects;
    struct codec *codec;
    struct arena arena; /* of the record being handled */
    struct reservation_kafka *kafka;
    struct reservation_recoveries *recoveries;
    struct producer *producer; /* of Ticks; NULL where they are turned off */
    int64_t snapshot_interval_ms;
    int64_t snapshot_events_max;
    size_t snapshot_octets_max;
    size_t snapshot_show_octets_max;
};

extern const struct config_option reservation_daemon_options[];

/* The hooks of daemon.h and transaction.h that are not about records. */
bool reservation_daemon_start(struct daemon *daemon, struct error *error);
void reservation_daemon_stop(struct daemon *daemon);
enum transaction_rebuilt reservation_daemon_rebuild(struct daemon *daemon,
                                                    struct transaction *transaction, int32_t index,
                                                    int64_t committed_offset, int64_t *next_offset,
                                                    struct error *error);
void reservation_daemon_drop(struct daemon *daemon, int32_t index);
int reservation_daemon_turn(struct daemon *daemon, struct transaction *transaction);

#endif
