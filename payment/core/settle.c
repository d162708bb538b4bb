/* SPDX-License-Identifier: Apache-2.0 */
/* Capture, void and refund: a payment, or a refund, as it stands. */
#include "payment/core/settle.h"

#include "payment/core/authorize.h"

#include <assert.h>
#include <string.h>

static void capture_payment(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_CAPTURE);
    assert(decision->answer->kind == PAYMENT_ANSWER_PAYMENT);
    struct payment_work *work = decision->work;
    switch (decision->answer->status) {
    case PAYMENT_STATUS_COMPLETED:
        if (!payment_amount_matches(decision)) {
            decision->alarm = "the provider captured another amount than was authorized";
            work->amount_minor = decision->answer->amount_minor;
            payment_text_copy(work->currency, sizeof work->currency, decision->answer->currency);
        }
        payment_result_set(decision, PAYMENT_RESULT_CAPTURED, "");
        return;
    case PAYMENT_STATUS_CANCELED:
        payment_result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED,
                           payment_code_of(decision, "DELAYED_TRANSACTION_CANCELED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        payment_result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED,
                           payment_code_of(decision, "DELAYED_TRANSACTION_FAILED"));
        return;
    case PAYMENT_STATUS_APPROVED:
        payment_step_retry(decision, PAYMENT_STEP_COMPLETE);
        return;
    case PAYMENT_STATUS_PENDING:
        payment_step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    }
}

static void void_payment(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_VOID);
    assert(decision->answer->kind == PAYMENT_ANSWER_PAYMENT);
    const struct payment_answer *answer = decision->answer;
    switch (answer->status) {
    case PAYMENT_STATUS_CANCELED:
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        payment_result_set(decision, PAYMENT_RESULT_VOIDED, "");
        return;
    case PAYMENT_STATUS_COMPLETED:
        if (answer->refunded_minor >= answer->amount_minor) {
            payment_result_set(decision, PAYMENT_RESULT_VOIDED, ""); /* an operator gave it back */
            return;
        }
        payment_step_operator(
            decision, PAYMENT_STEP_LOOK_UP,
            "a payment that is to be voided was captured: refund it at the provider");
        return;
    case PAYMENT_STATUS_APPROVED:
    case PAYMENT_STATUS_PENDING:
        payment_step_retry(decision, PAYMENT_STEP_CANCEL);
        return;
    }
}

/* After a refund was refused: an earlier one may have given everything back. */
static void refund_payment(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_REFUND);
    assert(decision->work->step == PAYMENT_STEP_LOOK_UP);
    const struct payment_answer *answer = decision->answer;
    struct payment_work *work = decision->work;
    if (answer->status == PAYMENT_STATUS_COMPLETED &&
        answer->refunded_minor >= answer->amount_minor) {
        payment_text_copy(work->refund_id, sizeof work->refund_id, answer->refund_id);
        payment_result_set(decision, PAYMENT_RESULT_REFUNDED, "");
        return;
    }
    char code[PAYMENT_CODE_SIZE];
    payment_text_copy(code, sizeof code,
                      work->code[0] != '\0' ? work->code : "PAYMENT_NOT_REFUNDABLE");
    payment_result_set(decision, PAYMENT_RESULT_REFUND_FAILED, code);
}

static void payment_found(struct payment_decision *decision) {
    assert(decision->answer->kind == PAYMENT_ANSWER_PAYMENT);
    assert(payment_step_calls(decision->work->step));
    switch (decision->work->kind) {
    case PAYMENT_AUTHORIZE:
        payment_authorize_found(decision);
        return;
    case PAYMENT_CAPTURE:
        capture_payment(decision);
        return;
    case PAYMENT_VOID:
        void_payment(decision);
        return;
    case PAYMENT_REFUND:
        refund_payment(decision);
        return;
    }
}

/* GetPayment says that there is no such payment. */
static void payment_not_found(struct payment_decision *decision) {
    assert(decision->answer->kind == PAYMENT_ANSWER_REFUSED);
    assert(decision->work->step == PAYMENT_STEP_LOOK_UP);
    decision->alarm = "the provider does not know a payment of ours";
    switch (decision->work->kind) {
    case PAYMENT_AUTHORIZE:
        payment_creating_give_up(decision->work, decision->limits, PAYMENT_CODE_UNREACHABLE,
                                 decision->now_ms);
        return;
    case PAYMENT_CAPTURE:
        payment_result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED, "NOT_FOUND");
        return;
    case PAYMENT_VOID:
        payment_result_set(decision, PAYMENT_RESULT_VOIDED, "");
        return;
    case PAYMENT_REFUND:
        payment_result_set(decision, PAYMENT_RESULT_REFUND_FAILED, "NOT_FOUND");
        return;
    }
}

