/* SPDX-License-Identifier: Apache-2.0 */
/* A call's life: made with its request, from step to step, and gone with it. */
#include "ingest-api/admission/call.h"

#include "ingest-api/http/problem.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"

#include <assert.h>
#include <stdlib.h>

struct request *call_new(void *ingest) {
    struct call *call = allocate_zeroed(1, sizeof *call);
    call->ingest = ingest;
    call->request.call = call;
    return &call->request;
}

void call_free(struct request *request) { free(request->call); }

void call_begin(struct request *request, const struct call_step *steps) {
    assert(request->flow.next == NULL && steps != NULL);
    request->call->step = steps;
}

static struct pool *pool_of(const struct call *call, enum call_pool pool) {
    switch (pool) {
    case CALL_POOL_PASSWORD:
        return call->ingest->password_pool;
    case CALL_POOL_BODY:
        return call->ingest->body_pool;
    case CALL_POOL_DATABASE:
        break;
    }
    return call->ingest->database_pool;
}

void call_go_on(struct request *request) {
    struct call *call = request->call;
    const struct call_step *step = call->step;
    assert(step != NULL && (step->step == NULL || step->work == NULL));
    if (step->work != NULL) {
        call->step = step + 1;
        request_work(request, pool_of(call, step->pool), step->work, NULL);
    } else if (step->step != NULL) {
        call->step = step + 1; /* before: the step may begin another table */
        step->step(request);
    } else {
        log_error("a request has no next step", LOG_TEXT("path", request->path));
        problem_answer(request, PROBLEM_INTERNAL, PROBLEM_LOGGED);
    }
}

void *call_state_new(struct request *request, size_t size) {
    assert(request->call->state == NULL);
    return request->call->state = request_allocate(request, size);
}

const struct uuid *call_user_id(const struct request *request) {
    return &request->call->caller.session.user_id;
}

void call_query(struct request *request, request_job *work, request_step *next) {
    request_work(request, request->call->ingest->database_pool, work, next);
}
