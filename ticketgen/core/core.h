/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_CORE_CORE_H
#define SEATLOG_TICKETGEN_CORE_CORE_H

#include "codec/arena.h"
#include "seatlog_types.h"
#include "ticketgen/core/token.h"

#include <stdbool.h>

/*
 * From an event to its record on seatlog.tickets. Pure: the same event and key give the same
 * record, byte for byte, whoever computes it and whenever.
 */

/* Tickets are good from the sale until this long after the show's end: re-admission, shows that run
 * over. */
#define TICKET_VALID_AFTER_END_MS ((int64_t)6 * 60 * 60 * 1000)

/* How long after the show its PDFs are kept. */
#define TICKET_DOCUMENT_KEPT_MS ((int64_t)90 * 24 * 60 * 60 * 1000)

/*
 * All tickets of an order. Everything it points to lives in the arena or in the event. false: no
 * tickets can be made of the event, and *reason says why: it is at odds with what reservation
 * promises.
 */
bool ticket_core_issue(const struct event_sold *sold, const struct ticket_key *key,
                       struct arena *arena, struct ticket_tickets_issued *issued,
                       const char **reason);

/* All tickets of the order are void: one id for each of its places. */
void ticket_core_revoke(const struct event_order_cancelled *cancelled, struct arena *arena,
                        struct ticket_tickets_revoked *revoked);

/* When a show's PDFs may go: after its end, or its start if it has no end after it. */
int64_t ticket_core_purge_at_ms(const struct show_summary *summary);

#endif
