/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_SNAPSHOTS_H
#define SEATLOG_REPLAY_LOG_SNAPSHOTS_H

#include "replay/verify/partition.h"

/* Where a snapshot says that the fold goes on; false: that is nowhere. */
bool replay_snapshot_position(const struct snapshot_partition_snapshot *snapshot,
                              struct term_position *out);

/*
 * Snapshot and tail equal the fold of everything: restores partition->snapshots into a second core,
 * folds the events that count from where they say and in the term they say, and compares every show with the partition's
 * core, byte by byte. Differences are added to the partition's findings and its violated. No
 * snapshots yet are fine.
 *
 * false: the log could not be read, partition->error says why.
 */
bool replay_snapshots_check(struct replay_partition *partition);

#endif
