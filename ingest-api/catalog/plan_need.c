/* SPDX-License-Identifier: Apache-2.0 */
/* A call's seat plan: remembered, or asked for on a worker. */
#include "ingest-api/catalog/plan_need.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/http/problem.h"

struct needed_plan {
    struct request_hold hold;
    struct show_plan *plan; /* NULL: not found yet */
    struct uuid show_id;
    enum plan_need need;
    enum catalog_result result;
};

static void plan_hold_release(struct request_hold *hold) {
    plan_release(((struct needed_plan *)hold)->plan); /* the hold is its first member */
}

static struct needed_plan *needed_new(struct request *request) {
    struct needed_plan *needed = request_allocate(request, sizeof *needed);
    request_hold_add(request, &needed->hold, plan_hold_release);
    request->call->needed_plan = needed;
    return needed;
}

static void plan_work(struct request *request, struct pg *pg) {
    struct needed_plan *needed = request->call->needed_plan;
    needed->result =
        catalog_plan_load(request->call->ingest->catalog, pg, &needed->show_id, &needed->plan);
}

static void plan_loaded(struct request *request) {
    const struct needed_plan *needed = request->call->needed_plan;
    if (needed->result == CATALOG_UNAVAILABLE && needed->need == PLAN_REQUIRED) {
        problem_answer_unavailable(request, "The seat plan of this event cannot be read right now");
    }
}

void plan_need(struct request *request, const struct uuid *show_id, enum plan_need need) {
    const struct ingest *ingest = request->call->ingest;
    struct needed_plan *needed = request->call->needed_plan;
    if (needed == NULL) {
        needed = needed_new(request);
    }
    if (needed->plan == NULL) {
        needed->plan = catalog_plan_find(ingest->catalog, show_id);
    }
    bool cheap = catalog_available(ingest->catalog) && !pool_is_behind(ingest->database_pool);
    if (needed->plan != NULL || (need == PLAN_IF_CHEAP && !cheap)) {
        return;
    }
    needed->show_id = *show_id;
    needed->need = need;
    call_query(request, plan_work, plan_loaded);
}

const struct show_plan *plan_needed(const struct request *request) {
    const struct needed_plan *needed = request->call->needed_plan;
    return needed != NULL ? needed->plan : NULL;
}
