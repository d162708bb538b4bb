/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds events and applies them. What each asserts of the reservation is what its function in
 * state/apply.c insists on, told a second time.
 */
#include "reservation/core/decide/emit.h"

#include "reservation/core/decide/command.h"
#include "reservation/core/equal.h"
#include "reservation/core/state/apply.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/places.h"

static const struct uuid no_uuid;

/* At the end of a character, so that it stays UTF-8. */
static struct text text_cut(struct text text, size_t octets_max) {
    if (text.size <= octets_max) {
        return text;
    }
    text.size = octets_max;
    while (text.size > 0 && ((unsigned char)text.data[text.size] & 0xc0u) == 0x80u) {
        text.size--;
    }
    RESERVATION_ASSERT(text.size <= octets_max);
    return text;
}

static struct event *event_add(struct reservation_decision *decision, enum event_kind kind) {
    struct reservation_effects *effects = decision->effects;
    const struct reservation_show *show = decision->show;
    RESERVATION_ASSERT(show == NULL || decision->now_ms >= show->clock);
    struct event *event = reservation_effects_add(effects, kind);
    event->as.head = (struct event_head){.show_id = decision->command->as.head.show_id,
                                         .seq = show != NULL ? show->seq + 1 : 0,
                                         .at = decision->now_ms,
                                         .owner_id = show != NULL ? show->owner_id : no_uuid,
                                         .command_id = decision->command->as.head.command_id,
                                         .command_offset = decision->record->offset,
                                         .command_hash = decision->record->command_hash,
                                         .logic_version = decision->core->decides_as};
    return event;
}

static void event_apply(struct reservation_decision *decision, const struct event *event) {
    enum reservation_apply_result result =
        reservation_apply_event(decision->core, &decision->show, event);
    RESERVATION_ASSERT(result == RESERVATION_APPLY_APPLIED);
    RESERVATION_ASSERT(decision->show->seq == event->as.head.seq);
    RESERVATION_ASSERT(decision->show->clock == decision->now_ms);
}

/* The event is about a reservation of this show. */
static bool is_of_show(const struct reservation_decision *decision,
                       const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->show != NULL);
    RESERVATION_ASSERT(reservation->state != RESERVATION_STATE_NONE);
    return reservation->show == decision->show->index;
}

static struct place_list places_of(struct reservation_decision *decision,
                                   const struct reservation *reservation) {
    if (reservation == NULL) {
        return (struct place_list){.count = 0};
    }
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    const struct reservation_plan *plan = decision->show->plan;
    struct place *places = reservation_scratch_allocate(decision->effects->scratch,
                                                        reservation->quantity * sizeof(*places));
    int32_t general = reservation_general_section(reservation);
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        places[i] = general >= 0 ? reservation_plan_place(plan, -1, (uint32_t)general)
                                 : reservation_plan_place(
                                       plan, seats[i], reservation_plan_section_of(plan, seats[i]));
    }
    RESERVATION_ASSERT(places[0].seat == (general >= 0 ? -1 : seats[0]));
    return (struct place_list){.items = places, .count = reservation->quantity};
}

static struct reservation_view view_of(struct reservation_decision *decision,
                                       const struct reservation *reservation) {
    if (reservation == NULL) {
        return (struct reservation_view){.section = -1};
    }
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    return (struct reservation_view){
        .state = (enum reservation_state)reservation->state,
        .selection = (enum selection)reservation->selection,
        .seats = reservation_seats_list(reservation, decision->effects->scratch),
        .section = reservation_general_section(reservation),
        .quantity = reservation->quantity,
        .total_minor = reservation_total_minor(decision->show, reservation),
        .currency = reservation_plan_currency(decision->show->plan),
        .expires_at = reservation_is_unpaid(reservation) ? reservation->time : 0,
        .attempt = reservation->attempt,
        .code = reservation_last_code(reservation)};
}

struct reservation_money reservation_money_of(const struct reservation_payment *payment) {
    RESERVATION_ASSERT(payment->state >= PAYMENT_REQUESTED &&
                       payment->state <= PAYMENT_REFUND_FAILED);
    return (struct reservation_money){
        .attempt = payment->attempt,
        .payment_id = reservation_payment_id(payment),
        .amount_minor = payment->amount_minor,
        .currency = {.data = payment->currency, .size = sizeof(payment->currency)}};
}

