/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_KEPT_H
#define SEATLOG_REPLAY_VERIFY_KEPT_H

#include "replay/verify/partition.h"

/*
 * What others have kept of a partition: deciders its latest snapshots, and the offsets of
 * seatlog.commands that they have committed with where on seatlog.events that is; ticketgen its
 * offset. To be read before the partition is:
 * what they say must then be on the log. Fills partition->snapshots, fits and committed_before.
 *
 * false: they could not be read, partition->error says why.
 */
bool replay_kept_load(struct replay_partition *partition);

#endif
