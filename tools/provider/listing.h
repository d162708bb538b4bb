/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_LISTING_H
#define SEATLOG_TOOLS_PROVIDER_LISTING_H

#include "tools/provider/simulator.h"

/*
 * GET /v2/payments and GET /v2/refunds: a page of what was made between begin_time (inclusive; a
 * year ago) and end_time (exclusive; now), newest first or sort_order=ASC, at most `limit` (100),
 * with a cursor for the next page while there is one. The cursor names a position in the books, so
 * that what is added or changed between two pages moves nothing.
 */
struct listing {
    const char
        *name; /* "payments", "refunds"; also marks cursors, so that they fit one call only */
    size_t count;
    int64_t (*created_ms)(struct simulator *simulator, size_t index);

    /* The object if it passes the call's own filters, else NULL; borrowed. */
    json_t *(*pick)(struct simulator *simulator, size_t index, const json_t *query);
};

struct reply listing_reply(struct simulator *simulator, const struct listing *listing,
                           const json_t *query);

#endif
