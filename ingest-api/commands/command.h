/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_COMMAND_H
#define SEATLOG_INGEST_API_COMMANDS_COMMAND_H

#include "ingest-api/commands/wait.h"
#include "ingest-api/http/problem.h"
#include "seatlog_types.h"

#include <stdbool.h>

/*
 * Commands onto the log, and what becomes of them back to the request.
 */
struct request;

/*
 * Claims the Idempotency-Key, publishes the command (command_id is filled in here; command lives
 * in the arena) and goes on with decided once its answer is
 * known: request->wait->event. Everything else is answered here: 503 where it is certainly not on
 * the log; 202 with Location `location`?after=… where the answer takes longer than the request
 * waits, or it is not known whether the record has made it. location and reservation_id (zero:
 * none) are for the 202 and live in the arena.
 */
void command_publish(struct request *request, struct command *command,
                     const struct uuid *reservation_id, const char *location,
                     void (*decided)(struct request *request));

/* 202: the command of this partition and offset is not decided yet, or not yet readable. */
void command_answer_pending(struct request *request, const struct uuid *show_id,
                            const struct uuid *reservation_id, const char *location,
                            const char *after);

/*
 * Answers Refused, Rejected and Undecodable alike, wherever they come from: a waiting request's
 * event or, later, the catalog's record of it. seats: those the refusal names; may be NULL.
 */
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
struct show_plan;
void command_answer_refusal(struct request *request, const struct refusal *refusal,
                            const struct show_plan *plan);

/*
 * What a refusal means, in sentences for people. field: what is at fault in the request, NULL:
 * nothing. out is used where numbers are told. Pure.
 */
#define REFUSAL_DETAIL_SIZE 400
const char *refusal_detail(const struct refusal *refusal, const char **field,
                           char out[REFUSAL_DETAIL_SIZE]);

/* The refusal that an event is; false: it is none. */
bool refusal_of_event(const struct event *event, struct refusal *out);

/* "3-1042" of a command's place in the log, and "~3-1764000000000" of one whose place is not known.
 */
struct command_position {
    bool known;
    int32_t partition;
    int64_t offset;  /* known */
    int64_t sent_ms; /* else: when it was sent, by the wall clock */
};
#define COMMAND_POSITION_SIZE 48
bool command_position_parse(const char *text, struct command_position *out);
void command_position_format(const struct command_position *position,
                             char out[COMMAND_POSITION_SIZE]);

#endif
