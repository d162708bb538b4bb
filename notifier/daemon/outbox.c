/* SPDX-License-Identifier: Apache-2.0 */
/* The table mail.outbox. */
#include "notifier/daemon/outbox.h"

#include "notifier/core/facts.h"

#include <stdlib.h>
#include <string.h>

bool mail_outbox_add(struct pg *pg, const struct mail *mail, const char *domain,
                     struct error *error) {
    char message_id[MAIL_MESSAGE_ID_SIZE];
    mail_core_message_id(mail, domain, message_id);
    char *facts = mail_facts_format(&mail->facts);
    bool added = PG_EXECUTE(
        pg, error, NULL,
        "INSERT INTO mail.outbox (mail_id, message_id, template, show_id, order_id, buyer_id, "
        "facts, happened_at) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, "
        "to_timestamp($8::bigint / 1000.0)) ON CONFLICT (mail_id) DO NOTHING",
        PG_UUID(&mail->mail_id), PG_TEXT(message_id), PG_TEXT(mail_template_name(mail->template)),
        PG_UUID(&mail->show_id), PG_UUID(&mail->order_id), PG_UUID(&mail->buyer_id), PG_TEXT(facts),
        PG_INTEGER(mail->happened_at_ms));
    free(facts);
    return added;
}

bool mail_outbox_show_cancelled(struct pg *pg, const struct uuid *show_id, struct text reason,
                                struct error *error) {
    return PG_EXECUTE(pg, error, NULL,
                      "INSERT INTO mail.cancelled_show (show_id, reason) VALUES ($1, $2) "
                      "ON CONFLICT DO NOTHING",
                      PG_UUID(show_id), PG_SPAN(reason));
}

/* In the order of due_read. */
static const char take_sql[] =
    "SELECT o.outbox_id, o.mail_id, o.template, o.show_id, o.order_id, o.buyer_id, o.facts::text, "
    "(extract(epoch FROM o.happened_at) * 1000)::bigint, o.message_id, o.attempts, "
    "(extract(epoch FROM now() - o.queued_at) * 1000)::bigint, p.username, c.reason, d.pdf, "
    "EXISTS (SELECT FROM mail.outbox x WHERE x.order_id = o.order_id "
    "AND x.template IN ('order_cancelled', 'show_cancelled')), "
    "(SELECT x.message_id FROM mail.outbox x WHERE x.order_id = o.order_id "
    "AND x.template = 'confirmation' AND x.state = 'sent' AND x.outbox_id <> o.outbox_id), "
    "o.sent_count "
    "FROM mail.outbox o "
    "LEFT JOIN account.person p ON p.user_id = o.buyer_id "
    "LEFT JOIN mail.cancelled_show c ON c.show_id = o.show_id AND o.template = 'show_cancelled' "
    "LEFT JOIN ticket.document d ON d.document_id = o.order_id AND o.template = 'confirmation' "
    "WHERE o.state = 'queued' AND o.next_attempt_at <= now() "
    "AND NOT EXISTS (SELECT FROM mail.outbox e WHERE e.order_id = o.order_id "
    "AND e.state = 'queued' AND e.outbox_id < o.outbox_id) "
    "ORDER BY o.next_attempt_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED";

static const char *text_read(const PGresult *result, int column, struct arena *arena) {
    const char *value = pg_text(result, 0, column);
    return value != NULL ? arena_text_copy_string(arena, value).data : NULL;
}

