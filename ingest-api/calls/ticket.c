/* SPDX-License-Identifier: Apache-2.0 */
/* GET /tickets/{id}.pdf: the document, or that it is on its way. */
#include "ingest-api/calls/ticket.h"

#include "ingest-api/calls/reading.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 100
#define RECENT_ORDERS_MAX 200

struct ticket_state {
    struct uuid ticket_id;
};

static void ticket_id_read(struct request *request) {
    struct ticket_state *state = call_state_new(request, sizeof *state);
    struct text id = request->call->parameters[0];
    if (!uuid_parse(id.data, id.size, &state->ticket_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no ticket with this id.");
    }
}

static void pdf_free(void *pdf) { free(pdf); }

static void pdf_answer(struct request *request, const PGresult *row) {
    if (PQgetisnull(row, 0, 0)) {
        problem_answer(request, PROBLEM_TICKET_GONE,
                       "The event is over, and the PDF of this ticket is no longer kept.");
        return;
    }
    size_t size;
    uint8_t *pdf = pg_octets(row, 0, 0, &size);
    char text[UUID_TEXT_SIZE];
    struct ticket_state *state = request->call->state;
    request_answer_shared(
        request, MHD_HTTP_OK, "application/pdf",
        (struct request_shared){.data = pdf, .size = size, .release = pdf_free, .owner = pdf});
    request_header_add(request, "Cache-Control", "private, no-cache");
    request_header_add(request, "Content-Disposition",
                       arena_text_format(&request->arena, "inline; filename=\"ticket-%s.pdf\"",
                                         uuid_format(&state->ticket_id, text))
                           .data);
}

/* Called off is the order, before the ticket is revoked: whichever is known first counts. */
static void ticket_issued_query(struct request *request, struct pg *pg) {
    struct ticket_state *state = request->call->state;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT d.pdf, t.revoked_at IS NOT NULL"
                             " OR coalesce(r.state <> 'SOLD', false) FROM ticket.ticket t"
                             " LEFT JOIN ticket.document d ON d.document_id = t.ticket_id"
                             " LEFT JOIN catalog.reservation r ON r.reservation_id = t.order_id"
                             " WHERE t.ticket_id = $1 AND t.buyer_id = $2",
                             PG_UUID(&state->ticket_id), PG_UUID(call_user_id(request)));
    if (row == NULL) {
        problem_answer_unavailable(request, "Tickets cannot be read right now");
        return;
    }
    if (PQntuples(row) > 0 && pg_boolean(row, 0, 1)) {
        problem_answer(request, PROBLEM_TICKET_GONE,
                       "The order was cancelled, so this ticket is no longer valid.");
    } else if (PQntuples(row) > 0) {
        pdf_answer(request, row);
    }
    PQclear(row);
}

static bool order_has_ticket(const PGresult *rows, int row, const struct uuid *ticket_id) {
    struct uuid order_id = pg_uuid(rows, row, 0);
    for (int32_t i = 0; i < (int32_t)pg_integer(rows, row, 1); i++) {
        struct uuid derived = ticket_id_derive(&order_id, i);
        if (uuid_equal(&derived, ticket_id)) {
            return true;
        }
    }
    return false;
}

static void ticket_expected_query(struct request *request, struct pg *pg) {
    struct ticket_state *state = request->call->state;
    struct error error;
    PGresult *rows = PG_QUERY(pg, &error,
                              "SELECT reservation_id, quantity, state FROM catalog.reservation"
                              " WHERE buyer_id = $1 AND state IN"
                              " ('SOLD', 'REFUNDING', 'REFUNDED', 'REFUND_FAILED')"
                              " ORDER BY created_at DESC LIMIT $2",
                              PG_UUID(call_user_id(request)), PG_INTEGER(RECENT_ORDERS_MAX));
    if (rows == NULL) {
        problem_answer_unavailable(request, "Tickets cannot be read right now");
        return;
    }
    int found = 0;
    while (found < PQntuples(rows) && !order_has_ticket(rows, found, &state->ticket_id)) {
        found++;
    }
    if (found == PQntuples(rows)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no ticket with this id.");
    } else if (strcmp(pg_text(rows, found, 2), "SOLD") != 0) {
        problem_answer(request, PROBLEM_TICKET_GONE,
                       "The order was cancelled, so this ticket is no longer valid.");
    }
    PQclear(rows);
}

static void ticket_work(struct request *request, struct pg *pg) {
    ticket_issued_query(request, pg);
    if (!request->flow.answered) {
        ticket_expected_query(request, pg);
    }
}

/* The order may be a moment old. */
static void ticket_follow(struct request *request) { reading_begin_all(request, ticket_work); }

static void ticket_again(struct request *request);

static void ticket_wait(struct request *request) {
    bool patient = clock_monotonic_ms() < request->call->wait_until_ms;
    if (patient && !request_is_draining(request)) {
        request_sleep(request, AGAIN_MS, ticket_again);
        return;
    }
    request_answer_json(request, MHD_HTTP_ACCEPTED,
                        json_pack("{s:s, s:s}", "status", "pending", "detail",
                                  "Your ticket is being made. Please look again in a moment."));
    request_header_add(request, "Location",
                       arena_text_copy_string(&request->arena, request->path).data);
    request_header_add(request, "Retry-After", "1");
}

static void ticket_again(struct request *request) { call_query(request, ticket_work, ticket_wait); }

const struct call_step ticket_get[] = {STEP(ticket_id_read), STEP(ticket_follow), STEP(ticket_wait),
                                       STEPS_END};
