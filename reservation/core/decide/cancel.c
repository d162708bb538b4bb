/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and shows called off, and the money on its way back. */
#include "reservation/core/decide/cancel.h"

#include "codec/text/check.h"
#include "reservation/core/equal.h"
#include "reservation/core/state/payments.h"

#define CODE_WRONG_AMOUNT TEXT_LITERAL("WRONG_AMOUNT")

void reservation_order_cancel(struct reservation_decision *decision,
                              const struct reservation *reservation, enum cancel_reason reason,
                              struct reservation_money money) {
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED ||
                       reservation->state == RESERVATION_STATE_SOLD);
    reservation_emit_order_cancelled(decision, reservation, &money, reason);
    if (reservation_payment_of_order(reservation) != NULL) {
        reservation_emit_refund_requested(decision, reservation, &money,
                                          RESERVATION_STATE_REFUNDING);
        return;
    }
    RESERVATION_ASSERT(money.amount_minor == 0);
    struct reservation_refund nothing = {.currency = money.currency,
                                         .state = RESERVATION_STATE_REFUNDED};
    reservation_emit_refunded(decision, reservation, &nothing);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_REFUNDED);
}

/* What a sold order was paid with: nothing, if nothing was to pay. */
static struct reservation_money money_of_order(const struct reservation_decision *decision,
                                               const struct reservation *reservation) {
    const struct reservation_payment *payment = reservation_payment_of_order(reservation);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SOLD);
    RESERVATION_ASSERT((payment == NULL) == (reservation->attempt == 0));
    if (payment != NULL) {
        return reservation_money_of(payment);
    }
    return (struct reservation_money){.currency = reservation_plan_currency(decision->show->plan)};
}

void reservation_decide_cancel(struct reservation_decision *decision,
                               const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_CANCEL);
    RESERVATION_ASSERT(reservation->show == decision->show->index);
    bool started = decision->now_ms >= decision->show->plan->starts_at;
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_SECURED:
        if (reservation->cancel != CANCEL_NONE) {
            reservation_emit_noted(decision, reservation);
        } else if (started) {
            reservation_emit_refused(decision, REFUSAL_REASON_SHOW_STARTED, reservation);
        } else {
            reservation_emit_cancel_remembered(decision, reservation, CANCEL_REASON_BUYER);
        }
        return;
    case RESERVATION_STATE_SOLD:
        if (started) {
            reservation_emit_refused(decision, REFUSAL_REASON_SHOW_STARTED, reservation);
        } else {
            reservation_order_cancel(decision, reservation, CANCEL_REASON_BUYER,
                                     money_of_order(decision, reservation));
        }
        return;
    case RESERVATION_STATE_REFUNDING:
    case RESERVATION_STATE_REFUNDED:
    case RESERVATION_STATE_REFUND_FAILED:
        reservation_emit_noted(decision, reservation);
        return;
    case RESERVATION_STATE_RELEASED:
        if (reservation->cancel != CANCEL_NONE) {
            reservation_emit_noted(decision, reservation);
            return;
        }
        break;
    default:
        break;
    }
    reservation_emit_refused(decision, REFUSAL_REASON_NOT_CANCELLABLE, reservation);
}

/* Refuses a refund's result that cannot be; true if it has answered. */
static bool refund_answer_odd(struct reservation_decision *decision,
                              const struct reservation *reservation, int32_t refund_attempt,
                              struct text refund_id) {
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    if (refund_id.size > RESERVATION_PAYMENT_ID_OCTETS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_PAYMENT, reservation);
    } else if (reservation == NULL) {
        reservation_emit_noted(decision, NULL);
    } else if (refund_attempt < 1 || refund_attempt > reservation->refund_attempt) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_PAYMENT, reservation);
    } else {
        return false;
    }
    return true;
}

