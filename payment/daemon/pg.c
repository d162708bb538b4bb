/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of payment.work and payment.answer. */
#include "payment/daemon/pg.h"

#include "payment/core/names.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

#define ADD_SQL                                                                                    \
    "INSERT INTO payment.work (show_id, reservation_id, kind, attempt, step, result, "             \
    "amount_minor, currency, payment_id, code, source_id, expires_at, reported, traceparent, "     \
    "waiter) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nullif($11, ''), "                   \
    "to_timestamp($12::bigint / 1000.0), $13, $14, $15) "

bool payment_pg_add(struct pg *pg, const struct payment_row *row, struct text source,
                    struct error *error) {
    const struct payment_work *work = &row->work;
    static const char plain_sql[] = ADD_SQL "ON CONFLICT DO NOTHING";
    static const char void_sql[] =
        ADD_SQL "ON CONFLICT (reservation_id, payment_id) WHERE kind = 'void' DO UPDATE SET "
                "reported = true, attempt = EXCLUDED.attempt, "
                "traceparent = EXCLUDED.traceparent, waiter = EXCLUDED.waiter, due_at = now(), "
                "step = CASE work.step WHEN 'done' THEN 'report' ELSE work.step END "
                "WHERE NOT work.reported AND EXCLUDED.reported";
    bool needs_source = payment_work_needs_source(work);
    const char *sql = work->kind == PAYMENT_VOID ? void_sql : plain_sql;
    return PG_EXECUTE(pg, error, NULL, sql, PG_UUID(&row->show_id), PG_UUID(&row->reservation_id),
                      PG_TEXT(payment_kind_name(work->kind)), PG_INTEGER(row->attempt),
                      PG_TEXT(payment_step_name(work->step)),
                      PG_TEXT(payment_result_name(work->result)), PG_INTEGER(work->amount_minor),
                      PG_TEXT(work->currency), PG_TEXT(work->payment_id), PG_TEXT(work->code),
                      needs_source ? PG_SPAN(source) : PG_NULL, PG_INTEGER(work->expires_at_ms),
                      PG_BOOLEAN(row->reported), PG_TEXT(row->traceparent), PG_TEXT(row->waiter));
}

static void text_read(char *out, size_t out_size, const PGresult *result, int row, int column) {
    const char *text = pg_text(result, row, column);
    snprintf(out, out_size, "%s", text != NULL ? text : "");
}

static void row_read(const PGresult *result, int row, struct payment_row *out) {
    const char *source = pg_text(result, row, 17);
    *out = (struct payment_row){
        .work_id = pg_integer(result, row, 0),
        .lease_number = pg_integer(result, row, 1),
        .show_id = pg_uuid(result, row, 2),
        .reservation_id = pg_uuid(result, row, 3),
        .attempt = (int32_t)pg_integer(result, row, 4),
        .reported = pg_boolean(result, row, 5),
        .source_id = source != NULL ? text_duplicate(source) : NULL,
        .work =
            {
                .amount_minor = pg_integer(result, row, 9),
                .expires_at_ms = pg_integer(result, row, 14),
                .sent_at_ms = pg_integer(result, row, 15),
                .tries = (int32_t)pg_integer(result, row, 16),
            },
    };
    struct payment_work *work = &out->work;
    if (!payment_kind_parse(pg_text(result, row, 6), &work->kind) ||
        !payment_step_parse(pg_text(result, row, 7), &work->step) ||
        !payment_result_parse(pg_text(result, row, 8), &work->result)) {
        die("payment.work %lld has an unknown kind, step or result", (long long)out->work_id);
    }
    text_read(work->currency, sizeof work->currency, result, row, 10);
    text_read(work->payment_id, sizeof work->payment_id, result, row, 11);
    text_read(work->refund_id, sizeof work->refund_id, result, row, 12);
    text_read(work->code, sizeof work->code, result, row, 13);
    text_read(out->traceparent, sizeof out->traceparent, result, row, 18);
    text_read(out->waiter, sizeof out->waiter, result, row, 19);
    if (!payment_work_is_sound(work)) {
        die("payment.work %lld has a step or result that its kind cannot have",
            (long long)out->work_id);
    }
}

int payment_pg_lease(struct pg *pg, const char *owner, int64_t lease_ms, int limit, bool calls,
                     int64_t now_ms, struct payment_row *rows, struct error *error) {
    static const char sql[] =
        "WITH due AS (SELECT work_id, sent_at FROM payment.work"
        "  WHERE step <> 'done' AND due_at <= now() AND lease_until <= now()"
        "    AND ($4 OR step = 'report')"
        "  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) "
        "UPDATE payment.work AS work SET lease_owner = $1, lease_number = lease_number + 1,"
        "  lease_until = now() + $2::bigint * interval '1 millisecond',"
        "  sent_at = CASE WHEN step = 'create' AND expires_at > to_timestamp($5::bigint / 1000.0)"
        "    THEN to_timestamp($5::bigint / 1000.0) ELSE work.sent_at END "
        "FROM due WHERE work.work_id = due.work_id "
        "RETURNING work.work_id, lease_number, show_id, reservation_id, attempt, reported, kind,"
        "  step, result, amount_minor, currency, payment_id, refund_id, code, " //
        EPOCH_MS("expires_at") ", " EPOCH_MS(
            "due.sent_at") ", tries, source_id, traceparent, waiter";
    PGresult *result = PG_QUERY(pg, error, sql, PG_TEXT(owner), PG_INTEGER(lease_ms),
                                PG_INTEGER(limit), PG_BOOLEAN(calls), PG_INTEGER(now_ms));
    if (result == NULL) {
        return -1;
    }
    int count = PQntuples(result);
    for (int i = 0; i < count; i++) {
        row_read(result, i, &rows[i]);
        rows[i].work.due_at_ms = now_ms;
    }
    PQclear(result);
    return count;
}

