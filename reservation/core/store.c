/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/state.h"

_Static_assert(sizeof(struct reservation_show) == 192, "a show is three lines of cache");
_Static_assert(sizeof(struct reservation) == 96, "a reservation is a line and a half of cache");
_Static_assert(RESERVATION_PLACES_PER_RESERVATION_MAX <= UINT8_MAX, "fits reservation.quantity");
_Static_assert(RESERVATION_PLACES_PER_RESERVATION_MAX * sizeof(uint16_t) <=
                   RESERVATION_BLOCK_OCTETS_MAX,
               "a reservation's seats fit a block");
_Static_assert(RESERVATION_PAYMENT_ID_OCTETS_MAX <= UINT8_MAX, "fits payment_id_octets");
_Static_assert(RESERVATION_REFUND_ATTEMPTS_MAX <= UINT8_MAX, "fits refund_attempt");
_Static_assert(RESERVATION_ATTEMPTS_MAX <= 3, "fits reservation.attempt");
_Static_assert(RESERVATION_PLACES_PER_SHOW_MAX <= UINT16_MAX, "a seat's number is 16 bits");

struct reservation_show *reservation_store_show_make(struct reservation_core *core,
                                                     const struct uuid *show_id,
                                                     const struct uuid *owner_id) {
    uint32_t slot = reservation_slab_allocate(&core->shows, &core->memory);
    struct reservation_show *show = show_at(core, slot);
    *show = (struct reservation_show){.show_id = *show_id,
                                      .owner_id = *owner_id,
                                      .index = slot,
                                      .holds_due_at = RESERVATION_NEVER,
                                      .forget_due_at = RESERVATION_NEVER,
                                      .tick_not_before = INT64_MIN};
    reservation_map_show_insert(core, slot);
    reservation_timer_show_add(core, show);
    return show;
}

void reservation_store_show_fill(struct reservation_core *core, struct reservation_show *show,
                                 const struct show_details *details) {
    RESERVATION_ASSERT(show->plan == NULL);
    show->plan = reservation_plan_make(&core->memory, details);
    core->seats += show->plan->seats_count;
    core->octets_plans += show->plan->octets;
    reservation_timer_show_lower(core, show, reservation_show_closes_at(show));
}

void reservation_store_show_empty(struct reservation_core *core, struct reservation_show *show) {
    while (show->order.first != 0) {
        reservation_store_forget(core, show, reservation_at(core, show->order.first));
    }
    RESERVATION_ASSERT(show->reservations == 0 && show->unsettled == 0 && show->callable == 0);
    if (show->plan != NULL) {
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
    uint32_t slot = reservation_map_reservation_find(core, show->index, reservation_id);
    if (slot == 0) {
        return NULL;
    }
    core->found = slot;
    return reservation_at(core, slot);
}

static void order_append(struct reservation_core *core, struct reservation_show *show,
                         struct reservation *reservation) {
    uint32_t last = show->order.last;
    reservation->previous_in_show = last;
    *(last == 0 ? &show->order.first : &reservation_at(core, last)->next_in_show) =
        reservation->slot;
    show->order.last = reservation->slot;
}

static void order_remove(struct reservation_core *core, struct reservation_show *show,
                         const struct reservation *reservation) {
    uint32_t before = reservation->previous_in_show;
    uint32_t behind = reservation->next_in_show;
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
    struct reservation *reservation = reservation_at(core, slot);
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
        kept[i] = (uint16_t)seats.items[i];
    }
    reservation_map_reservation_insert(core, slot);
    reservation_map_buyer_insert(core, slot);
    order_append(core, show, reservation);
    show->reservations++;
    core->found = slot;
    return reservation;
}

/* Which of the show's timers it is on; TIMER_COUNT: none. */
static enum reservation_timer timer_of(const struct reservation *reservation) {
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_HELD:
    case RESERVATION_STATE_PAYING:
        return (reservation->flags & RESERVATION_FLAG_MOVED) != 0 ? TIMER_MOVED : TIMER_HELD;
    case RESERVATION_STATE_RELEASED:
        return reservation->payments == NULL ? TIMER_FORGET : TIMER_COUNT;
    default:
        return TIMER_COUNT;
    }
}

