/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_REQUEST_H
#define SEATLOG_INGEST_API_HTTP_REQUEST_H

#include "codec/arena.h"
#include "ingest-api/http/deadline.h"
#include "ingest-api/http/pool.h"
#include "runtime/base/buffer.h"
#include "runtime/kafka/kafka.h"

#include <jansson.h>
#include <microhttpd.h>

/*
 * One HTTP request from its first header to its answer, as a row of steps.
 *
 * A step runs on the HTTP thread and does one of three things: it answers; it suspends the request
 * until something has happened (request_suspend, request_sleep, request_work), last of all, and
 * names the step that looks at it; or it just returns. What then comes is up to whoever has built
 * the server: see struct http_handler in ingest-api/http/server.h.
 *
 * Whoever works for a suspended request owns it alone until it is woken, so nothing in it needs a
 * lock.
 */
struct call; /* what is known of the request above HTTP: ingest-api/admission/call.h */
struct http_loop;
struct pg;
struct request;

typedef void request_step(struct request *request);

/* What a worker of a pool does for a request; pg is NULL in a pool without connections. */
typedef void request_job(struct request *request, struct pg *pg);

#define REQUEST_HEADERS_MAX 12
#define REQUEST_BODY_SIZE_MAX ((size_t)64 * 1024) /* unless the call says another */

struct request_header {
    const char *name;
    const char *value; /* both live as long as the request */
};

struct request_body {
    struct buffer bytes; /* what has come so far; freed once it is parsed */
    size_t size_max;
    bool complete;
    bool too_large;
    bool unaffordable; /* there was no memory left for it */
    size_t received;   /* bytes, kept or not */
    size_t reserved;   /* of the memory for bodies */
    const char *fault; /* why json is NULL although there is a body */
    json_t *json;      /* parsed; NULL where there is none */
};

struct request_flow {
    request_step *next; /* NULL: the server's handler says how it goes on */
    bool admitted;      /* the headers have passed: the body may be read */
    bool suspended;
    bool answered;
    bool sent;
    struct deadline deadline;
};

/* What a pool does for it. */
struct request_task {
    struct pool_job job;
    request_job *run;
    int64_t queued_ms; /* monotonic: since when it waits for a thread */
};

struct request_answer {
    unsigned status;
    struct buffer bytes;
    const char *content_type;
    struct request_header headers[REQUEST_HEADERS_MAX];
    size_t header_count;
};

/* A body that others use too, or that was made elsewhere, instead of request_answer.bytes. */
struct request_shared {
    const void *data;
    size_t size;
    void (*release)(void *owner); /* NULL: lives forever */
    void *owner;
};

/* What is given back with the request; part of what it gives back. */
struct request_hold {
    void (*release)(struct request_hold *hold);
    struct request_hold *next;
};

struct request {
    struct http_loop *loop;
    struct MHD_Connection *connection;
    struct call *call;
    const char *method; /* libmicrohttpd's, as long as the request */
    char *path;
    char traceparent[TRACEPARENT_TEXT_SIZE];
    int64_t started_ms; /* monotonic */
    struct arena arena;
    struct request_body body;
    struct request_flow flow;
    struct request_task task;
    struct request_answer answer;
    struct request_shared shared;
    struct request_hold *holds;
    struct request *list_next; /* all requests of the server */
    struct request **list_link;
};

/* For the server: begins a zeroed request of this path, which is copied, and ends it. */
void request_init(struct request *request, struct http_loop *loop,
                  struct MHD_Connection *connection, const char *method, const char *path);
void request_deinit(struct request *request);

/*
 * Takes memory for the body and what becomes of it until there are this many bytes; false: there is
 * not so much left for all bodies together, and nothing is taken. Given back with the request. Any
 * thread that owns the request.
 */
bool request_body_reserve(struct request *request, size_t bytes);

/* Zeroed, from the request's arena. */
void *request_allocate(struct request *request, size_t size);

/* Has release called with hold when the request is over, before the arena goes. */
void request_hold_add(struct request *request, struct request_hold *hold,
                      void (*release)(struct request_hold *hold));

/* Suspends; whoever is to continue it calls request_wake once, from any thread. */
void request_suspend(struct request *request, request_step *next);
void request_wake(struct request *request);

/* Goes on with next after duration_ms, or at once when the process ends. */
void request_sleep(struct request *request, int64_t duration_ms, request_step *next);

/*
 * Has expired called at that time of the monotonic clock, unless the request is woken before; the
 * end of the process comes for all of them. HTTP thread. request_of_deadline: whose it is.
 */
void request_deadline_set(struct request *request, int64_t due_ms,
                          void (*expired)(struct deadline *deadline));
struct request *request_of_deadline(struct deadline *deadline);

/* Whether the process ends: nothing waits any longer. HTTP thread. */
bool request_is_draining(const struct request *request);

/*
 * Answers; also from a worker. Name and value of a header live in the arena or forever.
 */
void request_answer(struct request *request, unsigned status, const char *content_type);
void request_answer_json(struct request *request, unsigned status, json_t *body); /* takes body */
void request_answer_empty(struct request *request, unsigned status);
void request_answer_shared(struct request *request, unsigned status, const char *content_type,
                           struct request_shared body);
void request_header_add(struct request *request, const char *name, const char *value);

/* Parameters of the query and headers; NULL where there is none. Bytes are as sent, unescaped. */
const char *request_query_parameter(struct request *request, const char *name);
const char *request_header(struct request *request, const char *name);

#endif
