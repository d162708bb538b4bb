/* SPDX-License-Identifier: Apache-2.0 */
/* Folds one event into the state: the only way that it changes. */

#include "reservation/core/state/apply.h"

#include "reservation/core/equal.h"
#include "reservation/core/plan/seats.h"
#include "reservation/core/plan/validate.h"
#include "reservation/core/state/audit.h"
#include "reservation/core/state/changed.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/places.h"
#include "reservation/core/state/store.h"

/*
 * Every function here checks that its event fits the state before it changes anything, so that a
 * log that contradicts itself is found out, not folded. What it takes the time from is the event.
 * What the log says is checked; what is asserted is what a function leaves behind, and that it was
 * called for what it is about. decide/emit.c asserts the other half: what it wrote was applied.
 */
#define BROKEN_UNLESS(condition)                                                                   \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return RESERVATION_APPLY_BROKEN;                                                       \
    } while (0)

/* The payment that a result is about: known, or the attempt's own, or one that has turned up. */
static struct reservation_payment *payment_adopt(struct reservation_core *core,
                                                 struct reservation_show *show,
                                                 struct reservation *reservation, int32_t attempt,
                                                 struct text payment_id) {
    struct reservation_payment *payment =
        reservation_payment_find(reservation, attempt, payment_id);
    if (payment == NULL) {
        payment = reservation_payment_attempt(reservation, attempt);
        if (payment != NULL && payment->payment_id != NULL) {
            payment = NULL;
        }
    }
    if (payment == NULL) {
        payment = reservation_store_stray_add(core, show, reservation, attempt);
    }
    if (payment != NULL && payment->payment_id == NULL) {
        reservation_payment_id_set(core, payment, payment_id);
    }
    RESERVATION_ASSERT(payment == NULL || payment->attempt == attempt);
    RESERVATION_ASSERT(payment == NULL || text_equal(reservation_payment_id(payment), payment_id));
    return payment;
}

static void payment_amount_set(struct reservation_payment *payment, int64_t amount_minor,
                               struct text currency) {
    RESERVATION_ASSERT(currency.size == sizeof(payment->currency));
    payment->amount_minor = amount_minor;
    memcpy(payment->currency, currency.data, sizeof(payment->currency));
}

static bool payment_is_sound(struct text payment_id, struct text currency) {
    return payment_id.size <= RESERVATION_PAYMENT_ID_OCTETS_MAX &&
           currency.size == RESERVATION_CURRENCY_OCTETS;
}

