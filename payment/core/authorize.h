/* SPDX-License-Identifier: Apache-2.0 */
/* Authorize: what an answer means for an attempt, and what the end of its hold does. */
#ifndef SEATLOG_PAYMENT_CORE_AUTHORIZE_H
#define SEATLOG_PAYMENT_CORE_AUTHORIZE_H

#include "payment/core/decision.h"

/* CreatePayment was answered. */
void payment_create_answered(struct payment_decision *decision);

/* The attempt's payment as it stands. */
void payment_authorize_found(struct payment_decision *decision);

/* Cancel by key was answered. */
void payment_cancel_by_key_answered(struct payment_decision *decision);

/* Takes an attempt whose hold is over, and that waits for the card still, over its end. */
void payment_hold_end(struct payment_work *work, const struct payment_limits *limits,
                      int64_t now_ms);

/* Nobody creates any more: the key is cancelled once no create can be under way. */
void payment_creating_give_up(struct payment_work *work, const struct payment_limits *limits,
                              const char *code, int64_t now_ms);

#endif
