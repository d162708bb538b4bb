/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_PAYMENTS_H
#define SEATLOG_TOOLS_PROVIDER_PAYMENTS_H

#include "tools/provider/simulator.h"

/*
 * The Payments API. body is the request's JSON object; the reply's body is a new reference. Books
 * are changed and their lines gathered, but not flushed.
 */
struct reply payments_create(struct simulator *simulator, const json_t *body,
                             const struct fault *fault);
struct reply payments_get(struct simulator *simulator, const char *id);
struct reply payments_complete(struct simulator *simulator, const char *id, const json_t *body,
                               const struct fault *fault);
struct reply payments_cancel(struct simulator *simulator, const char *id);
struct reply payments_cancel_by_key(struct simulator *simulator, const json_t *body);

/* What happens at delayed_until to a payment that is still APPROVED: its delay_action. */
void payments_delayed_action(struct simulator *simulator, size_t index);

/* A new version: updated_at, version_token; the books are not told. */
void payments_touch(struct books_payment *payment, int64_t now_ms);

#endif
