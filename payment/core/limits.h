/* SPDX-License-Identifier: Apache-2.0 */
/* How long the payment daemon waits for what. */
#ifndef SEATLOG_PAYMENT_CORE_LIMITS_H
#define SEATLOG_PAYMENT_CORE_LIMITS_H

#include <stdint.h>

struct payment_limits {
    int64_t retry_base_ms;          /* first wait after a failure; doubles */
    int64_t retry_maximum_ms;       /* longest wait */
    int64_t buyer_retry_maximum_ms; /* the same for what a buyer waits for: authorize, capture */
    int64_t settle_ms;              /* after it no create that was sent can still be under way */
    int64_t refund_poll_ms;         /* first wait for a pending refund; doubles up to the maximum */
    int64_t operator_retry_ms;      /* between looks at what needs an operator */
};

#endif
