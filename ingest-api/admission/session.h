/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_SESSION_H
#define SEATLOG_INGEST_API_ADMISSION_SESSION_H

#include "codec/value.h"
#include "runtime/base/error.h"
#include "runtime/pg/pg.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Who a token belongs to. PostgreSQL knows; what it said is remembered for 15 minutes at most, so
 * that buyers go on while it is away, and forgotten within a second of a logout on any instance:
 * triggers notify on the channel seatlog_session, and a thread here listens. While that thread is
 * cut off nothing remembered is used, unless PostgreSQL cannot answer either; where it keeps its
 * connections and does not answer (it is frozen), nobody waits for it to find that out again.
 *
 * Tokens and API keys are 32 random bytes as base64url; only their BLAKE2b-256 is stored or
 * remembered.
 */
enum role {
    ROLE_BUYER = 1,
    ROLE_ORGANIZER = 2,
    ROLE_PARTNER = 4,
    ROLE_GATE = 8,
    ROLE_OPERATOR = 16
};

struct session {
    struct uuid user_id; /* zero: nobody */
    unsigned roles;
};

#define SESSION_TOKEN_SIZE 44 /* 43 characters and the NUL */
#define SESSION_REMEMBERED_MS_MAX (15 * 60 * 1000)

struct session_token {
    bool present;
    bool by_cookie;
    const char *text; /* as it was sent; lives as long as the request */
    struct hash hash;
};

struct session_store;

/* Starts the listening thread. */
struct session_store *session_store_new(const char *postgres_url);
void session_store_free(struct session_store *store);

/* A new token as text and its hash. */
void session_token_new(char text[SESSION_TOKEN_SIZE], struct hash *hash);

/* false: no token looks like that. */
bool session_token_hash(const char *text, struct hash *hash);

/* From memory alone; false: ask session_load. Any thread, cheap. */
bool session_find(struct session_store *store, const struct hash *hash, struct session *out);

enum session_result {
    SESSION_VALID,
    SESSION_UNKNOWN,    /* no such token, or it has expired */
    SESSION_UNAVAILABLE /* PostgreSQL does not answer, and nothing is remembered */
};

/* Asks PostgreSQL. Blocks: for workers. */
enum session_result session_load(struct session_store *store, struct pg *pg,
                                 const struct hash *hash, struct session *out);

/* Whether PostgreSQL is worth asking, as the listening connection finds it. Any thread, cheap. */
enum session_database {
    SESSION_DATABASE_ANSWERS,
    SESSION_DATABASE_DOUBTFUL, /* has not answered for a second or longer */
    SESSION_DATABASE_AWAY      /* is known not to answer */
};
enum session_database session_database(struct session_store *store);

/* Forgets it here, at once. */
void session_forget(struct session_store *store, const struct hash *hash);

/* The same for all tokens of a person. */
void session_forget_user(struct session_store *store, const struct uuid *user_id);

/* "{buyer,organizer}" as in account.person.roles, and back. */
unsigned session_roles_parse(const char *array);
bool session_role_parse(const char *name, unsigned *role);
const char *session_role_name(unsigned role); /* one role; NULL: none such */

#endif
