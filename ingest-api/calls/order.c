/* SPDX-License-Identifier: Apache-2.0 */
/* One's own reservations and orders, read. */
#include "ingest-api/calls/order.h"

#include "ingest-api/calls/order_id.h"
#include "ingest-api/calls/order_rows.h"
#include "ingest-api/calls/reading.h"
#include "ingest-api/catalog/show_json.h"
#include "ingest-api/http/page.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/uuid.h"
#include "seatlog_codec.h"

#include <ctype.h>
#include <string.h>

struct order_state {
    struct order_id id;
    bool as_order; /* GET /orders/{id}: not before it is one */
    struct page_wish page;
    const struct uuid *show_id; /* GET /reservations: of this event only; NULL: of any */
    const char *state_name;     /* the same of this state */
};

static bool state_is_order(enum reservation_state state) {
    return state >= RESERVATION_STATE_SECURED && state != RESERVATION_STATE_RELEASED;
}

/* ---- GET /reservations/{id}, GET /orders/{id} ---- */

static void one_read(struct request *request, bool as_order) {
    struct order_state *state = call_state_new(request, sizeof *state);
    state->as_order = as_order;
    order_id_need(request, request->call->parameters[0], ORDER_ID_ONLY, &state->id);
}

static void reservation_read(struct request *request) { one_read(request, false); }

static void order_read(struct request *request) { one_read(request, true); }

static void not_found_answer(struct request *request) {
    const struct order_state *state = request->call->state;
    problem_answer(request, PROBLEM_NOT_FOUND,
                   state->as_order ? "You have no order with this id."
                                   : "You have no reservation with this id.");
}

static void row_answer(struct request *request, struct pg *pg, const PGresult *rows) {
    struct order_state *state = request->call->state;
    const struct reading *reading = request->call->reading;
    if (state->as_order && !state_is_order(order_row_state(rows, 0))) {
        not_found_answer(request);
        return;
    }
    json_t *body = order_row_json(request, pg, rows, 0);
    if (reading->refused) {
        char command[NAME_LOWER_SIZE];
        char reason[NAME_LOWER_SIZE];
        json_object_set_new(body, "refusal",
                            json_pack("{s:s, s:s}", "command",
                                      name_lower(reading->refusal_command, command, sizeof command),
                                      "reason",
                                      name_lower(reading->refusal_reason, reason, sizeof reason)));
    }
    request_answer_json(request, MHD_HTTP_OK, body);
}

/* The command of `after` may have found that the buyer had another one already. */
static PGresult *noted_query(struct request *request, struct pg *pg) {
    const struct reading *reading = request->call->reading;
    struct error error;
    return PG_QUERY(pg, &error,
                    "SELECT " ORDER_ROW_COLUMNS " FROM catalog.reservation r" ORDER_ROW_MAIL
                    " WHERE r.reservation_id = (SELECT reservation_id FROM catalog.noted_reserve"
                    " WHERE partition = $1 AND command_offset = $2 AND buyer_id = $3)"
                    " AND r.buyer_id = $3",
                    PG_INTEGER(reading->partition), PG_INTEGER(reading->after.offset),
                    PG_UUID(call_user_id(request)));
}

static void reservation_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->call->state;
    struct error error;
    PGresult *rows =
        PG_QUERY(pg, &error,
                 "SELECT " ORDER_ROW_COLUMNS " FROM catalog.reservation r" ORDER_ROW_MAIL
                 " WHERE r.reservation_id = $1 AND r.show_id = $2 AND r.buyer_id = $3",
                 PG_UUID(&state->id.reservation_id), PG_UUID(&state->id.show_id),
                 PG_UUID(call_user_id(request)));
    if (rows != NULL && PQntuples(rows) == 0 && request->call->reading->after_given) {
        PQclear(rows);
        rows = noted_query(request, pg);
    }
    if (rows == NULL) {
        problem_answer_unavailable(request, "Reservations cannot be read right now");
        return;
    }
    if (PQntuples(rows) > 0) {
        row_answer(request, pg, rows);
    } else if (request->call->reading->refused) {
        refusal_answer(request, &request->call->reading->refusal, NULL);
    } else {
        not_found_answer(request);
    }
    PQclear(rows);
}

static void one_follow(struct request *request) {
    const struct order_state *state = request->call->state;
    reading_begin(request, &state->id.show_id, &state->id.reservation_id,
                  arena_text_copy_string(&request->arena, request->path).data, reservation_work);
}

const struct call_step order_reservation_get[] = {STEP(reservation_read), STEP(one_follow),
                                                  STEPS_END};

const struct call_step order_get[] = {STEP(order_read), STEP(one_follow), STEPS_END};

/* ---- lists ---- */

static void list_read(struct request *request) {
    struct order_state *state = call_state_new(request, sizeof *state);
    page_read(request, &state->page);
}

