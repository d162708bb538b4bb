/* SPDX-License-Identifier: Apache-2.0 */
/* What may block, done for a request by a pool's thread. */
#include "ingest-api/http/work.h"

#include "ingest-api/http/problem.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <assert.h>

#define WORK_QUEUE_MS_MAX 10000

static struct request *request_of(struct pool_job *job) {
    return (struct request *)((char *)job - offsetof(struct request, task.job));
}

static void work_refuse(struct request *request) {
    problem_answer_unavailable(request, "The service is busy");
    request_wake(request);
}

/*
 * What has waited too long for a thread is not begun: where each job before it waits for a database
 * that does not answer, the queue would take hours, and whoever asked has left.
 */
static void work_run(struct pool_job *job, void *worker) {
    struct request *request = request_of(job);
    assert(request->flow.suspended && !request->flow.answered); /* ours until it is woken */
    if (clock_monotonic_ms() - request->task.queued_ms > WORK_QUEUE_MS_MAX) {
        work_refuse(request);
        return;
    }
    log_trace_set(request->traceparent);
    request->task.run(request, worker);
    log_trace_set(NULL);
    request_wake(request);
}

void request_work(struct request *request, struct pool *pool, request_job *work,
                  request_step *next) {
    request->task.run = work;
    request->task.job.run = work_run;
    request->task.queued_ms = clock_monotonic_ms();
    request_suspend(request, next);
    if (!pool_push(pool, &request->task.job)) {
        work_refuse(request);
    }
}
