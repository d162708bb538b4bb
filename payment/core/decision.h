/* SPDX-License-Identifier: Apache-2.0 */
/* One decision on its way: what it looks at, and the moves it may make. */
#ifndef SEATLOG_PAYMENT_CORE_DECISION_H
#define SEATLOG_PAYMENT_CORE_DECISION_H

#include "payment/core/answer.h"
#include "payment/core/limits.h"

#include <stddef.h>

/* All that a decision looks at. For the core's own files. */
struct payment_decision {
    struct payment_work *work;
    const struct payment_answer *answer;
    const struct payment_limits *limits;
    int64_t now_ms;
    uint32_t random;
    const char *alarm; /* what an operator must hear; NULL: nothing */
};

/* Copies what has room, and ends it with a NUL. */
void payment_text_copy(char *out, size_t out_size, const char *text);

/* base * 2^(tries-1), at most maximum; of that a random half to all. tries > 0. */
int64_t payment_wait_ms(int64_t base_ms, int64_t maximum_ms, int32_t tries, uint32_t random);

/* The step is the next one, at once. */
void payment_step_go(struct payment_decision *decision, enum payment_step step);

/* The step is the next one, after a wait that has grown with the tries. */
void payment_step_go_later(struct payment_decision *decision, enum payment_step step,
                           int64_t base_ms, int64_t maximum_ms);

/* The same or another step after a back-off that goes on growing, not before the provider asks. */
void payment_step_retry(struct payment_decision *decision, enum payment_step step);

/* The same after an answer that our token is not accepted: with the alarm. */
void payment_step_retry_unauthorized(struct payment_decision *decision, enum payment_step step);

/* Nothing here can be settled without a person: look again now and then whether one has. */
void payment_step_operator(struct payment_decision *decision, enum payment_step step,
                           const char *alarm);

/* The result is known, and is to be reported. */
void payment_result_set(struct payment_decision *decision, enum payment_result result,
                        const char *code);

/* The answer's code becomes the work's. */
void payment_code_keep(struct payment_decision *decision);

/* The provider's code; where there is none, the one before, or the fallback. */
const char *payment_code_of(const struct payment_decision *decision, const char *fallback);

/* Whether the answer is about the amount that was asked for. */
bool payment_amount_matches(const struct payment_decision *decision);

#endif