static enum reservation_apply_result apply_show_created(struct reservation_core *core,
                                                        struct reservation_show **show,
                                                        const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_SHOW_CREATED);
    BROKEN_UNLESS(*show == NULL && event->as.head.seq == 1);
    BROKEN_UNLESS(reservation_plan_is_sound(&event->as.show_created.show));
    *show = reservation_store_show_make(core, &event->as.head.show_id, &event->as.head.owner_id);
    reservation_store_show_fill(core, *show, &event->as.show_created.show);
    RESERVATION_ASSERT((*show)->status == SHOW_ON_SALE);
    RESERVATION_ASSERT((*show)->reservations == 0);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_show_cancelled(struct reservation_core *core,
                                                          struct reservation_show *show,
                                                          const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_SHOW_CANCELLED);
    BROKEN_UNLESS(show->status == SHOW_ON_SALE);
    show->status = SHOW_CANCELLED;
    show->call_off_next = show->order.first;
    RESERVATION_ASSERT(show->callable == 0 || show->call_off_next != 0);
    if (show->callable > 0) {
        reservation_due_lower(core, show, event->as.head.at);
    }
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_show_closed(struct reservation_core *core,
                                                       struct reservation_show *show,
                                                       const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_SHOW_CLOSED);
    BROKEN_UNLESS(show->unsettled == 0);
    reservation_store_show_empty(core, show);
    show->status = SHOW_CLOSED;
    RESERVATION_ASSERT(show->plan == NULL);
    RESERVATION_ASSERT(show->holds_due_at == RESERVATION_NEVER);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_reserved(struct reservation_core *core,
                                                    struct reservation_show *show,
                                                    const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_RESERVED);
    const struct event_reserved *reserved = &event->as.reserved;
    const struct reservation_plan *plan = show->plan;
    BROKEN_UNLESS(show->status == SHOW_ON_SALE);
    BROKEN_UNLESS(reservation_store_find(core, show, &reserved->reservation_id) == NULL);
    BROKEN_UNLESS(reservation_places_are_sound(plan, reserved->selection, reserved->seats,
                                               reserved->section, reserved->category,
                                               reserved->quantity));
    for (size_t i = 0; i < reserved->seats.count; i++) {
        BROKEN_UNLESS(reservation_seat_is_free(plan, (uint32_t)reserved->seats.items[i]));
    }
    if (reserved->selection == SELECTION_GENERAL) {
        const struct plan_section *section = &plan->sections[reserved->section];
        BROKEN_UNLESS(section->capacity - section->taken >= reserved->quantity);
    }
    struct reservation *reservation =
        reservation_store_make(core, show, &reserved->reservation_id, &reserved->buyer_id,
                               reserved->seats, reserved->quantity);
    reservation->selection = reserved->selection & 3u;
    reservation->section = (int16_t)reserved->section;
    reservation->category = (int8_t)reserved->category;
    reservation_places_take(show, reservation);
    reservation_store_move(core, show, reservation, RESERVATION_STATE_HELD, reserved->expires_at,
                           false);
    RESERVATION_ASSERT(reservation->payments == NULL && reservation->attempt == 0);
    RESERVATION_ASSERT(show->unsettled >= 1 && show->callable >= 1);
    return RESERVATION_APPLY_APPLIED;
}

static void places_release(struct reservation_core *core, struct reservation_show *show,
                           struct reservation *reservation, enum released_how how,
                           const struct event *event) {
    RESERVATION_ASSERT(reservation_is_live(reservation));
    RESERVATION_ASSERT(how != RELEASED_NOT);
    reservation_places_give(show, reservation);
    reservation->released = how & 7u;
    reservation_store_move(core, show, reservation, RESERVATION_STATE_RELEASED, event->as.head.at,
                           false);
    RESERVATION_SLOW_ASSERT(reservation_places_free(show, reservation));
}

