/* SPDX-License-Identifier: Apache-2.0 */
/* Money: asked for, promised, taken, and given back where nobody was to take it. */
#include "reservation/core/decide/payment.h"

#include "reservation/core/decide/cancel.h"
#include "reservation/core/equal.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/places.h"
#include "reservation/core/state/store.h"

#define CODE_WRONG_AMOUNT TEXT_LITERAL("WRONG_AMOUNT")
#define CODE_CAPTURED_UNASKED TEXT_LITERAL("CAPTURED_UNASKED")
#define CODE_VOIDED TEXT_LITERAL("VOIDED")

static bool source_is_valid(struct text source_id) {
    static const char stored_card[] = "ccof:";
    size_t octets = sizeof(stored_card) - 1;
    return source_id.size >= 1 && source_id.size <= RESERVATION_SOURCE_ID_OCTETS_MAX &&
           !(source_id.size >= octets && memcmp(source_id.data, stored_card, octets) == 0);
}

/* Nothing to pay: no provider is asked. */
static void pay_nothing(struct reservation_decision *decision,
                        const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_HELD);
    RESERVATION_ASSERT(reservation->attempt == 0);
    struct reservation_money nothing = {.currency =
                                            reservation_plan_currency(decision->show->plan)};
    reservation_emit_sold(decision, reservation, &nothing);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SOLD);
}

/*
 * How long a payment has at the least. From logic version 2 on no longer than the show holds seats:
 * one that holds them for a minute would otherwise have them blocked for five by every payment.
 */
static int64_t payment_grace_ms(const struct reservation_decision *decision) {
    int64_t hold_ttl_ms = decision->show->plan->hold_ttl_ms;
    RESERVATION_ASSERT(hold_ttl_ms >= PLAN_HOLD_TTL_MS_MIN);
    RESERVATION_ASSERT(hold_ttl_ms <= PLAN_HOLD_TTL_MS_MAX);
    bool capped = decision->core->decides_as >= 2;
    return capped && hold_ttl_ms < RESERVATION_PAYMENT_GRACE_MS ? hold_ttl_ms
                                                                : RESERVATION_PAYMENT_GRACE_MS;
}

static void pay_hold(struct reservation_decision *decision, const struct reservation *reservation) {
    int64_t total_minor = reservation_total_minor(decision->show, reservation);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_HELD);
    RESERVATION_ASSERT(reservation->time > decision->now_ms);
    if (reservation->attempt >= RESERVATION_ATTEMPTS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_ATTEMPTS_EXHAUSTED, reservation);
        return;
    }
    /* Nothing to pay needs no source; one that is given has the form of any. */
    bool needless = total_minor == 0 && decision->command->as.pay.source_id.size == 0 &&
                    decision->core->decides_as >= 3;
    if (!needless && !source_is_valid(decision->command->as.pay.source_id)) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_SOURCE, reservation);
        return;
    }
    if (total_minor == 0) {
        pay_nothing(decision, reservation);
        return;
    }
    int64_t expires_at = reservation->time;
    int64_t grace_ends_at = decision->now_ms + payment_grace_ms(decision);
    bool moved = (reservation->flags & RESERVATION_FLAG_MOVED) != 0;
    if (!moved && expires_at < grace_ends_at) {
        expires_at = grace_ends_at;
    }
    reservation_emit_payment_requested(decision, reservation, total_minor, expires_at);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_PAYING);
    RESERVATION_ASSERT(reservation->time == expires_at);
}

void reservation_decide_pay(struct reservation_decision *decision,
                            const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_PAY);
    RESERVATION_ASSERT(reservation->show == decision->show->index);
    if (reservation->state == RESERVATION_STATE_RELEASED) {
        reservation_emit_refused(decision,
                                 reservation->released == RELEASED_EXPIRED
                                     ? REFUSAL_REASON_RESERVATION_EXPIRED
                                     : REFUSAL_REASON_RESERVATION_RELEASED,
                                 reservation);
        return;
    }
    uint64_t digest = reservation_source_digest(decision->command->as.pay.source_id);
    bool was_free = reservation->attempt == 0 && reservation->state != RESERVATION_STATE_HELD;
    bool again = reservation_payment_source(reservation, digest) != NULL;
    if (was_free || again) {
        reservation_emit_noted(decision, reservation);
        return;
    }
    if (reservation->state == RESERVATION_STATE_HELD) {
        pay_hold(decision, reservation);
    } else {
        reservation_emit_refused(decision,
                                 reservation->state == RESERVATION_STATE_PAYING
                                     ? REFUSAL_REASON_PAYMENT_IN_PROGRESS
                                     : REFUSAL_REASON_NOT_PAYABLE,
                                 reservation);
    }
}

static bool money_is_valid(const struct reservation_money *money) {
    return money->payment_id.size >= 1 &&
           money->payment_id.size <= RESERVATION_PAYMENT_ID_OCTETS_MAX &&
           money->amount_minor >= 0 && money->currency.size == RESERVATION_CURRENCY_OCTETS;
}

