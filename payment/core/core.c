/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the decision: before a call, after its answer, after the report. */
#include "payment/core/core.h"

#include "payment/core/authorize.h"
#include "payment/core/settle.h"

#include <assert.h>

void payment_work_prepare(struct payment_work *work, const struct payment_limits *limits,
                          int64_t now_ms) {
    assert(work->step != PAYMENT_STEP_DONE);
    payment_hold_end(work, limits, now_ms);
    assert(payment_work_is_sound(work));
}

bool payment_call_is_timely(const struct payment_limits *limits, int64_t lease_ms,
                            int64_t timeout_ms, int64_t since_leased_ms) {
    assert(lease_ms > 0 && timeout_ms > 0);
    assert(since_leased_ms >= 0);
    int64_t over_ms = since_leased_ms + timeout_ms;
    return over_ms <= lease_ms && over_ms <= limits->settle_ms;
}

const char *payment_work_answered(struct payment_work *work, const struct payment_answer *answer,
                                  const struct payment_limits *limits, int64_t now_ms,
                                  uint32_t random) {
    struct payment_decision decision = {
        .work = work,
        .answer = answer,
        .limits = limits,
        .now_ms = now_ms,
        .random = random,
    };
    assert(payment_work_is_sound(work));
    switch (work->step) {
    case PAYMENT_STEP_CREATE:
        if (answer->kind != PAYMENT_ANSWER_NOT_SENT) {
            work->sent_at_ms = now_ms;
        }
        payment_create_answered(&decision);
        break;
    case PAYMENT_STEP_CANCEL_BY_KEY:
        payment_cancel_by_key_answered(&decision);
        break;
    case PAYMENT_STEP_COMPLETE:
    case PAYMENT_STEP_CANCEL:
        payment_change_answered(&decision);
        break;
    case PAYMENT_STEP_LOOK_UP:
        payment_look_up_answered(&decision);
        break;
    case PAYMENT_STEP_REFUND:
    case PAYMENT_STEP_LOOK_UP_REFUND:
        payment_refund_answered(&decision);
        break;
    case PAYMENT_STEP_REPORT:
    case PAYMENT_STEP_DONE:
        assert(!"an answer to no call");
    }
    assert(payment_work_is_sound(work));
    assert(work->step != PAYMENT_STEP_DONE);
    return decision.alarm;
}

void payment_work_reported(struct payment_work *work, bool acknowledged,
                           const struct payment_limits *limits, int64_t now_ms, uint32_t random) {
    assert(work->step == PAYMENT_STEP_REPORT && work->result != PAYMENT_RESULT_NONE);
    if (acknowledged) {
        work->step = PAYMENT_STEP_DONE;
        work->tries = 0;
    } else {
        work->tries++;
        work->due_at_ms =
            now_ms + payment_wait_ms(limits->retry_base_ms, limits->buyer_retry_maximum_ms,
                                     work->tries, random);
    }
    assert(payment_work_is_sound(work));
}
