/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_RESERVATION_JSON_H
#define SEATLOG_INGEST_API_COMMANDS_RESERVATION_JSON_H

#include "ingest-api/catalog/plan.h"
#include "seatlog_types.h"

#include <jansson.h>

/*
 * A reservation, or the order it became, as the calls answer it; the same document whether it was
 * made of an event or of a row of the catalog. Pure.
 */
struct reservation_document {
    struct uuid show_id;
    struct uuid reservation_id;
    enum reservation_state state;
    const char *reason;    /* name of an enumeration, in capitals; empty or NULL: none */
    struct integers seats; /* ascending; empty for a general section */
    int32_t section;       /* general section, else -1 */
    int32_t quantity;
    int64_t total_minor;
    struct text currency;
    int64_t expires_at; /* the others: left out where 0 (attempts: -1) or empty */
    int64_t now_ms;     /* what is left of a hold counts from here */
    int32_t attempt;
    int32_t attempts_left;
    struct text code;
    struct text void_reason;
    int64_t created_at;
    int64_t updated_at;
    const char *mail_state; /* of mail.order_mail, all three; NULL: no mail yet */
    const char *mail_reason;
    const char *mail_detail;
    const struct place_list *places;    /* instead of seats, where there are labels already */
    const struct show_summary *summary; /* instead of the plan's */
    const struct show_plan *plan;       /* may be NULL: no labels then */
};

json_t *reservation_json(const struct reservation_document *document);

/* Ids and state alone. */
json_t *reservation_state_json(const struct uuid *show_id, const struct uuid *reservation_id,
                               enum reservation_state state, const char *reason);

/* {"id", "section", "row", "seat"} of each; labels where there is a plan. */
json_t *seats_named_json(const struct integers *seats, const struct show_plan *plan);

/* "held" for RESERVATION_STATE_HELD. */
json_t *state_json(enum reservation_state state);

#endif
