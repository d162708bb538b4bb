/* SPDX-License-Identifier: Apache-2.0 */
/* Out: copied, for whoever writes it. In: checked field by field, whoever has written it. */
#include "reservation/core/state/snapshot.h"

#include "reservation/core/plan/validate.h"
#include "reservation/core/state/audit.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/index.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/places.h"
#include "reservation/core/state/store.h"

static struct snapshot_payment_list payments_out(const struct reservation *reservation,
                                                 struct reservation_scratch *scratch) {
    struct snapshot_payment *items =
        reservation_scratch_allocate(scratch, RESERVATION_PAYMENTS_MAX * sizeof(*items));
    size_t count = 0;
    for (const struct reservation_payment *payment = reservation->payments; payment != NULL;
         payment = payment->next) {
        RESERVATION_ASSERT(count < RESERVATION_PAYMENTS_MAX);
        RESERVATION_ASSERT(payment->state >= PAYMENT_REQUESTED);
        items[count++] = (struct snapshot_payment){
            .attempt = payment->attempt,
            .requested = payment->requested,
            .state = payment->state,
            .payment_id = reservation_payment_id(payment),
            .amount_minor = payment->amount_minor,
            .currency = {.data = payment->currency, .size = sizeof(payment->currency)},
            .refund_attempt = payment->refund_attempt,
            .source_digest = (int64_t)payment->source_digest,
            .code = reservation_payment_code(payment)};
    }
    return (struct snapshot_payment_list){.items = items, .count = count};
}

static struct snapshot_reservation reservation_out(const struct reservation_show *show,
                                                   const struct reservation *reservation,
                                                   struct reservation_scratch *scratch) {
    RESERVATION_ASSERT(reservation->show == show->index);
    RESERVATION_ASSERT(reservation->state != RESERVATION_STATE_NONE);
    RESERVATION_ASSERT(reservation->attempt <= RESERVATION_ATTEMPTS_MAX);
    struct snapshot_reservation out = {
        .reservation_id = reservation->reservation_id,
        .buyer_id = reservation->buyer_id,
        .view = {.state = (enum reservation_state)reservation->state,
                 .selection = (enum selection)reservation->selection,
                 .seats = reservation_seats_list(reservation, scratch),
                 .section = reservation_general_section(reservation),
                 .quantity = reservation->quantity,
                 .total_minor = reservation_total_minor(show, reservation),
                 .currency = reservation_plan_currency(show->plan),
                 .expires_at = reservation_is_unpaid(reservation) ? reservation->time : 0,
                 .attempt = reservation->attempt,
                 .code = reservation_last_code(reservation)},
        .selection_section = reservation->section,
        .selection_category = reservation->category,
        .released_at = reservation->state == RESERVATION_STATE_RELEASED ? reservation->time : 0,
        .release_reason = reservation->released,
        .expiry_moved = (reservation->flags & RESERVATION_FLAG_MOVED) != 0,
        .refund_attempt = reservation->refund_attempt,
        .cancel_reason = reservation->cancel};
    if (reservation->payments != NULL) {
        out.payments = payments_out(reservation, scratch);
    }
    return out;
}

void reservation_core_show_snapshot(const struct reservation_core *core,
                                    const struct reservation_show *show,
                                    struct reservation_effects *effects,
                                    struct snapshot_show_snapshot *out) {
    RESERVATION_ASSERT(show->seq >= 1);
    reservation_scratch_reset(effects->scratch);
    *out = (struct snapshot_show_snapshot){.chain = show->chain,
                                           .show_id = show->show_id,
                                           .owner_id = show->owner_id,
                                           .seq = show->seq,
                                           .at = show->clock,
                                           .logic_version = show->logic_version,
                                           .status = show->status};
    if (show->status == SHOW_CLOSED) {
        RESERVATION_ASSERT(show->plan == NULL && show->reservations == 0);
        return;
    }
    out->show = reservation_plan_details(show->plan, effects->scratch);
    struct snapshot_reservation *items =
        reservation_scratch_allocate(effects->scratch, show->reservations * sizeof(*items));
    size_t count = 0;
    for (uint32_t slot = show->order.first; slot != 0;) {
        const struct reservation *reservation = reservation_at(core, slot);
        items[count++] = reservation_out(show, reservation, effects->scratch);
        slot = reservation->next_in_show;
    }
    RESERVATION_ASSERT(count == show->reservations);
    out->reservations = (struct snapshot_reservation_list){.items = items, .count = count};
}

