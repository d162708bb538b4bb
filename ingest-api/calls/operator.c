/* SPDX-License-Identifier: Apache-2.0 */
/* Anybody's orders, for operators. */
#include "ingest-api/calls/operator.h"

#include "codec/utf8.h"
#include "ingest-api/accounts/account.h"
#include "ingest-api/accounts/credential.h"
#include "ingest-api/admission/idempotency.h"
#include "ingest-api/calls/order_id.h"
#include "ingest-api/calls/order_rows.h"
#include "ingest-api/calls/reading.h"
#include "ingest-api/http/page.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <string.h>

#define OPERATOR_COLUMNS                                                                           \
    ORDER_ROW_COLUMNS ", r.buyer_id, p.username, (extract(epoch FROM i.issued_at) * 1000)::bigint" \
                      ", (extract(epoch FROM i.revoked_at) * 1000)::bigint"
#define OPERATOR_JOINS                                                                             \
    ORDER_ROW_MAIL " LEFT JOIN account.person p ON p.user_id = r.buyer_id"                         \
                   " LEFT JOIN ticket.issue i ON i.order_id = r.reservation_id"

struct operator_state {
    struct order_id id;
    struct page_wish page;
    struct username username;
    struct uuid request_id;
};

static void set_time(json_t *object, const char *name, const PGresult *rows, int row, int column) {
    char text[TIME_TEXT_SIZE];
    if (!PQgetisnull(rows, row, column)) {
        json_object_set_new(object, name,
                            json_string(time_format(pg_integer(rows, row, column), text)));
    }
}

/* What the buyer is shown, and who that is, and the id as SQL and logs have it. */
static json_t *operator_row_json(struct request *request, struct pg *pg, const PGresult *rows,
                                 int row) {
    json_t *order = order_row_json(request, pg, rows, row);
    struct uuid order_id = pg_uuid(rows, row, 1);
    struct uuid buyer_id = pg_uuid(rows, row, ORDER_ROW_COLUMN_COUNT);
    const char *username = pg_text(rows, row, ORDER_ROW_COLUMN_COUNT + 1);
    char order_text[UUID_TEXT_SIZE];
    char buyer_text[UUID_TEXT_SIZE];
    json_object_set_new(order, "order_uuid", json_string(uuid_format(&order_id, order_text)));
    json_object_set_new(order, "buyer",
                        json_pack("{s:s, s:s?}", "user_id", uuid_format(&buyer_id, buyer_text),
                                  "username", username));
    set_time(order, "tickets_issued_at", rows, row, ORDER_ROW_COLUMN_COUNT + 2);
    set_time(order, "tickets_revoked_at", rows, row, ORDER_ROW_COLUMN_COUNT + 3);
    return order;
}

/* ---- GET /operator/orders ---- */

static void list_read(struct request *request) {
    struct operator_state *state = call_state_new(request, sizeof *state);
    const char *username = request_query_parameter(request, "username");
    struct text text = {.data = username, .size = username != NULL ? strlen(username) : 0};
    /* Older accounts may have names that are no addresses today; all have an @. */
    if (text.size == 0 || strchr(username, '@') == NULL || !text_is_valid(text) ||
        !username_read(text, &state->username)) {
        problem_answer_field(request, "username", "username must be the buyer's email address.");
        return;
    }
    page_read(request, &state->page);
}

static void list_work(struct request *request, struct pg *pg) {
    struct operator_state *state = request->call->state;
    struct error error;
    PGresult *rows =
        PG_QUERY(pg, &error,
                 "SELECT " OPERATOR_COLUMNS " FROM (SELECT * FROM catalog.reservation"
                 " WHERE buyer_id = (SELECT user_id FROM account.person p WHERE " PERSON_BY_USERNAME
                 ") ORDER BY created_at DESC, reservation_id LIMIT $3 OFFSET $4) r" OPERATOR_JOINS
                 " ORDER BY r.created_at DESC, r.reservation_id",
                 PG_TEXT(state->username.spelled), PG_TEXT(state->username.address.normal),
                 PG_INTEGER(state->page.per_page + 1),
                 PG_INTEGER((state->page.page - 1) * state->page.per_page));
    if (rows == NULL) {
        problem_answer_unavailable(request, "Orders cannot be read right now");
        return;
    }
    json_t *orders = json_array();
    for (int row = 0; row < PQntuples(rows) && row < state->page.per_page; row++) {
        json_array_append_new(orders, operator_row_json(request, pg, rows, row));
    }
    bool more = PQntuples(rows) > state->page.per_page;
    PQclear(rows);
    request_answer_json(request, MHD_HTTP_OK, page_json("orders", orders, &state->page, more));
}

static void list_follow(struct request *request) { reading_begin_all(request, list_work); }

const struct call_step operator_order_list[] = {STEP(list_read), STEP(list_follow), STEPS_END};

/* ---- GET /operator/orders/{id} ---- */

static void order_read(struct request *request) {
    struct operator_state *state = call_state_new(request, sizeof *state);
    order_id_need(request, request->call->parameters[0], ORDER_ID_ONLY, &state->id);
}

