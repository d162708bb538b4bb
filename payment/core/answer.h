/* SPDX-License-Identifier: Apache-2.0 */
/* What came back from a call to the provider. */
#ifndef SEATLOG_PAYMENT_CORE_ANSWER_H
#define SEATLOG_PAYMENT_CORE_ANSWER_H

#include "payment/core/work.h"

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
#define PAYMENT_STATUS_COUNT (PAYMENT_STATUS_REJECTED + 1)

#define PAYMENT_CARD_BRAND_SIZE 32
#define PAYMENT_CARD_LAST_4_SIZE 5

struct payment_answer {
    enum payment_answer_kind kind;
    int http_status; /* 0: none */
    enum payment_status status;
    int64_t amount_minor;
    int64_t refunded_minor; /* of a payment */
    char currency[PAYMENT_CURRENCY_SIZE];
    char payment_id[PAYMENT_ID_SIZE];
    char refund_id[PAYMENT_ID_SIZE]; /* of a payment: its last refund */
    char code[PAYMENT_CODE_SIZE];    /* REFUSED, or a payment or refund that failed */
    char card_brand[PAYMENT_CARD_BRAND_SIZE];
    char card_last_4[PAYMENT_CARD_LAST_4_SIZE];
    int64_t retry_after_ms; /* 0: not said */
};

#endif