static void list_answer(struct request *request, struct pg *pg, PGresult *rows, const char *name) {
    struct order_state *state = request->call->state;
    if (rows == NULL) {
        problem_answer_unavailable(request, "Orders cannot be read right now");
        return;
    }
    json_t *orders = json_array();
    for (int row = 0; row < PQntuples(rows) && row < state->page.per_page; row++) {
        json_array_append_new(orders, order_row_json(request, pg, rows, row));
    }
    bool more = PQntuples(rows) > state->page.per_page;
    PQclear(rows);
    request_answer_json(request, MHD_HTTP_OK, page_json(name, orders, &state->page, more));
}

/* One more than the page holds is asked for, to know whether there is another. */
#define PAGE_VALUES(wish)                                                                          \
    PG_INTEGER((wish).per_page + 1), PG_INTEGER(((wish).page - 1) * (wish).per_page)

/* ---- GET /orders ---- */

static void list_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->call->state;
    struct error error;
    list_answer(
        request, pg,
        PG_QUERY(pg, &error,
                 "SELECT " ORDER_ROW_COLUMNS " FROM (SELECT * FROM catalog.reservation"
                 " WHERE buyer_id = $1 AND state IN " ORDER_STATES
                 " ORDER BY created_at DESC, reservation_id LIMIT $2 OFFSET $3) r" ORDER_ROW_MAIL
                 " ORDER BY r.created_at DESC, r.reservation_id",
                 PG_UUID(call_user_id(request)), PAGE_VALUES(state->page)),
        "orders");
}

static void list_follow(struct request *request) { reading_begin_all(request, list_work); }

const struct call_step order_list[] = {STEP(list_read), STEP(list_follow), STEPS_END};

/* ---- GET /failed-refunds ---- */

static void failed_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->call->state;
    struct error error;
    list_answer(request, pg,
                PG_QUERY(pg, &error,
                         "SELECT " ORDER_ROW_COLUMNS " FROM (SELECT * FROM catalog.reservation"
                         " WHERE state = 'REFUND_FAILED'"
                         " ORDER BY updated_at, reservation_id LIMIT $1 OFFSET $2) r" ORDER_ROW_MAIL
                         " ORDER BY r.updated_at, r.reservation_id",
                         PAGE_VALUES(state->page)),
                "orders");
}

static void failed_follow(struct request *request) { reading_begin_all(request, failed_work); }

const struct call_step order_failed_refunds[] = {STEP(list_read), STEP(failed_follow), STEPS_END};

/* ---- GET /reservations ---- */

/* The name of a state as the catalog has it; NULL: there is none such. */
static const char *state_name_read(struct request *request, const char *name) {
    char upper[NAME_LOWER_SIZE];
    size_t size = strlen(name);
    enum reservation_state state;
    if (size == 0 || size >= sizeof upper) {
        return NULL;
    }
    for (size_t i = 0; i <= size; i++) {
        if (isupper((unsigned char)name[i])) {
            return NULL;
        }
        upper[i] = (char)toupper((unsigned char)name[i]);
    }
    struct text text = {.data = upper, .size = size};
    return reservation_state_parse(text, &state) && state != RESERVATION_STATE_NONE
               ? arena_text_copy_string(&request->arena, upper).data
               : NULL;
}

static void reservation_list_read(struct request *request) {
    struct order_state *state = call_state_new(request, sizeof *state);
    const char *event_id = request_query_parameter(request, "event_id");
    const char *wanted = request_query_parameter(request, "state");
    struct uuid *show_id = request_allocate(request, sizeof *show_id);
    if (event_id != NULL && !uuid_parse(event_id, strlen(event_id), show_id)) {
        problem_answer_field(request, "event_id", "event_id must be a UUID.");
        return;
    }
    state->show_id = event_id != NULL ? show_id : NULL;
    state->state_name = wanted != NULL ? state_name_read(request, wanted) : NULL;
    if (wanted != NULL && state->state_name == NULL) {
        problem_answer_field(request, "state",
                             "state must be held, paying, secured, sold, released, refunding, "
                             "refunded or refund_failed.");
        return;
    }
    page_read(request, &state->page);
}

static void reservations_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->call->state;
    struct error error;
    list_answer(
        request, pg,
        PG_QUERY(pg, &error,
                 "SELECT " ORDER_ROW_COLUMNS " FROM (SELECT * FROM catalog.reservation"
                 " WHERE buyer_id = $1 AND ($4::uuid IS NULL OR show_id = $4::uuid)"
                 " AND ($5::text IS NULL OR state = $5::text)"
                 " ORDER BY created_at DESC, reservation_id LIMIT $2 OFFSET $3) r" ORDER_ROW_MAIL
                 " ORDER BY r.created_at DESC, r.reservation_id",
                 PG_UUID(call_user_id(request)), PAGE_VALUES(state->page),
                 state->show_id != NULL ? PG_UUID(state->show_id) : PG_NULL,
                 PG_TEXT(state->state_name)),
        "reservations");
}

static void reservations_follow(struct request *request) {
    reading_begin_all(request, reservations_work);
}

const struct call_step order_reservation_list[] = {STEP(reservation_list_read),
                                                   STEP(reservations_follow), STEPS_END};
