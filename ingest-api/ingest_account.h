/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_ACCOUNT_H
#define SEATLOG_INGEST_ACCOUNT_H

#include "schemas/value.h"

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
 * An email address as a username: one @, a domain with a dot, no spaces, printable ASCII or UTF-8.
 * Lower case into out (ASCII letters), which has size octets. false: it is none. Pure.
 */
#define USERNAME_SIZE_MAX 254
bool account_username_fold(struct text username, char *out, size_t size);

#endif
