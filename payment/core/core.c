/* SPDX-License-Identifier: Apache-2.0 */
#include "payment/core/core.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* All that a decision looks at. */
struct decision {
    struct payment_work *work;
    const struct payment_answer *answer;
    const struct payment_limits *limits;
    int64_t now_ms;
    uint32_t random;
    const char *alarm;
};

static void text_copy(char *out, size_t out_size, const char *text) {
    size_t size = strlen(text);
    size = size < out_size ? size : out_size - 1;
    memcpy(out, text, size);
    out[size] = '\0';
}

static int64_t least(int64_t left, int64_t right) { return left < right ? left : right; }

/* base * 2^(tries-1), at most maximum; of that a random half to all. */
static int64_t wait_ms(int64_t base_ms, int64_t maximum_ms, int32_t tries, uint32_t random) {
    int64_t full_ms = base_ms;
    for (int32_t i = 1; i < tries && full_ms < maximum_ms; i++) {
        full_ms *= 2;
    }
    full_ms = least(full_ms, maximum_ms);
    return full_ms - full_ms / 2 + (int64_t)random % (full_ms / 2 + 1);
}

static void step_go(struct decision *decision, enum payment_step step) {
    decision->work->step = step;
    decision->work->tries = 0;
    decision->work->due_at_ms = decision->now_ms;
}

static void step_go_later(struct decision *decision, enum payment_step step, int64_t base_ms,
                          int64_t maximum_ms) {
    struct payment_work *work = decision->work;
    work->step = step;
    work->tries++;
    work->due_at_ms =
        decision->now_ms + wait_ms(base_ms, maximum_ms, work->tries, decision->random);
}

/* The same or another step after a back-off that goes on growing. */
static void step_retry(struct decision *decision, enum payment_step step) {
    const struct payment_limits *limits = decision->limits;
    enum payment_kind kind = decision->work->kind;
    bool buyer_waits = step != PAYMENT_STEP_CANCEL_BY_KEY &&
                       (kind == PAYMENT_AUTHORIZE || kind == PAYMENT_CAPTURE);
    int64_t maximum_ms = buyer_waits ? limits->buyer_retry_maximum_ms : limits->retry_maximum_ms;
    step_go_later(decision, step, limits->retry_base_ms, maximum_ms);
    int64_t asked_ms = decision->now_ms + decision->answer->retry_after_ms;
    if (decision->work->due_at_ms < asked_ms) {
        decision->work->due_at_ms = asked_ms;
    }
}

/* Nothing here can be settled without a person: look again now and then whether one has. */
static void step_operator(struct decision *decision, enum payment_step step, const char *alarm) {
    decision->work->step = step;
    decision->work->tries++;
    decision->work->due_at_ms = decision->now_ms + decision->limits->operator_retry_ms;
    decision->alarm = alarm;
}

static void result_set(struct decision *decision, enum payment_result result, const char *code) {
    assert(decision->work->result == PAYMENT_RESULT_NONE);
    decision->work->result = result;
    text_copy(decision->work->code, sizeof decision->work->code, code);
    step_go(decision, PAYMENT_STEP_REPORT);
}

static void code_keep(struct decision *decision) {
    text_copy(decision->work->code, sizeof decision->work->code, decision->answer->code);
}

/* The provider's code; where there is none, the one before, or a fallback. */
static const char *code_of(const struct decision *decision, const char *fallback) {
    if (decision->answer->code[0] != '\0') {
        return decision->answer->code;
    }
    return decision->work->code[0] != '\0' ? decision->work->code : fallback;
}

static bool amount_matches(const struct decision *decision) {
    return decision->answer->amount_minor == decision->work->amount_minor &&
           strcmp(decision->answer->currency, decision->work->currency) == 0;
}

static void give_up_creating(struct payment_work *work, const struct payment_limits *limits,
                             const char *code, int64_t now_ms) {
    work->step = PAYMENT_STEP_CANCEL_BY_KEY;
    work->tries = 0;
    int64_t settled_ms = work->sent_at_ms + limits->settle_ms;
    work->due_at_ms = settled_ms > now_ms ? settled_ms : now_ms;
    text_copy(work->code, sizeof work->code, code);
}

bool payment_call_is_timely(const struct payment_limits *limits, int64_t lease_ms,
                            int64_t timeout_ms, int64_t since_leased_ms) {
    int64_t over_ms = since_leased_ms + timeout_ms;
    return over_ms <= lease_ms && over_ms <= limits->settle_ms;
}

/* ---- authorize ---- */

