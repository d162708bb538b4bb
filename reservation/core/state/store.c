/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps indexes, lists, timers and counters in step with every change of a reservation. */
#include "reservation/core/state/store.h"

#include "reservation/core/equal.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/index.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/timer.h"

struct reservation_show *reservation_store_show_make(struct reservation_core *core,
                                                     const struct uuid *show_id,
                                                     const struct uuid *owner_id) {
    uint32_t slot = reservation_slab_allocate(&core->shows, &core->memory);
    struct reservation_show *show = reservation_slab_at(&core->shows, slot);
    RESERVATION_ASSERT(slot == core->shows.used);
    *show = (struct reservation_show){.show_id = *show_id,
                                      .owner_id = *owner_id,
                                      .index = slot,
                                      .holds_due_at = RESERVATION_NEVER,
                                      .forget_due_at = RESERVATION_NEVER,
                                      .tick_not_before = INT64_MIN};
    reservation_index_show_insert(core, slot);
    reservation_due_show_add(core, show);
    RESERVATION_ASSERT(show->status == SHOW_ON_SALE && show->plan == NULL);
    return show;
}

void reservation_store_show_fill(struct reservation_core *core, struct reservation_show *show,
                                 const struct show_details *details) {
    RESERVATION_ASSERT(show->plan == NULL);
    show->plan = reservation_plan_make(&core->memory, details);
    core->seats += show->plan->seats_count;
    core->octets_plans += show->plan->octets;
    RESERVATION_ASSERT(core->octets_plans <= core->memory.octets_allocated);
    reservation_due_lower(core, show, reservation_show_closes_at(show));
}

void reservation_store_show_empty(struct reservation_core *core, struct reservation_show *show) {
    while (show->order.first != 0) {
        reservation_store_forget(core, show, reservation_at(core, show->order.first));
    }
    RESERVATION_ASSERT(show->reservations == 0 && show->unsettled == 0 && show->callable == 0);
    RESERVATION_ASSERT(show->order.last == 0);
    for (int timer = 0; timer < TIMER_COUNT; timer++) {
        RESERVATION_ASSERT(show->timers[timer].first == 0 && show->timers[timer].last == 0);
    }
    if (show->plan != NULL) {
        RESERVATION_ASSERT(core->seats >= show->plan->seats_count);
        core->seats -= show->plan->seats_count;
        core->octets_plans -= show->plan->octets;
        reservation_plan_free(&core->memory, show->plan);
    }
    show->plan = NULL;
    show->call_off_next = 0;
    show->made = 0;
    show->holds_due_at = RESERVATION_NEVER;
    show->forget_due_at = RESERVATION_NEVER;
}

struct reservation *reservation_store_find(struct reservation_core *core,
                                           const struct reservation_show *show,
                                           const struct uuid *reservation_id) {
    if (core->found != 0) {
        struct reservation *found = reservation_at(core, core->found);
        if (found->show == show->index && uuid_equal(&found->reservation_id, reservation_id)) {
            return found;
        }
    }
    uint32_t slot = reservation_index_find(core, show->index, reservation_id);
    if (slot == 0) {
        return NULL;
    }
    core->found = slot;
    struct reservation *reservation = reservation_at(core, slot);
    RESERVATION_ASSERT(reservation->show == show->index);
    RESERVATION_ASSERT(reservation->made <= show->made);
    return reservation;
}

static void order_append(struct reservation_core *core, struct reservation_show *show,
                         struct reservation *reservation) {
    uint32_t last = show->order.last;
    RESERVATION_ASSERT((last == 0) == (show->order.first == 0));
    RESERVATION_ASSERT(last == 0 || reservation_at(core, last)->made < reservation->made);
    reservation->previous_in_show = last;
    *(last == 0 ? &show->order.first : &reservation_at(core, last)->next_in_show) =
        reservation->slot;
    show->order.last = reservation->slot;
    RESERVATION_ASSERT(show->order.first != 0);
}

static void order_remove(struct reservation_core *core, struct reservation_show *show,
                         const struct reservation *reservation) {
    uint32_t before = reservation->previous_in_show;
    uint32_t behind = reservation->next_in_show;
    RESERVATION_ASSERT((before == 0) == (show->order.first == reservation->slot));
    RESERVATION_ASSERT((behind == 0) == (show->order.last == reservation->slot));
    *(before == 0 ? &show->order.first : &reservation_at(core, before)->next_in_show) = behind;
    *(behind == 0 ? &show->order.last : &reservation_at(core, behind)->previous_in_show) = before;
    if (show->call_off_next == reservation->slot) {
        show->call_off_next = behind;
    }
}

