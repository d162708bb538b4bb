/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_STATE_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_STATE_H

#include "runtime/base/metrics.h"
#include "runtime/kafka/skim.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/process.h"
#include "runtime/loop/stall.h"
#include "runtime/loop/term_holding.h"
#include "runtime/loop/term_watch.h"
#include "runtime/loop/transaction/producer.h"

/*
 * What the parts of the loop of transaction.h share, and nobody else. Each of them calls only those
 * before it:
 *
 *   state.c        this
 *   producer.c     one of the two producers
 *   partition.c    what is known of a partition, and told of it
 *   consumer.c     the consumer, and what is checked before it joins the group
 *   open.c         the open transaction
 *   record.c       records: judged, held, handled, set aside
 *   assignment.c   a partition's way from assigned to live, and out again
 *   retry.c        a record that was set aside and is asked for again
 *   transaction.c  the loop itself
 */
enum partition_stage {
    PARTITION_FOREIGN,  /* not ours */
    PARTITION_ASSIGNED, /* its committed offset is to be read */
    PARTITION_SKIMMING, /* which says nothing of term and cursor: they are worked out */
    PARTITION_REBUILDING,
    PARTITION_REBUILT, /* the consumer is to be moved to next_offset */
    PARTITION_LIVE
};

/* Of a partition of seatlog.events; unused where the input is another topic. */
struct partition_intake {
    struct term_reader reader;
    struct term_holding held;  /* of rd_kafka_message_t */
    int64_t handled_offset;    /* records below were handled, whatever is read again */
    struct term_reader origin; /* the reader at the committed offset, if it was worked out */
    int64_t origin_offset;     /* which offset that was; -1: it was not */
    struct kafka_skim *skim;   /* under way, or NULL */
    struct term_watch watch;
};

struct partition {
    enum partition_stage stage;
    bool touched; /* part of the open transaction */
    bool caught_up;
    int64_t committed_offset;
    int64_t next_offset;    /* after what was handled last */
    int64_t done_offset;    /* all before it is committed; -1: not known yet */
    int64_t drained_offset; /* where the end was last seen: markers after the last record count */
    int64_t not_before_ms;  /* back-off of a rebuild */
    struct partition_intake intake;
    struct metric *lag;
    struct stall *stall;
    struct blame blame; /* of what comes next, when it has failed */
    bool parking;       /* the record at blame.offset goes to the dead letters unhandled */
    int failures;
};

struct transaction {
    struct daemon *daemon;
    const struct transaction_spec *spec;
    bool ruled; /* the input is seatlog.events: the reader's rule says what counts */
    rd_kafka_t *consumer;
    bool flow_due; /* the consumer is to be assigned anew what is live */
    struct transaction_producer *producers[2];
    int turn; /* whose */
    struct codec *codec;
    struct partition *partitions;
    int32_t partition_count;
    bool open;
    bool failed; /* what is open is to be aborted */
    size_t records;
    size_t suspects;        /* so many more records are acknowledged one by one */
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

/* A header of what a record led to that was set aside before: which record. */
#define TRANSACTION_RETRY_HEADER "seatlog-retry"

struct partition *partition_of(const struct transaction *transaction, int32_t partition);

/* Ends the process, after what is under way. */
void transaction_die(struct transaction *transaction, const char *what, const char *reason);

#endif