static bool snapshot_payment_is_sound(const struct snapshot_payment *payment) {
    return payment->state >= PAYMENT_REQUESTED && payment->state <= PAYMENT_REFUND_FAILED &&
           payment->payment_id.size <= RESERVATION_PAYMENT_ID_OCTETS_MAX &&
           payment->code.size <= RESERVATION_CODE_OCTETS_MAX &&
           payment->currency.size == RESERVATION_CURRENCY_OCTETS && payment->refund_attempt >= 0 &&
           payment->refund_attempt <= RESERVATION_REFUND_ATTEMPTS_MAX &&
           (!payment->requested ||
            (payment->attempt >= 1 && payment->attempt <= RESERVATION_ATTEMPTS_MAX));
}

/* Each attempt to pay has a payment of its own, and no attempt to refund is above the last. */
static bool snapshot_attempts_are_sound(const struct snapshot_reservation *in) {
    unsigned seen = 0;
    for (size_t i = 0; i < in->payments.count; i++) {
        const struct snapshot_payment *payment = &in->payments.items[i];
        if (payment->refund_attempt > in->refund_attempt) {
            return false;
        }
        if (!payment->requested) {
            continue;
        }
        RESERVATION_ASSERT(payment->attempt >= 1 && payment->attempt <= RESERVATION_ATTEMPTS_MAX);
        unsigned bit = 1u << payment->attempt;
        if ((seen & bit) != 0 || payment->attempt > in->view.attempt) {
            return false;
        }
        seen |= bit;
    }
    RESERVATION_ASSERT((seen >> (RESERVATION_ATTEMPTS_MAX + 1)) == 0);
    return seen == (2u << in->view.attempt) - 2; /* bits 1 to attempt */
}

static bool snapshot_reservation_is_sound(const struct reservation_plan *plan,
                                          const struct snapshot_reservation *in) {
    if (in->view.state <= RESERVATION_STATE_NONE ||
        in->view.state > RESERVATION_STATE_REFUND_FAILED || in->view.attempt < 0 ||
        in->view.attempt > RESERVATION_ATTEMPTS_MAX || in->refund_attempt < 0 ||
        in->refund_attempt > RESERVATION_REFUND_ATTEMPTS_MAX || in->release_reason < RELEASED_NOT ||
        in->release_reason > RELEASED_CAPTURE_FAILED || in->cancel_reason < CANCEL_NONE ||
        in->cancel_reason > CANCEL_REASON_COUNT || in->payments.count > RESERVATION_PAYMENTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < in->payments.count; i++) {
        if (!snapshot_payment_is_sound(&in->payments.items[i])) {
            return false;
        }
    }
    return snapshot_attempts_are_sound(in) &&
           reservation_places_are_sound(plan, in->view.selection, in->view.seats,
                                        in->selection_section, in->selection_category,
                                        in->view.quantity);
}

static bool payment_in(struct reservation_core *core, struct reservation *reservation,
                       const struct snapshot_payment *in) {
    struct reservation_payment *payment =
        reservation_payment_add(core, reservation, in->attempt, in->requested);
    if (payment == NULL) {
        return false;
    }
    RESERVATION_ASSERT(in->currency.size == sizeof(payment->currency));
    reservation_payment_id_set(core, payment, in->payment_id);
    reservation_payment_code_set(core, payment, in->code);
    payment->amount_minor = in->amount_minor;
    payment->source_digest = (uint64_t)in->source_digest;
    payment->refund_attempt = (uint8_t)in->refund_attempt;
    payment->state = (uint8_t)in->state;
    memcpy(payment->currency, in->currency.data, sizeof(payment->currency));
    return true;
}

