/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_PAYMENT_H
#define SEATLOG_RESERVATION_CORE_DECIDE_PAYMENT_H

/*
 * Pay, and what the provider answers: rows of the table command x reservation. reservation is NULL
 * where the show has none with this id.
 */

#include "reservation/core/decide/emit.h"

void reservation_decide_pay(struct reservation_decision *decision,
                            const struct reservation *reservation);
void reservation_decide_payment_authorized(struct reservation_decision *decision,
                                           const struct reservation *reservation);
void reservation_decide_payment_declined(struct reservation_decision *decision,
                                         const struct reservation *reservation);
void reservation_decide_payment_captured(struct reservation_decision *decision,
                                         const struct reservation *reservation);
void reservation_decide_capture_failed(struct reservation_decision *decision,
                                       const struct reservation *reservation);
void reservation_decide_payment_voided(struct reservation_decision *decision,
                                       const struct reservation *reservation);

#endif
