/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_COMMAND_H
#define SEATLOG_INGEST_COMMAND_H

#include "ingest-api/ingest_problem.h"
#include "ingest-api/ingest_wait.h"
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
};
struct show_plan;
void command_answer_refusal(struct request *request, const struct refusal *refusal,
                            const struct show_plan *plan);

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
bool command_position_parse(const char *text, struct command_position *out);
void command_position_format(const struct command_position *position, char out[48]);

#endif