static enum reservation_apply_result apply_holds_expired(struct reservation_core *core,
                                                         struct reservation_show *show,
                                                         const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_HOLDS_EXPIRED);
    const struct event_expired_hold_list *holds = &event->as.holds_expired.holds;
    for (size_t i = 0; i < holds->count; i++) {
        struct reservation *reservation =
            reservation_store_find(core, show, &holds->items[i].reservation_id);
        BROKEN_UNLESS(reservation != NULL && reservation_is_unpaid(reservation) &&
                      reservation->state == holds->items[i].state);
        places_release(core, show, reservation, RELEASED_EXPIRED, event);
        RESERVATION_ASSERT(reservation->released == RELEASED_EXPIRED);
    }
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_released(struct reservation_core *core,
                                                    struct reservation_show *show,
                                                    const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_RELEASED);
    const struct event_released *released = &event->as.released;
    struct reservation *reservation = reservation_store_find(core, show, &released->reservation_id);
    BROKEN_UNLESS(reservation != NULL && (unsigned)released->reason < RELEASE_REASON_COUNT);
    enum released_how how = released->reason == RELEASE_REASON_BUYER ? RELEASED_BY_BUYER
                            : released->reason == RELEASE_REASON_SHOW_CANCELLED
                                ? RELEASED_SHOW_CANCELLED
                                : RELEASED_CAPTURE_FAILED;
    if (reservation_is_unpaid(reservation)) {
        places_release(core, show, reservation, how, event);
        return RESERVATION_APPLY_APPLIED;
    }
    /* Let go after it had expired: no places, but a late authorization now finds it so. */
    BROKEN_UNLESS(reservation->state == RESERVATION_STATE_RELEASED && released->quantity == 0);
    reservation->released = how & 7u;
    RESERVATION_ASSERT(!reservation_is_live(reservation));
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_payment_requested(struct reservation_core *core,
                                                             struct reservation_show *show,
                                                             const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_PAYMENT_REQUESTED);
    const struct event_payment_requested *requested = &event->as.payment_requested;
    struct reservation *reservation =
        reservation_store_find(core, show, &requested->reservation_id);
    BROKEN_UNLESS(reservation != NULL && reservation->state == RESERVATION_STATE_HELD);
    BROKEN_UNLESS(requested->attempt == reservation->attempt + 1 &&
                  requested->attempt <= RESERVATION_ATTEMPTS_MAX);
    BROKEN_UNLESS(payment_is_sound((struct text){.size = 0}, requested->currency));
    struct reservation_payment *payment =
        reservation_payment_add(core, reservation, requested->attempt, true);
    RESERVATION_ASSERT(payment != NULL && payment->requested);
    payment->state = PAYMENT_REQUESTED;
    payment->source_digest = reservation_source_digest(requested->source_id);
    payment_amount_set(payment, requested->amount_minor, requested->currency);
    reservation->attempt = (uint8_t)requested->attempt & 3u;
    bool moved = requested->expires_at != reservation->time;
    reservation_store_move(core, show, reservation, RESERVATION_STATE_PAYING, requested->expires_at,
                           moved);
    RESERVATION_SLOW_ASSERT(reservation_payment_attempt(reservation, reservation->attempt) ==
                            payment);
    RESERVATION_ASSERT(!moved || (reservation->flags & RESERVATION_FLAG_MOVED) != 0);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_secured(struct reservation_core *core,
                                                   struct reservation_show *show,
                                                   const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_SECURED);
    const struct event_secured *secured = &event->as.secured;
    struct reservation *reservation = reservation_store_find(core, show, &secured->reservation_id);
    enum reservation_state from =
        secured->reseated ? RESERVATION_STATE_RELEASED : RESERVATION_STATE_PAYING;
    BROKEN_UNLESS(reservation != NULL && reservation->state == from);
    BROKEN_UNLESS(secured->attempt == reservation->attempt);
    struct reservation_payment *payment =
        reservation_payment_attempt(reservation, secured->attempt);
    BROKEN_UNLESS(payment != NULL && payment->state == PAYMENT_REQUESTED);
    BROKEN_UNLESS(payment_is_sound(secured->payment_id, secured->currency));
    BROKEN_UNLESS(!secured->reseated || reservation_places_free(show, reservation));
    payment->state = PAYMENT_AUTHORIZED;
    reservation_payment_id_set(core, payment, secured->payment_id);
    payment_amount_set(payment, secured->amount_minor, secured->currency);
    if (secured->reseated) {
        reservation_places_take(show, reservation);
        reservation->released = RELEASED_NOT;
    }
    reservation_store_move(core, show, reservation, RESERVATION_STATE_SECURED, 0, false);
    RESERVATION_SLOW_ASSERT(reservation_payment_of_order(reservation) == payment);
    RESERVATION_SLOW_ASSERT(!reservation_places_free(show, reservation) ||
                            reservation->selection == SELECTION_GENERAL);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_payment_declined(struct reservation_core *core,
                                                            struct reservation_show *show,
                                                            const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_PAYMENT_DECLINED);
    const struct event_payment_declined *declined = &event->as.payment_declined;
    struct reservation *reservation = reservation_store_find(core, show, &declined->reservation_id);
    BROKEN_UNLESS(reservation != NULL);
    BROKEN_UNLESS((reservation->state == RESERVATION_STATE_PAYING &&
                   declined->state == RESERVATION_STATE_HELD) ||
                  (reservation->state == RESERVATION_STATE_RELEASED &&
                   declined->state == RESERVATION_STATE_RELEASED));
    struct reservation_payment *payment =
        reservation_payment_attempt(reservation, declined->attempt);
    BROKEN_UNLESS(payment != NULL && payment->state == PAYMENT_REQUESTED);
    BROKEN_UNLESS(declined->code.size <= RESERVATION_CODE_OCTETS_MAX);
    payment->state = PAYMENT_DECLINED;
    reservation_payment_code_set(core, payment, declined->code);
    reservation_store_move(core, show, reservation, declined->state, reservation->time, false);
    RESERVATION_ASSERT(!reservation_is_live(reservation) ||
                       reservation->state == RESERVATION_STATE_HELD);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_void_requested(struct reservation_core *core,
                                                          struct reservation_show *show,
                                                          const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_VOID_REQUESTED);
    const struct event_void_requested *requested = &event->as.void_requested;
    BROKEN_UNLESS(payment_is_sound(requested->payment_id, requested->currency));
    struct reservation *reservation =
        reservation_store_find(core, show, &requested->reservation_id);
    if (reservation == NULL) {
        return RESERVATION_APPLY_APPLIED;
    }
    BROKEN_UNLESS(requested->state == reservation->state);
    struct reservation_payment *payment =
        payment_adopt(core, show, reservation, requested->attempt, requested->payment_id);
    if (payment == NULL) {
        return RESERVATION_APPLY_APPLIED;
    }
    payment->state = PAYMENT_VOIDING;
    payment_amount_set(payment, requested->amount_minor, requested->currency);
    reservation_store_recount(core, show, reservation);
    RESERVATION_ASSERT((reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0);
    RESERVATION_SLOW_ASSERT(reservation_payment_find(reservation, requested->attempt,
                                                     requested->payment_id) == payment);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_voided(struct reservation_core *core,
                                                  struct reservation_show *show,
                                                  const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_VOIDED);
    const struct event_voided *voided = &event->as.voided;
    struct reservation *reservation = reservation_store_find(core, show, &voided->reservation_id);
    BROKEN_UNLESS(reservation != NULL && voided->state == reservation->state);
    struct reservation_payment *payment =
        reservation_payment_find(reservation, voided->attempt, voided->payment_id);
    BROKEN_UNLESS(payment != NULL && payment->state == PAYMENT_VOIDING);
    payment->state = PAYMENT_VOIDED;
    reservation_store_recount(core, show, reservation);
    RESERVATION_ASSERT(voided->state == reservation->state);
    return RESERVATION_APPLY_APPLIED;
}

