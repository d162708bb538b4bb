/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_REPLY_H
#define SEATLOG_TOOLS_PROVIDER_REPLY_H

#include "tools/provider/simulator.h"

/* Replies that all calls share. */

/* Room for what an error says about one id, which it cuts at 100 characters. */
#define REPLY_DETAIL_SIZE 160

/* {"errors": [one]}; field may be NULL. */
struct reply reply_error(int status, const char *category, const char *code, const char *detail,
                         const char *field);

/* 400, or 404 where an error says NOT_FOUND. Takes over the array. */
struct reply reply_errors(json_t *errors);

/* Digest of the body whatever its spacing and the order of its fields. */
struct hash reply_body_hash(const json_t *body);

/* Whether the key was used: then *reply is the first answer, or IDEMPOTENCY_KEY_REUSED. */
bool reply_known(struct simulator *simulator, const char *operation, const char *key,
                 const json_t *body, struct reply *reply);

/* Counts a request that was acted upon under its operation's name. */
void reply_count(struct simulator *simulator, const char *name);

#endif