void reservation_store_forget(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation) {
    enum reservation_timer timer = timer_of(reservation);
    if (timer != TIMER_COUNT) {
        reservation_timer_remove(core, show, reservation, timer);
    }
    reservation_payments_forget(core, reservation);
    if (reservation->quantity > RESERVATION_SEATS_INLINE) {
        reservation_block_release(&core->memory, reservation->seats.many,
                                  reservation->quantity * sizeof(uint16_t));
    }
    show->unsettled -= (reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0;
    show->callable -= (reservation->flags & RESERVATION_FLAG_CALLABLE) != 0;
    show->reservations--;
    reservation_map_reservation_remove(core, reservation->slot);
    reservation_map_buyer_remove(core, reservation->slot);
    order_remove(core, show, reservation);
    core->found = 0;
    reservation_slab_release(&core->reservations, reservation->slot);
}

static bool payment_is_unsettled(const struct reservation_payment *payment) {
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
    show->callable += (flags & RESERVATION_FLAG_CALLABLE) != 0;
    show->callable -= (before & RESERVATION_FLAG_CALLABLE) != 0;
    show->unsettled += (flags & RESERVATION_FLAG_UNSETTLED) != 0;
    show->unsettled -= (before & RESERVATION_FLAG_UNSETTLED) != 0;
    reservation->flags = flags & 7u;
    if (show->unsettled == 0) {
        reservation_timer_show_lower(core, show, reservation_show_closes_at(show));
    }
}

void reservation_store_move(struct reservation_core *core, struct reservation_show *show,
                            struct reservation *reservation, enum reservation_state state,
                            int64_t time, bool expiry_moved) {
    enum reservation_timer before = timer_of(reservation);
    reservation->state = state & 15u;
    if (expiry_moved) {
        reservation->flags |= RESERVATION_FLAG_MOVED;
    }
    enum reservation_timer after = timer_of(reservation);
    if (after != before || reservation->time != time) {
        if (before != TIMER_COUNT) {
            reservation_timer_remove(core, show, reservation, before);
        }
        reservation->time = time;
        if (after != TIMER_COUNT) {
            reservation_timer_insert(core, show, reservation, after);
        }
    }
    reservation_store_recount(core, show, reservation);
}

struct reservation_payment *reservation_store_stray_add(struct reservation_core *core,
                                                        struct reservation_show *show,
                                                        struct reservation *reservation,
                                                        int32_t attempt) {
    enum reservation_timer before = timer_of(reservation);
    struct reservation_payment *payment =
        reservation_payment_add(core, reservation, attempt, false);
    if (before == TIMER_FORGET && payment != NULL) {
        reservation_timer_remove(core, show, reservation, before);
    }
    return payment;
}

const struct reservation *reservation_store_buyer_next(const struct reservation_core *core,
                                                       const struct reservation_show *show,
                                                       const struct uuid *buyer_id,
                                                       const struct reservation *previous) {
    uint32_t slot = previous != NULL ? previous->next_of_buyer
                                     : reservation_map_buyer_find(core, show->index, buyer_id);
    return slot != 0 ? reservation_at(core, slot) : NULL;
}

struct reservation_buyer_usage reservation_store_buyer_usage(const struct reservation_core *core,
                                                             const struct reservation_show *show,
                                                             const struct uuid *buyer_id) {
    struct reservation_buyer_usage usage = {.places = 0};
    uint32_t slot = reservation_map_buyer_find(core, show->index, buyer_id);
    while (slot != 0) {
        const struct reservation *reservation = reservation_at(core, slot);
        usage.reservations++;
        if (reservation_is_live(reservation)) {
            usage.places += reservation->quantity;
        }
        if (reservation_is_unpaid(reservation)) {
            usage.places_unpaid += reservation->quantity;
        }
        slot = reservation->next_of_buyer;
    }
    return usage;
}

int32_t reservation_general_section(const struct reservation *reservation) {
    return reservation->selection == SELECTION_GENERAL ? reservation->section : -1;
}

bool reservation_places_free(const struct reservation_show *show,
                             const struct reservation *reservation) {
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        const struct plan_section *section = &show->plan->sections[general];
        return section->capacity - section->taken >= reservation->quantity;
    }
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        if (!reservation_seat_is_free(show->plan, seats[i])) {
            return false;
        }
    }
    return true;
}

void reservation_places_take(struct reservation_show *show, const struct reservation *reservation) {
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        struct plan_section *section = &show->plan->sections[general];
        RESERVATION_ASSERT(section->capacity - section->taken >= reservation->quantity);
        section->taken = (uint16_t)(section->taken + reservation->quantity);
        return;
    }
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        reservation_seat_take(show->plan, seats[i]);
    }
}

void reservation_places_give(struct reservation_show *show, const struct reservation *reservation) {
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        struct plan_section *section = &show->plan->sections[general];
        RESERVATION_ASSERT(section->taken >= reservation->quantity);
        section->taken = (uint16_t)(section->taken - reservation->quantity);
        return;
    }
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        reservation_seat_give(show->plan, seats[i]);
    }
}

int64_t reservation_total_minor(const struct reservation_show *show,
                                const struct reservation *reservation) {
    const struct reservation_plan *plan = show->plan;
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        return reservation->quantity * reservation_plan_price_minor(plan, (uint32_t)general);
    }
    const uint16_t *seats = reservation_seats(reservation);
    int64_t total = 0;
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        total += reservation_plan_price_minor(plan, reservation_plan_section_of(plan, seats[i]));
    }
    return total;
}
