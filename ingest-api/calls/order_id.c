/* SPDX-License-Identifier: Apache-2.0 */
/* An order by either form of its id. */
#include "ingest-api/calls/order_id.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/calls/reading.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"

struct order_look_up {
    struct order_id *id;
};

static void look_up_work(struct request *request, struct pg *pg) {
    const struct order_look_up *look_up = request->call->order_look_up;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT show_id, buyer_id FROM catalog.reservation"
                             " WHERE reservation_id = $1",
                             PG_UUID(&look_up->id->reservation_id));
    if (row == NULL) {
        problem_answer_unavailable(request, "Orders cannot be read right now");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND,
                       "There is no reservation or order with this id.");
    } else {
        look_up->id->show_id = pg_uuid(row, 0, 0);
        look_up->id->buyer_id = pg_uuid(row, 0, 1);
    }
    PQclear(row);
}

void order_id_need(struct request *request, struct text id, enum order_id_need need,
                   struct order_id *out) {
    *out = (struct order_id){0};
    bool complete = public_order_id_parse(id.data, id.size, &out->show_id, &out->reservation_id);
    if (!complete && !uuid_parse(id.data, id.size, &out->reservation_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND,
                       "There is no reservation or order with this id.");
        return;
    }
    if (complete && need == ORDER_ID_ONLY) {
        return;
    }
    struct order_look_up *look_up = request_allocate(request, sizeof *look_up);
    look_up->id = out;
    request->call->order_look_up = look_up;
    reading_begin_all(request, look_up_work); /* it may be a moment old */
}
