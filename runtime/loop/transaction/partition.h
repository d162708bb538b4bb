/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_PARTITION_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_PARTITION_H

#include "runtime/loop/transaction/state.h"

/* What is known of the partitions of the input, forgotten, and told to others. */

/* All of them, foreign at first: with their metrics. */
void partitions_init(struct transaction *transaction);
void partitions_deinit(struct transaction *transaction);

/* Ours from now on, with nothing known. */
void partition_assign(struct transaction *transaction, int32_t index);

/* Everything known about the partition is forgotten; it stays assigned unless foreign. */
void partition_drop(struct transaction *transaction, int32_t index, bool foreign);

/* The next attempt to rebuild it waits, longer each time in a row. */
void partition_back_off(struct partition *partition);

/* Where the consumer goes on to read: behind what is held, too. */
int64_t partition_read_offset(const struct transaction *transaction,
                              const struct partition *partition);

/* Tells metrics and /readyz how many partitions are live. */
void partitions_readiness_update(struct transaction *transaction);

/* The lag of each partition, as a metric; and what of it stands still. Once a second. */
void partitions_lag_update(struct transaction *transaction);

#endif
