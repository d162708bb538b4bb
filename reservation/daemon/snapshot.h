/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_SNAPSHOT_H
#define SEATLOG_RESERVATION_DAEMON_SNAPSHOT_H

#include "reservation/daemon/daemon.h"

/*
 * Rounds of snapshots, a fuzzy checkpoint of one partition in the compacted topic
 * seatlog.snapshots: every show that has changed since the last round, a bounded number of bytes a
 * transaction, then the partition's record. That says from which event on to fold: the one that was
 * next when the round began, since every show's snapshot is at least as new as that.
 *
 * The transactions carry the partition's offset, so that a process which has lost the partition can
 * not write an old snapshot over a newer one.
 */
#define RESERVATION_SNAPSHOT_PARTITION_KEY "partition"

struct reservation_snapshot_limits {
    int64_t interval_ms; /* between two rounds */
    int64_t events_max;  /* a round begins earlier after so many offsets of seatlog.events */
    size_t octets_max;   /* of one transaction; a larger show goes alone */
};

/* Call once when the partition is rebuilt. events_offset: of the snapshots it was made from. */
void reservation_snapshot_begin(struct reservation_partition *partition, int64_t events_offset,
                                int64_t now_ms, const struct reservation_snapshot_limits *limits);

/*
 * Does a piece of the partition's round where one is due, for at most *bytes of snapshots, which
 * it takes from *octets. now_ms: monotonic. Returns after how many milliseconds to call again, 0 at
 * once.
 */
int reservation_snapshot_write(struct reservation_daemon *state, struct transaction *transaction,
                               int32_t index, int64_t now_ms,
                               const struct reservation_snapshot_limits *limits, size_t *octets);

#endif