/* Where the end of this payment's refund leaves the reservation. */
static enum reservation_state refund_leaves(const struct reservation *reservation,
                                            const struct reservation_payment *payment,
                                            enum reservation_state end) {
    RESERVATION_ASSERT(end >= RESERVATION_STATE_REFUNDING);
    RESERVATION_ASSERT(end <= RESERVATION_STATE_REFUND_FAILED);
    return payment == reservation_payment_of_order(reservation)
               ? end
               : (enum reservation_state)reservation->state;
}

void reservation_decide_refund_completed(struct reservation_decision *decision,
                                         const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_REFUND_COMPLETED);
    const struct command_refund_completed *command = &decision->command->as.refund_completed;
    if (refund_answer_odd(decision, reservation, command->refund_attempt, command->refund_id)) {
        return;
    }
    const struct reservation_payment *payment =
        reservation_payment_refund(reservation, command->refund_attempt);
    if (payment == NULL ||
        (payment->state != PAYMENT_REFUNDING && payment->state != PAYMENT_REFUND_FAILED)) {
        reservation_emit_noted(decision, reservation);
        return;
    }
    RESERVATION_ASSERT(payment->refund_attempt == command->refund_attempt);
    struct reservation_money asked = reservation_money_of(payment);
    struct reservation_refund refund = {.refund_attempt = command->refund_attempt,
                                        .refund_id = command->refund_id,
                                        .amount_minor = command->amount_minor,
                                        .currency = command->currency};
    bool right = command->amount_minor == asked.amount_minor &&
                 text_equal(command->currency, asked.currency);
    if (right) {
        refund.state = refund_leaves(reservation, payment, RESERVATION_STATE_REFUNDED);
        reservation_emit_refunded(decision, reservation, &refund);
    } else if (payment->state == PAYMENT_REFUNDING) {
        refund.state = refund_leaves(reservation, payment, RESERVATION_STATE_REFUND_FAILED);
        reservation_emit_refund_failed(decision, reservation, &refund, CODE_WRONG_AMOUNT);
    } else {
        reservation_emit_noted(decision, reservation);
    }
}

void reservation_decide_refund_failed(struct reservation_decision *decision,
                                      const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_REFUND_FAILED);
    const struct command_refund_failed *command = &decision->command->as.refund_failed;
    if (refund_answer_odd(decision, reservation, command->refund_attempt, command->refund_id)) {
        return;
    }
    const struct reservation_payment *payment =
        reservation_payment_refund(reservation, command->refund_attempt);
    if (payment == NULL || payment->state != PAYMENT_REFUNDING) {
        reservation_emit_noted(decision, reservation);
        return;
    }
    RESERVATION_ASSERT(payment->refund_attempt == command->refund_attempt);
    struct reservation_money asked = reservation_money_of(payment);
    struct reservation_refund refund = {
        .refund_attempt = command->refund_attempt,
        .refund_id = command->refund_id,
        .amount_minor = asked.amount_minor,
        .currency = asked.currency,
        .state = refund_leaves(reservation, payment, RESERVATION_STATE_REFUND_FAILED)};
    reservation_emit_refund_failed(decision, reservation, &refund, command->code);
}

void reservation_decide_retry_refund(struct reservation_decision *decision,
                                     const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_RETRY_REFUND);
    if (reservation == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_RESERVATION, NULL);
        return;
    }
    unsigned failed = 0;
    unsigned others = 0; /* under way, or done */
    for (const struct reservation_payment *payment = reservation->payments; payment != NULL;
         payment = payment->next) {
        failed += payment->state == PAYMENT_REFUND_FAILED;
        others += payment->state == PAYMENT_REFUNDING || payment->state == PAYMENT_REFUNDED;
    }
    if (failed == 0) {
        if (others > 0 || reservation->state == RESERVATION_STATE_REFUNDED) {
            reservation_emit_noted(decision, reservation);
        } else {
            reservation_emit_refused(decision, REFUSAL_REASON_NOT_REFUNDABLE, reservation);
        }
        return;
    }
    /* The last numbers are kept for the first refunds of what may yet be captured. */
    if (reservation->refund_attempt + failed >
        RESERVATION_REFUND_ATTEMPTS_MAX - RESERVATION_PAYMENTS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_ATTEMPTS_EXHAUSTED, reservation);
        return;
    }
    for (const struct reservation_payment *payment = reservation->payments; payment != NULL;
         payment = payment->next) {
        if (payment->state != PAYMENT_REFUND_FAILED) {
            continue;
        }
        struct reservation_money money = reservation_money_of(payment);
        reservation_emit_refund_requested(
            decision, reservation, &money,
            refund_leaves(reservation, payment, RESERVATION_STATE_REFUNDING));
        RESERVATION_ASSERT(payment->state == PAYMENT_REFUNDING);
        failed--;
    }
    RESERVATION_ASSERT(failed == 0);
}