static bool answer_add(struct pg *pg, const struct payment_save *save, struct error *error) {
    static const char sql[] =
        "INSERT INTO payment.answer (work_id, step, kind, http_status, status, payment_id, "
        "refund_id, amount_minor, currency, code, card_brand, card_last_4, took_ms) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    const struct payment_answer *answer = save->answer;
    bool object = answer->kind == PAYMENT_ANSWER_PAYMENT || answer->kind == PAYMENT_ANSWER_REFUND;
    return PG_EXECUTE(
        pg, error, NULL, sql, PG_INTEGER(save->row->work_id),
        PG_TEXT(payment_step_name(save->answered_step)),
        PG_TEXT(payment_answer_kind_name(answer->kind)), PG_INTEGER(answer->http_status),
        PG_TEXT(object ? payment_status_name(answer->status) : ""), PG_TEXT(answer->payment_id),
        PG_TEXT(answer->refund_id), PG_INTEGER(answer->amount_minor), PG_TEXT(answer->currency),
        PG_TEXT(answer->code), PG_TEXT(answer->card_brand), PG_TEXT(answer->card_last_4),
        PG_INTEGER(save->took_ms));
}

bool payment_pg_save(struct pg *pg, const struct payment_save *save, bool *owned,
                     struct error *error) {
    static const char sql[] =
        "UPDATE payment.work SET step = CASE WHEN $3 = 'done' AND reported AND NOT $16"
        "    THEN 'report' ELSE $3 END, result = $4, amount_minor = $5, currency = $6,"
        "  payment_id = $7, refund_id = $8, code = $9,"
        "  source_id = CASE WHEN $10 THEN source_id END,"
        "  sent_at = CASE WHEN $11::bigint <> 0 THEN to_timestamp($11::bigint / 1000.0) END,"
        "  tries = $12, due_at = now() + $13::bigint * interval '1 millisecond',"
        "  lease_until = CASE WHEN $14::bigint > 0 THEN now() + $14::bigint * interval "
        "'1 millisecond' ELSE '-infinity' END,"
        "  last_error = $15, updated_at = now() "
        "WHERE work_id = $1 AND lease_number = $2";
    /* $16: a void that nobody was to hear of may have been asked for while it was under way. */
    const struct payment_row *row = save->row;
    const struct payment_work *work = &row->work;
    int64_t wait_ms = work->due_at_ms > save->now_ms ? work->due_at_ms - save->now_ms : 0;
    int64_t rows = 0;
    if (!PG_EXECUTE(pg, error, &rows, sql, PG_INTEGER(row->work_id), PG_INTEGER(row->lease_number),
                    PG_TEXT(payment_step_name(work->step)),
                    PG_TEXT(payment_result_name(work->result)), PG_INTEGER(work->amount_minor),
                    PG_TEXT(work->currency), PG_TEXT(work->payment_id), PG_TEXT(work->refund_id),
                    PG_TEXT(work->code), PG_BOOLEAN(payment_work_needs_source(work)),
                    PG_INTEGER(work->sent_at_ms), PG_INTEGER(work->tries), PG_INTEGER(wait_ms),
                    PG_INTEGER(save->lease_ms), PG_TEXT(save->last_error),
                    PG_BOOLEAN(row->reported))) {
        return false;
    }
    *owned = rows == 1;
    /* What the provider said is true whoever asked. */
    return save->answer == NULL || answer_add(pg, save, error);
}

bool payment_pg_release(struct pg *pg, const char *owner, int64_t *released, struct error *error) {
    return PG_EXECUTE(pg, error, released,
                      "UPDATE payment.work SET lease_until = '-infinity', "
                      "lease_number = lease_number + 1 "
                      "WHERE lease_owner = $1 AND step <> 'done' AND lease_until > now()",
                      PG_TEXT(owner));
}

bool payment_pg_open(struct pg *pg, int64_t counts[PAYMENT_KIND_COUNT], int64_t *oldest_s,
                     struct error *error) {
    PGresult *result = PG_QUERY(pg, error,
                                "SELECT kind, count(*), "
                                "extract(epoch FROM now() - min(created_at))::bigint "
                                "FROM payment.work WHERE step <> 'done' GROUP BY kind");
    if (result == NULL) {
        return false;
    }
    memset(counts, 0, PAYMENT_KIND_COUNT * sizeof counts[0]);
    *oldest_s = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        enum payment_kind kind;
        payment_kind_parse(pg_text(result, i, 0), &kind);
        counts[kind] = pg_integer(result, i, 1);
        if (pg_integer(result, i, 2) > *oldest_s) {
            *oldest_s = pg_integer(result, i, 2);
        }
    }
    PQclear(result);
    return true;
}
