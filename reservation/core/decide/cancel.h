/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_CANCEL_H
#define SEATLOG_RESERVATION_CORE_DECIDE_CANCEL_H

/*
 * Cancelled orders and shows, and their refunds: rows of the table command x reservation, and of
 * command x show.
 */

#include "reservation/core/decide/emit.h"

void reservation_decide_cancel(struct reservation_decision *decision,
                               const struct reservation *reservation);
void reservation_decide_refund_completed(struct reservation_decision *decision,
                                         const struct reservation *reservation);
void reservation_decide_refund_failed(struct reservation_decision *decision,
                                      const struct reservation *reservation);
void reservation_decide_retry_refund(struct reservation_decision *decision,
                                     const struct reservation *reservation);
void reservation_decide_cancel_show(struct reservation_decision *decision);
/* What a cancelled show means for a reservation; nothing if that is done. */
void reservation_call_off(struct reservation_decision *decision,
                          const struct reservation *reservation);
/* The next portion of a cancelled show. */
void reservation_call_off_portion(struct reservation_decision *decision);
/* OrderCancelled of this money, and its refund. */
void reservation_order_cancel(struct reservation_decision *decision,
                              const struct reservation *reservation, enum cancel_reason reason,
                              struct reservation_money money);

#endif
