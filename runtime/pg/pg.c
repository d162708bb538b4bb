/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL connection that comes back by itself. */
#include "runtime/pg/pg.h"

#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than this many parameters, or statements, is a mistake. */
#define PARAMETERS_MAX 64
#define STATEMENTS_MAX 512
/* An idle connection has a farewell and its end to read; more is left for later. */
#define READS_MAX 8

/* What became of a statement that failed, as far as it matters to whoever would repeat it. */
enum pg_fate {
    PG_FATE_ANSWERED, /* PostgreSQL refused it, or was waited for in vain: no second try */
    PG_FATE_NOT_BEGUN,
    PG_FATE_UNKNOWN /* the connection was lost under it */
};

#define SQLSTATE_INTERNAL "XX000"

struct pg {
    char *url;
    char *application_name;
    PGconn *connection;
    uint64_t generation; /* how often it has connected */
    bool in_transaction;
    enum pg_fate fate; /* of the last statement that failed */
    int64_t answer_ms;
    const char
        *statements[STATEMENTS_MAX]; /* those prepared on this connection, hashed by address */
    size_t statement_count;
    struct buffer scratch; /* the text of parameters */
};

struct pg *pg_new(const char *url, const char *application_name) {
    struct pg *pg = allocate_zeroed(1, sizeof *pg);
    pg->url = text_duplicate(url);
    pg->application_name = text_duplicate(application_name);
    pg->answer_ms = PG_ANSWER_MS;
    return pg;
}

void pg_answer_ms_set(struct pg *pg, int64_t answer_ms) { pg->answer_ms = answer_ms; }

static void pg_disconnect(struct pg *pg) {
    PQfinish(pg->connection);
    pg->connection = NULL;
    memset(pg->statements, 0, sizeof pg->statements);
    pg->statement_count = 0;
}

void pg_free(struct pg *pg) {
    if (pg == NULL) {
        return;
    }
    pg_disconnect(pg);
    buffer_deinit(&pg->scratch);
    free(pg->url);
    free(pg->application_name);
    free(pg);
}

uint64_t pg_generation(const struct pg *pg) { return pg->generation; }

static void on_notice(void *context, const char *message) {
    (void)context;
    char text[256];
    snprintf(text, sizeof text, "%s", message);
    text[strcspn(text, "\n")] = '\0';
    log_debug("postgresql", LOG_TEXT("notice", text));
}

/* libpq's messages end with a line break and may have several lines: the first says it. */
static bool error_set_libpq(struct error *error, enum error_action action, const char *what,
                            const char *message) {
    while (*message == '\n' || *message == ' ') {
        message++;
    }
    return error_set(error, action, "%s: %.*s", what, (int)strcspn(message, "\n"), message);
}

/* PostgreSQL is away, or cannot do now what it else can: nothing that a record would be to blame
 * for. */
static void outside_set(struct error *error) {
    if (error != NULL) {
        error->outside = error->action == ERROR_RETRY;
    }
}

static bool pg_connect(struct pg *pg, struct error *error) {
    /* Before the URL, which overrides them: a dead peer is found out within some seconds. */
    const char *const names[] = {
        "connect_timeout",           "keepalives_idle",  "keepalives_interval",
        "keepalives_count",          "tcp_user_timeout", "client_encoding",
        "fallback_application_name", "dbname",           NULL};
    const char *const values[] = {"5",     "10", "5", "3", "15000", "UTF8", pg->application_name,
                                  pg->url, NULL};
    char *reason = NULL;
    PQconninfoOption *parsed = PQconninfoParse(pg->url, &reason);
    if (parsed == NULL) {
        error_set_libpq(error, ERROR_DIE, "postgres_url",
                        reason != NULL ? reason : "it cannot be read");
        PQfreemem(reason);
        return false;
    }
    PQconninfoFree(parsed);

    pg->connection = PQconnectdbParams(names, values, 1);
    if (PQstatus(pg->connection) != CONNECTION_OK) {
        error_set_libpq(error, ERROR_RETRY, "PostgreSQL cannot be reached",
                        PQerrorMessage(pg->connection));
        outside_set(error);
        pg_disconnect(pg);
        return false;
    }
    PQsetNoticeProcessor(pg->connection, on_notice, NULL);
    PQsetnonblocking(pg->connection, 1); /* or sending would wait for a server that does not read */
    pg->generation++;
    return true;
}

