/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_SIM_SINK_H
#define SEATLOG_TESTS_SIM_SINK_H

#include "tests/sim/sim_tables.h"

/*
 * What runtime/loop/sink/sink.c does, in steps: gather a batch, then one PostgreSQL transaction of the fenced
 * offsets and the rows; a commit whose answer is lost is looked up before anything else.
 */
#define SIM_BATCH_MAX 24

struct sim_sink;

struct sim_sink_record {
    enum sim_topic topic;
    int32_t partition;
    int64_t offset;
    struct octets value;
};

/* Writes what a record leads to; inside the transaction. */
typedef void sim_sink_handle(struct sim_world *world, const struct sim_sink_record *record);

enum sim_sink_phase { SIM_SINK_GATHER, SIM_SINK_COMMIT, SIM_SINK_REREAD, SIM_SINK_OFFSETS_APART };

struct sim_sink {
    struct sim_world *world;
    int32_t process;
    enum sim_daemon daemon;
    uint32_t topics; /* bits of enum sim_topic */
    sim_sink_handle *handle;
    int32_t member_id;
    int32_t generation;
    uint32_t assigned;
    bool offsets_known;
    enum sim_sink_phase phase;
    int64_t next_offset[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX]; /* in PostgreSQL, as we know it */
    int64_t position[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];    /* to be fetched */
    struct sim_sink_record batch[SIM_BATCH_MAX];
    size_t batch_count;
};

void sim_sink_start(struct sim_sink *sink, struct sim_world *world, int32_t process,
                    uint32_t topics, sim_sink_handle *handle);
/* true: it had something to do. */
bool sim_sink_step(struct sim_sink *sink);
bool sim_sink_rests(struct sim_sink *sink);

#endif
