/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_DAEMON_STORE_H
#define SEATLOG_TICKETGEN_DAEMON_STORE_H

#include "codec/arena.h"
#include "runtime/base/buffer.h"
#include "runtime/base/error.h"
#include "runtime/pg/pg.h"
#include "seatlog_types.h"
#include "ticketgen/core/token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The schema ticket. Every function is one transaction and may be repeated after any failure. All
 * return false with *error as pg.h says.
 */

/* A record of seatlog.events. */
struct ticket_position {
    int32_t partition;
    int64_t offset;
};

/* How a fact stands in the store, seen from the record that tells it. */
enum ticket_known {
    TICKET_KNOWN_NOT,   /* nothing is known of it */
    TICKET_KNOWN_SAME,  /* from this very record, read before: its answer may not be on the log */
    TICKET_KNOWN_OTHER, /* from another record, whose answer is on the log */
    TICKET_KNOWN_CALLED_OFF /* the order was cancelled before it had tickets: it gets none */
};

/* A PDF. document_id is an order's or a ticket's. */
struct ticket_document {
    struct uuid document_id;
    struct buffer pdf;
};

/* Adds the public key. DIE where another key has its id. */
bool ticket_store_key_add(struct pg *pg, const struct ticket_key *key, struct error *error);

/*
 * Looks the order up. Where it is known, the tokens of *issued are replaced by those stored, which
 * live in the arena: what was once signed is never signed anew.
 */
bool ticket_store_issue_find(struct pg *pg, const struct ticket_position *position,
                             struct arena *arena, struct ticket_tickets_issued *issued,
                             enum ticket_known *known, struct error *error);

/*
 * Stores the order, its tickets and its documents; *added is false, and nothing changed, where the
 * order is there already.
 */
bool ticket_store_issue_add(struct pg *pg, const struct ticket_position *position,
                            const struct ticket_tickets_issued *issued,
                            const struct ticket_document *documents, size_t document_count,
                            int64_t purge_at_ms, bool *added, struct error *error);

/*
 * Makes the order's tickets void and removes its documents. *known is about the revocation; *issued
 * says whether there were tickets at all. Where there were none, none will be issued later.
 */
bool ticket_store_revoke(struct pg *pg, const struct ticket_position *position,
                         const struct ticket_tickets_revoked *revoked, enum ticket_known *known,
                         bool *issued, struct error *error);

/* Removes documents whose time is up, a bounded number; *purged says how many. */
bool ticket_store_documents_purge(struct pg *pg, int64_t *purged, struct error *error);

#endif
