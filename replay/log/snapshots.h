/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_SNAPSHOTS_H
#define SEATLOG_REPLAY_LOG_SNAPSHOTS_H

#include "replay/verify/partition.h"

/*
 * Snapshot and tail equal the fold of everything: restores the partition's latest snapshots into a
 * second core, folds the events from where they say, and compares every show with the partition's
 * core, byte by byte. Differences are added to the partition's findings and its violated. No
 * snapshots yet are fine.
 *
 * false: the log could not be read, partition->error says why.
 */
bool replay_snapshots_check(struct replay_partition *partition);

#endif