static bool amount_is_right(const struct reservation_decision *decision,
                            const struct reservation *reservation,
                            const struct reservation_money *money) {
    RESERVATION_ASSERT(money->payment_id.size >= 1);
    return money->amount_minor == reservation_total_minor(decision->show, reservation) &&
           text_equal(money->currency, reservation_plan_currency(decision->show->plan));
}

/* Whether the reservation may have its places back, and if not, why. */
static bool may_reseat(struct reservation_decision *decision, const struct reservation *reservation,
                       const struct reservation_money *money, enum void_reason *reason) {
    const struct reservation_show *show = decision->show;
    struct reservation_buyer_usage usage =
        reservation_store_buyer_usage(decision->core, show, &reservation->buyer_id);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_RELEASED);
    RESERVATION_ASSERT(show->status != SHOW_CLOSED);
    if (!amount_is_right(decision, reservation, money)) {
        *reason = VOID_REASON_WRONG_AMOUNT;
    } else if (show->status == SHOW_CANCELLED) {
        *reason = VOID_REASON_SHOW_CANCELLED;
    } else if (reservation->released == RELEASED_BY_BUYER) {
        *reason = VOID_REASON_BUYER_RELEASED;
    } else if (decision->now_ms >= show->plan->ends_at) {
        *reason = VOID_REASON_SHOW_OVER;
    } else if (!reservation_places_free(show, reservation)) {
        *reason = VOID_REASON_SEATS_TAKEN;
    } else if (usage.places + reservation->quantity > show->plan->seats_per_buyer_max) {
        *reason = VOID_REASON_LIMIT_EXCEEDED;
    } else {
        return true;
    }
    return false;
}

/* The attempt under way has been authorized. */
static void authorize(struct reservation_decision *decision, const struct reservation *reservation,
                      const struct reservation_money *money) {
    enum void_reason reason;
    RESERVATION_ASSERT(money->attempt == reservation->attempt);
    if (reservation->state == RESERVATION_STATE_RELEASED) {
        if (may_reseat(decision, reservation, money, &reason)) {
            reservation_emit_secured(decision, reservation, money);
        } else {
            reservation_emit_void_requested(decision, reservation, money, reason);
        }
        return;
    }
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_PAYING);
    if (amount_is_right(decision, reservation, money)) {
        reservation_emit_secured(decision, reservation, money);
        return;
    }
    reservation_emit_payment_declined(decision, reservation, money->attempt, CODE_WRONG_AMOUNT);
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_HELD);
    reservation_emit_void_requested(decision, reservation, money, VOID_REASON_WRONG_AMOUNT);
}

void reservation_decide_payment_authorized(struct reservation_decision *decision,
                                           const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_PAYMENT_AUTHORIZED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    const struct command_payment_authorized *command = &decision->command->as.payment_authorized;
    struct reservation_money money = {.attempt = command->attempt,
                                      .payment_id = command->payment_id,
                                      .amount_minor = command->amount_minor,
                                      .currency = command->currency};
    if (!money_is_valid(&money)) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_PAYMENT, reservation);
        return;
    }
    const struct reservation_payment *attempt = NULL;
    if (reservation != NULL) {
        if (reservation_payment_find(reservation, money.attempt, money.payment_id) != NULL) {
            reservation_emit_noted(decision, reservation);
            return;
        }
        attempt = reservation_payment_attempt(reservation, money.attempt);
    }
    if (attempt == NULL) {
        reservation_emit_void_requested(decision, reservation, &money, VOID_REASON_UNKNOWN_ATTEMPT);
    } else if (attempt->state == PAYMENT_REQUESTED) {
        RESERVATION_ASSERT(attempt->payment_id == NULL);
        authorize(decision, reservation, &money);
    } else {
        reservation_emit_void_requested(decision, reservation, &money,
                                        attempt->payment_id != NULL ? VOID_REASON_DUPLICATE_PAYMENT
                                                                    : VOID_REASON_ATTEMPT_DECLINED);
    }
}

void reservation_decide_payment_declined(struct reservation_decision *decision,
                                         const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_PAYMENT_DECLINED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    const struct command_payment_declined *command = &decision->command->as.payment_declined;
    if (reservation == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_RESERVATION, NULL);
        return;
    }
    const struct reservation_payment *payment =
        reservation_payment_attempt(reservation, command->attempt);
    if (payment == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_PAYMENT, reservation);
    } else if (payment->state == PAYMENT_REQUESTED) {
        RESERVATION_ASSERT(payment->attempt == reservation->attempt);
        reservation_emit_payment_declined(decision, reservation, command->attempt, command->code);
    } else {
        reservation_emit_noted(decision, reservation);
    }
}

/* The order's payment, if its capture is on its way. */
static bool is_on_its_way(const struct reservation *reservation,
                          const struct reservation_payment *payment) {
    RESERVATION_ASSERT(reservation->state != RESERVATION_STATE_NONE);
    return reservation->state == RESERVATION_STATE_SECURED && payment != NULL &&
           payment == reservation_payment_of_order(reservation) &&
           payment->state == PAYMENT_AUTHORIZED;
}

