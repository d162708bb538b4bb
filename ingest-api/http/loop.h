/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_LOOP_H
#define SEATLOG_INGEST_API_HTTP_LOOP_H

#include "ingest-api/http/deadline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What all requests of a server have in common: the one thread that serves them, what is due when,
 * how that thread is woken, whether the end has begun, and the memory for bodies.
 */
struct metric;

struct http_loop {
    pthread_t thread; /* the HTTP thread: where http_loop_init was called */
    struct deadline_heap deadlines;
    bool draining;
    int wake_descriptor;
    atomic_bool wake_sent; /* and not yet seen */
    size_t body_memory_max;
    atomic_size_t body_memory; /* taken by requests under way */
    bool trim_wanted;
    int64_t trim_ms; /* monotonic: not before */
    struct metric *memory_refused_metric;
};

/* Zeroed before. Ends the process where the system gives no event descriptor. */
void http_loop_init(struct http_loop *loop, size_t body_memory_max);
void http_loop_deinit(struct http_loop *loop);

/* Whether the caller is the HTTP thread; for assertions. */
bool http_loop_is_here(const struct http_loop *loop);

/*
 * A suspended connection was resumed: look at it now. Any thread. (libmicrohttpd 0.9.75 makes no
 * channel of its own for that where it has no thread of its own, MHD_USE_ITC or not.)
 */
void http_loop_wake(struct http_loop *loop);

/* The thread is awake, and looks at everything from here on. */
void http_loop_wake_clear(struct http_loop *loop);

/*
 * Takes from the memory for bodies; false: there is not so much left. Any thread; callers use
 * request_body_reserve.
 */
bool http_loop_memory_take(struct http_loop *loop, size_t bytes);
void http_loop_memory_give_back(struct http_loop *loop, size_t bytes);

/* What large bodies took goes back to the system, which malloc alone does not do for small pieces.
 */
void http_loop_memory_trim(struct http_loop *loop, int64_t now_ms);

#endif
