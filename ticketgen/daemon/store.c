/* SPDX-License-Identifier: Apache-2.0 */
/* The schema ticket in PostgreSQL. */
#include "ticketgen/daemon/store.h"

#include "runtime/base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ticket_store_key_add(struct pg *pg, const struct ticket_key *key, struct error *error) {
    char key_id[2 * TICKET_KEY_ID_SIZE + 1];
    hex_format(key->key_id, TICKET_KEY_ID_SIZE, key_id);
    if (!PG_EXECUTE(pg, error, NULL,
                    "INSERT INTO ticket.key (key_id, public_key) VALUES ($1, $2) "
                    "ON CONFLICT DO NOTHING",
                    PG_TEXT(key_id), PG_OCTETS(key->public_key, sizeof(key->public_key)))) {
        return false;
    }
    PGresult *result =
        PG_QUERY(pg, error, "SELECT 1 FROM ticket.key WHERE key_id = $1 AND public_key = $2",
                 PG_TEXT(key_id), PG_OCTETS(key->public_key, sizeof(key->public_key)));
    if (result == NULL) {
        return false;
    }
    bool stored = PQntuples(result) == 1;
    PQclear(result);
    return stored || error_set(error, ERROR_DIE,
                               "another key has the id %s: remove signing_key_file, so that a new "
                               "key is made",
                               key_id);
}

static enum ticket_known known_by(const PGresult *result, int row, int partition_column,
                                  const struct ticket_position *position) {
    bool same = pg_integer(result, row, partition_column) == position->partition &&
                pg_integer(result, row, partition_column + 1) == position->offset;
    return same ? TICKET_KNOWN_SAME : TICKET_KNOWN_OTHER;
}

static bool tokens_read(const PGresult *result, struct arena *arena,
                        struct ticket_tickets_issued *issued, struct error *error) {
    size_t count = issued->tickets.count;
    if ((size_t)PQntuples(result) != count) {
        return error_set(error, ERROR_PARK, "the order is stored with another number of tickets");
    }
    struct ticket *tickets = arena_allocate_array(arena, count, sizeof(*tickets));
    for (size_t i = 0; i < count; i++) {
        tickets[i] = issued->tickets.items[i];
        tickets[i].token = arena_text_copy_string(arena, pg_text(result, (int)i, 2));
    }
    issued->tickets.items = tickets;
    return true;
}

static bool called_off_find(struct pg *pg, const struct uuid *order_id, enum ticket_known *known,
                            struct error *error) {
    PGresult *result = PG_QUERY(pg, error, "SELECT 1 FROM ticket.called_off WHERE order_id = $1",
                                PG_UUID(order_id));
    if (result == NULL) {
        return false;
    }
    *known = PQntuples(result) > 0 ? TICKET_KNOWN_CALLED_OFF : *known;
    PQclear(result);
    return true;
}

bool ticket_store_issue_find(struct pg *pg, const struct ticket_position *position,
                             struct arena *arena, struct ticket_tickets_issued *issued,
                             enum ticket_known *known, struct error *error) {
    PGresult *result = PG_QUERY(pg, error,
                                "SELECT i.sold_partition, i.sold_offset, t.token "
                                "FROM ticket.issue i JOIN ticket.ticket t USING (order_id) "
                                "WHERE i.order_id = $1 ORDER BY t.ordinal",
                                PG_UUID(&issued->order_id));
    if (result == NULL) {
        return false;
    }
    bool read = true;
    *known = PQntuples(result) == 0 ? TICKET_KNOWN_NOT : known_by(result, 0, 0, position);
    if (*known == TICKET_KNOWN_SAME) {
        read = tokens_read(result, arena, issued, error);
    }
    PQclear(result);
    return read &&
           (*known != TICKET_KNOWN_NOT || called_off_find(pg, &issued->order_id, known, error));
}

static bool ticket_insert(struct pg *pg, const struct ticket_tickets_issued *issued,
                          const struct ticket *ticket, struct error *error) {
    const struct place *place = &ticket->place;
    return PG_EXECUTE(
        pg, error, NULL,
        "INSERT INTO ticket.ticket (ticket_id, order_id, show_id, buyer_id, owner_id, ordinal, "
        "seat, section_index, section, row_label, seat_label, category, price_minor, token, "
        "issued_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
        "to_timestamp($15::bigint / 1000.0))",
        PG_UUID(&ticket->ticket_id), PG_UUID(&issued->order_id), PG_UUID(&issued->show_id),
        PG_UUID(&issued->buyer_id), PG_UUID(&issued->owner_id), PG_INTEGER(ticket->ordinal),
        PG_INTEGER(place->seat), PG_INTEGER(place->section_index), PG_SPAN(place->section),
        PG_SPAN(place->row), PG_SPAN(place->label), PG_SPAN(place->category),
        PG_INTEGER(place->price_minor), PG_SPAN(ticket->token), PG_INTEGER(issued->at));
}

static bool document_insert(struct pg *pg, const struct ticket_tickets_issued *issued,
                            const struct ticket_document *document, int64_t purge_at_ms,
                            struct error *error) {
    return PG_EXECUTE(pg, error, NULL,
                      "INSERT INTO ticket.document (document_id, order_id, pdf, purge_at) "
                      "VALUES ($1, $2, $3, to_timestamp($4::bigint / 1000.0))",
                      PG_UUID(&document->document_id), PG_UUID(&issued->order_id),
                      PG_OCTETS((const uint8_t *)document->pdf.data, document->pdf.size),
                      PG_INTEGER(purge_at_ms));
}