/* The command's, or the reservation's where the command names none. */
static struct uuid buyer_of(const struct reservation_decision *decision,
                            const struct reservation *reservation) {
    const struct uuid *buyer_id = reservation_command_buyer_id(decision->command);
    if (buyer_id != NULL) {
        return *buyer_id;
    }
    return reservation != NULL ? reservation->buyer_id : no_uuid;
}

static struct uuid reservation_id_of(const struct reservation_decision *decision,
                                     const struct reservation *reservation) {
    if (reservation != NULL) {
        return reservation->reservation_id;
    }
    const struct uuid *reservation_id = reservation_command_reservation_id(decision->command);
    return reservation_id != NULL ? *reservation_id : no_uuid;
}

_Static_assert((int)COMMAND_TYPE_CREATE_SHOW == COMMAND_CREATE_SHOW + 1 &&
                   (int)COMMAND_TYPE_TICK == COMMAND_TICK + 1,
               "kinds are types, counted from 0");

static enum command_type command_type_of(const struct reservation_decision *decision) {
    RESERVATION_ASSERT((unsigned)decision->command->kind < COMMAND_KIND_COUNT);
    return (enum command_type)(decision->command->kind + 1);
}

void reservation_emit_noted(struct reservation_decision *decision,
                            const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->show != NULL);
    struct event *event = event_add(decision, EVENT_NOTED);
    event->as.noted.command = command_type_of(decision);
    event->as.noted.reservation_id = reservation_id_of(decision, reservation);
    event->as.noted.buyer_id = buyer_of(decision, reservation);
    event->as.noted.view = view_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_refusal(struct reservation_decision *decision,
                              const struct reservation_refusal *refusal) {
    const struct reservation *reservation = refusal->reservation;
    RESERVATION_ASSERT((unsigned)refusal->reason < REFUSAL_REASON_COUNT);
    RESERVATION_ASSERT(reservation == NULL || is_of_show(decision, reservation));
    RESERVATION_ASSERT((refusal->limit >= 0) == (refusal->limit_of != LIMIT_SCOPE_UNSAID));
    RESERVATION_ASSERT(refusal->seats_own.count <= refusal->seats.count);
    struct event *event = event_add(decision, EVENT_REFUSED);
    struct event_refused *refused = &event->as.refused;
    refused->command = command_type_of(decision);
    refused->reservation_id = reservation_id_of(decision, reservation);
    refused->buyer_id = buyer_of(decision, reservation);
    refused->reason = refusal->reason;
    refused->seats = refusal->seats;
    /* Older logic had no words for the rest. */
    bool says = decision->core->decides_as >= 3;
    refused->seats_own = says ? refusal->seats_own : (struct integers){.count = 0};
    refused->limit = says ? refusal->limit : -1;
    refused->limit_of = says ? refusal->limit_of : LIMIT_SCOPE_UNSAID;
    refused->used = says ? refusal->used : -1;
    refused->used_unpaid = says ? refusal->used_unpaid : -1;
    refused->free = says ? refusal->free : -1;
    /* Where somebody else's reservation stands is nobody's business. */
    bool is_buyers = reservation != NULL && uuid_equal(&refused->buyer_id, &reservation->buyer_id);
    refused->state =
        is_buyers ? (enum reservation_state)reservation->state : RESERVATION_STATE_NONE;
    if (decision->show != NULL) {
        event_apply(decision, event);
    }
}

void reservation_emit_refused(struct reservation_decision *decision, enum refusal_reason reason,
                              const struct reservation *reservation) {
    struct reservation_refusal refusal = reservation_refusal_of(reason);
    refusal.reservation = reservation;
    reservation_emit_refusal(decision, &refusal);
}

void reservation_emit_refused_seats(struct reservation_decision *decision,
                                    enum refusal_reason reason, struct integers seats) {
    struct reservation_refusal refusal = reservation_refusal_of(reason);
    refusal.seats = seats;
    reservation_emit_refusal(decision, &refusal);
}

