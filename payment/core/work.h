/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of work: what the log asks of the provider, and how far it has come. */
#ifndef SEATLOG_PAYMENT_CORE_WORK_H
#define SEATLOG_PAYMENT_CORE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#define PAYMENT_ID_SIZE 200
#define PAYMENT_CODE_SIZE 64
#define PAYMENT_CURRENCY_SIZE 4

enum payment_kind { PAYMENT_AUTHORIZE, PAYMENT_CAPTURE, PAYMENT_VOID, PAYMENT_REFUND };
#define PAYMENT_KIND_COUNT (PAYMENT_REFUND + 1)

/* The next thing to do. */
enum payment_step {
    PAYMENT_STEP_CREATE,         /* CreatePayment: authorize */
    PAYMENT_STEP_CANCEL_BY_KEY,  /* nobody creates any more: make sure that nothing stands */
    PAYMENT_STEP_COMPLETE,       /* CompletePayment */
    PAYMENT_STEP_CANCEL,         /* CancelPayment */
    PAYMENT_STEP_REFUND,         /* RefundPayment */
    PAYMENT_STEP_LOOK_UP,        /* GetPayment: what has become of it? */
    PAYMENT_STEP_LOOK_UP_REFUND, /* GetPaymentRefund: settled by now? */
    PAYMENT_STEP_REPORT,         /* the result is known: write the command */
    PAYMENT_STEP_DONE
};
#define PAYMENT_STEP_COUNT (PAYMENT_STEP_DONE + 1)

enum payment_result {
    PAYMENT_RESULT_NONE,
    PAYMENT_RESULT_AUTHORIZED,
    PAYMENT_RESULT_DECLINED,
    PAYMENT_RESULT_CAPTURED,
    PAYMENT_RESULT_CAPTURE_FAILED,
    PAYMENT_RESULT_VOIDED,
    PAYMENT_RESULT_REFUNDED,
    PAYMENT_RESULT_REFUND_FAILED
};
#define PAYMENT_RESULT_COUNT (PAYMENT_RESULT_REFUND_FAILED + 1)

/* Times are milliseconds since the epoch. */
struct payment_work {
    enum payment_kind kind;
    enum payment_step step;
    enum payment_result result;
    int64_t amount_minor; /* asked for; once captured or refunded: what it was */
    char currency[PAYMENT_CURRENCY_SIZE];
    int64_t expires_at_ms; /* AUTHORIZE: no create is begun after it */
    int64_t sent_at_ms;    /* AUTHORIZE: the last create that may have got through; 0: none has */
    int64_t due_at_ms;     /* not before */
    int32_t tries;         /* in a row without getting on */
    char payment_id[PAYMENT_ID_SIZE];
    char refund_id[PAYMENT_ID_SIZE];
    char code[PAYMENT_CODE_SIZE]; /* why it was declined, or failed; the provider's or ours */
};

/* Codes of ours; all others are the provider's. */
#define PAYMENT_CODE_EXPIRED "HOLD_EXPIRED"             /* it ended before anything was sent */
#define PAYMENT_CODE_UNREACHABLE "PROVIDER_UNREACHABLE" /* no answer while the hold lasted */
#define PAYMENT_CODE_AMOUNT "AMOUNT_MISMATCH"           /* another amount was set aside; undone */

/* The first step of new work. */
enum payment_step payment_kind_first_step(enum payment_kind kind);

/* Whether the step is one that calls the provider. */
bool payment_step_calls(enum payment_step step);

/* Whether the buyer's token is still needed. */
bool payment_work_needs_source(const struct payment_work *work);

/*
 * What every function of the core asserts when it is given work and when it gives it back: kind,
 * step and result go together, and there is a result just when it is reported or done.
 */
bool payment_work_is_sound(const struct payment_work *work);

#endif