static bool issue_insert(struct pg *pg, const struct ticket_position *position,
                         const struct ticket_tickets_issued *issued, bool *added,
                         struct error *error) {
    int64_t rows = 0;
    bool inserted = PG_EXECUTE(
        pg, error, &rows,
        "INSERT INTO ticket.issue (order_id, show_id, owner_id, buyer_id, sold_partition, "
        "sold_offset, sold_seq, issued_at) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "to_timestamp($8::bigint / 1000.0)) ON CONFLICT DO NOTHING",
        PG_UUID(&issued->order_id), PG_UUID(&issued->show_id), PG_UUID(&issued->owner_id),
        PG_UUID(&issued->buyer_id), PG_INTEGER(position->partition), PG_INTEGER(position->offset),
        PG_INTEGER(issued->event_seq), PG_INTEGER(issued->at));
    *added = rows == 1;
    return inserted;
}

bool ticket_store_issue_add(struct pg *pg, const struct ticket_position *position,
                            const struct ticket_tickets_issued *issued,
                            const struct ticket_document *documents, size_t document_count,
                            int64_t purge_at_ms, bool *added, struct error *error) {
    *added = false;
    if (!pg_begin(pg, error)) {
        return false;
    }
    bool stored = issue_insert(pg, position, issued, added, error);
    for (size_t i = 0; stored && *added && i < issued->tickets.count; i++) {
        stored = ticket_insert(pg, issued, &issued->tickets.items[i], error);
    }
    for (size_t i = 0; stored && *added && i < document_count; i++) {
        stored = document_insert(pg, issued, &documents[i], purge_at_ms, error);
    }
    if (!stored) {
        pg_rollback(pg);
        return false;
    }
    return pg_commit(pg, error);
}

static bool revocation_find(struct pg *pg, const struct ticket_position *position,
                            const struct uuid *order_id, enum ticket_known *known, bool *issued,
                            struct error *error) {
    PGresult *result = PG_QUERY(pg, error,
                                "SELECT sold_partition, revoked_offset FROM ticket.issue "
                                "WHERE order_id = $1 FOR UPDATE",
                                PG_UUID(order_id));
    if (result == NULL) {
        return false;
    }
    *issued = PQntuples(result) == 1;
    /* An order's events are all in one partition. */
    *known =
        !*issued || PQgetisnull(result, 0, 1) ? TICKET_KNOWN_NOT : known_by(result, 0, 0, position);
    PQclear(result);
    return true;
}

static bool revocation_store(struct pg *pg, const struct ticket_position *position,
                             const struct ticket_tickets_revoked *revoked, struct error *error) {
    const char *reason = cancel_reason_name(revoked->reason);
    return PG_EXECUTE(pg, error, NULL,
                      "UPDATE ticket.issue SET revoked_offset = $2, revoked_seq = $3, "
                      "revoked_at = to_timestamp($4::bigint / 1000.0), reason = $5 "
                      "WHERE order_id = $1",
                      PG_UUID(&revoked->order_id), PG_INTEGER(position->offset),
                      PG_INTEGER(revoked->event_seq), PG_INTEGER(revoked->at), PG_TEXT(reason)) &&
           PG_EXECUTE(pg, error, NULL,
                      "UPDATE ticket.ticket SET revoked_at = to_timestamp($2::bigint / 1000.0), "
                      "reason = $3 WHERE order_id = $1",
                      PG_UUID(&revoked->order_id), PG_INTEGER(revoked->at), PG_TEXT(reason)) &&
           PG_EXECUTE(pg, error, NULL, "DELETE FROM ticket.document WHERE order_id = $1",
                      PG_UUID(&revoked->order_id));
}

bool ticket_store_revoke(struct pg *pg, const struct ticket_position *position,
                         const struct ticket_tickets_revoked *revoked, enum ticket_known *known,
                         bool *issued, struct error *error) {
    if (!pg_begin(pg, error)) {
        return false;
    }
    bool stored = revocation_find(pg, position, &revoked->order_id, known, issued, error);
    if (stored && *issued && *known == TICKET_KNOWN_NOT) {
        stored = revocation_store(pg, position, revoked, error);
    } else if (stored && !*issued) {
        stored = PG_EXECUTE(pg, error, NULL,
                            "INSERT INTO ticket.called_off (order_id, called_off_at) VALUES ($1, "
                            "to_timestamp($2::bigint / 1000.0)) ON CONFLICT DO NOTHING",
                            PG_UUID(&revoked->order_id), PG_INTEGER(revoked->at));
    }
    if (!stored) {
        pg_rollback(pg);
        return false;
    }
    return pg_commit(pg, error);
}

bool ticket_store_documents_purge(struct pg *pg, int64_t *purged, struct error *error) {
    return PG_EXECUTE(pg, error, purged,
                      "DELETE FROM ticket.document WHERE document_id IN (SELECT document_id FROM "
                      "ticket.document WHERE purge_at < now() ORDER BY purge_at LIMIT 1000)");
}