void reservation_emit_rejected(struct reservation_decision *decision,
                               enum rejection_reason reason) {
    RESERVATION_ASSERT(decision->show == NULL);
    struct event *event = event_add(decision, EVENT_REJECTED);
    event->as.rejected.command = command_type_of(decision);
    event->as.rejected.reservation_id = reservation_id_of(decision, NULL);
    event->as.rejected.reason = reason;
    RESERVATION_ASSERT(event->as.head.seq == 0);
}

void reservation_emit_show_created(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->show == NULL);
    struct event *event = event_add(decision, EVENT_SHOW_CREATED);
    event->as.head.seq = 1;
    event->as.head.owner_id = decision->command->as.create_show.owner_id;
    event->as.show_created.show = decision->command->as.create_show.show;
    event_apply(decision, event);
    RESERVATION_ASSERT(decision->show != NULL && decision->show->seq == 1);
}

void reservation_emit_show_cancelled(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->show->status == SHOW_ON_SALE);
    struct event *event = event_add(decision, EVENT_SHOW_CANCELLED);
    struct text reason = decision->command->as.cancel_show.reason;
    event->as.show_cancelled.summary = reservation_plan_summary(decision->show->plan);
    event->as.show_cancelled.reason =
        decision->core->decides_as >= 3 ? reason : text_cut(reason, RESERVATION_REASON_OCTETS_MAX);
    event_apply(decision, event);
    RESERVATION_ASSERT(decision->show->status == SHOW_CANCELLED);
}

void reservation_emit_show_closed(struct reservation_decision *decision) {
    RESERVATION_ASSERT(decision->show->status != SHOW_CLOSED);
    RESERVATION_ASSERT(decision->show->unsettled == 0);
    event_apply(decision, event_add(decision, EVENT_SHOW_CLOSED));
}

void reservation_emit_reserved(struct reservation_decision *decision,
                               const struct reservation_wish *wish) {
    const struct reservation_plan *plan = decision->show->plan;
    RESERVATION_ASSERT(wish->quantity >= 1);
    RESERVATION_ASSERT(wish->seats.count ==
                       (wish->selection == SELECTION_GENERAL ? 0 : (size_t)wish->quantity));
    struct event *event = event_add(decision, EVENT_RESERVED);
    struct event_reserved *reserved = &event->as.reserved;
    reserved->reservation_id = decision->command->as.reserve.reservation_id;
    reserved->buyer_id = decision->command->as.reserve.buyer_id;
    reserved->selection = wish->selection;
    reserved->seats = wish->seats;
    reserved->section = wish->section;
    reserved->category = wish->category;
    reserved->quantity = wish->quantity;
    reserved->total_minor = 0;
    if (wish->selection == SELECTION_GENERAL) {
        reserved->total_minor =
            wish->quantity * reservation_plan_price_minor(plan, (uint32_t)wish->section);
    }
    for (size_t i = 0; i < wish->seats.count; i++) {
        reserved->total_minor += reservation_plan_price_minor(
            plan, reservation_plan_section_of(plan, (uint32_t)wish->seats.items[i]));
    }
    reserved->currency = reservation_plan_currency(plan);
    reserved->expires_at = decision->now_ms + plan->hold_ttl_ms;
    event_apply(decision, event);
    RESERVATION_ASSERT(decision->show->holds_due_at <= reserved->expires_at);
}

void reservation_emit_holds_expired(struct reservation_decision *decision,
                                    struct reservation *const *due, uint32_t count) {
    RESERVATION_ASSERT(count >= 1);
    RESERVATION_ASSERT(count <= RESERVATION_HOLDS_PER_EVENT_MAX);
    struct event_expired_hold *holds =
        reservation_scratch_allocate(decision->effects->scratch, count * sizeof(*holds));
    for (uint32_t i = 0; i < count; i++) {
        RESERVATION_ASSERT(is_of_show(decision, due[i]) && reservation_is_unpaid(due[i]));
        RESERVATION_ASSERT(due[i]->time <= decision->now_ms);
        holds[i] = (struct event_expired_hold){
            .reservation_id = due[i]->reservation_id,
            .buyer_id = due[i]->buyer_id,
            .state = (enum reservation_state)due[i]->state,
            .seats = reservation_seats_list(due[i], decision->effects->scratch),
            .section = reservation_general_section(due[i]),
            .quantity = due[i]->quantity};
    }
    struct event *event = event_add(decision, EVENT_HOLDS_EXPIRED);
    event->as.holds_expired.holds =
        (struct event_expired_hold_list){.items = holds, .count = count};
    event_apply(decision, event);
    RESERVATION_ASSERT(due[count - 1]->released == RELEASED_EXPIRED);
}

