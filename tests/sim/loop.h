/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction loop in steps. */
#ifndef SEATLOG_TESTS_SIM_LOOP_H
#define SEATLOG_TESTS_SIM_LOOP_H

#include "tests/sim/world.h"

/*
 * What runtime/loop/transaction/transaction.c does, in steps that anything may come between: a process may be
 * killed or paused after each of them. Two producers in turn; fill, flush, send offsets, commit.
 */
enum sim_stage { SIM_STAGE_FOREIGN, SIM_STAGE_ASSIGNED, SIM_STAGE_REBUILDING, SIM_STAGE_LIVE };

struct sim_loop_partition {
    enum sim_stage stage;
    bool touched;
    bool caught_up;
    int64_t committed_offset;
    int64_t next_offset;
    int64_t not_before_ms;
};

enum sim_phase {
    SIM_PHASE_FILL,
    SIM_PHASE_FLUSH,
    SIM_PHASE_OFFSETS,
    SIM_PHASE_COMMIT,
    SIM_PHASE_ABORT
};

struct sim_loop;

struct sim_loop_spec {
    enum sim_topic input;
    /* A piece of work; true: done, *next_offset says where to go on. */
    bool (*rebuild)(struct sim_loop *loop, int32_t partition, int64_t committed_offset,
                    int64_t *next_offset);
    void (*drop)(struct sim_loop *loop, int32_t partition);
    /* false: not now, abort. */
    bool (*handle)(struct sim_loop *loop, int32_t partition, int64_t offset,
                   const struct sim_entry *entry);
    void (*committed)(struct sim_loop *loop);
    void (*aborted)(struct sim_loop *loop);
    void (*turn)(struct sim_loop *loop);
};

struct sim_loop {
    struct sim_world *world;
    const struct sim_loop_spec *spec;
    int32_t process;
    int32_t group;
    void *daemon;

    int32_t member_id; /* 0: not in the group */
    int32_t generation;
    bool lost;
    bool revoked; /* what is open is finished, then the group is joined again */

    struct {
        struct sim_client client;
        bool ready;
        bool suspect; /* its last end was asked for twice */
    } producers[2];
    int turn;
    enum sim_phase phase;
    bool open;
    bool failed;
    bool committing;
    int ends;            /* EndTxn requests of this transaction */
    int64_t deadline_ms; /* of the call under way */
    uint32_t records;
    struct sim_loop_partition partitions[SIM_PARTITIONS_MAX];
};

void sim_loop_start(struct sim_loop *loop, struct sim_world *world, int32_t process,
                    const struct sim_loop_spec *spec, void *daemon);
void sim_loop_step(struct sim_loop *loop);
void sim_loop_stop(struct sim_loop *loop);
bool sim_loop_rests(struct sim_loop *loop);

/* Within the open transaction, which this begins. offset as in sim_produce. */
void sim_loop_produce(struct sim_loop *loop, int32_t source, enum sim_topic topic,
                      int32_t partition, struct octets key, struct octets value, int64_t *offset);
/* Whether the loop could begin one now. */
bool sim_loop_may_begin(struct sim_loop *loop);

#endif
