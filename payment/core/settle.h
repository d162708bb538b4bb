/* SPDX-License-Identifier: Apache-2.0 */
/* Capture, void and refund, and looking up: what an answer means. */
#ifndef SEATLOG_PAYMENT_CORE_SETTLE_H
#define SEATLOG_PAYMENT_CORE_SETTLE_H

#include "payment/core/decision.h"

/* GetPayment was answered, for work of any kind. */
void payment_look_up_answered(struct payment_decision *decision);

/* CompletePayment or CancelPayment was answered. */
void payment_change_answered(struct payment_decision *decision);

/* RefundPayment or GetPaymentRefund was answered. */
void payment_refund_answered(struct payment_decision *decision);

#endif