void reservation_emit_released(struct reservation_decision *decision,
                               const struct reservation *reservation, enum release_reason reason,
                               bool without_places) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(without_places ? reservation->state == RESERVATION_STATE_RELEASED
                                      : reservation_is_unpaid(reservation));
    struct event *event = event_add(decision, EVENT_RELEASED);
    struct event_released *released = &event->as.released;
    released->reservation_id = reservation->reservation_id;
    released->buyer_id = reservation->buyer_id;
    released->reason = reason;
    released->seats = (struct integers){.count = 0};
    released->section = -1;
    released->quantity = 0;
    if (!without_places) {
        released->seats = reservation_seats_list(reservation, decision->effects->scratch);
        released->section = reservation_general_section(reservation);
        released->quantity = reservation->quantity;
    }
    event_apply(decision, event);
}

void reservation_emit_payment_requested(struct reservation_decision *decision,
                                        const struct reservation *reservation, int64_t amount_minor,
                                        int64_t expires_at) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_HELD);
    RESERVATION_ASSERT(reservation->attempt < RESERVATION_ATTEMPTS_MAX);
    RESERVATION_ASSERT(amount_minor > 0 && expires_at >= reservation->time);
    struct event *event = event_add(decision, EVENT_PAYMENT_REQUESTED);
    struct event_payment_requested *requested = &event->as.payment_requested;
    requested->reservation_id = reservation->reservation_id;
    requested->buyer_id = reservation->buyer_id;
    requested->attempt = reservation->attempt + 1;
    requested->amount_minor = amount_minor;
    requested->currency = reservation_plan_currency(decision->show->plan);
    requested->source_id = decision->command->as.pay.source_id;
    requested->expires_at = expires_at;
    event_apply(decision, event);
}

void reservation_emit_secured(struct reservation_decision *decision,
                              const struct reservation *reservation,
                              const struct reservation_money *money) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_PAYING ||
                       reservation->state == RESERVATION_STATE_RELEASED);
    RESERVATION_ASSERT(money->attempt == reservation->attempt);
    RESERVATION_ASSERT(money->amount_minor == reservation_total_minor(decision->show, reservation));
    struct event *event = event_add(decision, EVENT_SECURED);
    struct event_secured *secured = &event->as.secured;
    secured->reservation_id = reservation->reservation_id;
    secured->buyer_id = reservation->buyer_id;
    secured->attempt = money->attempt;
    secured->payment_id = money->payment_id;
    secured->amount_minor = money->amount_minor;
    secured->currency = money->currency;
    secured->reseated = reservation->state == RESERVATION_STATE_RELEASED;
    secured->seats = reservation_seats_list(reservation, decision->effects->scratch);
    secured->section = reservation_general_section(reservation);
    secured->quantity = reservation->quantity;
    event_apply(decision, event);
}

void reservation_emit_payment_declined(struct reservation_decision *decision,
                                       const struct reservation *reservation, int32_t attempt,
                                       struct text code) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_PAYING ||
                       reservation->state == RESERVATION_STATE_RELEASED);
    RESERVATION_ASSERT(attempt >= 1 && attempt <= reservation->attempt);
    struct event *event = event_add(decision, EVENT_PAYMENT_DECLINED);
    struct event_payment_declined *declined = &event->as.payment_declined;
    bool has_places = reservation->state == RESERVATION_STATE_PAYING;
    declined->reservation_id = reservation->reservation_id;
    declined->buyer_id = reservation->buyer_id;
    declined->attempt = attempt;
    declined->code = text_cut(code, RESERVATION_CODE_OCTETS_MAX);
    declined->state = has_places ? RESERVATION_STATE_HELD : RESERVATION_STATE_RELEASED;
    declined->attempts_left = RESERVATION_ATTEMPTS_MAX - reservation->attempt;
    declined->expires_at = has_places ? reservation->time : 0;
    event_apply(decision, event);
}

