/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's core as it ships, around the handlers of a daemon, over the virtual broker and tables. */
#ifndef SEATLOG_TESTS_SIM_SINK_H
#define SEATLOG_TESTS_SIM_SINK_H

#include "runtime/loop/sink/core/core.h"
#include "runtime/loop/sink/spec.h"
#include "tests/sim/session.h"
#include "tests/sim/tables.h"

/*
 * What runtime/loop/sink/sink.c is to librdkafka and PostgreSQL, this is to the simulator: it
 * carries out what the core asks for. A transaction is one step of the simulation, from BEGIN to
 * the answer to COMMIT; all else that is asked for is a step each.
 *
 * handle, flush, committed and discard of the daemon's spec are called as the loop that ships calls
 * them, with daemon->state of the caller's. A record and its decoded event or tickets live until
 * committed or discard.
 */
#define SIM_BATCH_MAX 24
#define SIM_SINK_PARTITIONS_MAX ((size_t)2 * SIM_PARTITIONS_MAX)
#define SIM_SINK_ENTRIES_MAX ((size_t)1024) /* of the batch and of commands under way */

/* A partition that is assigned, as core.partitions at the same index. */
struct sim_sink_partition {
    enum sim_topic topic;
    int32_t partition;
};

/* A record; the core has it as the `record` of an entry. */
struct sim_sink_entry {
    bool used;
    bool kept; /* the core still has it */
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

    struct sink_core core;
    struct sink_core_partition core_partitions[SIM_SINK_PARTITIONS_MAX];
    struct sink_core_entry core_entries[SIM_SINK_ENTRIES_MAX];
    struct sink_core_effect asked;

    struct sim_sink_partition partitions[SIM_SINK_PARTITIONS_MAX];
    size_t partition_count;
    struct sim_sink_entry entries[SIM_SINK_ENTRIES_MAX];
    struct term_reader found; /* what was skimmed last */
    struct arena arena;       /* of decoded records */
};

/* daemon and spec must outlive the sink. */
void sim_sink_start(struct sim_sink *sink, struct sim_world *world, int32_t process,
                    struct daemon *daemon, const struct sink_spec *spec);
void sim_sink_stop(struct sim_sink *sink);
/* true: it had something to do. */
bool sim_sink_step(struct sim_sink *sink);
bool sim_sink_rests(struct sim_sink *sink);

#endif
