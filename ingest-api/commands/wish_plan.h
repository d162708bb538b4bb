/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_WISH_PLAN_H
#define SEATLOG_INGEST_API_COMMANDS_WISH_PLAN_H

#include "codec/arena.h"
#include "codec/currency.h"
#include "ingest-api/http/reader.h"
#include "seatlog_bounds.h"
#include "seatlog_types.h"

/*
 * The categories and sections alone, into out; its currency is an example in what is said of
 * prices, NULL: none is known. No label is looked at before the numbers of rows and places are
 * within bounds, and what must be unique is compared by sorting.
 */
void wish_plan_read(struct reader *reader, struct arena *arena, const json_t *body,
                    const struct currency *currency, struct show_details *out);

#endif
