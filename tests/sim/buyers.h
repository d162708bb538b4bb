/* SPDX-License-Identifier: Apache-2.0 */
/* Organizers, buyers, an operator, and ingest-api between them and the log. */
#ifndef SEATLOG_TESTS_SIM_BUYERS_H
#define SEATLOG_TESTS_SIM_BUYERS_H

#include "tests/sim/follower.h"
#include "tests/sim/tables.h"

/*
 * Organizers and buyers behind ingest-api: they send commands, many of them foolish or twice, and
 * ingest's tail of the events tells them what came of it. And the operator, who asks for refunds
 * again that have failed.
 */
#define SIM_BUYERS 7

/* An event that ingest's tail has seen, and with it whoever waited for it. */
struct sim_told {
    int32_t partition;
    int64_t offset;
    struct hash hash; /* of its bytes */
};

struct sim_show_plan {
    struct uuid show_id;
    struct uuid owner_id;
    struct show_details details;
    int32_t seat_count;
};

struct sim_booking {
    struct uuid reservation_id;
    struct uuid buyer_id;
    size_t show;
    bool made;             /* the buyer has been told so */
    struct octets reserve; /* the command that made it */
    char sources[3][32];
    size_t source_count;
};

struct sim_sent {
    struct octets key;
    struct octets value;
};

struct sim_retry_wish {
    struct uuid show_id;
    struct uuid reservation_id;
};

struct sim_buyers {
    struct uuid buyers[SIM_BUYERS];
    SIM_VECTOR(struct sim_show_plan *) shows;
    SIM_VECTOR(struct sim_booking *) bookings;
    SIM_VECTOR(struct sim_sent *) sent;
    SIM_VECTOR(struct sim_told *) told;
    SIM_VECTOR(struct sim_retry_wish *) refunds_failed;
    size_t refunds_retried;
    struct sim_follower tail[SIM_PARTITIONS_MAX];
    uint32_t sources;
};

void sim_buyers_init(struct sim_world *world);
void sim_buyers_deinit(struct sim_world *world);

/* Somebody sends something. */
void sim_buyers_step(struct sim_world *world);
/* Ingest's tail reads on. true: there was something. */
bool sim_tail_step(struct sim_world *world);
bool sim_tail_rests(const struct sim_world *world);
/* The operator asks again for what has failed; true: there was something. */
bool sim_operator_step(struct sim_world *world);

/* A random seat plan; texts live as long as the run. */
void sim_plan_draw(struct sim_world *world, struct sim_show_plan *plan);

#endif
