/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the sink's adapter share; they carry out what its core asks for. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_STATE_H
#define SEATLOG_RUNTIME_LOOP_SINK_STATE_H

#include "codec/arena.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/producer.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/process.h"
#include "runtime/loop/sink/core/core.h"
#include "runtime/loop/sink/spec.h"
#include "runtime/loop/stall.h"
#include "seatlog_codec.h"

#include <string.h>

/*
 * The parts of the adapter: sink.c is the loop around the core, notify.c carries out what has no
 * answer, consumer.c is the consumer group, offset.c where to read on, skim.c where a partition is
 * that has kept no term, batch.c the records of a batch and their transaction, retry.c a record
 * that was set aside. All run in the loop's thread, but for what skim.c reads. None of them
 * decides: core/core.h does.
 */

/* A partition that is assigned to us; core->partitions has the rest, at the same index. */
struct sink_partition {
    const char *topic; /* of the spec */
    int32_t partition;
    bool ruled; /* of seatlog.events */
    struct metric *lag;
    struct stall *stall;
};

/* A record; the core has it as the `record` of an entry. */
struct sink_entry {
    const struct sink_partition *partition; /* while it is assigned */
    rd_kafka_message_t *message;
    struct kafka_envelope envelope;
    struct event event;
    struct ticket_record tickets;
    const char *reason; /* why it is parked; in the arena */
    bool kept;          /* the core still has it */
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

    struct sink_entry *
        *entries; /* those that the core has, and behind them some to be used again */
    size_t entry_count;
    size_t entry_capacity;
    struct term_label label;  /* of the record that came last */
    struct term_reader found; /* what was skimmed last */
    struct term_position place;
    int64_t began_ms;         /* its transaction */
    int64_t retry_at_ms;      /* when to look for records that are asked for again */
    struct blame retry_blame; /* of such a record */
    struct arena arena;       /* of decoded records */

    struct error broken; /* DIE: the consumer, or what we stand on, is of no use any more */
    int64_t looked_ms;   /* when lag was last looked at */
    int64_t checked_ms;  /* when PostgreSQL was, too */

    struct metric *handled;
    struct metric *dead_letters;
    struct metric *rollbacks;
    struct metric *stale[TERM_STALE_COUNT];
    struct metric *commit_duration;
};

/* The index of a partition of ours; SIZE_MAX: it is not. */
static inline size_t sink_partition_find(const struct sink *sink, const char *topic,
                                         int32_t partition) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        const struct sink_partition *candidate = &sink->partitions[i];
        if (candidate->partition == partition && strcmp(candidate->topic, topic) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Nothing is waited for any more. */
static inline bool sink_is_ending(const struct sink *sink) {
    return daemon_stopping() || sink->broken.action != ERROR_NONE || sink->core.dying;
}

#endif
