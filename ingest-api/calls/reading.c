/* SPDX-License-Identifier: Apache-2.0 */
/* Reading behind the projection: wait until it is there, read, or say 202. */
#include "ingest-api/calls/reading.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/catalog/rows.h"
#include "ingest-api/commands/tail.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "seatlog_codec.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_MS_MIN 10
#define AGAIN_MS_MAX 200 /* however many wait for a projection that stands still */
#define ALL_WAIT_MS_MAX 1000
/* A record whose fate was unknown is on the log by then, or never will be: the producer's own
 * limits. */
#define UNKNOWN_SETTLED_MS 35000

/* What was said of the command when it was refused; only its own buyer (or organizer) is told. */
static bool refusal_query(struct request *request, struct pg *pg) {
    struct reading *reading = request->call->reading;
    static const struct uuid nobody;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT command, reason, state, seats, seats_own, limit_count,"
                             " limit_of_show, used, used_unpaid, free FROM catalog.refusal"
                             " WHERE partition = $1 AND command_offset = $2 AND show_id = $3"
                             " AND reservation_id = $4 AND (buyer_id = $5 OR reservation_id = $6)",
                             PG_INTEGER(reading->partition), PG_INTEGER(reading->after.offset),
                             PG_UUID(&reading->show_id), PG_UUID(&reading->reservation_id),
                             PG_UUID(call_user_id(request)), PG_UUID(&nobody));
    if (row == NULL) {
        return false;
    }
    if (PQntuples(row) > 0) {
        struct refusal *refusal = &reading->refusal;
        *refusal = (struct refusal)REFUSAL_NOTHING_SAID;
        refusal->show_id = reading->show_id;
        struct text reason = {.data = pg_text(row, 0, 1), .size = strlen(pg_text(row, 0, 1))};
        struct text state = {.data = pg_text(row, 0, 2), .size = strlen(pg_text(row, 0, 2))};
        enum command_type command = COMMAND_TYPE_UNKNOWN;
        enum refusal_reason refused = 0;
        enum rejection_reason rejected = 0;
        struct text name = {.data = pg_text(row, 0, 0), .size = strlen(pg_text(row, 0, 0))};
        command_type_parse(name, &command);
        reservation_state_parse(state, &refusal->state);
        refusal->command = command > 0 ? (enum command_kind)(command - 1) : COMMAND_TICK;
        if (refusal_reason_parse(reason, &refused)) {
            refusal->reason = (int)refused;
        } else if (rejection_reason_parse(reason, &rejected)) {
            refusal->rejected = true;
            refusal->reason = (int)rejected;
        } else {
            refusal->undecodable = true;
        }
        refusal->seats = catalog_integers_parse(&request->arena, pg_text(row, 0, 3));
        refusal->seats_own = catalog_integers_parse(&request->arena, pg_text(row, 0, 4));
        refusal->limit = (int32_t)pg_integer(row, 0, 5);
        refusal->limit_of_show = pg_boolean(row, 0, 6);
        refusal->used = (int32_t)pg_integer(row, 0, 7);
        refusal->used_unpaid = (int32_t)pg_integer(row, 0, 8);
        refusal->free = (int32_t)pg_integer(row, 0, 9);
        snprintf(reading->refusal_command, sizeof reading->refusal_command, "%s", name.data);
        snprintf(reading->refusal_reason, sizeof reading->refusal_reason, "%s", reason.data);
        reading->refused = true;
    }
    PQclear(row);
    return true;
}

/*
 * A command whose place is not known becomes one whose place is: the end of the log, once the
 * record must be there if it ever will be.
 */
static bool after_settle(struct request *request) {
    struct reading *reading = request->call->reading;
    int64_t end;
    if (!reading->after_given || reading->after.known) {
        return true;
    }
    if (clock_now_ms() < reading->after.sent_ms + UNKNOWN_SETTLED_MS ||
        !tail_commands_end(request->call->ingest->tail, reading->partition, &end)) {
        return false;
    }
    reading->after.known = true;
    reading->after.offset = end - 1;
    return true;
}

static bool cursor_query(struct request *request, struct pg *pg) {
    struct reading *reading = request->call->reading;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT next_command_offset, next_event_offset FROM catalog.cursor"
                             " WHERE partition = $1",
                             PG_INTEGER(reading->partition));
    if (row == NULL) {
        log_warning("the catalog cannot be read", LOG_TEXT("reason", error.message));
        return false;
    }
    int64_t commands = PQntuples(row) > 0 ? pg_integer(row, 0, 0) : 0;
    int64_t events = PQntuples(row) > 0 ? pg_integer(row, 0, 1) : 0;
    PQclear(row);
    reading->behind =
        events < reading->events_needed ||
        (reading->after_given && reading->after.known && commands <= reading->after.offset);
    return true;
}

