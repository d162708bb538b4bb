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
struct reply payments_list(struct simulator *simulator, const json_t *query);
struct reply refunds_list(struct simulator *simulator, const json_t *query);

#endif