/*
 * An idle connection that its server has closed has something to read: a farewell, or the end. Seen
 * before anything is sent, it costs nobody a statement. What else there is to read (notifications)
 * stays for its reader.
 */
static bool connection_is_alive(PGconn *connection) {
    for (int i = 0; i < READS_MAX && PQstatus(connection) == CONNECTION_OK; i++) {
        struct pollfd descriptor = {.fd = PQsocket(connection), .events = POLLIN};
        if (poll(&descriptor, 1, 0) <= 0) {
            return true;
        }
        if (PQconsumeInput(connection) == 0) {
            return false;
        }
    }
    return PQstatus(connection) == CONNECTION_OK;
}

PGconn *pg_connection(struct pg *pg, struct error *error) {
    if (pg->connection != NULL && PQstatus(pg->connection) == CONNECTION_OK &&
        (pg->in_transaction || connection_is_alive(pg->connection))) {
        return pg->connection;
    }
    if (pg->in_transaction) {
        error_set_outside(error, "the PostgreSQL connection was lost within the transaction");
        return NULL;
    }
    pg_disconnect(pg);
    return pg_connect(pg, error) ? pg->connection : NULL;
}

/*
 * What an SQLSTATE means. PARK: data that PostgreSQL does not take (22, 23, 44), a limit that one
 * row exceeds (54, as a line too long for an index), two rows of one statement that are the same
 * (21), what a trigger refuses (P0). 26000: a pooler or DISCARD took our prepared statements away.
 */
static enum error_action sqlstate_action(const char *state, const char *message) {
    static const char *const retried[] = {
        "08", "40", "53", "57P", "57014", "58", "55P03", "55006", "25006", "26000",
    };
    for (size_t i = 0; i < sizeof retried / sizeof retried[0]; i++) {
        if (strncmp(state, retried[i], strlen(retried[i])) == 0) {
            return ERROR_RETRY;
        }
    }
    static const char *const parked[] = {"21", "22", "23", "44", "54", "P0"};
    for (size_t i = 0; i < sizeof parked / sizeof parked[0]; i++) {
        if (strncmp(state, parked[i], strlen(parked[i])) == 0) {
            return ERROR_PARK;
        }
    }
    /* A fault of PostgreSQL's own, perhaps over this record. */
    if (strcmp(state, SQLSTATE_INTERNAL) == 0) {
        return ERROR_RETRY;
    }
    /* A migration changed what a prepared statement returns: preparing it again helps. */
    if (strcmp(state, "0A000") == 0 && strstr(message, "cached plan") != NULL) {
        return ERROR_RETRY;
    }
    return ERROR_DIE;
}