static bool due_read(const PGresult *result, struct arena *arena, struct mail_due *due) {
    const char *template = pg_text(result, 0, 2);
    const char *reason = text_read(result, 12, arena);
    *due = (struct mail_due){
        .outbox_id = pg_integer(result, 0, 0),
        .mail = {.mail_id = pg_uuid(result, 0, 1),
                 .show_id = pg_uuid(result, 0, 3),
                 .order_id = pg_uuid(result, 0, 4),
                 .buyer_id = pg_uuid(result, 0, 5),
                 .happened_at_ms = pg_integer(result, 0, 7)},
        .message_id = text_read(result, 8, arena),
        .attempts = (int32_t)pg_integer(result, 0, 9),
        .queued_ms = pg_integer(result, 0, 10),
        .address = text_read(result, 11, arena),
        .organizer_reason = {reason, reason != NULL ? strlen(reason) : 0},
        .called_off = pg_boolean(result, 0, 14),
        .refers_to = text_read(result, 15, arena),
        .sent_count = (int32_t)pg_integer(result, 0, 16),
    };
    size_t pdf_size = 0;
    uint8_t *pdf = pg_octets(result, 0, 13, &pdf_size);
    if (pdf != NULL) {
        uint8_t *copy = arena_allocate(arena, pdf_size);
        memcpy(copy, pdf, pdf_size);
        due->pdf = (struct octets){copy, pdf_size};
        free(pdf);
    }
    return template != NULL && mail_template_parse(template, &due->mail.template) &&
           mail_facts_parse(pg_text(result, 0, 6), arena, &due->mail.facts);
}

bool mail_outbox_take(struct pg *pg, struct arena *arena, struct mail_due *due, bool *found,
                      struct error *error) {
    *found = false;
    if (!pg_begin(pg, error)) {
        return false;
    }
    PGresult *result = pg_query(pg, error, take_sql, 0, NULL);
    if (result == NULL) {
        pg_rollback(pg);
        return false;
    }
    bool any = PQntuples(result) == 1;
    bool read = any && due_read(result, arena, due);
    PQclear(result);
    if (!read) {
        pg_rollback(pg);
    }
    *found = read;
    return read || !any ||
           error_set(error, ERROR_DIE, "mail %lld of the outbox is not what notifier writes",
                     (long long)due->outbox_id);
}

bool mail_outbox_settle(struct pg *pg, int64_t outbox_id, const struct mail_verdict *verdict,
                        struct error *error) {
    bool written = PG_EXECUTE(
        pg, error, NULL,
        "UPDATE mail.outbox SET state = $2, attempts = attempts + $3::integer, "
        "next_attempt_at = now() + $4::bigint * interval '1 millisecond', last_code = $5::integer, "
        "last_answer = $6, settled_at = CASE WHEN $2 = 'queued' THEN NULL ELSE now() END, "
        "sent_count = sent_count + ($2 = 'sent')::integer, reason = $7, sentence = $8 "
        "WHERE outbox_id = $1",
        PG_INTEGER(outbox_id), PG_TEXT(mail_state_name(verdict->state)),
        PG_INTEGER(verdict->tried ? 1 : 0), PG_INTEGER(verdict->retry_ms),
        PG_INTEGER(verdict->code), PG_TEXT(verdict->answer), PG_TEXT(verdict->reason),
        PG_TEXT(verdict->reason != NULL ? verdict->sentence : NULL));
    if (!written) {
        pg_rollback(pg);
        return false;
    }
    return pg_commit(pg, error);
}

bool mail_outbox_wake(struct pg *pg, int64_t *woken, struct error *error) {
    return PG_EXECUTE(pg, error, woken,
                      "UPDATE mail.outbox SET next_attempt_at = now() WHERE outbox_id IN ("
                      "SELECT outbox_id FROM mail.outbox WHERE state = 'queued' "
                      "AND last_code = 0 AND next_attempt_at > now() FOR UPDATE SKIP LOCKED)");
}

bool mail_outbox_measure(struct pg *pg, int64_t *queued, int64_t *oldest_s, struct error *error) {
    PGresult *result =
        PG_QUERY(pg, error,
                 "SELECT count(*), coalesce(extract(epoch FROM now() - min(queued_at)), 0)::bigint "
                 "FROM mail.outbox WHERE state = 'queued'");
    if (result == NULL) {
        return false;
    }
    *queued = pg_integer(result, 0, 0);
    *oldest_s = pg_integer(result, 0, 1);
    PQclear(result);
    return true;
}
