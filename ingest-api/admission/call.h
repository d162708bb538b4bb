/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_CALL_H
#define SEATLOG_INGEST_API_ADMISSION_CALL_H

#include "ingest-api/admission/router.h"
#include "ingest-api/admission/session.h"
#include "ingest-api/http/crowd.h"
#include "ingest-api/http/request.h"
#include "ingest-api/http/work.h"
#include "ingest-api/instance.h"

/*
 * A call: an HTTP request, and what the rooms above HTTP know of it. Each room has a part here; what
 * is a pointer is its room's alone, and opaque to the others.
 */
struct caller {
    char address[ADDRESS_TEXT_SIZE]; /* of the client, as text */
    bool secure; /* the client speaks TLS, with us or with a proxy that we trust */
    struct session session;
    struct session_token token;
};

struct call {
    struct request request;
    struct ingest *ingest;

    /* admission: which call it is, who asks, and how long they wait */
    const struct route *route;
    struct text parameters[ROUTE_PARAMETERS_MAX]; /* of the path */
    struct caller caller;
    bool respond_async;
    int64_t wait_until_ms;       /* monotonic */
    const char *idempotency_key; /* NULL: none */
    struct idempotency_claim *claim;

    /* the call itself */
    const struct call_step *step; /* the next one */
    void *state;                  /* its own, in the arena */

    struct needed_plan *needed_plan;     /* ingest-api/catalog/plan_need.h */
    struct publication *publication;     /* ingest-api/commands/command.h */
    struct reading *reading;             /* ingest-api/calls/reading.h */
    struct order_look_up *order_look_up; /* ingest-api/calls/order_id.h */
};

/*
 * Calls are tables: their steps in the order of time. A step on the HTTP thread is as
 * ingest-api/http/request.h says; where it just returns, or the request is woken and the step that
 * was named has returned, the next one of the table comes. A step on a pool is work for one of its
 * threads. The call is over when one of them has answered: the last one must.
 */
enum call_pool { CALL_POOL_DATABASE, CALL_POOL_PASSWORD, CALL_POOL_BODY };

struct call_step {
    request_step *step; /* on the HTTP thread … */
    request_job *work;  /* … or on a pool; neither: the end */
    enum call_pool pool;
};

#define STEP(function)                                                                             \
    { .step = (function) }
#define STEP_ON_DATABASE(function)                                                                 \
    { .work = (function), .pool = CALL_POOL_DATABASE }
#define STEP_ON_PASSWORD_POOL(function)                                                            \
    { .work = (function), .pool = CALL_POOL_PASSWORD }
#define STEP_ON_BODY_POOL(function)                                                                \
    { .work = (function), .pool = CALL_POOL_BODY }
#define STEPS_END                                                                                  \
    { .step = NULL }

/* For struct http_handler: a new call of a struct ingest, and the end of one. */
struct request *call_new(void *ingest);
void call_free(struct request *request);

/* Goes on with the first of these steps, once the step that says so has returned. */
void call_begin(struct request *request, const struct call_step *steps);

/* The step that takes the next one of the table. 500 where there is none. */
void call_go_on(struct request *request);

/* Zeroed, from the arena; it is call->state from here on. */
void *call_state_new(struct request *request, size_t size);

/* The account that is logged in. */
const struct uuid *call_user_id(const struct request *request);

/* Has work done by a worker with a connection to PostgreSQL, then goes on with next; NULL: with the
 * call. */
void call_query(struct request *request, request_job *work, request_step *next);

#endif