void reservation_emit_void_requested(struct reservation_decision *decision,
                                     const struct reservation *reservation,
                                     const struct reservation_money *money,
                                     enum void_reason reason) {
    RESERVATION_ASSERT(reservation == NULL || is_of_show(decision, reservation));
    RESERVATION_ASSERT(money->payment_id.size >= 1);
    RESERVATION_ASSERT((unsigned)reason < VOID_REASON_COUNT);
    struct event *event = event_add(decision, EVENT_VOID_REQUESTED);
    struct event_void_requested *requested = &event->as.void_requested;
    requested->reservation_id = reservation_id_of(decision, reservation);
    requested->buyer_id = buyer_of(decision, reservation);
    requested->attempt = money->attempt;
    requested->payment_id = money->payment_id;
    requested->amount_minor = money->amount_minor;
    requested->currency = money->currency;
    requested->state =
        reservation != NULL ? (enum reservation_state)reservation->state : RESERVATION_STATE_NONE;
    requested->reason = reason;
    requested->summary = reservation_plan_summary(decision->show->plan);
    requested->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_voided(struct reservation_decision *decision,
                             const struct reservation *reservation,
                             const struct reservation_money *money) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(money->payment_id.size >= 1);
    struct event *event = event_add(decision, EVENT_VOIDED);
    struct event_voided *voided = &event->as.voided;
    voided->reservation_id = reservation->reservation_id;
    voided->buyer_id = reservation->buyer_id;
    voided->attempt = money->attempt;
    voided->payment_id = money->payment_id;
    voided->amount_minor = money->amount_minor;
    voided->currency = money->currency;
    voided->state = (enum reservation_state)reservation->state;
    voided->summary = reservation_plan_summary(decision->show->plan);
    voided->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_sold(struct reservation_decision *decision,
                           const struct reservation *reservation,
                           const struct reservation_money *money) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED ||
                       (reservation->state == RESERVATION_STATE_HELD && money->attempt == 0));
    RESERVATION_ASSERT(money->amount_minor == reservation_total_minor(decision->show, reservation));
    struct event *event = event_add(decision, EVENT_SOLD);
    struct event_sold *sold = &event->as.sold;
    sold->reservation_id = reservation->reservation_id;
    sold->buyer_id = reservation->buyer_id;
    sold->attempt = money->attempt;
    sold->payment_id = money->payment_id;
    sold->amount_minor = money->amount_minor;
    sold->currency = money->currency;
    sold->summary = reservation_plan_summary(decision->show->plan);
    sold->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_capture_failed(struct reservation_decision *decision,
                                     const struct reservation *reservation,
                                     const struct reservation_money *money, struct text code) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED);
    RESERVATION_ASSERT(money->attempt == reservation->attempt);
    struct event *event = event_add(decision, EVENT_CAPTURE_FAILED);
    struct event_capture_failed *failed = &event->as.capture_failed;
    failed->reservation_id = reservation->reservation_id;
    failed->buyer_id = reservation->buyer_id;
    failed->attempt = money->attempt;
    failed->payment_id = money->payment_id;
    failed->code = text_cut(code, RESERVATION_CODE_OCTETS_MAX);
    failed->amount_minor = money->amount_minor;
    failed->currency = money->currency;
    failed->summary = reservation_plan_summary(decision->show->plan);
    failed->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_cancel_remembered(struct reservation_decision *decision,
                                        const struct reservation *reservation,
                                        enum cancel_reason reason) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED);
    RESERVATION_ASSERT(reservation->cancel == CANCEL_NONE);
    struct event *event = event_add(decision, EVENT_CANCEL_REMEMBERED);
    event->as.cancel_remembered.reservation_id = reservation->reservation_id;
    event->as.cancel_remembered.buyer_id = reservation->buyer_id;
    event->as.cancel_remembered.reason = reason;
    event_apply(decision, event);
}

