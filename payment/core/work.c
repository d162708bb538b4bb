/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps and results belong to which kind of work. */
#include "payment/core/work.h"

#include <assert.h>
#include <stddef.h>

#define BIT(value) (1u << (value))
static_assert(PAYMENT_STEP_COUNT <= 32 && PAYMENT_RESULT_COUNT <= 32, "a set of them is 32 bits");
static_assert(PAYMENT_STEP_REPORT + 2 == PAYMENT_STEP_COUNT, "all steps before it call");

/* A row a kind: what calls it makes, and how it may end. */
static const struct {
    enum payment_step first;
    unsigned steps;
    unsigned results;
} kinds[PAYMENT_KIND_COUNT] = {
    [PAYMENT_AUTHORIZE] = {PAYMENT_STEP_CREATE,
                           BIT(PAYMENT_STEP_CREATE) | BIT(PAYMENT_STEP_LOOK_UP) |
                               BIT(PAYMENT_STEP_CANCEL_BY_KEY),
                           BIT(PAYMENT_RESULT_AUTHORIZED) | BIT(PAYMENT_RESULT_DECLINED)},
    [PAYMENT_CAPTURE] = {PAYMENT_STEP_COMPLETE,
                         BIT(PAYMENT_STEP_COMPLETE) | BIT(PAYMENT_STEP_LOOK_UP),
                         BIT(PAYMENT_RESULT_CAPTURED) | BIT(PAYMENT_RESULT_CAPTURE_FAILED)},
    [PAYMENT_VOID] = {PAYMENT_STEP_CANCEL, BIT(PAYMENT_STEP_CANCEL) | BIT(PAYMENT_STEP_LOOK_UP),
                      BIT(PAYMENT_RESULT_VOIDED)},
    [PAYMENT_REFUND] = {PAYMENT_STEP_REFUND,
                        BIT(PAYMENT_STEP_REFUND) | BIT(PAYMENT_STEP_LOOK_UP) |
                            BIT(PAYMENT_STEP_LOOK_UP_REFUND),
                        BIT(PAYMENT_RESULT_REFUNDED) | BIT(PAYMENT_RESULT_REFUND_FAILED)},
};

enum payment_step payment_kind_first_step(enum payment_kind kind) {
    assert((unsigned)kind < PAYMENT_KIND_COUNT);
    enum payment_step first = kinds[kind].first;
    assert((kinds[kind].steps & BIT(first)) != 0);
    assert(payment_step_calls(first));
    return first;
}

bool payment_step_calls(enum payment_step step) {
    assert((unsigned)step < PAYMENT_STEP_COUNT);
    return step < PAYMENT_STEP_REPORT;
}

bool payment_work_needs_source(const struct payment_work *work) {
    assert((unsigned)work->kind < PAYMENT_KIND_COUNT);
    assert((unsigned)work->step < PAYMENT_STEP_COUNT);
    return work->kind == PAYMENT_AUTHORIZE && work->step == PAYMENT_STEP_CREATE;
}

bool payment_work_is_sound(const struct payment_work *work) {
    assert(work != NULL);
    if ((unsigned)work->kind >= PAYMENT_KIND_COUNT || (unsigned)work->step >= PAYMENT_STEP_COUNT ||
        (unsigned)work->result >= PAYMENT_RESULT_COUNT || work->tries < 0) {
        return false;
    }
    if (payment_step_calls(work->step)) {
        return work->result == PAYMENT_RESULT_NONE &&
               (kinds[work->kind].steps & BIT(work->step)) != 0;
    }
    return (kinds[work->kind].results & BIT(work->result)) != 0;
}
