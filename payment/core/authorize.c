/* SPDX-License-Identifier: Apache-2.0 */
/* Authorize: create, look up, and cancel by key when the hold has ended. */
#include "payment/core/authorize.h"

#include <assert.h>
#include <string.h>

void payment_creating_give_up(struct payment_work *work, const struct payment_limits *limits,
                              const char *code, int64_t now_ms) {
    assert(work->kind == PAYMENT_AUTHORIZE && work->result == PAYMENT_RESULT_NONE);
    assert(limits->settle_ms > 0);
    work->step = PAYMENT_STEP_CANCEL_BY_KEY;
    work->tries = 0;
    int64_t settled_ms = work->sent_at_ms + limits->settle_ms;
    work->due_at_ms = settled_ms > now_ms ? settled_ms : now_ms;
    payment_text_copy(work->code, sizeof work->code, code);
    assert(work->due_at_ms >= settled_ms);
}

void payment_authorize_found(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_AUTHORIZE);
    assert(decision->answer->kind == PAYMENT_ANSWER_PAYMENT);
    struct payment_work *work = decision->work;
    const struct payment_answer *answer = decision->answer;
    switch (answer->status) {
    case PAYMENT_STATUS_APPROVED:
    case PAYMENT_STATUS_COMPLETED:
        payment_text_copy(work->payment_id, sizeof work->payment_id, answer->payment_id);
        if (!payment_amount_matches(decision)) {
            payment_creating_give_up(work, decision->limits, PAYMENT_CODE_AMOUNT, decision->now_ms);
            decision->alarm = "the provider set aside another amount than was asked for";
            return;
        }
        payment_result_set(decision, PAYMENT_RESULT_AUTHORIZED, "");
        return;
    case PAYMENT_STATUS_PENDING:
        /* The key would be answered with this very answer forever: ask for the payment instead. */
        payment_text_copy(work->payment_id, sizeof work->payment_id, answer->payment_id);
        payment_step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    case PAYMENT_STATUS_CANCELED:
        payment_result_set(decision, PAYMENT_RESULT_DECLINED,
                           payment_code_of(decision, "DELAYED_TRANSACTION_CANCELED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        payment_result_set(decision, PAYMENT_RESULT_DECLINED,
                           payment_code_of(decision, "GENERIC_DECLINE"));
        return;
    }
}

void payment_create_answered(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_CREATE);
    struct payment_work *work = decision->work;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_PAYMENT:
        payment_authorize_found(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        if (strcmp(decision->answer->code, "IDEMPOTENCY_KEY_REUSED") == 0) {
            /* An earlier try of ours said something else (a setting has changed): what became of it
             * cannot be learnt by this key any more, only undone. */
            payment_creating_give_up(work, decision->limits, PAYMENT_CODE_UNREACHABLE,
                                     decision->now_ms);
            decision->alarm = "an attempt was begun with other settings; it is undone";
            return;
        }
        payment_result_set(decision, PAYMENT_RESULT_DECLINED,
                           payment_code_of(decision, "GENERIC_DECLINE"));
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        payment_step_retry_unauthorized(decision, PAYMENT_STEP_CREATE);
        break;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        payment_step_retry(decision, PAYMENT_STEP_CREATE);
        break;
    }
    /* What cannot be tried again within the hold is given up at its end, not later. */
    assert(work->step == PAYMENT_STEP_CREATE && work->tries > 0);
    if (work->due_at_ms > work->expires_at_ms) {
        work->due_at_ms = work->expires_at_ms;
    }
}

/* Declined, with the code that was kept when creating was given up. */
static void undone_set(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_CANCEL_BY_KEY);
    assert(decision->work->result == PAYMENT_RESULT_NONE);
    decision->work->result = PAYMENT_RESULT_DECLINED;
    payment_step_go(decision, PAYMENT_STEP_REPORT);
}

void payment_cancel_by_key_answered(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_CANCEL_BY_KEY);
    assert(decision->work->kind == PAYMENT_AUTHORIZE);
    struct payment_work *work = decision->work;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_PAYMENT:
        work->payment_id[0] = '\0';
        undone_set(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        if (strncmp(decision->answer->code, "DELAYED_TRANSACTION_", 20) == 0 &&
            strcmp(decision->answer->code, "DELAYED_TRANSACTION_CAPTURED") != 0) {
            undone_set(decision); /* nothing stands any more */
            return;
        }
        payment_step_operator(decision, PAYMENT_STEP_CANCEL_BY_KEY,
                              "an unsettled authorization cannot be undone by its key");
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        payment_step_retry_unauthorized(decision, PAYMENT_STEP_CANCEL_BY_KEY);
        return;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        payment_step_retry(decision, PAYMENT_STEP_CANCEL_BY_KEY);
        return;
    }
}

/* Nobody was asked: the attempt is over without a call. */
static void unsent_decline(struct payment_work *work, int64_t now_ms) {
    assert(work->sent_at_ms == 0 && work->result == PAYMENT_RESULT_NONE);
    payment_text_copy(work->code, sizeof work->code,
                      work->tries > 0 ? PAYMENT_CODE_UNREACHABLE : PAYMENT_CODE_EXPIRED);
    work->result = PAYMENT_RESULT_DECLINED;
    work->step = PAYMENT_STEP_REPORT;
    work->tries = 0;
    work->due_at_ms = now_ms;
    assert(payment_work_is_sound(work));
}

void payment_hold_end(struct payment_work *work, const struct payment_limits *limits,
                      int64_t now_ms) {
    assert(payment_work_is_sound(work));
    bool waits_for_card = work->kind == PAYMENT_AUTHORIZE &&
                          (work->step == PAYMENT_STEP_CREATE || work->step == PAYMENT_STEP_LOOK_UP);
    if (!waits_for_card || now_ms < work->expires_at_ms) {
        return;
    }
    if (work->sent_at_ms != 0) {
        payment_creating_give_up(work, limits, PAYMENT_CODE_UNREACHABLE, now_ms);
    } else {
        unsent_decline(work, now_ms);
    }
    assert(work->step == PAYMENT_STEP_CANCEL_BY_KEY || work->step == PAYMENT_STEP_REPORT);
}
