/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_PAYMENT_CORE_CORE_H
#define SEATLOG_PAYMENT_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What to do about one piece of work, given what the provider has said: the table of
 * payment/README.md. Pure: no I/O, no clock, no randomness; the caller brings the time and the
 * random numbers.
 *
 * Work goes on until its result is known for certain, is then reported as a command, and is done
 * when the log has acknowledged that. Times are milliseconds since the epoch.
 */
#define PAYMENT_ID_SIZE 200
#define PAYMENT_CODE_SIZE 64

enum payment_kind { PAYMENT_AUTHORIZE, PAYMENT_CAPTURE, PAYMENT_VOID, PAYMENT_REFUND };

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

struct payment_work {
    enum payment_kind kind;
    enum payment_step step;
    enum payment_result result;
    int64_t amount_minor; /* asked for; once captured or refunded: what it was */
    char currency[4];
    int64_t expires_at_ms; /* AUTHORIZE: no create is begun after it */
    int64_t
        sent_at_ms;    /* AUTHORIZE: the last create that may have got through; 0: certainly none */
    int64_t due_at_ms; /* not before */
    int32_t tries;     /* in a row without getting on */
    char payment_id[PAYMENT_ID_SIZE];
    char refund_id[PAYMENT_ID_SIZE];
    char
        code[PAYMENT_CODE_SIZE]; /* why it was declined, or failed; the provider's or one of ours */
};

/* Codes of ours; all others are the provider's. */
#define PAYMENT_CODE_EXPIRED "HOLD_EXPIRED" /* the hold ended before anything was sent */
#define PAYMENT_CODE_UNREACHABLE "PROVIDER_UNREACHABLE" /* no answer while the hold lasted */
#define PAYMENT_CODE_AMOUNT "AMOUNT_MISMATCH"           /* another amount was set aside; undone */

/* What came back from a call. */
enum payment_answer_kind {
    PAYMENT_ANSWER_PAYMENT,      /* a payment */
    PAYMENT_ANSWER_REFUND,       /* a refund */
    PAYMENT_ANSWER_ACCEPTED,     /* success without an object: cancel by key */
    PAYMENT_ANSWER_REFUSED,      /* a definite no, with a code */
    PAYMENT_ANSWER_LATER,        /* rate limit */
    PAYMENT_ANSWER_UNAUTHORIZED, /* our token is not accepted */
    PAYMENT_ANSWER_NOT_SENT,     /* certain that the provider never saw it */
    PAYMENT_ANSWER_UNKNOWN       /* may have been acted upon: no answer, 5xx, nonsense */
};
#define PAYMENT_ANSWER_COUNT (PAYMENT_ANSWER_UNKNOWN + 1)

enum payment_status {
    PAYMENT_STATUS_APPROVED,
    PAYMENT_STATUS_PENDING,
    PAYMENT_STATUS_COMPLETED,
    PAYMENT_STATUS_CANCELED,
    PAYMENT_STATUS_FAILED,
    PAYMENT_STATUS_REJECTED /* of refunds only */
};

struct payment_answer {
    enum payment_answer_kind kind;
    int http_status; /* 0: none */
    enum payment_status status;
    int64_t amount_minor;
    int64_t refunded_minor; /* of a payment */
    char currency[4];
    char payment_id[PAYMENT_ID_SIZE];
    char refund_id[PAYMENT_ID_SIZE]; /* of a payment: its last refund */
    char code[PAYMENT_CODE_SIZE];    /* REFUSED, or a payment or refund that failed */
    char card_brand[32];
    char card_last_4[5];
    int64_t retry_after_ms; /* 0: not said */
};

struct payment_limits {
    int64_t retry_base_ms;          /* first wait after a failure; doubles */
    int64_t retry_maximum_ms;       /* longest wait */
    int64_t buyer_retry_maximum_ms; /* the same for what a buyer waits for: authorize, capture */
    int64_t settle_ms;              /* after it no create that was sent can still be under way */
    int64_t refund_poll_ms;         /* first wait for a pending refund; doubles up to the maximum */
    int64_t operator_retry_ms;      /* between looks at what needs an operator */
};

/*
 * Before anything is done: takes the work over the end of its hold. Afterwards work->step is what
 * to do now if work->due_at_ms <= now_ms, else the work waits until then.
 */
void payment_work_prepare(struct payment_work *work, const struct payment_limits *limits,
                          int64_t now_ms);

/*
 * Whether a call of timeout_ms that begins now, so long after its row was leased for lease_ms, is
 * over before another instance may take the row, and before settle_ms says that no create can be
 * under way. A process that has slept in between must not call.
 */
bool payment_call_is_timely(const struct payment_limits *limits, int64_t lease_ms,
                            int64_t timeout_ms, int64_t since_leased_ms);

/*
 * The answer to the call of work->step; work->sent_at_ms is still that of the tries before.
 * random: any 32 bits, for jitter. Returns NULL, or what an operator must hear, in words.
 */
const char *payment_work_answered(struct payment_work *work, const struct payment_answer *answer,
                                  const struct payment_limits *limits, int64_t now_ms,
                                  uint32_t random);

/* PAYMENT_STEP_REPORT: whether the log has acknowledged the command. */
void payment_work_reported(struct payment_work *work, bool acknowledged,
                           const struct payment_limits *limits, int64_t now_ms, uint32_t random);

/*
 * Reconciliation: what our work knows of a payment that the provider lists under one of our
 * reservations.
 */
struct payment_knowledge {
    bool reservation; /* there is work of the reservation */
    bool authorizing; /* an attempt of it is not settled */
    bool authorized;  /* the log was told of this payment */
    bool captured;    /* there is work to capture it */
    bool voided;      /* there is work to void it */
};

enum payment_verdict {
    PAYMENT_VERDICT_FOREIGN,    /* not ours */
    PAYMENT_VERDICT_FINE,       /* as it should be, or somebody is at it */
    PAYMENT_VERDICT_ORPHAN,     /* set aside, and nobody will ever ask for it: void it */
    PAYMENT_VERDICT_UNEXPLAINED /* money taken that nobody asked for: an operator must look */
};

enum payment_verdict payment_listed_judge(enum payment_status status,
                                          const struct payment_knowledge *knowledge);

/* Whether the buyer's token is still needed. */
bool payment_work_needs_source(const struct payment_work *work);

/* The first step of new work. */
enum payment_step payment_kind_first_step(enum payment_kind kind);

/* Names as in the tables: "authorize", "create", "authorized", "payment", "APPROVED". */
const char *payment_kind_name(enum payment_kind kind);
const char *payment_step_name(enum payment_step step);
const char *payment_result_name(enum payment_result result);
const char *payment_answer_kind_name(enum payment_answer_kind kind);
const char *payment_status_name(enum payment_status status);

/* The reverse; false: there is no such name. */
bool payment_kind_parse(const char *name, enum payment_kind *out);
bool payment_step_parse(const char *name, enum payment_step *out);
bool payment_result_parse(const char *name, enum payment_result *out);
bool payment_status_parse(const char *name, enum payment_status *out);

#endif
