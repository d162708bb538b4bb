/* SPDX-License-Identifier: Apache-2.0 */
/* The moves that a decision may make: the next step and when, a result, a code. */
#include "payment/core/decision.h"

#include <assert.h>
#include <string.h>

void payment_text_copy(char *out, size_t out_size, const char *text) {
    assert(out_size > 0);
    size_t size = strlen(text);
    size = size < out_size ? size : out_size - 1;
    memcpy(out, text, size);
    out[size] = '\0';
    assert(strlen(out) == size);
}

int64_t payment_wait_ms(int64_t base_ms, int64_t maximum_ms, int32_t tries, uint32_t random) {
    assert(tries > 0);
    assert(base_ms > 0 && maximum_ms > 0);
    int64_t full_ms = base_ms;
    for (int32_t i = 1; i < tries && full_ms < maximum_ms; i++) {
        full_ms *= 2;
    }
    full_ms = full_ms < maximum_ms ? full_ms : maximum_ms;
    int64_t wait_ms = full_ms - full_ms / 2 + (int64_t)random % (full_ms / 2 + 1);
    assert(wait_ms > 0 && wait_ms <= full_ms);
    return wait_ms;
}

void payment_step_go(struct payment_decision *decision, enum payment_step step) {
    assert(step != PAYMENT_STEP_DONE);
    decision->work->step = step;
    decision->work->tries = 0;
    decision->work->due_at_ms = decision->now_ms;
    assert(payment_work_is_sound(decision->work));
}

void payment_step_go_later(struct payment_decision *decision, enum payment_step step,
                           int64_t base_ms, int64_t maximum_ms) {
    struct payment_work *work = decision->work;
    assert(payment_step_calls(step));
    work->step = step;
    work->tries++;
    work->due_at_ms =
        decision->now_ms + payment_wait_ms(base_ms, maximum_ms, work->tries, decision->random);
    assert(payment_work_is_sound(work));
    assert(work->due_at_ms > decision->now_ms);
}

void payment_step_retry(struct payment_decision *decision, enum payment_step step) {
    const struct payment_limits *limits = decision->limits;
    enum payment_kind kind = decision->work->kind;
    assert(payment_step_calls(step));
    bool buyer_waits = step != PAYMENT_STEP_CANCEL_BY_KEY &&
                       (kind == PAYMENT_AUTHORIZE || kind == PAYMENT_CAPTURE);
    int64_t maximum_ms = buyer_waits ? limits->buyer_retry_maximum_ms : limits->retry_maximum_ms;
    payment_step_go_later(decision, step, limits->retry_base_ms, maximum_ms);
    int64_t asked_ms = decision->now_ms + decision->answer->retry_after_ms;
    if (decision->work->due_at_ms < asked_ms) {
        decision->work->due_at_ms = asked_ms;
    }
    assert(decision->work->due_at_ms >= asked_ms);
}

void payment_step_retry_unauthorized(struct payment_decision *decision, enum payment_step step) {
    assert(decision->answer->kind == PAYMENT_ANSWER_UNAUTHORIZED);
    assert(decision->alarm == NULL);
    decision->alarm = "the provider does not accept our access token";
    payment_step_retry(decision, step);
}

void payment_step_operator(struct payment_decision *decision, enum payment_step step,
                           const char *alarm) {
    assert(alarm != NULL && payment_step_calls(step));
    decision->work->step = step;
    decision->work->tries++;
    decision->work->due_at_ms = decision->now_ms + decision->limits->operator_retry_ms;
    decision->alarm = alarm;
    assert(payment_work_is_sound(decision->work));
}

void payment_result_set(struct payment_decision *decision, enum payment_result result,
                        const char *code) {
    assert(decision->work->result == PAYMENT_RESULT_NONE);
    assert(result != PAYMENT_RESULT_NONE);
    decision->work->result = result;
    payment_text_copy(decision->work->code, sizeof decision->work->code, code);
    payment_step_go(decision, PAYMENT_STEP_REPORT);
}

void payment_code_keep(struct payment_decision *decision) {
    assert(decision->answer->kind == PAYMENT_ANSWER_REFUSED);
    assert(decision->work->result == PAYMENT_RESULT_NONE);
    payment_text_copy(decision->work->code, sizeof decision->work->code, decision->answer->code);
}

const char *payment_code_of(const struct payment_decision *decision, const char *fallback) {
    assert(fallback[0] != '\0');
    if (decision->answer->code[0] != '\0') {
        return decision->answer->code;
    }
    return decision->work->code[0] != '\0' ? decision->work->code : fallback;
}

bool payment_amount_matches(const struct payment_decision *decision) {
    assert(decision->answer->kind == PAYMENT_ANSWER_PAYMENT);
    assert(payment_work_is_sound(decision->work));
    return decision->answer->amount_minor == decision->work->amount_minor &&
           strcmp(decision->answer->currency, decision->work->currency) == 0;
}
