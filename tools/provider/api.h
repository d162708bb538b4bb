/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_API_H
#define SEATLOG_TOOLS_PROVIDER_API_H

#include "tools/provider/simulator.h"

/* Which request is meant, the bearer token, the body's JSON, the faults; and replies all calls
 * share. */

/* The operation's name, as rules of behaviour and books know it; "" for none and for /admin. */
const char *api_operation_name(const char *method, const char *path);

/*
 * Answers the request. Changes to the books are gathered, not flushed. *drop: there is to be no
 * answer.
 */
struct reply api_handle(struct simulator *simulator, const struct request *request, bool *drop);

/* {"errors": [one]}; field may be NULL. */
struct reply api_error_reply(int status, const char *category, const char *code, const char *detail,
                             const char *field);

/* 400, or 404 where an error says NOT_FOUND. Takes over the array. */
struct reply api_errors_reply(json_t *errors);

/* Digest of the body whatever its spacing and the order of its fields. */
struct hash api_body_hash(const json_t *body);

/* Whether the key was used: then *reply is the first answer, or IDEMPOTENCY_KEY_REUSED. */
bool api_replayed(struct simulator *simulator, const char *operation, const char *key,
                  const json_t *body, struct reply *reply);

#endif
