/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the provider may be called: pauses that it asks for, and probing while it is silent. */
#ifndef SEATLOG_PAYMENT_CORE_PACE_H
#define SEATLOG_PAYMENT_CORE_PACE_H

#include "payment/core/answer.h"
#include "payment/core/limits.h"

/* So many calls in a row without an answer, and only a few at a time probe whether it is back. */
#define PAYMENT_FAILURES_TO_PROBE 20
#define PAYMENT_PROBES_MAX 4

/* How long nobody calls after a rate limit that does not say. */
#define PAYMENT_LATER_PAUSE_MS 1000

struct payment_pace {
    int32_t failures;        /* calls in a row that got no answer */
    int64_t paused_until_ms; /* monotonic: no call before */
    bool unauthorized;       /* our token was not accepted when last asked */
};

/* What an answer changed. */
struct payment_pace_change {
    bool probing;       /* the provider is silent: from now on a few calls at a time */
    bool answers_again; /* that is over */
    bool unauthorized;  /* our token is not accepted any more */
    bool authorized;    /* it is again */
};

/* What all calls together learn from one answer. */
struct payment_pace_change payment_pace_note(struct payment_pace *pace,
                                             const struct payment_answer *answer,
                                             const struct payment_limits *limits,
                                             int64_t monotonic_ms);

/* Whether calls may begin: no pause is on. */
bool payment_pace_is_open(const struct payment_pace *pace, int64_t monotonic_ms);

/*
 * How many rows may be leased when there is room for so many flights, and so many calls are under
 * way; *calls: whether such as need a call.
 */
int32_t payment_pace_limit(const struct payment_pace *pace, int32_t room, int32_t calls_under_way,
                           int64_t monotonic_ms, bool *calls);

#endif
