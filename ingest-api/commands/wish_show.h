/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_WISH_SHOW_H
#define SEATLOG_INGEST_API_COMMANDS_WISH_SHOW_H

#include "codec/arena.h"
#include "ingest-api/commands/money.h"
#include "ingest-api/http/reader.h"
#include "seatlog_bounds.h"
#include "seatlog_types.h"

/*
 * What the body of POST /events asks for, within the bounds of schemas/bounds.tsv, which are the
 * core's too; its seat plan is read by ingest-api/commands/wish_plan.h. Pure but for the time zone
 * database.
 */

struct show_rules {
    int64_t now_ms; /* since the epoch */
    const struct money_taken *taken;
};

/* Texts point into the JSON or the arena, lists into the arena. Returns whether all is well; what
 * is not is in the reader. */
bool wish_show_read(struct reader *reader, struct arena *arena, const json_t *body,
                    const struct show_rules *rules, struct show_details *out);

#endif
