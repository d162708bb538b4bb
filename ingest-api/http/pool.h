/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_POOL_H
#define SEATLOG_INGEST_API_HTTP_POOL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A few threads that do what may block, from a bounded queue: one pool for PostgreSQL, one for
 * Argon2.
 */
struct pool;

/* Part of what it does the work for; owned by the caller until run has been called. */
struct pool_job {
    void (*run)(struct pool_job *job, void *worker);
    struct pool_job *next;
};

/*
 * worker_new makes what each thread works with (a connection), worker_free ends it; both may be
 * NULL. name: of the metrics seatlog_pool_queue_jobs{pool="…"} and seatlog_pool_refused_total;
 * copied.
 */
struct pool *pool_new(const char *name, int thread_count, size_t queue_max,
                      void *(*worker_new)(void *context), void (*worker_free)(void *worker),
                      void *context);

/* false: the queue is full and nothing happened. From any thread. */
bool pool_push(struct pool *pool, struct pool_job *job);

/* Whether jobs wait for a thread: not the time for what can be done without. Any thread. */
bool pool_is_behind(struct pool *pool);

/* Whether pool_push would have room now. Any thread. */
bool pool_has_room(struct pool *pool);

/* Runs what is queued, then ends the threads. */
void pool_free(struct pool *pool);

#endif