static void reading_work(struct request *request, struct pg *pg) {
    struct reading *reading = request->call->reading;
    bool settled = after_settle(request);
    reading->failed = !cursor_query(request, pg);
    reading->behind = reading->behind || !settled;
    if (reading->failed || reading->behind) {
        return;
    }
    if (reading->after_given) {
        reading->failed = !refusal_query(request, pg);
    }
    if (!reading->failed) {
        reading->work(request, pg);
    }
}

static bool patience_left(const struct request *request) {
    return clock_monotonic_ms() < request->call->reading->until_ms && !request_is_draining(request);
}

static int64_t pause_next(struct reading *reading) {
    int64_t pause_ms = reading->again_ms;
    reading->again_ms = pause_ms * 2 < AGAIN_MS_MAX ? pause_ms * 2 : AGAIN_MS_MAX;
    return pause_ms;
}

static void reading_again(struct request *request);

static void reading_read(struct request *request) {
    struct reading *reading = request->call->reading;
    if (reading->failed) {
        problem_answer_unavailable(request, "This cannot be read right now");
    } else if (!reading->behind) {
        return; /* what has been read is the work's to tell */
    } else if (patience_left(request)) {
        request_sleep(request, pause_next(reading), reading_again);
    } else {
        char after[COMMAND_POSITION_SIZE];
        command_position_format(&reading->after, after);
        command_answer_pending(request, &reading->show_id, &reading->reservation_id,
                               reading->location, reading->after_given ? after : NULL);
    }
}

static void reading_again(struct request *request) {
    call_query(request, reading_work, reading_read);
}

void reading_begin(struct request *request, const struct uuid *show_id,
                   const struct uuid *reservation_id, const char *location, request_job *work) {
    struct reading *reading = request_allocate(request, sizeof *reading);
    *reading = (struct reading){.show_id = *show_id,
                                .reservation_id = *reservation_id,
                                .location = location,
                                .work = work,
                                .until_ms = request->call->wait_until_ms,
                                .again_ms = AGAIN_MS_MIN,
                                .partition = command_partition_of(request, show_id)};
    reading->events_needed = tail_position(request->call->ingest->tail, reading->partition);
    request->call->reading = reading;
    const char *after = request_query_parameter(request, "after");
    if (after != NULL) {
        reading->after_given = true;
        if (!command_position_parse(after, &reading->after) ||
            reading->after.partition != reading->partition) {
            problem_answer_field(request, "after",
                                 "must be as in the Location of an earlier answer");
            return;
        }
    }
    reading_again(request);
}

/* ---- all partitions ---- */

static void all_work(struct request *request, struct pg *pg) {
    struct reading *reading = request->call->reading;
    struct error error;
    PGresult *rows =
        PG_QUERY(pg, &error, "SELECT partition, next_event_offset FROM catalog.cursor");
    reading->failed = rows == NULL;
    reading->behind = false;
    if (rows == NULL) {
        return;
    }
    int32_t partition_count = request->call->ingest->settings.partition_count;
    for (int row = 0; row < PQntuples(rows); row++) {
        int64_t partition = pg_integer(rows, row, 0);
        reading->behind =
            reading->behind || (partition < partition_count &&
                                pg_integer(rows, row, 1) < reading->all_needed[partition]);
    }
    PQclear(rows);
    if (reading->behind && clock_monotonic_ms() < reading->until_ms) {
        return;
    }
    reading->behind = false;
    reading->work(request, pg);
}

static void all_again(struct request *request);

static void all_read(struct request *request) {
    struct reading *reading = request->call->reading;
    if (reading->failed) {
        problem_answer_unavailable(request, "This cannot be read right now");
    } else if (!reading->behind) {
        return;
    } else {
        if (!patience_left(request)) {
            reading->until_ms = 0;
        }
        request_sleep(request, pause_next(reading), all_again);
    }
}

static void all_again(struct request *request) { call_query(request, all_work, all_read); }

void reading_begin_all(struct request *request, request_job *work) {
    struct reading *reading = request_allocate(request, sizeof *reading);
    *reading = (struct reading){.work = work, .again_ms = AGAIN_MS_MIN};
    request->call->reading = reading;
    int32_t partition_count = request->call->ingest->settings.partition_count;
    reading->all_needed =
        request_allocate(request, (size_t)partition_count * sizeof *reading->all_needed);
    for (int32_t partition = 0; partition < partition_count; partition++) {
        reading->all_needed[partition] = tail_position(request->call->ingest->tail, partition);
    }
    int64_t latest_ms = clock_monotonic_ms() + ALL_WAIT_MS_MAX;
    reading->until_ms =
        request->call->wait_until_ms < latest_ms ? request->call->wait_until_ms : latest_ms;
    all_again(request);
}