void payment_look_up_answered(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_LOOK_UP);
    assert(decision->work->result == PAYMENT_RESULT_NONE);
    const struct payment_answer *answer = decision->answer;
    if (answer->kind == PAYMENT_ANSWER_PAYMENT) {
        payment_found(decision);
    } else if (answer->kind == PAYMENT_ANSWER_REFUSED && strcmp(answer->code, "NOT_FOUND") == 0) {
        payment_not_found(decision);
    } else {
        if (answer->kind == PAYMENT_ANSWER_REFUSED) {
            decision->alarm = "the provider refuses to say how a payment stands";
        } else if (answer->kind == PAYMENT_ANSWER_UNAUTHORIZED) {
            decision->alarm = "the provider does not accept our access token";
        }
        payment_step_retry(decision, PAYMENT_STEP_LOOK_UP);
    }
}

/* CompletePayment and CancelPayment: what is not a payment is looked up, unless it never arrived.
 */
void payment_change_answered(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_COMPLETE ||
           decision->work->step == PAYMENT_STEP_CANCEL);
    assert(decision->work->kind == PAYMENT_CAPTURE || decision->work->kind == PAYMENT_VOID);
    enum payment_step step = decision->work->step;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_PAYMENT:
        payment_found(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        payment_code_keep(decision);
        if (decision->work->tries == 0) {
            payment_step_go(decision, PAYMENT_STEP_LOOK_UP);
            decision->work->tries =
                1; /* refused and APPROVED in turn must not become a busy loop */
        } else {
            payment_step_retry(decision, PAYMENT_STEP_LOOK_UP);
        }
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        payment_step_retry_unauthorized(decision, step);
        return;
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
        payment_step_retry(decision, step);
        return;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_UNKNOWN:
        payment_step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    }
}

static void refund_found(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_REFUND);
    assert(decision->answer->kind == PAYMENT_ANSWER_REFUND);
    struct payment_work *work = decision->work;
    const struct payment_answer *answer = decision->answer;
    payment_text_copy(work->refund_id, sizeof work->refund_id, answer->refund_id);
    switch (answer->status) {
    case PAYMENT_STATUS_COMPLETED:
        payment_result_set(decision, PAYMENT_RESULT_REFUNDED, "");
        return;
    case PAYMENT_STATUS_REJECTED:
        payment_result_set(decision, PAYMENT_RESULT_REFUND_FAILED,
                           payment_code_of(decision, "REFUND_REJECTED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_CANCELED:
        payment_result_set(decision, PAYMENT_RESULT_REFUND_FAILED,
                           payment_code_of(decision, "REFUND_FAILED"));
        return;
    case PAYMENT_STATUS_PENDING:
    case PAYMENT_STATUS_APPROVED:
        if (work->step != PAYMENT_STEP_LOOK_UP_REFUND) {
            work->tries = 0;
        }
        payment_step_go_later(decision, PAYMENT_STEP_LOOK_UP_REFUND,
                              decision->limits->refund_poll_ms, decision->limits->retry_maximum_ms);
        return;
    }
}

static void refund_refused(struct payment_decision *decision) {
    assert(decision->work->kind == PAYMENT_REFUND);
    assert(decision->answer->kind == PAYMENT_ANSWER_REFUSED);
    const char *code = decision->answer->code;
    if (decision->work->step == PAYMENT_STEP_LOOK_UP_REFUND) {
        /* The same key finds the refund again, or makes the one that never was. */
        decision->alarm = "the provider does not know a refund of ours";
        payment_step_retry(decision, PAYMENT_STEP_REFUND);
    } else if (strcmp(code, "REFUND_ALREADY_PENDING") == 0) {
        payment_step_retry(decision, PAYMENT_STEP_REFUND);
    } else if (strcmp(code, "REFUND_AMOUNT_INVALID") == 0 ||
               strcmp(code, "PAYMENT_NOT_REFUNDABLE") == 0) {
        payment_code_keep(decision);
        payment_step_go(decision, PAYMENT_STEP_LOOK_UP);
    } else {
        payment_result_set(decision, PAYMENT_RESULT_REFUND_FAILED,
                           payment_code_of(decision, "REFUND_FAILED"));
    }
}

void payment_refund_answered(struct payment_decision *decision) {
    assert(decision->work->step == PAYMENT_STEP_REFUND ||
           decision->work->step == PAYMENT_STEP_LOOK_UP_REFUND);
    assert(decision->work->kind == PAYMENT_REFUND);
    enum payment_step step = decision->work->step;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_REFUND:
        refund_found(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        refund_refused(decision);
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        payment_step_retry_unauthorized(decision, step);
        return;
    case PAYMENT_ANSWER_PAYMENT:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        payment_step_retry(decision, step);
        return;
    }
}