static void capture_order(struct reservation_decision *decision,
                          const struct reservation *reservation,
                          const struct reservation_money *money) {
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED);
    RESERVATION_ASSERT(money->attempt == reservation->attempt);
    if (!amount_is_right(decision, reservation, money)) {
        reservation_order_cancel(decision, reservation, CANCEL_REASON_WRONG_AMOUNT, *money);
    } else if (reservation->cancel != CANCEL_NONE) {
        reservation_order_cancel(decision, reservation,
                                 (enum cancel_reason)(reservation->cancel - 1), *money);
    } else {
        reservation_emit_sold(decision, reservation, money);
    }
    RESERVATION_ASSERT(reservation->state != RESERVATION_STATE_SECURED);
}

/* Money that was taken though nobody was to take it. */
static void capture_unasked(struct reservation_decision *decision,
                            const struct reservation *reservation,
                            const struct reservation_money *money) {
    const struct reservation_payment *attempt =
        reservation_payment_attempt(reservation, money->attempt);
    if (reservation->refund_attempt >= RESERVATION_REFUND_ATTEMPTS_MAX - RESERVATION_PAYMENTS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_ATTEMPTS_EXHAUSTED, reservation);
        return;
    }
    if (attempt != NULL && attempt->state == PAYMENT_REQUESTED) {
        reservation_emit_payment_declined(decision, reservation, money->attempt,
                                          CODE_CAPTURED_UNASKED);
        RESERVATION_ASSERT(attempt->state == PAYMENT_DECLINED);
    }
    reservation_emit_refund_requested(decision, reservation, money,
                                      (enum reservation_state)reservation->state);
}

static bool was_captured(const struct reservation_payment *payment) {
    RESERVATION_ASSERT(payment->state >= PAYMENT_REQUESTED);
    RESERVATION_ASSERT(payment->state <= PAYMENT_REFUND_FAILED);
    return payment->state == PAYMENT_CAPTURED || payment->state == PAYMENT_REFUNDING ||
           payment->state == PAYMENT_REFUNDED || payment->state == PAYMENT_REFUND_FAILED;
}

void reservation_decide_payment_captured(struct reservation_decision *decision,
                                         const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_PAYMENT_CAPTURED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    const struct command_payment_captured *command = &decision->command->as.payment_captured;
    struct reservation_money money = {.attempt = command->attempt,
                                      .payment_id = command->payment_id,
                                      .amount_minor = command->amount_minor,
                                      .currency = command->currency};
    if (!money_is_valid(&money)) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_PAYMENT, reservation);
        return;
    }
    if (reservation == NULL) {
        reservation_emit_refund_requested(decision, NULL, &money, RESERVATION_STATE_NONE);
        return;
    }
    const struct reservation_payment *payment =
        reservation_payment_find(reservation, money.attempt, money.payment_id);
    if (is_on_its_way(reservation, payment)) {
        RESERVATION_ASSERT(payment->requested);
        capture_order(decision, reservation, &money);
    } else if (payment != NULL && was_captured(payment)) {
        reservation_emit_noted(decision, reservation);
    } else {
        capture_unasked(decision, reservation, &money);
    }
}

void reservation_decide_capture_failed(struct reservation_decision *decision,
                                       const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_CAPTURE_FAILED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    const struct command_capture_failed *command = &decision->command->as.capture_failed;
    const struct reservation_payment *payment = NULL;
    if (reservation != NULL) {
        payment = reservation_payment_find(reservation, command->attempt, command->payment_id);
    }
    if (command->payment_id.size > RESERVATION_PAYMENT_ID_OCTETS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_PAYMENT, reservation);
    } else if (reservation == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_RESERVATION, NULL);
    } else if (payment == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_PAYMENT, reservation);
    } else if (is_on_its_way(reservation, payment)) {
        struct reservation_money money = reservation_money_of(payment);
        reservation_emit_capture_failed(decision, reservation, &money, command->code);
    } else {
        reservation_emit_noted(decision, reservation);
    }
}

void reservation_decide_payment_voided(struct reservation_decision *decision,
                                       const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_PAYMENT_VOIDED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    const struct command_payment_voided *command = &decision->command->as.payment_voided;
    if (command->payment_id.size > RESERVATION_PAYMENT_ID_OCTETS_MAX) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_PAYMENT, reservation);
        return;
    }
    const struct reservation_payment *payment = NULL;
    if (reservation != NULL) {
        payment = reservation_payment_find(reservation, command->attempt, command->payment_id);
    }
    if (payment != NULL && payment->state == PAYMENT_VOIDING) {
        struct reservation_money money = reservation_money_of(payment);
        reservation_emit_voided(decision, reservation, &money);
    } else if (reservation != NULL && is_on_its_way(reservation, payment)) {
        struct reservation_money money = reservation_money_of(payment);
        reservation_emit_capture_failed(decision, reservation, &money, CODE_VOIDED);
    } else {
        reservation_emit_noted(decision, reservation);
    }
}