/* The order's payment, whose capture is on its way. */
static struct reservation_payment *payment_on_its_way(const struct reservation *reservation,
                                                      struct text payment_id) {
    if (reservation == NULL || reservation->state != RESERVATION_STATE_SECURED) {
        return NULL;
    }
    struct reservation_payment *payment = reservation_payment_of_order(reservation);
    if (payment == NULL || payment->state != PAYMENT_AUTHORIZED ||
        !text_equal(reservation_payment_id(payment), payment_id)) {
        return NULL;
    }
    RESERVATION_ASSERT(payment->requested);
    RESERVATION_ASSERT(payment->attempt == reservation->attempt);
    return payment;
}

static enum reservation_apply_result apply_sold(struct reservation_core *core,
                                                struct reservation_show *show,
                                                const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_SOLD);
    const struct event_sold *sold = &event->as.sold;
    struct reservation *reservation = reservation_store_find(core, show, &sold->reservation_id);
    struct reservation_payment *payment = payment_on_its_way(reservation, sold->payment_id);
    if (payment != NULL) {
        payment->state = PAYMENT_CAPTURED;
    } else {
        BROKEN_UNLESS(reservation != NULL && reservation->state == RESERVATION_STATE_HELD &&
                      sold->attempt == 0 && sold->amount_minor == 0);
    }
    reservation_store_move(core, show, reservation, RESERVATION_STATE_SOLD, 0, false);
    RESERVATION_ASSERT((reservation->flags & RESERVATION_FLAG_CALLABLE) != 0);
    RESERVATION_ASSERT(payment == NULL || reservation_payment_of_order(reservation) == payment);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_capture_failed(struct reservation_core *core,
                                                          struct reservation_show *show,
                                                          const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_CAPTURE_FAILED);
    const struct event_capture_failed *failed = &event->as.capture_failed;
    struct reservation *reservation = reservation_store_find(core, show, &failed->reservation_id);
    struct reservation_payment *payment = payment_on_its_way(reservation, failed->payment_id);
    BROKEN_UNLESS(payment != NULL && failed->code.size <= RESERVATION_CODE_OCTETS_MAX);
    payment->state = PAYMENT_CAPTURE_FAILED;
    reservation_payment_code_set(core, payment, failed->code);
    places_release(core, show, reservation, RELEASED_CAPTURE_FAILED, event);
    RESERVATION_SLOW_ASSERT(reservation_payment_of_order(reservation) == NULL);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_cancel_remembered(struct reservation_core *core,
                                                             struct reservation_show *show,
                                                             const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_CANCEL_REMEMBERED);
    const struct event_cancel_remembered *remembered = &event->as.cancel_remembered;
    struct reservation *reservation =
        reservation_store_find(core, show, &remembered->reservation_id);
    BROKEN_UNLESS(reservation != NULL && reservation->state == RESERVATION_STATE_SECURED);
    BROKEN_UNLESS((unsigned)remembered->reason < CANCEL_REASON_COUNT);
    reservation->cancel = (unsigned)(remembered->reason + 1) & 3u;
    reservation_store_recount(core, show, reservation);
    RESERVATION_ASSERT(reservation->cancel != CANCEL_NONE);
    RESERVATION_ASSERT((reservation->flags & RESERVATION_FLAG_CALLABLE) == 0);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_order_cancelled(struct reservation_core *core,
                                                           struct reservation_show *show,
                                                           const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_ORDER_CANCELLED);
    const struct event_order_cancelled *cancelled = &event->as.order_cancelled;
    struct reservation *reservation =
        reservation_store_find(core, show, &cancelled->reservation_id);
    BROKEN_UNLESS((unsigned)cancelled->reason < CANCEL_REASON_COUNT);
    struct reservation_payment *payment = payment_on_its_way(reservation, cancelled->payment_id);
    if (payment != NULL) {
        payment->state = PAYMENT_CAPTURED;
    } else {
        BROKEN_UNLESS(reservation != NULL && reservation->state == RESERVATION_STATE_SOLD);
    }
    reservation->cancel = (unsigned)(cancelled->reason + 1) & 3u;
    reservation_places_give(show, reservation);
    reservation_store_move(core, show, reservation, RESERVATION_STATE_REFUNDING, 0, false);
    RESERVATION_ASSERT(reservation->cancel != CANCEL_NONE);
    RESERVATION_SLOW_ASSERT(reservation_places_free(show, reservation));
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_refund_requested(struct reservation_core *core,
                                                            struct reservation_show *show,
                                                            const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_REFUND_REQUESTED);
    const struct event_refund_requested *requested = &event->as.refund_requested;
    BROKEN_UNLESS(payment_is_sound(requested->payment_id, requested->currency));
    struct reservation *reservation =
        reservation_store_find(core, show, &requested->reservation_id);
    if (reservation == NULL) {
        return RESERVATION_APPLY_APPLIED;
    }
    BROKEN_UNLESS(requested->state == reservation->state ||
                  (reservation->state == RESERVATION_STATE_REFUND_FAILED &&
                   requested->state == RESERVATION_STATE_REFUNDING));
    BROKEN_UNLESS(requested->refund_attempt == reservation->refund_attempt + 1 &&
                  requested->refund_attempt <= RESERVATION_REFUND_ATTEMPTS_MAX);
    reservation->refund_attempt = (uint8_t)requested->refund_attempt;
    struct reservation_payment *payment =
        payment_adopt(core, show, reservation, requested->attempt, requested->payment_id);
    if (payment != NULL) {
        payment->state = PAYMENT_REFUNDING;
        payment->refund_attempt = (uint8_t)requested->refund_attempt;
        payment_amount_set(payment, requested->amount_minor, requested->currency);
    }
    reservation_store_move(core, show, reservation, requested->state, reservation->time, false);
    RESERVATION_ASSERT(payment == NULL || reservation_payment_refund(
                                              reservation, requested->refund_attempt) == payment);
    RESERVATION_ASSERT(payment == NULL || (reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0);
    return RESERVATION_APPLY_APPLIED;
}

