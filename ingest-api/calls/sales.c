/* SPDX-License-Identifier: Apache-2.0 */
/* What has been sold of an event: places by section, orders and money. */
#include "ingest-api/calls/sales.h"

#include "ingest-api/calls/order_rows.h"
#include "ingest-api/calls/reading.h"
#include "ingest-api/calls/show.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/catalog/rows.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/uuid.h"

#include <string.h>

struct sales_state {
    struct uuid show_id;
    struct show_plan *plan; /* the worker's, while it is at it */
};

static void sales_read(struct request *request) {
    struct sales_state *state = call_state_new(request, sizeof *state);
    show_id_of_path(request, &state->show_id);
}

static json_t *count_json(const struct section_count *count) {
    return json_pack("{s:i, s:i, s:i, s:i}", "capacity", (int)count->capacity, "free",
                     (int)(count->capacity - count->held - count->sold), "held", (int)count->held,
                     "sold", (int)count->sold);
}

static json_t *places_json(const struct show_plan *plan, const struct seat_map *map,
                           json_t *sections) {
    struct section_count total = {0};
    for (size_t i = 0; i < plan->details.sections.count; i++) {
        struct section_count count;
        struct text name = plan->details.sections.items[i].name;
        show_section_count(plan, map, i, &count);
        total.capacity += count.capacity;
        total.held += count.held;
        total.sold += count.sold;
        json_t *section = count_json(&count);
        json_object_set_new(section, "name", json_stringn(name.data, name.size));
        json_array_append_new(sections, section);
    }
    return count_json(&total);
}

/* One row a state: how many orders, how much money. */
static json_t *orders_json(const PGresult *rows, int64_t *sold_minor, int64_t *refunded_minor) {
    json_t *orders = json_pack("{s:i, s:i, s:i, s:i, s:i}", "secured", 0, "sold", 0, "refunding", 0,
                               "refunded", 0, "refund_failed", 0);
    for (int row = 0; row < PQntuples(rows); row++) {
        char name[NAME_LOWER_SIZE];
        name_lower(pg_text(rows, row, 0), name, sizeof name);
        json_object_set_new(orders, name, json_integer(pg_integer(rows, row, 1)));
        if (strcmp(name, "sold") == 0) {
            *sold_minor += pg_integer(rows, row, 2);
        } else if (strcmp(name, "refunding") == 0 || strcmp(name, "refunded") == 0) {
            *refunded_minor += pg_integer(rows, row, 2);
        }
    }
    return orders;
}

static void sales_answer(struct request *request, struct pg *pg, const struct seat_map *map) {
    const struct sales_state *state = request->call->state;
    const struct show_plan *plan = state->plan;
    struct error error;
    PGresult *rows = PG_QUERY(pg, &error,
                              "SELECT state, count(*), sum(total_minor)::bigint"
                              " FROM catalog.reservation WHERE show_id = $1 AND state IN"
                              " " ORDER_STATES " GROUP BY state",
                              PG_UUID(&plan->show_id));
    if (rows == NULL) {
        problem_answer_unavailable(request, "Sales cannot be read right now");
        return;
    }
    int64_t sold_minor = 0;
    int64_t refunded_minor = 0;
    char id[UUID_TEXT_SIZE];
    json_t *orders = orders_json(rows, &sold_minor, &refunded_minor);
    PQclear(rows);
    json_t *sections = json_array();
    json_t *places = places_json(plan, map, sections);
    struct text title = plan->details.title;
    struct text currency = plan->details.currency;
    request_answer_json(
        request, MHD_HTTP_OK,
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "event_id",
                  uuid_format(&plan->show_id, id), "title", json_stringn(title.data, title.size),
                  "status", show_status_name(map->status), "currency",
                  json_stringn(currency.data, currency.size), "places", places, "orders", orders,
                  "sold_minor", (json_int_t)sold_minor, "refunded_minor",
                  (json_int_t)refunded_minor, "sections", sections));
}

/* Whether the one who asks may know; false: it is answered. */
static bool sales_allowed(struct request *request, const struct show_plan *plan) {
    bool allowed = uuid_equal(&plan->owner_id, call_user_id(request)) ||
                   (request->call->caller.session.roles & ROLE_OPERATOR) != 0;
    if (!allowed) {
        problem_answer(request, PROBLEM_NOT_OWNER,
                       "Only the organizer of this event, or an operator, can see its sales.");
    }
    return allowed;
}

static void sales_query(struct request *request, struct pg *pg) {
    struct sales_state *state = request->call->state;
    struct catalog_map map = {0};
    enum catalog_result result =
        catalog_plan_load(request->call->ingest->catalog, pg, &state->show_id, &state->plan);
    if (result == CATALOG_UNKNOWN) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
        return;
    }
    if (result == CATALOG_FOUND) {
        if (!sales_allowed(request, state->plan)) {
            return;
        }
        result = catalog_map_query(pg, &state->show_id, -1, &map);
    }
    if (result == CATALOG_FOUND) {
        sales_answer(request, pg, &map.seats);
    } else {
        problem_answer_unavailable(request, "Sales cannot be read right now");
    }
    catalog_map_deinit(&map);
}

static void sales_work(struct request *request, struct pg *pg) {
    struct sales_state *state = request->call->state;
    sales_query(request, pg);
    plan_release(state->plan);
    state->plan = NULL;
}

static void sales_follow(struct request *request) {
    static const struct uuid none;
    const struct sales_state *state = request->call->state;
    reading_begin(request, &state->show_id, &none,
                  arena_text_copy_string(&request->arena, request->path).data, sales_work);
}

const struct call_step sales_get[] = {STEP(sales_read), STEP(sales_follow), STEPS_END};
