/* SPDX-License-Identifier: Apache-2.0 */
/* What is due comes before what is asked; then each kind of command goes to its table. */
#include "reservation/core/decide/judge.h"

#include "reservation/core/decide/cancel.h"
#include "reservation/core/decide/command.h"
#include "reservation/core/decide/payment.h"
#include "reservation/core/decide/reserve.h"
#include "reservation/core/equal.h"
#include "reservation/core/plan/validate.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/store.h"
#include "reservation/core/state/timer.h"

static void expire_due(struct reservation_decision *decision) {
    struct reservation *due[RESERVATION_HOLDS_PER_EVENT_MAX];
    uint32_t count;
    while ((count = reservation_timer_due(decision->core, decision->show, decision->now_ms, due,
                                          RESERVATION_HOLDS_PER_EVENT_MAX)) > 0) {
        RESERVATION_ASSERT(due[count - 1]->time <= decision->now_ms);
        reservation_emit_holds_expired(decision, due, count);
    }
    RESERVATION_ASSERT(decision->show->holds_due_at > decision->now_ms);
}

static bool is_time_to_close(const struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->show->status != SHOW_CLOSED);
    return decision->show->unsettled == 0 &&
           decision->now_ms >= reservation_show_closes_at(decision->show);
}

static void decide_create_show(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_CREATE_SHOW);
    RESERVATION_ASSERT(decision->show == NULL || decision->show->status != SHOW_CLOSED);
    const struct command_create_show *command = &decision->command->as.create_show;
    static const struct uuid none;
    if (decision->show != NULL) {
        bool same = uuid_equal(&command->owner_id, &decision->show->owner_id) &&
                    reservation_plan_is_same(decision->show->plan, &command->show,
                                             decision->effects->scratch);
        if (same) {
            reservation_emit_noted(decision, NULL);
        } else {
            reservation_emit_refused(decision, REFUSAL_REASON_SHOW_EXISTS, NULL);
        }
        return;
    }
    if (uuid_equal(&command->head.show_id, &none) || uuid_equal(&command->owner_id, &none) ||
        !reservation_plan_is_valid(&command->show, decision->now_ms) ||
        (decision->core->decides_as >= 3 && !reservation_plan_texts_are_fit(&command->show))) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_SHOW, NULL);
    } else {
        reservation_emit_show_created(decision);
    }
}

/* The buyer's own commands, on a reservation of his that is known; false if they were refused. */
static bool is_buyers(struct reservation_decision *decision,
                      const struct reservation *reservation) {
    const struct uuid *buyer_id = reservation_command_buyer_id(decision->command);
    RESERVATION_ASSERT(buyer_id != NULL);
    if (reservation == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_RESERVATION, NULL);
    } else if (!uuid_equal(&reservation->buyer_id, buyer_id)) {
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_YOURS, reservation);
    } else {
        return true;
    }
    return false;
}

static void decide_of_buyer(struct reservation_decision *decision,
                            const struct reservation *reservation) {
    if (!is_buyers(decision, reservation)) {
        return;
    }
    switch (decision->command->kind) {
    case COMMAND_RELEASE:
        reservation_decide_release(decision, reservation);
        return;
    case COMMAND_PAY:
        reservation_decide_pay(decision, reservation);
        return;
    default:
        RESERVATION_ASSERT(decision->command->kind == COMMAND_CANCEL);
        reservation_decide_cancel(decision, reservation);
        return;
    }
}

static void decide_of_reservation(struct reservation_decision *decision,
                                  const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->show->status != SHOW_CLOSED);
    RESERVATION_ASSERT(reservation == NULL || reservation->show == decision->show->index);
    switch (decision->command->kind) {
    case COMMAND_RESERVE:
        reservation_decide_reserve(decision, reservation);
        return;
    case COMMAND_RELEASE:
    case COMMAND_PAY:
    case COMMAND_CANCEL:
        decide_of_buyer(decision, reservation);
        return;
    case COMMAND_PAYMENT_AUTHORIZED:
        reservation_decide_payment_authorized(decision, reservation);
        return;
    case COMMAND_PAYMENT_DECLINED:
        reservation_decide_payment_declined(decision, reservation);
        return;
    case COMMAND_PAYMENT_CAPTURED:
        reservation_decide_payment_captured(decision, reservation);
        return;
    case COMMAND_CAPTURE_FAILED:
        reservation_decide_capture_failed(decision, reservation);
        return;
    case COMMAND_PAYMENT_VOIDED:
        reservation_decide_payment_voided(decision, reservation);
        return;
    case COMMAND_REFUND_COMPLETED:
        reservation_decide_refund_completed(decision, reservation);
        return;
    case COMMAND_REFUND_FAILED:
        reservation_decide_refund_failed(decision, reservation);
        return;
    case COMMAND_RETRY_REFUND:
        reservation_decide_retry_refund(decision, reservation);
        return;
    case COMMAND_CREATE_SHOW:
    case COMMAND_CANCEL_SHOW:
    case COMMAND_TICK:
        break;
    }
    reservation_core_panic("a command of a reservation", __FILE__, __LINE__);
}

static void decide_tick(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_TICK);
    if (decision->show->status == SHOW_CANCELLED) {
        reservation_call_off_portion(decision);
    }
    if (decision->effects->count == 0) {
        reservation_emit_noted(decision, NULL);
    }
    RESERVATION_ASSERT(decision->effects->count >= 1);
}

void reservation_judge_without_show(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->show == NULL);
    RESERVATION_ASSERT(decision->effects->count == 0);
    if (decision->command->kind == COMMAND_CREATE_SHOW) {
        decide_create_show(decision);
    } else {
        reservation_emit_rejected(decision, REJECTION_REASON_NO_SUCH_SHOW);
    }
    RESERVATION_ASSERT(decision->effects->count == 1);
}

void reservation_judge_of_show(struct reservation_decision *decision) {
    struct reservation_show *show = decision->show;
    enum command_kind kind = decision->command->kind;
    RESERVATION_ASSERT(decision->now_ms >= show->clock);
    RESERVATION_ASSERT(decision->effects->count == 0);
    RESERVATION_ASSERT(show->logic_version <= decision->core->decides_as);
    if (show->status != SHOW_CLOSED) {
        reservation_store_forget_due(decision->core, show, decision->now_ms);
        expire_due(decision);
        if (is_time_to_close(decision)) {
            reservation_emit_show_closed(decision);
            if (kind == COMMAND_TICK) {
                return;
            }
        }
    }
    if (show->status == SHOW_CLOSED) {
        reservation_emit_refused(decision, REFUSAL_REASON_SHOW_CLOSED, NULL);
        return;
    }
    const struct uuid *reservation_id = reservation_command_reservation_id(decision->command);
    if (reservation_id == NULL) {
        if (kind == COMMAND_CREATE_SHOW) {
            decide_create_show(decision);
        } else if (kind == COMMAND_CANCEL_SHOW) {
            reservation_decide_cancel_show(decision);
        } else {
            decide_tick(decision);
        }
        return;
    }
    const struct reservation *reservation =
        reservation_store_find(decision->core, show, reservation_id);
    if (show->status == SHOW_CANCELLED && reservation != NULL) {
        reservation_call_off(decision, reservation);
    }
    decide_of_reservation(decision, reservation);
}