/* Whether a new connection is needed although this one looks alive. */
static bool sqlstate_reconnects(const char *state) {
    static const char *const lost[] = {"57P", "25006", "26000", "0A000", "08"};
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        if (strncmp(state, lost[i], strlen(lost[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The server has not run the statement: it does not know it, or not any more. */
static bool sqlstate_not_begun(const char *state) {
    return strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0;
}

/* Frees the result and says why it failed. */
static void pg_fail(struct pg *pg, PGresult *result, const char *sql, struct error *error) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    pg->fate = PG_FATE_ANSWERED;
    if (pg->connection == NULL) {
        error_set_outside(error, "PostgreSQL has not answered for %" PRId64 " ms (in: %.120s)",
                          pg->answer_ms, sql);
    } else if (state == NULL) {
        error_set_libpq(error, ERROR_RETRY, "PostgreSQL does not answer",
                        PQerrorMessage(pg->connection));
        pg->fate = PG_FATE_UNKNOWN;
        outside_set(error);
        pg_disconnect(pg);
    } else {
        enum error_action action = sqlstate_action(state, message != NULL ? message : "");
        error_set(error, action, "PostgreSQL %s: %s (in: %.120s)", state,
                  message != NULL ? message : "", sql);
        if (strcmp(state, SQLSTATE_INTERNAL) != 0) {
            outside_set(error);
        }
        if (sqlstate_reconnects(state)) {
            bool shut_down = strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0;
            pg->fate = shut_down                                            ? PG_FATE_UNKNOWN
                       : action == ERROR_RETRY && sqlstate_not_begun(state) ? PG_FATE_NOT_BEGUN
                                                                            : PG_FATE_ANSWERED;
            pg_disconnect(pg);
        }
    }
    PQclear(result);
}

static bool result_is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* false: not yet. A connection that broke has an answer, too: libpq says so. */
static bool answer_there(PGconn *connection, short *events) {
    int unsent = PQflush(connection);
    *events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    return unsent < 0 || (unsent == 0 && !PQisBusy(connection));
}

/* false: there is none in time. */
static bool answer_await(const struct pg *pg, int64_t deadline_ms) {
    struct pollfd descriptor = {.fd = PQsocket(pg->connection)};
    while (!answer_there(pg->connection, &descriptor.events)) {
        int64_t left_ms = pg->answer_ms == 0 ? -1 : deadline_ms - clock_monotonic_ms();
        if (pg->answer_ms != 0 && left_ms <= 0) {
            return false;
        }
        int ready = poll(&descriptor, 1, (int)left_ms);
        if ((ready < 0 && errno != EINTR) || (ready > 0 && (descriptor.revents & ~POLLOUT) != 0 &&
                                              PQconsumeInput(pg->connection) == 0)) {
            return true;
        }
    }
    return true;
}

/*
 * The answer to what was sent. NULL when it could not be sent, or where there is none in time: then
 * there is no connection any more.
 */
static PGresult *answer_take(struct pg *pg, int sent) {
    int64_t deadline_ms = clock_monotonic_ms() + pg->answer_ms;
    PGresult *last = NULL;
    while (sent == 1) {
        if (!answer_await(pg, deadline_ms)) {
            PQclear(last);
            pg_disconnect(pg);
            return NULL;
        }
        PGresult *next = PQgetResult(pg->connection);
        if (next == NULL) {
            break;
        }
        PQclear(last);
        last = next;
    }
    return last;
}

static PGresult *command_run(struct pg *pg, const char *sql) {
    return answer_take(pg, PQsendQuery(pg->connection, sql));
}

/* The slot of the statement, or the empty one where it will stand. */
static size_t statement_slot(const struct pg *pg, const char *sql) {
    size_t slot = (size_t)((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15) >> 32) % STATEMENTS_MAX;
    while (pg->statements[slot] != NULL && pg->statements[slot] != sql) {
        slot = (slot + 1) % STATEMENTS_MAX;
    }
    return slot;
}

static bool statement_prepare(struct pg *pg, const char *sql, size_t count, char *name,
                              size_t name_size, struct error *error) {
    size_t slot = statement_slot(pg, sql);
    snprintf(name, name_size, "s%zu", slot);
    if (pg->statements[slot] == sql) {
        return true;
    }
    if (pg->statement_count >= STATEMENTS_MAX / 2) {
        die("more than %d prepared statements: is an SQL text built at run time?",
            STATEMENTS_MAX / 2);
    }
    PGresult *result = answer_take(pg, PQsendPrepare(pg->connection, name, sql, (int)count, NULL));
    if (!result_is_good(result)) {
        pg_fail(pg, result, sql, error);
        pg->fate = pg->fate == PG_FATE_UNKNOWN ? PG_FATE_NOT_BEGUN : pg->fate;
        return false;
    }
    PQclear(result);
    pg->statements[slot] = sql;
    pg->statement_count++;
    return true;
}

/* libpq's arrays; texts are offsets into the scratch buffer until all are written. */
struct parameters {
    const char *values[PARAMETERS_MAX];
    size_t offsets[PARAMETERS_MAX];
    int sizes[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
};

#define OFFSET_NONE SIZE_MAX

static size_t scratch_add(struct pg *pg, const char *text, size_t size) {
    size_t offset = pg->scratch.size;
    buffer_append(&pg->scratch, text, size);
    buffer_append(&pg->scratch, "", 1);
    return offset;
}

static bool parameter_set(struct pg *pg, struct parameters *parameters, size_t i,
                          const struct pg_value *value, struct error *error) {
    char text[UUID_TEXT_SIZE];
    parameters->values[i] = NULL;
    parameters->offsets[i] = OFFSET_NONE;
    parameters->sizes[i] = 0;
    parameters->formats[i] = 0;
    switch (value->type) {
    case PG_VALUE_NULL:
        break;
    case PG_VALUE_TEXT:
        parameters->values[i] = value->as.text;
        break;
    case PG_VALUE_SPAN:
        if (value->as.span.size > 0 &&
            memchr(value->as.span.data, '\0', value->as.span.size) != NULL) {
            return error_set(error, ERROR_PARK,
                             "a text holds a NUL, which PostgreSQL cannot store");
        }
        parameters->offsets[i] = scratch_add(pg, value->as.span.data, value->as.span.size);
        break;
    case PG_VALUE_INTEGER: {
        int size = snprintf(text, sizeof text, "%" PRId64, value->as.integer);
        parameters->offsets[i] = scratch_add(pg, text, (size_t)size);
        break;
    }
    case PG_VALUE_UUID:
        uuid_format(value->as.uuid, text);
        parameters->offsets[i] = scratch_add(pg, text, UUID_TEXT_SIZE - 1);
        break;
    case PG_VALUE_OCTETS:
        if (value->as.octets.size > INT32_MAX) {
            return error_set(error, ERROR_PARK, "octets are too many: %zu", value->as.octets.size);
        }
        parameters->values[i] =
            value->as.octets.size > 0 ? (const char *)value->as.octets.data : "";
        parameters->sizes[i] = (int)value->as.octets.size;
        parameters->formats[i] = 1;
        break;
    }
    return true;
}

static bool parameters_set(struct pg *pg, struct parameters *parameters, size_t count,
                           const struct pg_value *values, struct error *error) {
    if (count > PARAMETERS_MAX) {
        die("more than %d parameters", PARAMETERS_MAX);
    }
    buffer_reset(&pg->scratch);
    for (size_t i = 0; i < count; i++) {
        if (!parameter_set(pg, parameters, i, &values[i], error)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (parameters->offsets[i] != OFFSET_NONE) {
            parameters->values[i] = pg->scratch.data + parameters->offsets[i];
        }
    }
    return true;
}

static PGresult *pg_query_once(struct pg *pg, struct error *error, const char *sql, size_t count,
                               const struct pg_value *values) {
    struct parameters parameters;
    char name[32];
    pg->fate = PG_FATE_ANSWERED;
    if (pg_connection(pg, error) == NULL ||
        !parameters_set(pg, &parameters, count, values, error) ||
        !statement_prepare(pg, sql, count, name, sizeof name, error)) {
        return NULL;
    }
    PGresult *result =
        answer_take(pg, PQsendQueryPrepared(pg->connection, name, (int)count, parameters.values,
                                            parameters.sizes, parameters.formats, 0));
    if (!result_is_good(result)) {
        pg_fail(pg, result, sql, error);
        return NULL;
    }
    return result;
}

static bool statement_reads(const char *sql) { return strncmp(sql, "SELECT ", 7) == 0; }

PGresult *pg_query(struct pg *pg, struct error *error, const char *sql, size_t count,
                   const struct pg_value *values) {
    PGresult *result = pg_query_once(pg, error, sql, count, values);
    bool repeated =
        result == NULL && !pg->in_transaction &&
        (pg->fate == PG_FATE_NOT_BEGUN || (pg->fate == PG_FATE_UNKNOWN && statement_reads(sql)));
    return repeated ? pg_query_once(pg, error, sql, count, values) : result;
}

bool pg_execute(struct pg *pg, struct error *error, int64_t *rows, const char *sql, size_t count,
                const struct pg_value *values) {
    PGresult *result = pg_query(pg, error, sql, count, values);
    if (result == NULL) {
        return false;
    }
    if (rows != NULL) {
        *rows = strtoll(PQcmdTuples(result), NULL, 10);
    }
    PQclear(result);
    return true;
}

static bool pg_begin_once(struct pg *pg, struct error *error) {
    if (pg_connection(pg, error) == NULL) {
        return false;
    }
    PGresult *result = command_run(pg, "BEGIN");
    if (!result_is_good(result)) {
        pg_fail(pg, result, "BEGIN", error);
        return false;
    }
    PQclear(result);
    pg->in_transaction = true;
    return true;
}

bool pg_begin(struct pg *pg, struct error *error) {
    if (pg->in_transaction) {
        die("a PostgreSQL transaction is begun within another");
    }
    /* A connection that died while idle shows only now, and nothing is lost by a second try. */
    uint64_t generation = pg->generation;
    bool idle = pg->connection != NULL;
    if (pg_begin_once(pg, error)) {
        return true;
    }
    return idle && pg->connection == NULL && pg->generation == generation &&
           pg_begin_once(pg, error);
}

bool pg_commit(struct pg *pg, struct error *error) {
    if (!pg->in_transaction) {
        die("a PostgreSQL commit outside a transaction");
    }
    if (pg_connection(pg, error) == NULL) {
        pg->in_transaction = false;
        return false;
    }
    PGresult *result = command_run(pg, "COMMIT");
    pg->in_transaction = false;
    if (!result_is_good(result)) {
        pg_fail(pg, result, "COMMIT", error);
        if (pg->connection != NULL && PQtransactionStatus(pg->connection) != PQTRANS_IDLE) {
            pg_disconnect(pg);
        }
        return false;
    }
    /* COMMIT of a transaction that has failed "succeeds" by rolling back. */
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    return committed ||
           error_set(error, ERROR_RETRY, "PostgreSQL rolled the transaction back at its commit");
}

void pg_rollback(struct pg *pg) {
    if (!pg->in_transaction) {
        return;
    }
    pg->in_transaction = false;
    if (pg->connection == NULL || PQstatus(pg->connection) != CONNECTION_OK) {
        pg_disconnect(pg);
        return;
    }
    PGresult *result = command_run(pg, "ROLLBACK");
    if (!result_is_good(result)) {
        pg_disconnect(pg);
    }
    PQclear(result);
}

int64_t pg_integer(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? 0
                                            : strtoll(PQgetvalue(result, row, column), NULL, 10);
}

struct uuid pg_uuid(const PGresult *result, int row, int column) {
    struct uuid uuid = {{0}};
    if (!PQgetisnull(result, row, column)) {
        uuid_parse(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column),
                   &uuid);
    }
    return uuid;
}

bool pg_boolean(const PGresult *result, int row, int column) {
    return !PQgetisnull(result, row, column) && PQgetvalue(result, row, column)[0] == 't';
}

const char *pg_text(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

uint8_t *pg_octets(const PGresult *result, int row, int column, size_t *size) {
    *size = 0;
    if (PQgetisnull(result, row, column)) {
        return NULL;
    }
    const unsigned char *text = (const unsigned char *)PQgetvalue(result, row, column);
    unsigned char *decoded = PQunescapeBytea(text, size);
    if (decoded == NULL) {
        die("out of memory: a bytea");
    }
    uint8_t *octets = allocate(*size + 1);
    memcpy(octets, decoded, *size);
    octets[*size] = '\0';
    PQfreemem(decoded);
    return octets;
}
