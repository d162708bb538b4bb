/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_PAYMENTS_H
#define SEATLOG_RESERVATION_CORE_STATE_PAYMENTS_H

/* The payments of a reservation, in the order of their appearance. */

#include "reservation/core/state/state.h"

/*
 * find: by attempt and payment id; attempt: of those the core asked for; refund: by its last refund
 * attempt; source: by what it is paid with. NULL where there is none.
 */
struct reservation_payment *reservation_payment_find(const struct reservation *reservation,
                                                     int32_t attempt, struct text payment_id);
struct reservation_payment *reservation_payment_attempt(const struct reservation *reservation,
                                                        int32_t attempt);
struct reservation_payment *reservation_payment_refund(const struct reservation *reservation,
                                                       int32_t refund_attempt);
struct reservation_payment *reservation_payment_source(const struct reservation *reservation,
                                                       uint64_t source_digest);
/* Adds one at the end; NULL if it was not asked for and there are too many such. */
struct reservation_payment *reservation_payment_add(struct reservation_core *core,
                                                    struct reservation *reservation,
                                                    int32_t attempt, bool requested);
/* What an order was paid with; NULL if it is no order, or nothing was to pay. */
struct reservation_payment *reservation_payment_of_order(const struct reservation *reservation);
void reservation_payments_forget(struct reservation_core *core, struct reservation *reservation);
struct text reservation_payment_id(const struct reservation_payment *payment);
struct text reservation_payment_code(const struct reservation_payment *payment);
void reservation_payment_id_set(struct reservation_core *core, struct reservation_payment *payment,
                                struct text payment_id);
void reservation_payment_code_set(struct reservation_core *core,
                                  struct reservation_payment *payment, struct text code);
/* Of the last payment that has one. */
struct text reservation_last_code(const struct reservation *reservation);
/* Never 0. */
uint64_t reservation_source_digest(struct text source_id);

#endif
