/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_REQUEST_H
#define SEATLOG_INGEST_API_HTTP_REQUEST_H

#include "codec/arena.h"
#include "ingest-api/accounts/session.h"
#include "ingest-api/http/deadline.h"
#include "ingest-api/http/pool.h"
#include "ingest-api/http/router.h"
#include "ingest-api/ingest.h"
#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/pg/pg.h"

#include <jansson.h>
#include <microhttpd.h>

/*
 * One HTTP request from its first header to its answer, as a row of steps.
 *
 * A step runs on the HTTP thread and does one of three things, last of all: it answers; it names
 * the step to come (request_next); or it suspends the request until something has happened, and
 * names the step to come then (request_work, request_sleep, command_publish). Whoever works for a
 * suspended request owns it alone until the next step begins, so nothing in it needs a lock.
 */
typedef void request_step(struct request *request);

#define REQUEST_HEADERS_MAX 12
#define REQUEST_WAIT_MS_DEFAULT 5000
#define REQUEST_WAIT_MS_MAX 30000

struct request_header {
    const char *name;
    const char *value; /* both live as long as the request */
};

struct request {
    struct ingest *ingest;
    struct MHD_Connection *connection;
    const struct route *route;
    struct text parameters[ROUTE_PARAMETERS_MAX];
    struct arena arena;
    char *path;
    const char *method; /* libmicrohttpd's, as long as the request */
    char address[64];   /* of the client, as text */
    bool secure;        /* the client speaks TLS, with us or with a proxy that we trust */
    char traceparent[56];
    int64_t started_ms; /* monotonic */

    /* the body */
    struct buffer body;
    size_t body_size_max;
    bool admitted; /* the headers have passed: the body may be read */
    bool body_complete;
    bool body_too_large;
    bool body_unaffordable; /* there was no memory left for it */
    size_t body_received;   /* bytes, kept or not */
    size_t body_reserved;   /* of the memory for bodies */
    const char *body_fault; /* why json is NULL although there is a body */
    json_t *json;           /* parsed, an object; NULL where there is none */

    /* who and how */
    struct session session;
    struct session_token token;
    const char *idempotency_key; /* NULL: none */
    int wait_ms;
    bool respond_async;
    int64_t wait_until_ms; /* monotonic */

    /* the flow */
    request_step *next;
    bool suspended;
    bool answered;
    bool sent;
    bool drained; /* woken because the process ends */
    struct deadline deadline;
    struct pool_job job;
    void (*work)(struct request *request, struct pg *pg);
    int64_t queued_ms;                   /* monotonic: since when it waits for a thread */
    struct wait *wait;                   /* the command under way, and what is to follow: */
    struct publication *publication;     /* see ingest-api/commands/command.h */
    void *state;                         /* the call's own, in the arena */
    struct show_plan *plan;              /* held; see plan_need */
    struct reading *reading;             /* see ingest-api/calls/reading.h */
    struct idempotency_claim *claim;     /* see ingest-api/commands/idempotency.h */
    struct order_look_up *order_look_up; /* see ingest-api/calls/order_id.h */
    struct request *list_next;           /* all requests of the server */
    struct request **list_link;

    /* the answer */
    unsigned status;
    struct buffer answer;
    const char *content_type;
    struct request_header headers[REQUEST_HEADERS_MAX];
    size_t header_count;
    const void *shared; /* a body that others use too, instead of answer */
    size_t shared_size;
    void (*shared_release)(void *owner);
    void *shared_owner;
};

/*
 * Takes memory for the body and what becomes of it until there are this many bytes; false: there is
 * not so much left for all bodies together, and nothing is taken. Given back with the request. Any
 * thread that owns the request.
 */
bool request_body_reserve(struct request *request, size_t bytes);

/* Zeroed, from the request's arena. */
void *request_allocate(struct request *request, size_t size);

/* The step after this one. */
void request_next(struct request *request, request_step *next);

/*
 * Has work done by a worker of the pool, then goes on with next. pg is the worker's connection,
 * NULL in a pool without. Answers 503 where the queue is full.
 */
void request_work(struct request *request, struct pool *pool,
                  void (*work)(struct request *request, struct pg *pg), request_step *next);
#define request_query(request, work, next)                                                         \
    request_work((request), (request)->ingest->database_pool, (work), (next))

/* Goes on with next after duration_ms, or at once when the process ends. */
void request_sleep(struct request *request, int64_t duration_ms, request_step *next);

/* Suspends; whoever is to continue it calls request_wake once, from any thread. */
void request_suspend(struct request *request, request_step *next);
void request_wake(struct request *request);

/*
 * Answers. Also from a worker, whose next step is then request_done. Name and value of a header
 * live in the arena or forever.
 */
void request_answer(struct request *request, unsigned status, const char *content_type);
void request_answer_json(struct request *request, unsigned status, json_t *body); /* takes body */
void request_answer_empty(struct request *request, unsigned status);
void request_header_add(struct request *request, const char *name, const char *value);

/* The step that follows a worker's answer. */
void request_done(struct request *request);

/* Parameters of the query and headers; NULL where there is none. Bytes are as sent, unescaped. */
const char *request_query_parameter(struct request *request, const char *name);
const char *request_header(struct request *request, const char *name);

/* The pieces of the path; false: it is answered 404. */
bool request_show_id(struct request *request, struct uuid *show_id);

/* Milliseconds that the request may still wait, at least 0. */
int64_t request_wait_left_ms(const struct request *request);

#endif