static bool reservation_in(struct reservation_core *core, struct reservation_show *show,
                           const struct snapshot_reservation *in) {
    if (!snapshot_reservation_is_sound(show->plan, in) ||
        reservation_store_find(core, show, &in->reservation_id) != NULL) {
        return false;
    }
    RESERVATION_ASSERT(in->view.state > RESERVATION_STATE_NONE);
    RESERVATION_ASSERT(in->view.state <= RESERVATION_STATE_REFUND_FAILED);
    struct reservation *reservation = reservation_store_make(
        core, show, &in->reservation_id, &in->buyer_id, in->view.seats, in->view.quantity);
    reservation->selection = in->view.selection & 3u;
    reservation->section = (int16_t)in->selection_section;
    reservation->category = (int8_t)in->selection_category;
    reservation->attempt = (unsigned)in->view.attempt & 3u;
    reservation->refund_attempt = (uint8_t)in->refund_attempt;
    reservation->released = (unsigned)in->release_reason & 7u;
    reservation->cancel = (unsigned)in->cancel_reason & 3u;
    for (size_t i = 0; i < in->payments.count; i++) {
        if (!payment_in(core, reservation, &in->payments.items[i])) {
            return false;
        }
    }
    int64_t time =
        in->view.state == RESERVATION_STATE_RELEASED ? in->released_at : in->view.expires_at;
    reservation_store_move(core, show, reservation, in->view.state, time, in->expiry_moved);
    RESERVATION_ASSERT(show->order.last == reservation->slot);
    if (reservation_is_live(reservation)) {
        if (!reservation_places_free(show, reservation)) {
            return false;
        }
        reservation_places_take(show, reservation);
    }
    return true;
}

static void head_in(struct reservation_core *core, struct reservation_show *show,
                    const struct snapshot_show_snapshot *snapshot) {
    RESERVATION_ASSERT(show->seq < snapshot->seq);
    show->owner_id = snapshot->owner_id;
    show->chain = snapshot->chain;
    show->seq = snapshot->seq;
    show->clock = snapshot->at;
    show->logic_version = snapshot->logic_version;
    show->status = (uint8_t)snapshot->status;
    if (snapshot->logic_version > core->logic_version) {
        core->logic_version = snapshot->logic_version;
    }
    RESERVATION_ASSERT(core->logic_version >= show->logic_version);
}

enum reservation_apply_result
reservation_core_show_restore(struct reservation_core *core,
                              const struct snapshot_show_snapshot *snapshot) {
    uint32_t slot = reservation_index_show_find(core, &snapshot->show_id);
    struct reservation_show *show = slot == 0 ? NULL : show_at(core, slot);
    if (show != NULL && show->seq >= snapshot->seq) {
        return RESERVATION_APPLY_SEEN;
    }
    if (snapshot->seq < 1 || snapshot->status < SHOW_ON_SALE || snapshot->status > SHOW_CLOSED ||
        (snapshot->status != SHOW_CLOSED && !reservation_plan_is_sound(&snapshot->show))) {
        return RESERVATION_APPLY_BROKEN;
    }
    if (show == NULL) {
        show = reservation_store_show_make(core, &snapshot->show_id, &snapshot->owner_id);
    } else {
        reservation_store_show_empty(core, show);
    }
    head_in(core, show, snapshot);
    if (show->status == SHOW_CLOSED) {
        RESERVATION_ASSERT(show->plan == NULL && show->reservations == 0);
        return RESERVATION_APPLY_APPLIED;
    }
    reservation_store_show_fill(core, show, &snapshot->show);
    for (size_t i = 0; i < snapshot->reservations.count; i++) {
        if (!reservation_in(core, show, &snapshot->reservations.items[i])) {
            return RESERVATION_APPLY_BROKEN;
        }
    }
    show->call_off_next = show->order.first;
    if (show->status == SHOW_CANCELLED && show->callable > 0) {
        reservation_due_lower(core, show, show->clock);
    }
    RESERVATION_ASSERT(show->reservations == snapshot->reservations.count);
    reservation_audit_event(core, show);
    return RESERVATION_APPLY_APPLIED;
}
