/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_CONSUMER_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_CONSUMER_H

#include "runtime/loop/transaction/state.h"

/* The loop's Kafka consumer and its topics. */

/* librdkafka's rebalance callback; its opaque is the transaction. */
typedef void consumer_rebalanced(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t *list, void *opaque);

/* Makes it. */
void consumer_create(struct transaction *transaction, consumer_rebalanced *rebalanced);

/* Waits until the topics can be checked; false when the process stops, or has to. Fills
 * partition_count. */
bool consumer_topics_await(struct transaction *transaction);

/* Subscribes. */
bool consumer_group_join(struct transaction *transaction);

/* Where flow_due: assigns what is live, each partition where it is read on; the others stand still.
 */
void consumer_flow(struct transaction *transaction);

/* A list of one partition of the input; the caller destroys it. */
rd_kafka_topic_partition_list_t *consumer_list_of_one(const struct transaction *transaction,
                                                      int32_t index, int64_t offset);

#endif