static bool refund_ends_as(const struct reservation *reservation, enum reservation_state end,
                           enum reservation_state claimed) {
    RESERVATION_ASSERT(end == RESERVATION_STATE_REFUNDED || end == RESERVATION_STATE_REFUND_FAILED);
    bool of_order = reservation->state == RESERVATION_STATE_REFUNDING ||
                    reservation->state == RESERVATION_STATE_REFUND_FAILED;
    return claimed == reservation->state || (of_order && claimed == end);
}

static enum reservation_apply_result apply_refunded(struct reservation_core *core,
                                                    struct reservation_show *show,
                                                    const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_REFUNDED);
    const struct event_refunded *refunded = &event->as.refunded;
    struct reservation *reservation = reservation_store_find(core, show, &refunded->reservation_id);
    BROKEN_UNLESS(reservation != NULL &&
                  refund_ends_as(reservation, RESERVATION_STATE_REFUNDED, refunded->state));
    struct reservation_payment *payment =
        reservation_payment_refund(reservation, refunded->refund_attempt);
    if (payment != NULL) {
        BROKEN_UNLESS(payment->state == PAYMENT_REFUNDING ||
                      payment->state == PAYMENT_REFUND_FAILED);
        payment->state = PAYMENT_REFUNDED;
    } else {
        BROKEN_UNLESS(refunded->refund_attempt == 0 && refunded->amount_minor == 0);
    }
    reservation_store_move(core, show, reservation, refunded->state, reservation->time, false);
    RESERVATION_ASSERT(payment == NULL || payment->refund_attempt == refunded->refund_attempt);
    RESERVATION_ASSERT(reservation->state == (unsigned)refunded->state);
    return RESERVATION_APPLY_APPLIED;
}

