/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_H
#define SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_H

#include "codec/value.h"
#include "runtime/pg/pg.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The calls on accounts, sessions, roles and API keys. Passwords are hashed with Argon2id by the
 * password pool; a login costs the same whether there is such an account or not.
 */
struct request;

void account_signup(struct request *request);
void account_login(struct request *request);
void account_logout(struct request *request);
void account_get(struct request *request);
void account_delete(struct request *request);
void account_find(struct request *request);
void account_roles_set(struct request *request);
void account_keys_list(struct request *request);
void account_key_create(struct request *request);
void account_key_delete(struct request *request);

/* To be called once, before requests: makes what unknown users are compared with. false: no memory.
 */
bool account_start(unsigned long long operations, size_t memory_octets);

/*
 * Finds the person p of a struct username: by $1, its spelled, before $2, its address.normal. Ends
 * a statement.
 */
#define PERSON_BY_USERNAME                                                                         \
    "p.username = $1 OR (p.username_normal = $2 AND $2 <> '')"                                     \
    " ORDER BY p.username <> $1 LIMIT 1"

/* As answers show an account. The row's columns are user_id, username, location, roles. */
json_t *account_json(const struct uuid *user_id, const char *username, const char *location,
                     unsigned roles);
json_t *account_row_json(const PGresult *row);

#endif
