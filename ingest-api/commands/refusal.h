/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_REFUSAL_H
#define SEATLOG_INGEST_API_COMMANDS_REFUSAL_H

#include "seatlog_types.h"

#include <stdbool.h>

/*
 * Refused, Rejected and Undecodable alike, wherever they come from: a waiting request's event or,
 * later, the catalog's record of it.
 */
struct request;
struct show_plan;

struct refusal {
    enum command_kind command;
    bool rejected; /* reason is a rejection_reason; else a refusal_reason */
    bool undecodable;
    int reason;
    struct integers seats;
    enum reservation_state state;
    struct uuid show_id;       /* zero: not known */
    struct integers seats_own; /* those of seats that the buyer has already */
    int32_t quantity;          /* places that were asked for; 0: not known */
    int32_t limit;             /* as in Refused, the next four too; -1: not said */
    int32_t used;
    int32_t used_unpaid;
    int32_t free;
    bool limit_of_show; /* the limit is that of all buyers together */
};
#define REFUSAL_NOTHING_SAID                                                                       \
    { .limit = -1, .used = -1, .used_unpaid = -1, .free = -1 }

/* The refusal that an event is; false: it is none. */
bool refusal_of_event(const struct event *event, struct refusal *out);

/* Answers with it. plan: of the seats that the refusal names; may be NULL. */
void refusal_answer(struct request *request, const struct refusal *refusal,
                    const struct show_plan *plan);

/*
 * What a refusal means, in sentences for people. field: what is at fault in the request, NULL:
 * nothing. out is used where numbers are told. Pure.
 */
#define REFUSAL_DETAIL_SIZE 400
const char *refusal_detail(const struct refusal *refusal, const char **field,
                           char out[REFUSAL_DETAIL_SIZE]);

#endif
