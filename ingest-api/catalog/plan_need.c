/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/request.h"

struct plan_need_state {
    struct uuid show_id;
    enum plan_need need;
    void (*next)(struct request *request);
    void *state; /* the call's, kept for it */
    enum catalog_result result;
};

static void plan_work(struct request *request, struct pg *pg) {
    struct plan_need_state *state = request->state;
    state->result =
        catalog_plan_load(request->ingest->catalog, pg, &state->show_id, &request->plan);
}

static void plan_loaded(struct request *request) {
    struct plan_need_state *state = request->state;
    request->state = state->state;
    if (state->result == CATALOG_UNAVAILABLE && state->need == PLAN_REQUIRED) {
        problem_answer_unavailable(request, "The seat plan of this event cannot be read right now");
        return;
    }
    request_next(request, state->next);
}

void plan_need(struct request *request, const struct uuid *show_id, enum plan_need need,
               void (*next)(struct request *request)) {
    struct catalog *catalog = request->ingest->catalog;
    if (request->plan == NULL) {
        request->plan = catalog_plan_find(catalog, show_id);
    }
    bool cheap = catalog_available(catalog) && !pool_is_behind(request->ingest->database_pool);
    if (request->plan != NULL || (need == PLAN_IF_CHEAP && !cheap)) {
        request_next(request, next);
        return;
    }
    struct plan_need_state *state = request_allocate(request, sizeof *state);
    *state = (struct plan_need_state){
        .show_id = *show_id, .need = need, .next = next, .state = request->state};
    request->state = state;
    request_query(request, plan_work, plan_loaded);
}
