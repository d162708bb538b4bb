/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_INTERNAL_H
#define SEATLOG_RUNTIME_LOOP_SINK_INTERNAL_H

#include "codec/arena.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/producer.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/sink/sink.h"
#include "runtime/loop/stall.h"
#include "seatlog_codec.h"

/*
 * The parts of the sink: sink.c is the loop and the consumer group, runtime/loop/sink/offset.c where to read on,
 * runtime/loop/sink/batch.c one batch in PostgreSQL, runtime/loop/sink/retry.c a record that was set aside. All run in the
 * loop's thread.
 */
#define SINK_OFFSET_UNKNOWN (-1)

/* A batch ends with the record that reaches this many bytes of values. */
#define SINK_BATCH_OCTETS_MAX ((size_t)16 * 1024 * 1024)

/* A partition that is assigned to us. */
struct sink_partition {
    const char *topic; /* of the spec */
    int32_t partition;
    int64_t next_offset;    /* as committed in PostgreSQL; unknown until it was read */
    int64_t position;       /* the least offset that may still arrive */
    int64_t end_offset;     /* where the log ended when we began: caught up once there */
    int64_t drained_offset; /* nothing below it is still to arrive (markers included); or unknown */
    bool caught_up;
    struct metric *lag;
    struct stall *stall;
    struct blame blame; /* of what comes next, when it has failed */
};

/* A record of the batch. */
struct sink_entry {
    rd_kafka_message_t *message;
    struct sink_partition *partition;
    struct kafka_envelope envelope;
    struct event event;
    struct ticket_record tickets;
    bool parked;        /* in the dead letters, or about to be */
    bool dead_lettered; /* acknowledged there */
    const char *reason; /* why it is parked; in the arena */
};

struct sink {
    struct daemon *daemon;
    const struct sink_spec *spec;
    struct pg *pg;
    struct producer *producer; /* of dead letters */
    struct codec *codec;
    rd_kafka_t *consumer;

    struct sink_partition *partitions; /* the assignment */
    size_t partition_count;
    bool assigned;      /* the group has said which; perhaps none */
    bool offsets_known; /* of all of them */
    bool flowing;       /* records come */
    bool rejoin;        /* somebody else owns a partition: leave the group and come back */

    struct sink_entry *entries; /* the batch, in order of arrival */
    size_t entry_count;
    size_t entry_capacity;
    size_t batch_octets;
    size_t batch_records_max;
    int record_tries_max;
    int64_t retry_at_ms;      /* when to look for records that are asked for again */
    struct blame retry_blame; /* of such a record */
    struct arena arena;       /* of the batch's decoded records */

    struct error fatal; /* DIE: what ends the loop */
    int64_t checked_ms; /* when lag and PostgreSQL were last looked at */

    struct metric *handled;
    struct metric *dead_letters;
    struct metric *rollbacks;
    struct metric *commit_duration;
};

/* sink.c: serves the consumer for a while, without records, so that membership stays alive. True:
 * stopping.
 */
bool sink_wait(struct sink *sink, int duration_ms);

struct sink_partition *sink_partition_find(struct sink *sink, const char *topic, int32_t partition);

/* runtime/loop/sink/offset.c: reads where to go on for the whole assignment. */
bool sink_offsets_load(struct sink *sink, struct error *error);

/* Whether `partition` stands in PostgreSQL where we expect it; takes over what a lost commit did.
 */
bool sink_offsets_reread(struct sink *sink, bool *fenced, struct error *error);

/* UPDATE … WHERE next_offset = expected. *fenced: no row was. */
bool sink_offset_advance(struct sink *sink, const struct sink_partition *partition,
                         int64_t next_offset, bool *fenced, struct error *error);

/* Sets lag metrics and caught_up from what the consumer knows; asks the cluster when `ask`. */
void sink_lag_update(struct sink *sink, bool ask);

/* runtime/loop/sink/batch.c: takes a message into the batch, decoded. */
void sink_batch_add(struct sink *sink, struct sink_partition *partition,
                    rd_kafka_message_t *message);
bool sink_batch_is_full(const struct sink *sink);

/* Into the batch's arena. Topics that the sink does not know are not decoded. */
bool sink_record_decode(struct sink *sink, const char *topic, struct octets value,
                        struct event *event, struct ticket_record *tickets, struct text *reason);

/* runtime/loop/sink/retry.c: handles a record that was set aside and is asked for again, if there is one.
 * Between batches. false: *error, to back off from. */
bool sink_retry(struct sink *sink, struct error *error);

/* Drops the batch as if it had not arrived. */
void sink_batch_drop(struct sink *sink);

/* Handles the batch to its end, with back-off; returns early when stopping, fenced or dying. */
void sink_batch_run(struct sink *sink);

#endif
