/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PG_PG_H
#define SEATLOG_RUNTIME_PG_PG_H

#include "codec/value.h"
#include "runtime/base/error.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One PostgreSQL connection that comes back by itself: a lost one is opened again by the next call
 * outside a transaction. Statements are prepared on first use, known by the address of their text,
 * so sql must be a literal or live as long as the connection. One thread at a time.
 *
 * A connection that died while idle is noticed before anything is sent over it, so a restart of
 * PostgreSQL fails no statement. One that dies under a statement outside a transaction: the
 * statement is repeated once if it cannot have begun, or only reads ("SELECT …": do not begin a
 * statement that changes something so). A write whose outcome is unknown is never repeated here.
 */
struct pg;

/* Does not connect yet. */
struct pg *pg_new(const char *url, const char *application_name);

/*
 * How long a statement may take to be answered, PG_ANSWER_MS at first; 0: as long as it likes.
 * After that the server counts as gone, although it may be frozen, or a network away: the
 * connection is closed and the error is RETRY. Like every lost connection's, its outcome is
 * unknown. To connect takes 5 s at most.
 */
#define PG_ANSWER_MS 30000
void pg_answer_ms_set(struct pg *pg, int64_t answer_ms);
void pg_free(struct pg *pg);

/* The live connection for LISTEN, COPY and pipelines; NULL with *error when it cannot be had. */
PGconn *pg_connection(struct pg *pg, struct error *error);

/* How often it has connected: a new number means that LISTEN and session settings are to be made
 * again. */
uint64_t pg_generation(const struct pg *pg);

/*
 * Parameters of a statement, all in text format but bytes, which go in binary as bytea. Use the
 * constructors: PG_TEXT(c string or NULL for null), PG_SPAN(struct text), PG_INTEGER(int64),
 * PG_UUID(const struct uuid *), PG_OCTETS(data, size), PG_BOOLEAN, PG_NULL.
 */
struct pg_value {
    enum {
        PG_VALUE_NULL,
        PG_VALUE_TEXT,
        PG_VALUE_SPAN,
        PG_VALUE_INTEGER,
        PG_VALUE_UUID,
        PG_VALUE_OCTETS
    } type;
    union {
        const char *text;
        struct text span;
        int64_t integer;
        const struct uuid *uuid;
        struct octets octets;
    } as;
};
#define PG_NULL ((struct pg_value){.type = PG_VALUE_NULL})
#define PG_TEXT(value) ((struct pg_value){.type = PG_VALUE_TEXT, .as.text = (value)})
#define PG_SPAN(value) ((struct pg_value){.type = PG_VALUE_SPAN, .as.span = (value)})
#define PG_INTEGER(value) ((struct pg_value){.type = PG_VALUE_INTEGER, .as.integer = (value)})
#define PG_BOOLEAN(value) PG_TEXT((value) ? "t" : "f")
#define PG_UUID(value) ((struct pg_value){.type = PG_VALUE_UUID, .as.uuid = (value)})
#define PG_OCTETS(octets_data, octets_size)                                                        \
    ((struct pg_value){.type = PG_VALUE_OCTETS, .as.octets = {(octets_data), (octets_size)}})

/*
 * Runs one statement with its parameters. Returns the result (PGRES_TUPLES_OK or PGRES_COMMAND_OK)
 * for the caller to PQclear, or NULL with *error: RETRY for a lost connection, serialization
 * failure, deadlock, shutdown, too many connections; PARK for bad data (SQLSTATE classes 22 and
 * 23); DIE else.
 *
 *   PGresult *result = PG_QUERY(pg, &error, "SELECT … WHERE id = $1", PG_UUID(&id));
 */
PGresult *pg_query(struct pg *pg, struct error *error, const char *sql, size_t count,
                   const struct pg_value *values);
#define PG_QUERY(pg, error, sql, ...)                                                              \
    pg_query((pg), (error), (sql),                                                                 \
             sizeof((const struct pg_value[]){PG_NULL, ##__VA_ARGS__}) / sizeof(struct pg_value) - \
                 1,                                                                                \
             (const struct pg_value[]){PG_NULL, ##__VA_ARGS__} + 1)

/* The same for a statement without an answer: true when it ran; *rows (may be NULL) gets the rows
 * touched. */
bool pg_execute(struct pg *pg, struct error *error, int64_t *rows, const char *sql, size_t count,
                const struct pg_value *values);
#define PG_EXECUTE(pg, error, rows, sql, ...)                                                      \
    pg_execute(                                                                                    \
        (pg), (error), (rows), (sql),                                                              \
        sizeof((const struct pg_value[]){PG_NULL, ##__VA_ARGS__}) / sizeof(struct pg_value) - 1,   \
        (const struct pg_value[]){PG_NULL, ##__VA_ARGS__} + 1)

bool pg_begin(struct pg *pg, struct error *error);
bool pg_commit(struct pg *pg,
               struct error *error); /* false and RETRY: the outcome may be unknown */
void pg_rollback(struct pg *pg);

/* Fields of a row: the value, or the given/zero value where it is null. */
int64_t pg_integer(const PGresult *result, int row, int column);
struct uuid pg_uuid(const PGresult *result, int row, int column);
bool pg_boolean(const PGresult *result, int row, int column);
const char *pg_text(const PGresult *result, int row, int column); /* NULL where null */

/* A bytea in text form (\x…), decoded into memory the caller frees, with a NUL that is not
 * counted behind it; NULL where null. */
uint8_t *pg_octets(const PGresult *result, int row, int column, size_t *size);

#endif
