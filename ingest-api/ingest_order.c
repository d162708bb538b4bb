/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_booking.h"
#include "ingest-api/ingest_catalog_rows.h"
#include "ingest-api/ingest_page.h"
#include "ingest-api/ingest_reading.h"
#include "ingest-api/ingest_request.h"
#include "ingest-api/ingest_reservation_json.h"
#include "seatlog_codec.h"

#include <string.h>

#define ROW_COLUMNS                                                                                \
    "show_id, reservation_id, state, reason, seats, section, quantity, total_minor, currency,"     \
    " expires_at, attempt, attempts_left, code, void_reason, created_at, updated_at"
#define ORDER_STATES "('SECURED', 'SOLD', 'REFUNDING', 'REFUNDED', 'REFUND_FAILED')"

struct order_state {
    struct uuid show_id;
    struct uuid reservation_id;
    bool as_order; /* GET /orders/{id}: not before it is one */
    bool found;
    struct page_wish page;
};

static struct text text_at(const PGresult *rows, int row, int column) {
    return (struct text){.data = PQgetvalue(rows, row, column),
                         .size = (size_t)PQgetlength(rows, row, column)};
}

/* Texts and lists live as long as the row and the arena. */
static struct reservation_document document_of_row(struct request *request, const PGresult *rows,
                                                   int row, const struct show_plan *plan) {
    struct reservation_document document = {
        .show_id = pg_uuid(rows, row, 0),
        .reservation_id = pg_uuid(rows, row, 1),
        .reason = PQgetvalue(rows, row, 3),
        .seats = catalog_integers_parse(&request->arena, PQgetvalue(rows, row, 4)),
        .section = (int32_t)pg_integer(rows, row, 5),
        .quantity = (int32_t)pg_integer(rows, row, 6),
        .total_minor = pg_integer(rows, row, 7),
        .currency = text_at(rows, row, 8),
        .expires_at = pg_integer(rows, row, 9),
        .attempt = (int32_t)pg_integer(rows, row, 10),
        .attempts_left = (int32_t)pg_integer(rows, row, 11),
        .code = text_at(rows, row, 12),
        .void_reason = text_at(rows, row, 13),
        .created_at = pg_integer(rows, row, 14),
        .updated_at = pg_integer(rows, row, 15),
        .plan = plan};
    reservation_state_parse(text_at(rows, row, 2), &document.state);
    return document;
}

static bool state_is_order(enum reservation_state state) {
    return state >= RESERVATION_STATE_SECURED && state != RESERVATION_STATE_RELEASED;
}

static void row_answer(struct request *request, struct pg *pg, const PGresult *rows) {
    struct order_state *state = request->state;
    const struct reading *reading = request->reading;
    catalog_plan_load(request->ingest->catalog, pg, &state->show_id, &request->plan);
    struct reservation_document document = document_of_row(request, rows, 0, request->plan);
    if (state->as_order && !state_is_order(document.state)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no order of that id.");
        return;
    }
    json_t *body = reservation_json(&document);
    if (reading->refused) {
        char command[24];
        char reason[32];
        json_object_set_new(body, "refusal",
                            json_pack("{s:s, s:s}", "command",
                                      name_lower(reading->refusal_command, command, sizeof command),
                                      "reason",
                                      name_lower(reading->refusal_reason, reason, sizeof reason)));
    }
    request_answer_json(request, MHD_HTTP_OK, body);
}

static void reservation_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->state;
    struct error error;
    PGresult *rows = PG_QUERY(pg, &error,
                              "SELECT " ROW_COLUMNS " FROM catalog.reservation"
                              " WHERE reservation_id = $1 AND show_id = $2 AND buyer_id = $3",
                              PG_UUID(&state->reservation_id), PG_UUID(&state->show_id),
                              PG_UUID(&request->session.user_id));
    if (rows == NULL) {
        problem_answer_unavailable(request, "Reservations cannot be read");
        return;
    }
    if (PQntuples(rows) > 0) {
        row_answer(request, pg, rows);
    } else if (request->reading->refused) {
        command_answer_refusal(request, &request->reading->refusal, NULL);
    } else {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no reservation of that id.");
    }
    PQclear(rows);
}

static void reservation_read(struct request *request, bool as_order) {
    struct order_state *state = request_allocate(request, sizeof *state);
    request->state = state;
    state->as_order = as_order;
    if (!request_order_id(request, &state->show_id, &state->reservation_id)) {
        return;
    }
    reading_begin(request, &state->show_id, &state->reservation_id,
                  arena_text_copy_string(&request->arena, request->path).data, reservation_work,
                  request_done);
}

void order_reservation_get(struct request *request) { reservation_read(request, false); }

void order_get(struct request *request) { reservation_read(request, true); }

/* ---- GET /orders ---- */

static json_t *order_row_json(struct request *request, struct pg *pg, const PGresult *rows,
                              int row) {
    struct uuid show_id = pg_uuid(rows, row, 0);
    struct show_plan *plan = NULL;
    catalog_plan_load(request->ingest->catalog, pg, &show_id, &plan);
    struct reservation_document document = document_of_row(request, rows, row, plan);
    json_t *order = reservation_json(&document);
    plan_release(plan);
    return order;
}

static void list_answer(struct request *request, struct pg *pg, PGresult *rows) {
    struct order_state *state = request->state;
    if (rows == NULL) {
        problem_answer_unavailable(request, "Orders cannot be read");
        return;
    }
    json_t *orders = json_array();
    for (int row = 0; row < PQntuples(rows) && row < state->page.per_page; row++) {
        json_array_append_new(orders, order_row_json(request, pg, rows, row));
    }
    bool more = PQntuples(rows) > state->page.per_page;
    PQclear(rows);
    request_answer_json(request, MHD_HTTP_OK, page_json("orders", orders, &state->page, more));
}

/* One more than the page holds is asked for, to know whether there is another. */
static void list_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->state;
    struct error error;
    list_answer(request, pg,
                PG_QUERY(pg, &error,
                         "SELECT " ROW_COLUMNS " FROM catalog.reservation"
                         " WHERE buyer_id = $1 AND state IN " ORDER_STATES
                         " ORDER BY created_at DESC, reservation_id LIMIT $2 OFFSET $3",
                         PG_UUID(&request->session.user_id), PG_INTEGER(state->page.per_page + 1),
                         PG_INTEGER((state->page.page - 1) * state->page.per_page)));
}

static void failed_work(struct request *request, struct pg *pg) {
    struct order_state *state = request->state;
    struct error error;
    list_answer(request, pg,
                PG_QUERY(pg, &error,
                         "SELECT " ROW_COLUMNS " FROM catalog.reservation"
                         " WHERE state = 'REFUND_FAILED'"
                         " ORDER BY updated_at, reservation_id LIMIT $1 OFFSET $2",
                         PG_INTEGER(state->page.per_page + 1),
                         PG_INTEGER((state->page.page - 1) * state->page.per_page)));
}

static void list_begin(struct request *request,
                       void (*work)(struct request *request, struct pg *pg)) {
    struct order_state *state = request_allocate(request, sizeof *state);
    request->state = state;
    if (page_read(request, &state->page)) {
        reading_begin_all(request, work, request_done);
    }
}

void order_list(struct request *request) { list_begin(request, list_work); }

void order_failed_refunds(struct request *request) { list_begin(request, failed_work); }
