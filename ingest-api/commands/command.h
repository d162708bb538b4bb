/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_COMMAND_H
#define SEATLOG_INGEST_API_COMMANDS_COMMAND_H

#include "seatlog_types.h"

#include <stdbool.h>

/*
 * Commands onto the log, and what becomes of them back to the request.
 */
struct request;

/*
 * What command_publish is to publish; all three live in the arena. location and reservation_id
 * (zero: none) are for the 202.
 */
void command_prepare(struct request *request, struct command *command,
                     const struct uuid *reservation_id, const char *location);

/*
 * The step that publishes the command (command_id is filled in here) and goes on with the call once
 * its answer is known: command_event. Everything else is answered here: 503 where it was not
 * even queued; 202 with Location `location`?after=… where the answer takes longer than the
 * request waits, or it is not known whether the record has made it. Its Idempotency-Key is claimed
 * by the step before (ingest-api/admission/idempotency.h).
 */
void command_publish(struct request *request);

/* The event that answers the command that was published; as long as the request. */
const struct event *command_event(const struct request *request);

/* 202: the command of this partition and offset is not decided yet, or not yet readable. */
void command_answer_pending(struct request *request, const struct uuid *show_id,
                            const struct uuid *reservation_id, const char *location,
                            const char *after);

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

/*
 * "ADDRESS?after=3-1042" of the command that has been answered, for a Location that says where it
 * stands, so that whoever follows it never reads less. In the arena.
 */
const char *command_location_after(struct request *request, const char *address);

/* The partition of a show's records. */
int32_t command_partition_of(const struct request *request, const struct uuid *show_id);

#endif
