/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that take jobs from one bounded queue. */
#include "ingest-api/http/pool.h"

#include "runtime/base/error.h"
#include "runtime/base/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LABELS_SIZE 64

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct pool_job *first;
    struct pool_job **last; /* where the next job is linked */
    size_t queued;
    size_t queue_max;
    bool ending;
    void *(*worker_new)(void *context);
    void (*worker_free)(void *worker);
    void *context;
    struct metric *queue_metric;
    struct metric *full_metric;
    int thread_count;
    pthread_t threads[];
};

static struct pool_job *pool_take(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    while (pool->first == NULL && !pool->ending) {
        pthread_cond_wait(&pool->changed, &pool->mutex);
    }
    struct pool_job *job = pool->first;
    assert((job != NULL) == (pool->queued > 0));
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL) {
            pool->last = &pool->first;
        }
        pool->queued--;
        metric_set(pool->queue_metric, (int64_t)pool->queued);
    }
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void *pool_thread(void *context) {
    struct pool *pool = context;
    void *worker = pool->worker_new != NULL ? pool->worker_new(pool->context) : NULL;
    struct pool_job *job;
    while ((job = pool_take(pool)) != NULL) {
        job->run(job, worker);
    }
    if (pool->worker_free != NULL) {
        pool->worker_free(worker);
    }
    return NULL;
}

struct pool *pool_new(const char *name, int thread_count, size_t queue_max,
                      void *(*worker_new)(void *context), void (*worker_free)(void *worker),
                      void *context) {
    struct pool *pool =
        allocate_zeroed(1, sizeof *pool + (size_t)thread_count * sizeof pool->threads[0]);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->last = &pool->first;
    pool->queue_max = queue_max;
    pool->worker_new = worker_new;
    pool->worker_free = worker_free;
    pool->context = context;
    char labels[LABELS_SIZE];
    snprintf(labels, sizeof labels, "pool=\"%s\"", name);
    pool->queue_metric =
        metrics_gauge("seatlog_pool_queue_jobs", labels, "Jobs that wait for a thread");
    pool->full_metric =
        metrics_counter("seatlog_pool_refused_total", labels, "Jobs refused: the queue was full");
    pool->thread_count = thread_count;
    for (int i = 0; i < thread_count; i++) {
        if (pthread_create(&pool->threads[i], NULL, pool_thread, pool) != 0) {
            die("cannot start a thread of the pool %s", name);
        }
    }
    return pool;
}

bool pool_push(struct pool *pool, struct pool_job *job) {
    assert(job->run != NULL);
    pthread_mutex_lock(&pool->mutex);
    bool room = pool->queued < pool->queue_max && !pool->ending;
    if (room) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->queued++;
        metric_set(pool->queue_metric, (int64_t)pool->queued);
        pthread_cond_signal(&pool->changed);
    } else {
        metric_add(pool->full_metric, 1);
    }
    pthread_mutex_unlock(&pool->mutex);
    return room;
}

bool pool_is_behind(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    bool behind = pool->queued > 0;
    pthread_mutex_unlock(&pool->mutex);
    return behind;
}

bool pool_has_room(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    bool room = pool->queued < pool->queue_max && !pool->ending;
    pthread_mutex_unlock(&pool->mutex);
    return room;
}

void pool_free(struct pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->ending = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    assert(pool->first == NULL); /* what was queued was run */
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
