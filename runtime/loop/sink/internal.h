/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the sink's adapter, which carry out what its core asks for. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_INTERNAL_H
#define SEATLOG_RUNTIME_LOOP_SINK_INTERNAL_H

#include "codec/arena.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/producer.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/process.h"
#include "runtime/loop/sink/core.h"
#include "runtime/loop/sink/sink.h"
#include "runtime/loop/stall.h"
#include "seatlog_codec.h"

/*
 * The parts of the adapter: sink.c is the loop around the core, consumer.c the consumer group,
 * offset.c where to read on, batch.c the records of a batch and their transaction, retry.c a record
 * that was set aside. All run in the loop's thread. None of them decides: core.h does.
 */

/* A partition that is assigned to us; core->partitions has the rest, at the same index. */
struct sink_partition {
    const char *topic; /* of the spec */
    int32_t partition;
    struct metric *lag;
    struct stall *stall;
};

/* A record of the batch; core->options.entries has the rest, at the same index. */
struct sink_entry {
    rd_kafka_message_t *message;
    struct kafka_envelope envelope;
    struct event event;
    struct ticket_record tickets;
    const char *reason; /* why it is parked; in the arena */
};

struct sink {
    struct daemon *daemon;
    const struct sink_spec *spec;
    struct pg *pg;
    struct producer *producer; /* of dead letters */
    struct codec *codec;
    rd_kafka_t *consumer;

    struct sink_core core;
    struct sink_core_partition *core_partitions; /* the core's while they are assigned */
    struct sink_core_entry *core_entries;

    struct sink_partition *partitions; /* the assignment: core.partition_count */
    size_t partition_count;
    bool flowing; /* as far as librdkafka was told */

    struct sink_entry *entries; /* the batch */
    size_t entry_count;
    size_t entry_capacity;
    int64_t began_ms;         /* its transaction */
    int64_t retry_at_ms;      /* when to look for records that are asked for again */
    struct blame retry_blame; /* of such a record */
    struct arena arena;       /* of the batch's decoded records */

    struct error broken; /* DIE: the consumer, or what we stand on, is of no use any more */
    int64_t looked_ms;   /* when lag was last looked at */
    int64_t checked_ms;  /* when PostgreSQL was, too */

    struct metric *handled;
    struct metric *dead_letters;
    struct metric *rollbacks;
    struct metric *commit_duration;
};

/* sink.c: tells the core what is no answer, and carries out what it tells in turn. */
void sink_notify(struct sink *sink, struct sink_core_event event);

/* The words for what went wrong last, in a buffer of ERROR_MESSAGE_SIZE. */
const char *sink_fault_format(const struct sink *sink, char *buffer);

/* The index of a partition of ours; SIZE_MAX: it is not. */
size_t sink_partition_find(const struct sink *sink, const char *topic, int32_t partition);

/* consumer.c: joins the group, leaves it; both may be called again. */
bool sink_consumer_open(struct sink *sink, struct error *error);
void sink_consumer_close(struct sink *sink);

/*
 * Records come from where we are, or none do. Neither pause and resume nor seek: see
 * sink_consumer_flow.
 */
bool sink_consumer_flow(struct sink *sink, bool flowing, struct error *error);

/* Waits at most timeout_ms for one message: RECORD (it is in the batch), OTHER or QUIET. */
struct sink_core_event sink_consumer_poll(struct sink *sink, int timeout_ms);

/* Whether the topics are as they should be; waits until they are there. Else sink->broken. */
void sink_topics_await(struct sink *sink);

/* offset.c: where a partition stands in PostgreSQL; `begin`: at 0 where it stands nowhere. */
bool sink_offset_read(struct sink *sink, const struct sink_partition *partition, bool begin,
                      int64_t *next_offset, struct error *error);

/* Where the log of a partition begins and ends. */
bool sink_log_bounds(struct sink *sink, const struct sink_partition *partition, int64_t *low,
                     int64_t *high, struct error *error);

/* UPDATE … WHERE next_offset = expected. *fenced: no row was. */
bool sink_offset_advance(struct sink *sink, const struct sink_partition *partition,
                         int64_t expected, int64_t next_offset, bool *fenced, struct error *error);

/* Sets lag metrics and caught_up from what the consumer knows; asks the cluster when `ask`. */
void sink_lag_update(struct sink *sink, bool ask);

/* batch.c: takes a message into the batch. *undecodable: it cannot be, and has a reason. */
void sink_batch_add(struct sink *sink, const struct sink_partition *partition,
                    rd_kafka_message_t *message, bool *undecodable);

/* Drops the batch as if it had not arrived. */
void sink_batch_drop(struct sink *sink);

/* entry->reason: that of core.fault, after `tries`; 0: as it says. */
void sink_batch_park(struct sink *sink, size_t index, int tries);

/* What the core asks for of the batch: whether it worked. */
bool sink_batch_dead_letter(struct sink *sink, size_t index, struct error *error);
bool sink_batch_handle(struct sink *sink, size_t index, struct error *error);

/* Into the batch's arena. Topics that the sink does not know are not decoded. */
bool sink_record_decode(struct sink *sink, const char *topic, struct octets value,
                        struct event *event, struct ticket_record *tickets, struct text *reason);

/*
 * retry.c: handles a record that was set aside and is asked for again, if there is one. Between
 * batches. false: *error, to back off from; *fenced: another instance owns the partition.
 */
bool sink_retry(struct sink *sink, bool *fenced, struct error *error);

#endif
