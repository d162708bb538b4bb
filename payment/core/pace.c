/* SPDX-License-Identifier: Apache-2.0 */
/* Counts failures in a row, keeps pauses, and says how many rows may be leased. */
#include "payment/core/pace.h"

#include <assert.h>
#include <stddef.h>

static void failure_note(struct payment_pace *pace, struct payment_pace_change *change) {
    assert(pace->failures >= 0);
    if (pace->failures < INT32_MAX) {
        pace->failures++;
    }
    change->probing = pace->failures == PAYMENT_FAILURES_TO_PROBE;
    assert(pace->failures > 0);
}

static void success_note(struct payment_pace *pace, struct payment_pace_change *change) {
    assert(pace->failures >= 0);
    change->answers_again = pace->failures >= PAYMENT_FAILURES_TO_PROBE;
    change->authorized = pace->unauthorized;
    pace->failures = 0;
    pace->unauthorized = false;
    assert(!change->probing && !change->unauthorized);
}

struct payment_pace_change payment_pace_note(struct payment_pace *pace,
                                             const struct payment_answer *answer,
                                             const struct payment_limits *limits,
                                             int64_t monotonic_ms) {
    struct payment_pace_change change = {0};
    assert((unsigned)answer->kind < PAYMENT_ANSWER_COUNT);
    switch (answer->kind) {
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        failure_note(pace, &change);
        break;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        change.unauthorized = !pace->unauthorized;
        pace->unauthorized = true;
        pace->paused_until_ms = monotonic_ms + limits->buyer_retry_maximum_ms;
        break;
    case PAYMENT_ANSWER_LATER:
        pace->paused_until_ms =
            monotonic_ms +
            (answer->retry_after_ms > 0 ? answer->retry_after_ms : PAYMENT_LATER_PAUSE_MS);
        break;
    case PAYMENT_ANSWER_PAYMENT:
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_REFUSED:
        success_note(pace, &change);
        break;
    }
    assert(!(change.probing && change.answers_again));
    assert(!(change.unauthorized && change.authorized));
    return change;
}

bool payment_pace_is_open(const struct payment_pace *pace, int64_t monotonic_ms) {
    assert(pace->failures >= 0);
    return monotonic_ms >= pace->paused_until_ms;
}

int32_t payment_pace_limit(const struct payment_pace *pace, int32_t room, int32_t calls_under_way,
                           int64_t monotonic_ms, bool *calls) {
    assert(room >= 0 && calls_under_way >= 0);
    int32_t limit = room;
    *calls = payment_pace_is_open(pace, monotonic_ms);
    if (*calls && pace->failures >= PAYMENT_FAILURES_TO_PROBE) {
        int32_t probes = PAYMENT_PROBES_MAX - calls_under_way;
        *calls = probes > 0;
        limit = *calls && probes < limit ? probes : limit;
    }
    assert(limit >= 0 && limit <= room);
    return limit;
}