struct reservation *reservation_store_make(struct reservation_core *core,
                                           struct reservation_show *show,
                                           const struct uuid *reservation_id,
                                           const struct uuid *buyer_id, struct integers seats,
                                           int32_t quantity) {
    RESERVATION_ASSERT(quantity >= 1 && quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    RESERVATION_ASSERT(seats.count == 0 || seats.count == (size_t)quantity);
    uint32_t slot = reservation_slab_allocate(&core->reservations, &core->memory);
    struct reservation *reservation = reservation_slab_at(&core->reservations, slot);
    *reservation = (struct reservation){.reservation_id = *reservation_id,
                                        .buyer_id = *buyer_id,
                                        .slot = slot,
                                        .show = show->index,
                                        .made = ++show->made,
                                        .quantity = (uint8_t)quantity};
    uint16_t *kept = reservation->seats.few;
    if (quantity > RESERVATION_SEATS_INLINE) {
        kept = reservation_block_allocate(&core->memory, (size_t)quantity * sizeof(*kept));
        reservation->seats.many = kept;
    }
    for (size_t i = 0; i < seats.count; i++) {
        RESERVATION_ASSERT(seats.items[i] >= 0 && seats.items[i] < show->plan->seats_count);
        kept[i] = (uint16_t)seats.items[i];
    }
    reservation_index_insert(core, reservation);
    order_append(core, show, reservation);
    show->reservations++;
    RESERVATION_ASSERT(show->reservations <= core->map_reservations.count);
    core->found = slot;
    RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_NONE);
    return reservation;
}

/* A reservation of the show no longer counts as these flags say. */
static void counters_lower(struct reservation_show *show, unsigned flags) {
    bool unsettled = (flags & RESERVATION_FLAG_UNSETTLED) != 0;
    bool callable = (flags & RESERVATION_FLAG_CALLABLE) != 0;
    RESERVATION_ASSERT(show->unsettled >= unsettled);
    RESERVATION_ASSERT(show->callable >= callable);
    show->unsettled -= unsettled;
    show->callable -= callable;
}

void reservation_store_forget(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->show == show->index);
    RESERVATION_ASSERT(show->reservations > 0);
    enum reservation_timer timer = reservation_timer_of(reservation);
    if (timer != TIMER_COUNT) {
        reservation_timer_remove(core, show, reservation, timer);
    }
    reservation_payments_forget(core, reservation);
    if (reservation->quantity > RESERVATION_SEATS_INLINE) {
        reservation_block_release(&core->memory, reservation->seats.many,
                                  reservation->quantity * sizeof(uint16_t));
    }
    counters_lower(show, reservation->flags);
    show->reservations--;
    reservation_index_remove(core, reservation);
    order_remove(core, show, reservation);
    RESERVATION_ASSERT((show->reservations == 0) == (show->order.first == 0));
    core->found = 0;
    reservation_slab_release(&core->reservations, reservation->slot);
}

void reservation_store_forget_due(struct reservation_core *core, struct reservation_show *show,
                                  int64_t now_ms) {
    if (now_ms < show->forget_due_at) {
        return;
    }
    uint32_t slot = show->timers[TIMER_FORGET].first;
    while (slot != 0) {
        struct reservation *reservation = reservation_at(core, slot);
        RESERVATION_ASSERT(reservation->state == RESERVATION_STATE_RELEASED);
        RESERVATION_ASSERT(reservation->payments == NULL);
        if (now_ms < reservation->time + RESERVATION_FORGET_AFTER_MS) {
            break;
        }
        slot = reservation->next_in_timer;
        reservation_store_forget(core, show, reservation);
    }
    show->forget_due_at = slot == 0
                              ? RESERVATION_NEVER
                              : reservation_at(core, slot)->time + RESERVATION_FORGET_AFTER_MS;
    RESERVATION_ASSERT(show->forget_due_at > now_ms);
}

static bool payment_is_unsettled(const struct reservation_payment *payment) {
    RESERVATION_ASSERT(payment->state >= PAYMENT_REQUESTED);
    RESERVATION_ASSERT(payment->state <= PAYMENT_REFUND_FAILED);
    switch ((enum payment_state)payment->state) {
    case PAYMENT_REQUESTED:
    case PAYMENT_AUTHORIZED:
    case PAYMENT_VOIDING:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUND_FAILED:
        return true;
    default:
        return false;
    }
}

