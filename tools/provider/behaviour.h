/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_BEHAVIOUR_H
#define SEATLOG_TOOLS_PROVIDER_BEHAVIOUR_H

#include "runtime/base/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How the provider misbehaves. Set by flags, changed by PUT /admin/behaviour with any of:
 *
 *   latency_ms, latency_jitter_ms   every answer takes latency_ms plus up to latency_jitter_ms
 *   decline_status                  HTTP status of a decline: 400 or 402
 *   refund_settle_ms                how long a refund stays PENDING
 *   refund_outcome                  COMPLETED, REJECTED or FAILED
 *   faults                          a list of rules, which replaces the list there was
 *
 * A rule: {"operation": a name as in the books, or "*", "kind", "count"?, "probability"?, "acts"?,
 * "status"?, "latency_ms"?, "retry_after_s"?, "code"?}. A rule is used up after count requests (1;
 * 0 is without end) and meets a request with its probability (1). Rules are tried in order; a slow
 * one adds up with the first of another kind. Kinds:
 *
 *   slow          latency_ms more
 *   fail          answers status (503; an API_ERROR), after it acted where acts is true
 *   drop          closes the connection without an answer, after it acted where acts is true
 *   rate_limit    429 with Retry-After: retry_after_s (1)
 *   unauthorized  401
 *   decline       the card or refund is refused with code (GENERIC_DECLINE); CompletePayment:
 * capture fails for good
 */
enum fault_kind {
    FAULT_NONE,
    FAULT_SLOW,
    FAULT_FAIL,
    FAULT_DROP,
    FAULT_RATE_LIMIT,
    FAULT_UNAUTHORIZED,
    FAULT_DECLINE
};
#define FAULT_KIND_COUNT (FAULT_DECLINE + 1)

/* What one request meets. */
struct fault {
    enum fault_kind kind;
    bool acts;
    int status;
    int retry_after_s;
    char code[64];
    int64_t latency_ms; /* all together */
};

struct behaviour;

/* Reads the options latency_ms … drop_after_percent of main.c's table. */
struct behaviour *behaviour_new(const struct config *config);
void behaviour_free(struct behaviour *behaviour);

/* Draws what the next request for the operation meets, and uses up the rules it meets. */
struct fault behaviour_draw(struct behaviour *behaviour, const char *operation);

int behaviour_decline_status(const struct behaviour *behaviour);
int64_t behaviour_refund_settle_ms(const struct behaviour *behaviour);
const char *behaviour_refund_outcome(const struct behaviour *behaviour);

/* The settings and the rules that are left, as PUT takes them; a new reference. */
json_t *behaviour_describe(const struct behaviour *behaviour);

/* Changes what the body names. false: nothing is changed, *error says what was wrong with what. */
bool behaviour_change(struct behaviour *behaviour, const json_t *body, struct error *error);

#endif
