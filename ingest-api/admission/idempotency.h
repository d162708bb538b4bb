/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_IDEMPOTENCY_H
#define SEATLOG_INGEST_API_ADMISSION_IDEMPOTENCY_H

#include "codec/value.h"
#include "runtime/pg/pg.h"
#include "seatlog_bounds.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * What an Idempotency-Key stands for: one request of one owner, for at least a day. Every call that
 * changes something claims its key once the request is known to be valid, before anything is done.
 *
 * It is a guard, not the proof: that nothing is done twice rests on ids that are derived from the
 * key. So it never stops anybody: where PostgreSQL is away or slow, the request goes on unguarded.
 */
struct request;

/*
 * The step that claims the request's key for the account that is logged in; answers 422 where the
 * key stands for another call, path or body. Without a key the call goes on at once.
 */
void idempotency_claim(struct request *request);

/*
 * The same for a request without a login, last of all in a step. owner: whose keys they are. secret:
 * a member of the body that must leave no trace, not even as a hash; NULL: none.
 */
void idempotency_claim_of(struct request *request, const struct uuid *owner, const char *secret);

/* Whether the key was claimed before, by this same request. false too where nobody knows. */
bool idempotency_repeated(const struct request *request);

/* What a request of this key has come to, as it was stored; zero: nothing that is known. */
struct uuid idempotency_result(const struct request *request);

/* Stores what has come of it, for those who ask again. On a worker; without a key nothing. */
void idempotency_result_store(struct request *request, struct pg *pg, const struct uuid *result);

/* Removes keys of the day before yesterday. Any thread; call it now and then. */
void idempotency_sweep(struct pg *pg);

/*
 * BLAKE2b-256 of what a request asks for: method, path, and the body whatever the order of its
 * members; no body is as {}. Pure.
 */
void idempotency_request_hash(const char *method, const char *path, const json_t *body,
                              const char *secret, struct hash *out);

/* Whether it can be one. Pure. */
bool idempotency_key_valid(const char *key);

#endif
