/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_READING_H
#define SEATLOG_INGEST_API_CALLS_READING_H

#include "ingest-api/commands/command.h"
#include "ingest-api/commands/refusal.h"
#include "ingest-api/http/request.h"
#include "runtime/pg/pg.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Reading from the catalog without ever going back in time. A projection follows the log at a
 * distance: before it is read, it must have reached what this instance has seen of the show's
 * partition, since a client may have been told of it, and the command that `after` names. Until
 * then the request waits, and when its patience is over it is answered 202.
 */
#define READING_NAME_SIZE 32 /* of a command or a reason */

struct reading {
    struct uuid show_id;
    struct uuid reservation_id; /* zero: of the show itself */
    const char *location;       /* for the 202 */
    request_job *work;          /* on a worker, once the catalog is there */
    int32_t partition;
    int64_t events_needed; /* next_event_offset must be this; -1: any */
    int64_t *all_needed;   /* the same by partition, for lists */
    int64_t until_ms;      /* monotonic: patience */
    int64_t again_ms;      /* pause before the next look; grows */
    bool after_given;
    struct command_position after;
    bool behind;
    bool failed;
    bool refused; /* the command of `after` was, and it was the client's own */
    struct refusal refusal;
    char refusal_command[READING_NAME_SIZE];
    char refusal_reason[READING_NAME_SIZE];
};

/*
 * Reads `after` of the query (answers 422 where it is ill-formed) and begins, last of all in a step.
 * The call goes on once work has been called. 503 where PostgreSQL is away. All arguments live as
 * long as the request.
 */
void reading_begin(struct request *request, const struct uuid *show_id,
                   const struct uuid *reservation_id, const char *location, request_job *work);

/*
 * The same over all partitions, for lists: waits a second at most, and reads what is there then.
 */
void reading_begin_all(struct request *request, request_job *work);

#endif
