/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_TICKET_H
#define SEATLOG_INGEST_API_CALLS_TICKET_H

#include "ingest-api/admission/call.h"

/*
 * A ticket is issued within a second of its order being sold. Whoever asks before that is told to
 * wait, not that there is none: ids of tickets are derived, so the buyer's own orders say whether
 * one of them will have it.
 */
extern const struct call_step ticket_get[]; /* GET /tickets/{id}.pdf */

#endif
