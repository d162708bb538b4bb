/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of records that an operator wants handled after all. */
#include "runtime/loop/dead_letter_retry.h"

#include "runtime/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those of partitions that others own are passed over; so many at most. */
#define FOREIGN_MAX "1000"

static bool retry_read(struct pg *pg, struct dead_letter_retry *retry, bool *found,
                       struct error *error) {
    PGresult *result =
        PG_QUERY(pg, error,
                 "SELECT key, value, record_at_ms, traceparent, coalesce(told_from, -1) FROM "
                 "public.dead_letter_retry WHERE daemon = $1 AND topic = $2 AND partition = $3 AND "
                 "record_offset = $4 AND state = 'asked'",
                 PG_TEXT(retry->daemon), PG_TEXT(retry->topic), PG_INTEGER(retry->partition),
                 PG_INTEGER(retry->offset));
    if (result == NULL) {
        return false;
    }
    *found = PQntuples(result) == 1;
    if (*found) {
        retry->key.data = pg_octets(result, 0, 0, &retry->key.size);
        retry->value.data = pg_octets(result, 0, 1, &retry->value.size);
        retry->timestamp_ms = pg_integer(result, 0, 2);
        retry->told_from = pg_integer(result, 0, 4);
        const char *parent = pg_text(result, 0, 3);
        snprintf(retry->traceparent, sizeof retry->traceparent, "%s", parent != NULL ? parent : "");
    }
    PQclear(result);
    return true;
}

bool dead_letter_retry_find(struct pg *pg, const char *daemon,
                            bool (*ours)(void *context, const char *topic, int32_t partition,
                                         int64_t offset),
                            void *context, struct dead_letter_retry *retry, bool *found,
                            struct error *error) {
    *retry = (struct dead_letter_retry){.daemon = daemon};
    *found = false;
    PGresult *result =
        PG_QUERY(pg, error,
                 "SELECT topic, partition, record_offset FROM public.dead_letter_retry "
                 "WHERE daemon = $1 AND state = 'asked' ORDER BY asked_at LIMIT " FOREIGN_MAX,
                 PG_TEXT(daemon));
    if (result == NULL) {
        return false;
    }
    for (int row = 0; row < PQntuples(result) && !*found; row++) {
        snprintf(retry->topic, sizeof retry->topic, "%s", pg_text(result, row, 0));
        retry->partition = (int32_t)pg_integer(result, row, 1);
        retry->offset = pg_integer(result, row, 2);
        *found = ours(context, retry->topic, retry->partition, retry->offset);
    }
    PQclear(result);
    return !*found || retry_read(pg, retry, found, error);
}

void dead_letter_retry_free(struct dead_letter_retry *retry) {
    free((void *)retry->key.data);
    free((void *)retry->value.data);
    retry->key = retry->value = (struct octets){0};
}

bool dead_letter_retry_settle(struct pg *pg, const struct dead_letter_retry *retry, bool *taken,
                              struct error *error) {
    int64_t rows = 0;
    bool done = PG_EXECUTE(pg, error, &rows,
                           "UPDATE public.dead_letter_retry SET state = 'settled', reason = NULL, "
                           "tries = tries + 1, ended_at = now(), key = NULL, value = NULL WHERE "
                           "daemon = $1 AND topic = $2 AND partition = $3 AND record_offset = $4 "
                           "AND state = 'asked'",
                           PG_TEXT(retry->daemon), PG_TEXT(retry->topic),
                           PG_INTEGER(retry->partition), PG_INTEGER(retry->offset));
    *taken = rows == 1;
    return done;
}

bool dead_letter_retry_begin(struct pg *pg, struct dead_letter_retry *retry, int64_t told_from,
                             struct error *error) {
    retry->told_from = told_from;
    return PG_EXECUTE(pg, error, NULL,
                      "UPDATE public.dead_letter_retry SET told_from = $5 WHERE daemon = $1 AND "
                      "topic = $2 AND partition = $3 AND record_offset = $4",
                      PG_TEXT(retry->daemon), PG_TEXT(retry->topic), PG_INTEGER(retry->partition),
                      PG_INTEGER(retry->offset), PG_INTEGER(told_from));
}

bool dead_letter_retry_fail(struct pg *pg, const struct dead_letter_retry *retry,
                            const char *reason, struct error *error) {
    log_warning("a record that was asked for again is set aside again",
                LOG_TEXT("topic", retry->topic), LOG_INTEGER("partition", retry->partition),
                LOG_INTEGER("offset", retry->offset), LOG_TEXT("reason", reason));
    return PG_EXECUTE(pg, error, NULL,
                      "UPDATE public.dead_letter_retry SET state = 'failed', reason = $5, "
                      "tries = tries + 1, ended_at = now(), key = NULL, value = NULL WHERE "
                      "daemon = $1 AND topic = $2 AND partition = $3 AND record_offset = $4 "
                      "AND state = 'asked'",
                      PG_TEXT(retry->daemon), PG_TEXT(retry->topic), PG_INTEGER(retry->partition),
                      PG_INTEGER(retry->offset), PG_TEXT(reason));
}
