/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of the catalog as documents. */
#include "ingest-api/calls/order_rows.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/catalog/rows.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "seatlog_codec.h"

static struct text text_at(const PGresult *rows, int row, int column) {
    return (struct text){.data = PQgetvalue(rows, row, column),
                         .size = (size_t)PQgetlength(rows, row, column)};
}

enum reservation_state order_row_state(const PGresult *rows, int row) {
    enum reservation_state state = RESERVATION_STATE_NONE;
    reservation_state_parse(text_at(rows, row, 2), &state);
    return state;
}

json_t *order_row_json(struct request *request, struct pg *pg, const PGresult *rows, int row) {
    struct uuid show_id = pg_uuid(rows, row, 0);
    struct show_plan *plan = NULL;
    catalog_plan_load(request->call->ingest->catalog, pg, &show_id, &plan);
    struct reservation_document document = {
        .show_id = show_id,
        .reservation_id = pg_uuid(rows, row, 1),
        .state = order_row_state(rows, row),
        .reason = PQgetvalue(rows, row, 3),
        .seats = catalog_integers_parse(&request->arena, PQgetvalue(rows, row, 4)),
        .section = (int32_t)pg_integer(rows, row, 5),
        .quantity = (int32_t)pg_integer(rows, row, 6),
        .total_minor = pg_integer(rows, row, 7),
        .currency = text_at(rows, row, 8),
        .expires_at = pg_integer(rows, row, 9),
        .now_ms = clock_now_ms(),
        .attempt = (int32_t)pg_integer(rows, row, 10),
        .attempts_left = (int32_t)pg_integer(rows, row, 11),
        .code = text_at(rows, row, 12),
        .void_reason = text_at(rows, row, 13),
        .created_at = pg_integer(rows, row, 14),
        .updated_at = pg_integer(rows, row, 15),
        .mail_state = pg_text(rows, row, 16),
        .mail_reason = pg_text(rows, row, 17),
        .mail_detail = pg_text(rows, row, 18),
        .plan = plan};
    json_t *order = reservation_json(&document);
    plan_release(plan);
    return order;
}