void reservation_call_off(struct reservation_decision *decision,
                          const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->show->status == SHOW_CANCELLED);
    RESERVATION_ASSERT(reservation->show == decision->show->index);
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_HELD:
    case RESERVATION_STATE_PAYING:
        reservation_emit_released(decision, reservation, RELEASE_REASON_SHOW_CANCELLED, false);
        return;
    case RESERVATION_STATE_SECURED:
        if (reservation->cancel == CANCEL_NONE) {
            reservation_emit_cancel_remembered(decision, reservation, CANCEL_REASON_SHOW_CANCELLED);
        }
        return;
    case RESERVATION_STATE_SOLD:
        reservation_order_cancel(decision, reservation, CANCEL_REASON_SHOW_CANCELLED,
                                 money_of_order(decision, reservation));
        return;
    default:
        return;
    }
}

/*
 * No reservation of a cancelled show becomes callable again: what has been passed stays passed.
 * Where the walk stands is a shortcut, not state: after a restore it begins at the first again.
 */
void reservation_call_off_portion(struct reservation_decision *decision) {
    struct reservation_show *show = decision->show;
    RESERVATION_ASSERT(show->status == SHOW_CANCELLED);
    uint32_t called_off = 0;
    while (show->callable > 0 && called_off < RESERVATION_CANCELLED_PER_COMMAND_MAX) {
        RESERVATION_ASSERT(show->call_off_next != 0);
        const struct reservation *reservation = reservation_at(decision->core, show->call_off_next);
        show->call_off_next = reservation->next_in_show;
        if ((reservation->flags & RESERVATION_FLAG_CALLABLE) == 0) {
            continue;
        }
        uint32_t callable = show->callable;
        reservation_call_off(decision, reservation);
        RESERVATION_ASSERT(show->callable == callable - 1);
        called_off++;
    }
    RESERVATION_ASSERT(called_off <= RESERVATION_CANCELLED_PER_COMMAND_MAX);
}

/* From logic version 3 on: what buyers will read is shown as it is, or not taken. */
static bool reason_is_fit(const struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_CANCEL_SHOW);
    struct text reason = decision->command->as.cancel_show.reason;
    return decision->core->decides_as < 3 ||
           (reason.size <= PLAN_REASON_OCTETS_MAX &&
            text_check(TEXT_PARAGRAPH, reason.data, reason.size, NULL));
}

void reservation_decide_cancel_show(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_CANCEL_SHOW);
    RESERVATION_ASSERT(decision->show->status != SHOW_CLOSED);
    const struct command_cancel_show *command = &decision->command->as.cancel_show;
    if (!command->by_operator && !uuid_equal(&command->requested_by, &decision->show->owner_id)) {
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_OWNER, NULL);
        return;
    }
    if (decision->show->status == SHOW_CANCELLED) {
        reservation_emit_noted(decision, NULL);
        return;
    }
    if (!reason_is_fit(decision)) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_REASON, NULL);
        return;
    }
    reservation_emit_show_cancelled(decision);
    reservation_call_off_portion(decision);
}