void reservation_emit_order_cancelled(struct reservation_decision *decision,
                                      const struct reservation *reservation,
                                      const struct reservation_money *money,
                                      enum cancel_reason reason) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_SECURED ||
                       reservation->state == RESERVATION_STATE_SOLD);
    RESERVATION_ASSERT((unsigned)reason < CANCEL_REASON_COUNT);
    struct event *event = event_add(decision, EVENT_ORDER_CANCELLED);
    struct event_order_cancelled *cancelled = &event->as.order_cancelled;
    cancelled->reservation_id = reservation->reservation_id;
    cancelled->buyer_id = reservation->buyer_id;
    cancelled->reason = reason;
    cancelled->payment_id = money->payment_id;
    cancelled->amount_minor = money->amount_minor;
    cancelled->currency = money->currency;
    cancelled->summary = reservation_plan_summary(decision->show->plan);
    cancelled->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_refund_requested(struct reservation_decision *decision,
                                       const struct reservation *reservation,
                                       const struct reservation_money *money,
                                       enum reservation_state state) {
    RESERVATION_ASSERT(reservation == NULL || is_of_show(decision, reservation));
    RESERVATION_ASSERT(reservation == NULL ||
                       reservation->refund_attempt < RESERVATION_REFUND_ATTEMPTS_MAX);
    RESERVATION_ASSERT((reservation == NULL) == (state == RESERVATION_STATE_NONE));
    struct event *event = event_add(decision, EVENT_REFUND_REQUESTED);
    struct event_refund_requested *requested = &event->as.refund_requested;
    requested->reservation_id = reservation_id_of(decision, reservation);
    requested->buyer_id = buyer_of(decision, reservation);
    requested->refund_attempt = reservation != NULL ? reservation->refund_attempt + 1 : 1;
    requested->attempt = money->attempt;
    requested->payment_id = money->payment_id;
    requested->amount_minor = money->amount_minor;
    requested->currency = money->currency;
    requested->state = state;
    event_apply(decision, event);
}

void reservation_emit_refunded(struct reservation_decision *decision,
                               const struct reservation *reservation,
                               const struct reservation_refund *refund) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(refund->refund_attempt <= reservation->refund_attempt);
    RESERVATION_ASSERT(refund->refund_attempt >= 1 || refund->amount_minor == 0);
    struct event *event = event_add(decision, EVENT_REFUNDED);
    struct event_refunded *refunded = &event->as.refunded;
    refunded->reservation_id = reservation->reservation_id;
    refunded->buyer_id = reservation->buyer_id;
    refunded->refund_attempt = refund->refund_attempt;
    refunded->refund_id = refund->refund_id;
    refunded->amount_minor = refund->amount_minor;
    refunded->currency = refund->currency;
    refunded->state = refund->state;
    refunded->summary = reservation_plan_summary(decision->show->plan);
    refunded->places = places_of(decision, reservation);
    event_apply(decision, event);
}

void reservation_emit_refund_failed(struct reservation_decision *decision,
                                    const struct reservation *reservation,
                                    const struct reservation_refund *refund, struct text code) {
    RESERVATION_ASSERT(is_of_show(decision, reservation));
    RESERVATION_ASSERT(refund->refund_attempt >= 1);
    RESERVATION_ASSERT(refund->refund_attempt <= reservation->refund_attempt);
    struct event *event = event_add(decision, EVENT_REFUND_FAILED);
    struct event_refund_failed *failed = &event->as.refund_failed;
    failed->reservation_id = reservation->reservation_id;
    failed->buyer_id = reservation->buyer_id;
    failed->refund_attempt = refund->refund_attempt;
    failed->refund_id = refund->refund_id;
    failed->code = text_cut(code, RESERVATION_CODE_OCTETS_MAX);
    failed->amount_minor = refund->amount_minor;
    failed->currency = refund->currency;
    failed->state = refund->state;
    failed->summary = reservation_plan_summary(decision->show->plan);
    failed->places = places_of(decision, reservation);
    event_apply(decision, event);
}