static void authorize_payment(struct decision *decision) {
    struct payment_work *work = decision->work;
    const struct payment_answer *answer = decision->answer;
    switch (answer->status) {
    case PAYMENT_STATUS_APPROVED:
    case PAYMENT_STATUS_COMPLETED:
        text_copy(work->payment_id, sizeof work->payment_id, answer->payment_id);
        if (!amount_matches(decision)) {
            give_up_creating(work, decision->limits, PAYMENT_CODE_AMOUNT, decision->now_ms);
            decision->alarm = "the provider set aside another amount than was asked for";
            return;
        }
        result_set(decision, PAYMENT_RESULT_AUTHORIZED, "");
        return;
    case PAYMENT_STATUS_PENDING:
        /* The key would be answered with this very answer forever: ask for the payment instead. */
        text_copy(work->payment_id, sizeof work->payment_id, answer->payment_id);
        step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    case PAYMENT_STATUS_CANCELED:
        result_set(decision, PAYMENT_RESULT_DECLINED,
                   code_of(decision, "DELAYED_TRANSACTION_CANCELED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        result_set(decision, PAYMENT_RESULT_DECLINED, code_of(decision, "GENERIC_DECLINE"));
        return;
    }
}

static void create_answered(struct decision *decision) {
    struct payment_work *work = decision->work;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_PAYMENT:
        authorize_payment(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        if (strcmp(decision->answer->code, "IDEMPOTENCY_KEY_REUSED") == 0) {
            /* An earlier try of ours said something else (a setting has changed): what became of it
             * cannot be learnt by this key any more, only undone. */
            give_up_creating(work, decision->limits, PAYMENT_CODE_UNREACHABLE, decision->now_ms);
            decision->alarm = "an attempt was begun with other settings; it is undone";
            return;
        }
        result_set(decision, PAYMENT_RESULT_DECLINED, code_of(decision, "GENERIC_DECLINE"));
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        decision->alarm = "the provider does not accept our access token";
        step_retry(decision, PAYMENT_STEP_CREATE);
        break;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        step_retry(decision, PAYMENT_STEP_CREATE);
        break;
    }
    /* What cannot be tried again within the hold is given up at its end, not later. */
    work->due_at_ms = least(work->due_at_ms, work->expires_at_ms);
}

static void cancel_by_key_answered(struct decision *decision) {
    struct payment_work *work = decision->work;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_PAYMENT:
        work->payment_id[0] = '\0';
        work->result = PAYMENT_RESULT_DECLINED;
        step_go(decision, PAYMENT_STEP_REPORT);
        return;
    case PAYMENT_ANSWER_REFUSED:
        if (strncmp(decision->answer->code, "DELAYED_TRANSACTION_", 20) == 0 &&
            strcmp(decision->answer->code, "DELAYED_TRANSACTION_CAPTURED") != 0) {
            work->result = PAYMENT_RESULT_DECLINED; /* nothing stands any more */
            step_go(decision, PAYMENT_STEP_REPORT);
            return;
        }
        step_operator(decision, PAYMENT_STEP_CANCEL_BY_KEY,
                      "an unsettled authorization can not be undone by its key");
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        decision->alarm = "the provider does not accept our access token";
        step_retry(decision, PAYMENT_STEP_CANCEL_BY_KEY);
        return;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        step_retry(decision, PAYMENT_STEP_CANCEL_BY_KEY);
        return;
    }
}

/* ---- capture, void, refund: a payment as it stands ---- */

static void capture_payment(struct decision *decision) {
    struct payment_work *work = decision->work;
    switch (decision->answer->status) {
    case PAYMENT_STATUS_COMPLETED:
        if (!amount_matches(decision)) {
            decision->alarm = "the provider captured another amount than was authorized";
            work->amount_minor = decision->answer->amount_minor;
            text_copy(work->currency, sizeof work->currency, decision->answer->currency);
        }
        result_set(decision, PAYMENT_RESULT_CAPTURED, "");
        return;
    case PAYMENT_STATUS_CANCELED:
        result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED,
                   code_of(decision, "DELAYED_TRANSACTION_CANCELED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED,
                   code_of(decision, "DELAYED_TRANSACTION_FAILED"));
        return;
    case PAYMENT_STATUS_APPROVED:
        step_retry(decision, PAYMENT_STEP_COMPLETE);
        return;
    case PAYMENT_STATUS_PENDING:
        step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    }
}

static void void_payment(struct decision *decision) {
    const struct payment_answer *answer = decision->answer;
    switch (answer->status) {
    case PAYMENT_STATUS_CANCELED:
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        result_set(decision, PAYMENT_RESULT_VOIDED, "");
        return;
    case PAYMENT_STATUS_COMPLETED:
        if (answer->refunded_minor >= answer->amount_minor) {
            result_set(decision, PAYMENT_RESULT_VOIDED, ""); /* an operator gave it back */
            return;
        }
        step_operator(decision, PAYMENT_STEP_LOOK_UP,
                      "a payment that is to be voided was captured: refund it at the provider");
        return;
    case PAYMENT_STATUS_APPROVED:
    case PAYMENT_STATUS_PENDING:
        step_retry(decision, PAYMENT_STEP_CANCEL);
        return;
    }
}

/* After a refund was refused: an earlier one may have given everything back. */
static void refund_payment(struct decision *decision) {
    const struct payment_answer *answer = decision->answer;
    struct payment_work *work = decision->work;
    if (answer->status == PAYMENT_STATUS_COMPLETED &&
        answer->refunded_minor >= answer->amount_minor) {
        text_copy(work->refund_id, sizeof work->refund_id, answer->refund_id);
        result_set(decision, PAYMENT_RESULT_REFUNDED, "");
        return;
    }
    char code[PAYMENT_CODE_SIZE];
    text_copy(code, sizeof code, work->code[0] != '\0' ? work->code : "PAYMENT_NOT_REFUNDABLE");
    result_set(decision, PAYMENT_RESULT_REFUND_FAILED, code);
}

static void payment_found(struct decision *decision) {
    switch (decision->work->kind) {
    case PAYMENT_AUTHORIZE:
        authorize_payment(decision);
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
static void payment_not_found(struct decision *decision) {
    decision->alarm = "the provider does not know a payment of ours";
    switch (decision->work->kind) {
    case PAYMENT_AUTHORIZE:
        give_up_creating(decision->work, decision->limits, PAYMENT_CODE_UNREACHABLE,
                         decision->now_ms);
        return;
    case PAYMENT_CAPTURE:
        result_set(decision, PAYMENT_RESULT_CAPTURE_FAILED, "NOT_FOUND");
        return;
    case PAYMENT_VOID:
        result_set(decision, PAYMENT_RESULT_VOIDED, "");
        return;
    case PAYMENT_REFUND:
        result_set(decision, PAYMENT_RESULT_REFUND_FAILED, "NOT_FOUND");
        return;
    }
}

static void look_up_answered(struct decision *decision) {
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
        step_retry(decision, PAYMENT_STEP_LOOK_UP);
    }
}

/* CompletePayment and CancelPayment: what is not a payment is looked up, unless it never arrived.
 */
static void change_answered(struct decision *decision) {
    enum payment_step step = decision->work->step;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_PAYMENT:
        payment_found(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        code_keep(decision);
        if (decision->work->tries == 0) {
            step_go(decision, PAYMENT_STEP_LOOK_UP);
            decision->work->tries =
                1; /* refused and APPROVED in turn must not become a busy loop */
        } else {
            step_retry(decision, PAYMENT_STEP_LOOK_UP);
        }
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        decision->alarm = "the provider does not accept our access token";
        step_retry(decision, step);
        return;
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
        step_retry(decision, step);
        return;
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_UNKNOWN:
        step_retry(decision, PAYMENT_STEP_LOOK_UP);
        return;
    }
}

/* ---- refund ---- */

static void refund_found(struct decision *decision) {
    struct payment_work *work = decision->work;
    const struct payment_answer *answer = decision->answer;
    text_copy(work->refund_id, sizeof work->refund_id, answer->refund_id);
    switch (answer->status) {
    case PAYMENT_STATUS_COMPLETED:
        result_set(decision, PAYMENT_RESULT_REFUNDED, "");
        return;
    case PAYMENT_STATUS_REJECTED:
        result_set(decision, PAYMENT_RESULT_REFUND_FAILED, code_of(decision, "REFUND_REJECTED"));
        return;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_CANCELED:
        result_set(decision, PAYMENT_RESULT_REFUND_FAILED, code_of(decision, "REFUND_FAILED"));
        return;
    case PAYMENT_STATUS_PENDING:
    case PAYMENT_STATUS_APPROVED:
        if (work->step != PAYMENT_STEP_LOOK_UP_REFUND) {
            work->tries = 0;
        }
        step_go_later(decision, PAYMENT_STEP_LOOK_UP_REFUND, decision->limits->refund_poll_ms,
                      decision->limits->retry_maximum_ms);
        return;
    }
}

static void refund_refused(struct decision *decision) {
    const char *code = decision->answer->code;
    if (decision->work->step == PAYMENT_STEP_LOOK_UP_REFUND) {
        /* The same key finds the refund again, or makes the one that never was. */
        decision->alarm = "the provider does not know a refund of ours";
        step_retry(decision, PAYMENT_STEP_REFUND);
    } else if (strcmp(code, "REFUND_ALREADY_PENDING") == 0) {
        step_retry(decision, PAYMENT_STEP_REFUND);
    } else if (strcmp(code, "REFUND_AMOUNT_INVALID") == 0 ||
               strcmp(code, "PAYMENT_NOT_REFUNDABLE") == 0) {
        code_keep(decision);
        step_go(decision, PAYMENT_STEP_LOOK_UP);
    } else {
        result_set(decision, PAYMENT_RESULT_REFUND_FAILED, code_of(decision, "REFUND_FAILED"));
    }
}

static void refund_answered(struct decision *decision) {
    enum payment_step step = decision->work->step;
    switch (decision->answer->kind) {
    case PAYMENT_ANSWER_REFUND:
        refund_found(decision);
        return;
    case PAYMENT_ANSWER_REFUSED:
        refund_refused(decision);
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        decision->alarm = "the provider does not accept our access token";
        step_retry(decision, step);
        return;
    case PAYMENT_ANSWER_PAYMENT:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_LATER:
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        step_retry(decision, step);
        return;
    }
}

/* ---- the three entries ---- */

void payment_work_prepare(struct payment_work *work, const struct payment_limits *limits,
                          int64_t now_ms) {
    bool waits_for_card = work->kind == PAYMENT_AUTHORIZE &&
                          (work->step == PAYMENT_STEP_CREATE || work->step == PAYMENT_STEP_LOOK_UP);
    if (!waits_for_card || now_ms < work->expires_at_ms) {
        return;
    }
    if (work->sent_at_ms != 0) {
        give_up_creating(work, limits, PAYMENT_CODE_UNREACHABLE, now_ms);
        return;
    }
    text_copy(work->code, sizeof work->code,
              work->tries > 0 ? PAYMENT_CODE_UNREACHABLE : PAYMENT_CODE_EXPIRED);
    work->result = PAYMENT_RESULT_DECLINED;
    work->step = PAYMENT_STEP_REPORT;
    work->tries = 0;
    work->due_at_ms = now_ms;
}

const char *payment_work_answered(struct payment_work *work, const struct payment_answer *answer,
                                  const struct payment_limits *limits, int64_t now_ms,
                                  uint32_t random) {
    struct decision decision = {
        .work = work,
        .answer = answer,
        .limits = limits,
        .now_ms = now_ms,
        .random = random,
    };
    switch (work->step) {
    case PAYMENT_STEP_CREATE:
        if (answer->kind != PAYMENT_ANSWER_NOT_SENT) {
            work->sent_at_ms = now_ms;
        }
        create_answered(&decision);
        break;
    case PAYMENT_STEP_CANCEL_BY_KEY:
        cancel_by_key_answered(&decision);
        break;
    case PAYMENT_STEP_COMPLETE:
    case PAYMENT_STEP_CANCEL:
        change_answered(&decision);
        break;
    case PAYMENT_STEP_LOOK_UP:
        look_up_answered(&decision);
        break;
    case PAYMENT_STEP_REFUND:
    case PAYMENT_STEP_LOOK_UP_REFUND:
        refund_answered(&decision);
        break;
    case PAYMENT_STEP_REPORT:
    case PAYMENT_STEP_DONE:
        assert(!"an answer to no call");
    }
    return decision.alarm;
}

void payment_work_reported(struct payment_work *work, bool acknowledged,
                           const struct payment_limits *limits, int64_t now_ms, uint32_t random) {
    assert(work->step == PAYMENT_STEP_REPORT && work->result != PAYMENT_RESULT_NONE);
    if (acknowledged) {
        work->step = PAYMENT_STEP_DONE;
        work->tries = 0;
        return;
    }
    work->tries++;
    work->due_at_ms = now_ms + wait_ms(limits->retry_base_ms, limits->buyer_retry_maximum_ms,
                                       work->tries, random);
}

enum payment_verdict payment_listed_judge(enum payment_status status,
                                          const struct payment_knowledge *knowledge) {
    if (!knowledge->reservation) {
        return PAYMENT_VERDICT_FOREIGN;
    }
    bool known = knowledge->authorized || knowledge->captured || knowledge->voided;
    if (status == PAYMENT_STATUS_APPROVED) {
        return known || knowledge->authorizing ? PAYMENT_VERDICT_FINE : PAYMENT_VERDICT_ORPHAN;
    }
    if (status == PAYMENT_STATUS_COMPLETED) {
        return knowledge->captured || knowledge->voided ? PAYMENT_VERDICT_FINE
                                                        : PAYMENT_VERDICT_UNEXPLAINED;
    }
    return PAYMENT_VERDICT_FINE;
}

bool payment_work_needs_source(const struct payment_work *work) {
    return work->kind == PAYMENT_AUTHORIZE && work->step == PAYMENT_STEP_CREATE;
}

enum payment_step payment_kind_first_step(enum payment_kind kind) {
    static const enum payment_step steps[] = {
        [PAYMENT_AUTHORIZE] = PAYMENT_STEP_CREATE,
        [PAYMENT_CAPTURE] = PAYMENT_STEP_COMPLETE,
        [PAYMENT_VOID] = PAYMENT_STEP_CANCEL,
        [PAYMENT_REFUND] = PAYMENT_STEP_REFUND,
    };
    return steps[kind];
}
