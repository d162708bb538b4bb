/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's loop over the virtual broker and tables, around the handlers of a daemon as they ship. */
#ifndef SEATLOG_TESTS_SIM_SINK_H
#define SEATLOG_TESTS_SIM_SINK_H

#include "runtime/loop/sink/sink.h"
#include "tests/sim/sim_session.h"
#include "tests/sim/sim_tables.h"

/*
 * What runtime/loop/sink/sink.c does, in steps: gather a batch, then one PostgreSQL transaction of the fenced
 * offsets and the rows; a commit whose answer is lost is looked up before anything else.
 *
 * handle, flush, committed and discard of the daemon's spec are called as the loop that ships calls
 * them, with daemon->state of the caller's. A record and its decoded event or tickets live until
 * committed or discard.
 */
#define SIM_BATCH_MAX 24

enum sim_sink_phase { SIM_SINK_GATHER, SIM_SINK_COMMIT, SIM_SINK_REREAD };

/* A record of the batch. */
struct sim_sink_entry {
    enum sim_topic topic;
    struct sink_record record;
    struct event event;
    struct ticket_record tickets;
};

struct sim_sink {
    struct sim_world *world;
    int32_t process;
    enum sim_daemon kind;
    struct daemon *daemon;
    const struct sink_spec *spec;
    struct sim_session session;
    uint32_t topics; /* bits of enum sim_topic */
    int32_t member_id;
    int32_t generation;
    uint32_t assigned;
    bool offsets_known;
    enum sim_sink_phase phase;
    int64_t next_offset[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX]; /* in PostgreSQL, as we know it */
    int64_t position[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];    /* to be fetched */
    struct sim_sink_entry batch[SIM_BATCH_MAX];
    size_t batch_count;
    struct arena arena; /* of the batch's decoded records */
};

/* daemon and spec must outlive the sink. */
void sim_sink_start(struct sim_sink *sink, struct sim_world *world, int32_t process,
                    struct daemon *daemon, const struct sink_spec *spec);
void sim_sink_stop(struct sim_sink *sink);
/* true: it had something to do. */
bool sim_sink_step(struct sim_sink *sink);
bool sim_sink_rests(struct sim_sink *sink);

#endif