static unsigned flags_of(const struct reservation *reservation) {
    static const uint8_t flags_of_state[RESERVATION_STATE_COUNT] = {
        [RESERVATION_STATE_HELD] = RESERVATION_FLAG_UNSETTLED | RESERVATION_FLAG_CALLABLE,
        [RESERVATION_STATE_PAYING] = RESERVATION_FLAG_UNSETTLED | RESERVATION_FLAG_CALLABLE,
        [RESERVATION_STATE_SECURED] = RESERVATION_FLAG_UNSETTLED | RESERVATION_FLAG_CALLABLE,
        [RESERVATION_STATE_SOLD] = RESERVATION_FLAG_CALLABLE,
        [RESERVATION_STATE_REFUNDING] = RESERVATION_FLAG_UNSETTLED,
        [RESERVATION_STATE_REFUND_FAILED] = RESERVATION_FLAG_UNSETTLED,
    };
    RESERVATION_ASSERT(reservation->state < RESERVATION_STATE_COUNT);
    unsigned flags = flags_of_state[reservation->state];
    if (reservation->state == RESERVATION_STATE_SECURED && reservation->cancel != CANCEL_NONE) {
        flags &= ~RESERVATION_FLAG_CALLABLE;
    }
    const struct reservation_payment *payment = reservation->payments;
    for (; (flags & RESERVATION_FLAG_UNSETTLED) == 0 && payment != NULL; payment = payment->next) {
        if (payment_is_unsettled(payment)) {
            flags |= RESERVATION_FLAG_UNSETTLED;
        }
    }
    return flags | (reservation->flags & RESERVATION_FLAG_MOVED);
}

void reservation_store_recount(struct reservation_core *core, struct reservation_show *show,
                               struct reservation *reservation) {
    unsigned flags = flags_of(reservation);
    unsigned before = reservation->flags;
    if (flags == before) {
        return;
    }
    counters_lower(show, before);
    show->callable += (flags & RESERVATION_FLAG_CALLABLE) != 0;
    show->unsettled += (flags & RESERVATION_FLAG_UNSETTLED) != 0;
    RESERVATION_ASSERT(show->unsettled <= show->reservations);
    RESERVATION_ASSERT(show->callable <= show->reservations);
    reservation->flags = flags & 7u;
    RESERVATION_ASSERT(reservation->flags == flags);
    if (show->unsettled == 0) {
        reservation_due_lower(core, show, reservation_show_closes_at(show));
    }
}

void reservation_store_move(struct reservation_core *core, struct reservation_show *show,
                            struct reservation *reservation, enum reservation_state state,
                            int64_t time, bool expiry_moved) {
    RESERVATION_ASSERT(reservation->show == show->index);
    RESERVATION_ASSERT(state > RESERVATION_STATE_NONE && state < RESERVATION_STATE_COUNT);
    enum reservation_timer before = reservation_timer_of(reservation);
    reservation->state = state & 15u;
    if (expiry_moved) {
        reservation->flags |= RESERVATION_FLAG_MOVED;
    }
    enum reservation_timer after = reservation_timer_of(reservation);
    if (after != before || reservation->time != time) {
        if (before != TIMER_COUNT) {
            reservation_timer_remove(core, show, reservation, before);
        }
        reservation->time = time;
        if (after != TIMER_COUNT) {
            reservation_timer_insert(core, show, reservation, after);
        }
        if (reservation_is_unpaid(reservation)) {
            reservation_due_lower(core, show, time);
        }
    }
    reservation_store_recount(core, show, reservation);
}

struct reservation_payment *reservation_store_stray_add(struct reservation_core *core,
                                                        struct reservation_show *show,
                                                        struct reservation *reservation,
                                                        int32_t attempt) {
    enum reservation_timer before = reservation_timer_of(reservation);
    struct reservation_payment *payment =
        reservation_payment_add(core, reservation, attempt, false);
    if (before == TIMER_FORGET && payment != NULL) {
        reservation_timer_remove(core, show, reservation, before);
        RESERVATION_ASSERT(reservation_timer_of(reservation) == TIMER_COUNT);
    }
    RESERVATION_ASSERT(payment == NULL || !payment->requested);
    return payment;
}

const struct reservation *reservation_store_buyer_next(const struct reservation_core *core,
                                                       const struct reservation_show *show,
                                                       const struct uuid *buyer_id,
                                                       const struct reservation *previous) {
    uint32_t slot = previous != NULL ? previous->next_of_buyer
                                     : reservation_index_buyer_find(core, show->index, buyer_id);
    const struct reservation *next = slot != 0 ? reservation_at(core, slot) : NULL;
    RESERVATION_ASSERT(next == NULL || next->show == show->index);
    RESERVATION_ASSERT(next == NULL || uuid_equal(&next->buyer_id, buyer_id));
    return next;
}

struct reservation_buyer_usage reservation_store_buyer_usage(const struct reservation_core *core,
                                                             const struct reservation_show *show,
                                                             const struct uuid *buyer_id) {
    struct reservation_buyer_usage usage = {.places = 0};
    for (const struct reservation *reservation = NULL;
         (reservation = reservation_store_buyer_next(core, show, buyer_id, reservation)) != NULL;) {
        usage.reservations++;
        if (reservation_is_live(reservation)) {
            usage.places += reservation->quantity;
        }
        if (reservation_is_unpaid(reservation)) {
            usage.places_unpaid += reservation->quantity;
        }
    }
    RESERVATION_ASSERT(usage.places_unpaid <= usage.places);
    RESERVATION_ASSERT((uint32_t)usage.reservations <= show->reservations);
    return usage;
}
