/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_H
#define SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_H

#include "ingest-api/admission/call.h"
#include "runtime/pg/pg.h"

#include <jansson.h>

/*
 * The account that is logged in, and what operators do with others'. Signing up, logging in and API
 * keys have headers of their own.
 */
extern const struct call_step account_get[];       /* GET /account */
extern const struct call_step account_delete[];    /* DELETE /account */
extern const struct call_step account_find[];      /* GET /users?username=… */
extern const struct call_step account_roles_set[]; /* PUT /users/{user_id}/roles */

/*
 * Finds the person p of a struct username: by $1, its spelled, before $2, its address.normal. Ends
 * a statement.
 */
#define PERSON_BY_USERNAME                                                                         \
    "p.username = $1 OR (p.username_normal = $2 AND $2 <> '')"                                     \
    " ORDER BY p.username <> $1 LIMIT 1"

/* As answers show an account. */
json_t *account_json(const struct uuid *user_id, const char *username, const char *location,
                     unsigned roles);

#endif
