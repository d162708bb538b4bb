/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_ASSIGNMENT_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_ASSIGNMENT_H

#include "runtime/loop/transaction/state.h"

/* The partitions that the group gives us: rebuilt, live, given away. */

/* A consumer_rebalanced. */
void assignment_changed(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *opaque);

/* A bounded piece of work for each partition that is not live. Returns how soon there is more, in
 * milliseconds, at most wait_ms. */
int assignment_advance(struct transaction *transaction, int wait_ms);

#endif