static enum reservation_apply_result apply_refund_failed(struct reservation_core *core,
                                                         struct reservation_show *show,
                                                         const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_REFUND_FAILED);
    const struct event_refund_failed *failed = &event->as.refund_failed;
    struct reservation *reservation = reservation_store_find(core, show, &failed->reservation_id);
    BROKEN_UNLESS(reservation != NULL &&
                  refund_ends_as(reservation, RESERVATION_STATE_REFUND_FAILED, failed->state));
    struct reservation_payment *payment =
        reservation_payment_refund(reservation, failed->refund_attempt);
    BROKEN_UNLESS(payment != NULL && payment->state == PAYMENT_REFUNDING &&
                  failed->code.size <= RESERVATION_CODE_OCTETS_MAX);
    payment->state = PAYMENT_REFUND_FAILED;
    reservation_payment_code_set(core, payment, failed->code);
    reservation_store_move(core, show, reservation, failed->state, reservation->time, false);
    RESERVATION_ASSERT((reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0);
    RESERVATION_ASSERT(reservation->state == (unsigned)failed->state);
    return RESERVATION_APPLY_APPLIED;
}

typedef enum reservation_apply_result apply_function(struct reservation_core *core,
                                                     struct reservation_show *show,
                                                     const struct event *event);

static enum reservation_apply_result apply_nothing(struct reservation_core *core,
                                                   struct reservation_show *show,
                                                   const struct event *event) {
    RESERVATION_ASSERT(event->kind == EVENT_NOTED || event->kind == EVENT_REFUSED);
    RESERVATION_ASSERT(show_at(core, show->index) == show);
    return RESERVATION_APPLY_APPLIED;
}

