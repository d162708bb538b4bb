/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_ORDER_ROWS_H
#define SEATLOG_INGEST_API_CALLS_ORDER_ROWS_H

#include "ingest-api/commands/reservation_json.h"
#include "runtime/pg/pg.h"

/*
 * Rows of catalog.reservation, as r, with the order's latest mail, as m: what every call that reads
 * orders answers. A statement is SELECT ORDER_ROW_COLUMNS FROM (…) r ORDER_ROW_MAIL; columns of its
 * own come after them.
 */
struct request;

#define ORDER_ROW_COLUMNS                                                                          \
    "r.show_id, r.reservation_id, r.state, r.reason, r.seats, r.section, r.quantity,"              \
    " r.total_minor, r.currency, r.expires_at, r.attempt, r.attempts_left, r.code, r.void_reason," \
    " r.created_at, r.updated_at, m.mail_state, m.reason, m.sentence"
#define ORDER_ROW_COLUMN_COUNT 19
#define ORDER_ROW_MAIL                                                                             \
    " LEFT JOIN LATERAL (SELECT mail_state, reason, sentence FROM mail.order_mail"                 \
    " WHERE order_id = r.reservation_id LIMIT 1) m ON true"

/* Where a reservation is an order: its payment was secured. */
#define ORDER_STATES "('SECURED', 'SOLD', 'REFUNDING', 'REFUNDED', 'REFUND_FAILED')"

/* The row as a document. The caller owns it; the show's labels are looked up. On a worker. */
json_t *order_row_json(struct request *request, struct pg *pg, const PGresult *rows, int row);

/* Its state. */
enum reservation_state order_row_state(const PGresult *rows, int row);

#endif