static json_t *payment_json(const PGresult *rows, int row) {
    static const char *const names[] = {"kind",       "state",     "currency",
                                        "payment_id", "refund_id", "code"};
    json_t *payment = json_object();
    for (int column = 0; column < 6; column++) {
        const char *value = pg_text(rows, row, column);
        if (value[0] != '\0') {
            json_object_set_new(payment, names[column], json_string(value));
        }
    }
    json_object_set_new(payment, "attempt", json_integer(pg_integer(rows, row, 6)));
    json_object_set_new(payment, "amount_minor", json_integer(pg_integer(rows, row, 7)));
    set_time(payment, "created_at", rows, row, 8);
    set_time(payment, "updated_at", rows, row, 9);
    return payment;
}

/* What the provider was asked for, in order; NULL: PostgreSQL does not say. */
static json_t *payments_query(struct request *request, struct pg *pg) {
    struct operator_state *state = request->call->state;
    struct error error;
    PGresult *rows = PG_QUERY(pg, &error,
                              "SELECT kind, CASE result WHEN 'none' THEN 'open' ELSE result END,"
                              " currency, payment_id, refund_id, code, attempt, amount_minor,"
                              " (extract(epoch FROM created_at) * 1000)::bigint,"
                              " (extract(epoch FROM updated_at) * 1000)::bigint"
                              " FROM payment.work WHERE reservation_id = $1 ORDER BY work_id",
                              PG_UUID(&state->id.reservation_id));
    if (rows == NULL) {
        return NULL;
    }
    json_t *payments = json_array();
    for (int row = 0; row < PQntuples(rows); row++) {
        json_array_append_new(payments, payment_json(rows, row));
    }
    PQclear(rows);
    return payments;
}

static void order_work(struct request *request, struct pg *pg) {
    struct operator_state *state = request->call->state;
    struct error error;
    PGresult *rows =
        PG_QUERY(pg, &error,
                 "SELECT " OPERATOR_COLUMNS " FROM catalog.reservation r" OPERATOR_JOINS
                 " WHERE r.reservation_id = $1 AND r.show_id = $2",
                 PG_UUID(&state->id.reservation_id), PG_UUID(&state->id.show_id));
    json_t *payments = rows != NULL ? payments_query(request, pg) : NULL;
    if (payments == NULL) {
        problem_answer_unavailable(request, "Orders cannot be read right now");
    } else if (PQntuples(rows) == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND,
                       "There is no reservation or order with this id.");
        json_decref(payments);
    } else {
        json_t *order = operator_row_json(request, pg, rows, 0);
        json_object_set_new(order, "payments", payments);
        request_answer_json(request, MHD_HTTP_OK, order);
    }
    PQclear(rows);
}

static void order_follow(struct request *request) {
    const struct operator_state *state = request->call->state;
    reading_begin(request, &state->id.show_id, &state->id.reservation_id,
                  arena_text_copy_string(&request->arena, request->path).data, order_work);
}

const struct call_step operator_order_get[] = {STEP(order_read), STEP(order_follow), STEPS_END};

/* ---- POST /operator/orders/{id}/resend-mail ---- */

static void resend_read(struct request *request) {
    struct operator_state *state = call_state_new(request, sizeof *state);
    order_id_need(request, request->call->parameters[0], ORDER_ID_WITH_BUYER, &state->id);
}

/* Under an Idempotency-Key a resend is the same one however often it is asked for. */
static void resend_name(struct request *request) {
    struct operator_state *state = request->call->state;
    const char *key = request->call->idempotency_key;
    state->request_id =
        key != NULL ? reservation_id_derive(&state->id.reservation_id, call_user_id(request), key)
                    : uuid_random();
}

static void resend_work(struct request *request, struct pg *pg) {
    struct operator_state *state = request->call->state;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error, "SELECT mail.resend_ask($1, $2)",
                             PG_UUID(&state->request_id), PG_UUID(&state->id.reservation_id));
    if (row == NULL) {
        problem_answer_unavailable(request, "Mails cannot be sent again right now");
        return;
    }
    if (PQgetisnull(row, 0, 0)) {
        problem_answer(request, PROBLEM_NO_MAIL,
                       "This order has not led to an email yet, so there is none to send again.");
    } else {
        log_info("an operator sends a mail again", LOG_UUID("order_id", &state->id.reservation_id),
                 LOG_UUID("by", call_user_id(request)));
        char order[PUBLIC_ORDER_ID_SIZE];
        public_order_id_format(&state->id.show_id, &state->id.reservation_id, order);
        request_answer_json(
            request, MHD_HTTP_OK,
            json_pack("{s:s, s:s}", "order_id", order, "template", pg_text(row, 0, 0)));
    }
    PQclear(row);
}

const struct call_step operator_mail_resend[] = {STEP(resend_read), STEP(resend_name),
                                                 STEP(idempotency_claim),
                                                 STEP_ON_DATABASE(resend_work), STEPS_END};