static apply_function *const apply_functions[EVENT_KIND_COUNT] = {
    [EVENT_SHOW_CANCELLED] = apply_show_cancelled,
    [EVENT_SHOW_CLOSED] = apply_show_closed,
    [EVENT_RESERVED] = apply_reserved,
    [EVENT_HOLDS_EXPIRED] = apply_holds_expired,
    [EVENT_RELEASED] = apply_released,
    [EVENT_PAYMENT_REQUESTED] = apply_payment_requested,
    [EVENT_SECURED] = apply_secured,
    [EVENT_PAYMENT_DECLINED] = apply_payment_declined,
    [EVENT_VOID_REQUESTED] = apply_void_requested,
    [EVENT_VOIDED] = apply_voided,
    [EVENT_SOLD] = apply_sold,
    [EVENT_CAPTURE_FAILED] = apply_capture_failed,
    [EVENT_CANCEL_REMEMBERED] = apply_cancel_remembered,
    [EVENT_ORDER_CANCELLED] = apply_order_cancelled,
    [EVENT_REFUND_REQUESTED] = apply_refund_requested,
    [EVENT_REFUNDED] = apply_refunded,
    [EVENT_REFUND_FAILED] = apply_refund_failed,
    [EVENT_NOTED] = apply_nothing,
    [EVENT_REFUSED] = apply_nothing,
};

enum reservation_apply_result reservation_apply_event(struct reservation_core *core,
                                                      struct reservation_show **show,
                                                      const struct event *event) {
    const struct event_head *head = &event->as.head;
    enum reservation_apply_result result = RESERVATION_APPLY_BROKEN;
    RESERVATION_ASSERT(head->seq == (*show == NULL ? 1 : (*show)->seq + 1));
    if (event->kind == EVENT_SHOW_CREATED) {
        result = apply_show_created(core, show, event);
    } else {
        BROKEN_UNLESS(*show != NULL && (unsigned)event->kind < EVENT_KIND_COUNT);
        BROKEN_UNLESS(head->at >= (*show)->clock && head->logic_version >= (*show)->logic_version);
        apply_function *function = apply_functions[event->kind];
        BROKEN_UNLESS(function != NULL);
        BROKEN_UNLESS((*show)->status != SHOW_CLOSED || function == apply_nothing);
        reservation_store_forget_due(core, *show, head->at);
        result = function(core, *show, event);
    }
    if (result != RESERVATION_APPLY_APPLIED) {
        return result;
    }
    (*show)->seq = head->seq;
    (*show)->clock = head->at;
    (*show)->logic_version = head->logic_version;
    if (head->logic_version > core->logic_version) {
        core->logic_version = head->logic_version;
    }
    reservation_core_changed_push(core, *show);
    RESERVATION_ASSERT((*show)->changed);
    RESERVATION_ASSERT((*show)->logic_version <= core->logic_version);
    reservation_audit_event(core, *show);
    return result;
}

const char *reservation_apply_result_name(enum reservation_apply_result result) {
    static const char *const names[] = {"applied", "stateless", "seen", "gap", "broken"};
    _Static_assert(sizeof(names) / sizeof(*names) == RESERVATION_APPLY_BROKEN + 1, "a name each");
    return (unsigned)result < sizeof(names) / sizeof(*names) ? names[result] : "?";
}
