/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_INTERNAL_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_INTERNAL_H

#include "runtime/base/metrics.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/stall.h"
#include "runtime/loop/transaction/producer.h"
#include "runtime/loop/transaction/transaction.h"

/*
 * What the parts of the loop of transaction.h share, and nobody else:
 *
 *   transaction.c             the open transaction, records, the loop itself
 *   runtime/loop/transaction/partition.c   a partition's way from assigned to live, and out again
 *   runtime/loop/transaction/consumer.c    the consumer, and what is checked before it joins the group
 *   runtime/loop/transaction/retry.c       a record that was set aside and is asked for again
 *   runtime/loop/transaction/producer.c    one of the two producers
 */
enum partition_stage {
    PARTITION_FOREIGN,  /* not ours */
    PARTITION_ASSIGNED, /* its committed offset is to be read */
    PARTITION_REBUILDING,
    PARTITION_REBUILT, /* the consumer is to be moved to next_offset */
    PARTITION_LIVE
};

struct partition {
    enum partition_stage stage;
    bool touched; /* part of the open transaction */
    bool caught_up;
    int64_t committed_offset;
    int64_t next_offset;
    int64_t done_offset;    /* all before it is committed; -1: not known yet */
    int64_t drained_offset; /* where the end was last seen: markers after the last record count */
    int64_t not_before_ms;  /* back-off of a rebuild */
    struct metric *lag;
    struct stall *stall;
    struct blame blame; /* of what comes next, when it has failed */
    bool parking;       /* what comes next, at blame.offset, goes to the dead letters unhandled */
    int failures;
};

struct transaction {
    struct daemon *daemon;
    const struct transaction_spec *spec;
    rd_kafka_t *consumer;
    struct transaction_producer *producers[2];
    int turn; /* whose */
    struct codec *codec;
    struct partition *partitions;
    int32_t partition_count;
    bool open;
    bool failed; /* a hook has asked to abort what is open */
    size_t records;
    size_t alone;           /* so many more records are handled in transactions of their own */
    int32_t last_partition; /* of the record handled last */
    int64_t last_offset;
    int64_t opened_ms;
    int64_t turn_at_ms;
    int64_t lag_at_ms;
    int64_t retry_at_ms;      /* when to look for records that are asked for again */
    struct blame retry_blame; /* of such a record */
    const char *retrying;     /* "PARTITION-OFFSET" of one under way: marks what is produced */
    int status;

    struct metric *committed_metric;
    struct metric *aborted_metric;
    struct metric *records_metric;
    struct metric *duration_metric;
    struct metric *live_metric;
    struct metric *dead_letters_metric;
};

/* transaction.c */
void transaction_abort(struct transaction *transaction);
void transaction_finish(struct transaction *transaction);

/* Ends the process, after what is under way. */
void transaction_die(struct transaction *transaction, const char *what, const char *reason);

/* runtime/loop/transaction/partition.c */
struct partition *partition_of(const struct transaction *transaction, int32_t partition);

/* Everything known about the partition is forgotten; it stays assigned unless foreign. */
void partition_drop(struct transaction *transaction, int32_t index, bool foreign);

/* The next attempt to rebuild it waits, longer each time in a row. */
void partition_back_off(struct partition *partition);

/* Tells metrics and /readyz how many partitions are live. */
void partitions_readiness_update(struct transaction *transaction);

/* A bounded piece of work for each partition that is not live. Returns how soon there is more, in
 * milliseconds, at most wait_ms. */
int partitions_advance(struct transaction *transaction, int wait_ms);

/* The lag of each partition, as a metric: made once, set once a second. */
void partitions_lag_register(struct transaction *transaction);
void partitions_lag_update(struct transaction *transaction);

/* librdkafka's rebalance callback; its opaque is the transaction. */
void partitions_rebalanced(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t *list, void *opaque);

/* A header of what a record led to that was set aside before: which record. */
#define TRANSACTION_RETRY_HEADER "seatlog-retry"

/* runtime/loop/transaction/retry.c: handles a record that was set aside, if one is asked for. Outside of a
 * transaction. */
void transaction_retry(struct transaction *transaction);

/* runtime/loop/transaction/consumer.c */
void transaction_consumer_create(struct transaction *transaction);

/* Waits until the topics can be checked; false when the process stops, or has to. */
bool transaction_topics_await(struct transaction *transaction);

/* Subscribes. */
bool transaction_group_join(struct transaction *transaction);

/* A list of one partition of the input; the caller destroys it. */
rd_kafka_topic_partition_list_t *transaction_list_of_one(const struct transaction *transaction,
                                                         int32_t index, int64_t offset);

#endif
