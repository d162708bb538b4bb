/* SPDX-License-Identifier: Apache-2.0 */
/* The payment provider of the simulator. */
#ifndef SEATLOG_TESTS_SIM_PROVIDER_H
#define SEATLOG_TESTS_SIM_PROVIDER_H

#include "payment/core/answer.h"
#include "payment/core/row.h"
#include "tests/sim/tables.h"

/*
 * The payment provider: payments under idempotency keys, single-use sources, capture, void, cancel
 * by key, refunds that settle later, authorizations that it cancels itself in the end. Its books
 * are what the checks hold against ours.
 */
#define SIM_AUTHORIZATION_MS (24 * 60 * 60 * 1000LL)
#define SIM_PROVIDER_LATE_MS_MAX 38000 /* how long a request may be on its way */

struct sim_refund {
    char refund_id[24];
    struct uuid key;
    int64_t amount_minor;
    enum payment_status first_status; /* what the first answer said */
    enum payment_status status;
    int64_t settles_ms;
    enum payment_status settles_as;
};
#define SIM_REFUNDS_MAX 8

struct sim_payment {
    char payment_id[24];
    struct uuid key;
    struct uuid reservation_id;
    int32_t attempt;
    char source[48];
    int64_t amount_minor;
    char currency[4];
    enum payment_status first_status;
    enum payment_status status;
    char code[32];
    int64_t delayed_until_ms;
    int64_t settles_ms; /* PENDING: when it is decided */
    int64_t created_ms;
    uint64_t created_step;
    uint64_t sent_step; /* when the request that made it was sent */
    uint64_t captured_step;
    uint64_t voided_step;
    int captures, voids;
    struct sim_refund refunds[SIM_REFUNDS_MAX];
    size_t refund_count;
};

struct sim_request {
    struct payment_row row; /* source_id is in source */
    char source[48];
    struct uuid key;
    bool autocomplete;
    uint64_t sent_step;
    int64_t arrives_ms;
};

struct sim_provider {
    SIM_VECTOR(struct sim_payment *) payments;
    SIM_VECTOR(struct sim_request *) late;
    int64_t down_until_ms;
};

void sim_provider_init(struct sim_world *world);
void sim_provider_deinit(struct sim_world *world);

/* Settles what takes its time, and takes requests that come late. */
void sim_provider_step(struct sim_world *world);
int64_t sim_provider_wake_ms(const struct sim_world *world);

/* A call as the worker sees it, with whatever goes wrong on the way. */
void sim_provider_call(struct sim_world *world, const struct sim_request *request,
                       struct payment_answer *answer);

int64_t sim_payment_refunded(const struct sim_payment *payment);

#endif
