/* SPDX-License-Identifier: Apache-2.0 */
/* Places asked for and let go: what cannot be, is had already, is too much, is gone. */
#include "reservation/core/decide/reserve.h"

#include "reservation/core/equal.h"
#include "reservation/core/plan/seats.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/store.h"

/* Ascending, in scratch; at most RESERVATION_PLACES_PER_RESERVATION_MAX, nearly sorted as asked. */
static struct integers seats_sorted(struct reservation_decision *decision, struct integers seats) {
    RESERVATION_ASSERT(seats.count <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    int32_t *items =
        reservation_scratch_allocate(decision->effects->scratch, seats.count * sizeof(*items));
    for (size_t i = 0; i < seats.count; i++) {
        size_t place = i;
        for (; place > 0 && items[place - 1] > seats.items[i]; place--) {
            items[place] = items[place - 1];
        }
        items[place] = seats.items[i];
        RESERVATION_ASSERT(place == 0 || items[place - 1] <= items[place]);
    }
    return (struct integers){.items = items, .count = seats.count};
}

/* What the selection does not use is left out, so that it does not make two wishes differ. */
static struct reservation_wish wish_of(const struct command_reserve *command) {
    struct reservation_wish wish = {.selection = command->selection,
                                    .section = command->section,
                                    .category = command->category,
                                    .quantity = command->quantity};
    switch (command->selection) {
    case SELECTION_NAMED:
        wish.seats = command->seats;
        wish.section = -1;
        wish.category = -1;
        wish.quantity = command->seats.count > RESERVATION_PLACES_PER_RESERVATION_MAX
                            ? RESERVATION_PLACES_PER_RESERVATION_MAX + 1
                            : (int32_t)command->seats.count;
        break;
    case SELECTION_BEST_AVAILABLE:
        break;
    case SELECTION_GENERAL:
        wish.category = -1;
        break;
    }
    RESERVATION_ASSERT(wish.seats.count == 0 || wish.selection == SELECTION_NAMED);
    RESERVATION_ASSERT(wish.selection != SELECTION_NAMED ||
                       wish.quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX + 1);
    return wish;
}

static bool is_seats_of(const struct reservation *reservation, struct integers ascending) {
    RESERVATION_ASSERT(ascending.count == reservation->quantity);
    RESERVATION_ASSERT(reservation->selection != SELECTION_GENERAL);
    const uint16_t *seats = reservation_seats(reservation);
    for (size_t i = 0; i < ascending.count; i++) {
        if (ascending.items[i] != seats[i]) {
            return false;
        }
    }
    return true;
}

static bool is_same_wish(struct reservation_decision *decision,
                         const struct reservation *reservation,
                         const struct reservation_wish *wish) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_RESERVE);
    RESERVATION_ASSERT(reservation->show == decision->show->index);
    if (!uuid_equal(&reservation->buyer_id, &decision->command->as.reserve.buyer_id) ||
        reservation->selection != wish->selection || reservation->quantity != wish->quantity ||
        reservation->section != wish->section || reservation->category != wish->category) {
        return false;
    }
    if (wish->selection != SELECTION_NAMED) {
        return true;
    }
    return is_seats_of(reservation, seats_sorted(decision, wish->seats));
}

/* The hold that these seats, all of them and no others, belong to already; the seats ascend. */
static bool holds_the_same_seats(const struct reservation *reservation,
                                 const struct reservation_wish *wish) {
    RESERVATION_ASSERT(wish->quantity >= 1);
    return wish->selection == SELECTION_NAMED && reservation_is_unpaid(reservation) &&
           reservation->selection != SELECTION_GENERAL && reservation->quantity == wish->quantity &&
           is_seats_of(reservation, wish->seats);
}

/*
 * A hold that the very same wish has just made. When it was made is known by its end, unless a
 * payment has moved that: then the buyer has seen it.
 */
static bool is_double_click(struct reservation_decision *decision,
                            const struct reservation *reservation,
                            const struct reservation_wish *wish) {
    int64_t made_at = reservation->time - decision->show->plan->hold_ttl_ms;
    return !decision->command->as.reserve.keyed && reservation->state == RESERVATION_STATE_HELD &&
           (reservation->flags & RESERVATION_FLAG_MOVED) == 0 &&
           decision->now_ms - made_at <= RESERVATION_DOUBLE_CLICK_MS &&
           is_same_wish(decision, reservation, wish);
}

/*
 * The reservation in which the buyer has already what a wish with a new id asks for: by its seats
 * there is one at most; of those by a double click, the one made last. NULL: there is none.
 */
static const struct reservation *had_already(struct reservation_decision *decision,
                                             const struct reservation_wish *wish) {
    const struct uuid *buyer_id = &decision->command->as.reserve.buyer_id;
    const struct reservation *last = NULL;
    if (decision->core->decides_as < 3) {
        return NULL;
    }
    for (const struct reservation *each = NULL;
         (each = reservation_store_buyer_next(decision->core, decision->show, buyer_id, each)) !=
         NULL;) {
        if (holds_the_same_seats(each, wish)) {
            return each;
        }
        if (is_double_click(decision, each, wish) && (last == NULL || each->made > last->made)) {
            last = each;
        }
    }
    RESERVATION_ASSERT(last == NULL || last->state == RESERVATION_STATE_HELD);
    RESERVATION_ASSERT(last == NULL || uuid_equal(&last->buyer_id, buyer_id));
    return last;
}

enum seat_fault { SEAT_UNKNOWN, SEAT_REPEATED, SEAT_TAKEN, SEAT_OWN };

/* Whether the buyer holds, is paying for or owns this seat, which is taken. */
static bool seat_is_own(const struct reservation_decision *decision, int32_t seat) {
    RESERVATION_ASSERT(!reservation_seat_is_free(decision->show->plan, (uint32_t)seat));
    const struct uuid *buyer_id = &decision->command->as.reserve.buyer_id;
    for (const struct reservation *each = NULL;
         (each = reservation_store_buyer_next(decision->core, decision->show, buyer_id, each)) !=
         NULL;) {
        if (!reservation_is_live(each) || each->selection == SELECTION_GENERAL) {
            continue;
        }
        RESERVATION_ASSERT(each->show == decision->show->index);
        const uint16_t *seats = reservation_seats(each);
        for (uint32_t i = 0; i < each->quantity; i++) {
            if (seats[i] == seat) {
                return true;
            }
        }
    }
    return false;
}

/* Of these ascending seats, those at fault, each once. */
static struct integers seats_at_fault(struct reservation_decision *decision, struct integers seats,
                                      enum seat_fault fault) {
    const struct reservation_plan *plan = decision->show->plan;
    int32_t *items =
        reservation_scratch_allocate(decision->effects->scratch, seats.count * sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < seats.count; i++) {
        int32_t seat = seats.items[i];
        bool is_fault = false;
        RESERVATION_ASSERT(i == 0 || seats.items[i - 1] <= seat);
        switch (fault) {
        case SEAT_UNKNOWN:
            is_fault = seat < 0 || seat >= plan->seats_count;
            break;
        case SEAT_REPEATED:
            is_fault = i > 0 && seats.items[i - 1] == seat;
            break;
        case SEAT_TAKEN:
            is_fault = !reservation_seat_is_free(plan, (uint32_t)seat);
            break;
        case SEAT_OWN:
            is_fault = seat_is_own(decision, seat);
            break;
        }
        if (is_fault && (count == 0 || items[count - 1] != seat)) {
            items[count++] = seat;
        }
    }
    RESERVATION_ASSERT(count <= seats.count);
    return (struct integers){.items = items, .count = count};
}

/* Whether these ascending seats are in the house, and each but once. */
static bool seats_are_possible(const struct reservation_plan *plan, struct integers seats) {
    RESERVATION_ASSERT(seats.count >= 1 && seats.count <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    int32_t before = -1;
    for (size_t i = 0; i < seats.count; i++) {
        if (seats.items[i] <= before) {
            return false;
        }
        before = seats.items[i];
    }
    return before < plan->seats_count;
}

static bool seats_are_free(const struct reservation_plan *plan, struct integers seats) {
    RESERVATION_ASSERT(seats.count >= 1);
    for (size_t i = 0; i < seats.count; i++) {
        if (!reservation_seat_is_free(plan, (uint32_t)seats.items[i])) {
            return false;
        }
    }
    return true;
}

/* Refuses what could not be reserved in an empty house; true if it has. Sorts the wish's seats. */
static bool refuse_impossible(struct reservation_decision *decision,
                              struct reservation_wish *wish) {
    const struct reservation_plan *plan = decision->show->plan;
    enum refusal_reason reason;
    if (wish->quantity < 1) {
        reason = REFUSAL_REASON_NO_PLACES;
    } else if (wish->quantity > RESERVATION_PLACES_PER_RESERVATION_MAX) {
        struct reservation_refusal refusal = reservation_refusal_of(REFUSAL_REASON_TOO_MANY_PLACES);
        refusal.limit = RESERVATION_PLACES_PER_RESERVATION_MAX;
        refusal.limit_of = LIMIT_SCOPE_RESERVATION;
        reservation_emit_refusal(decision, &refusal);
        return true;
    } else if (wish->selection == SELECTION_NAMED) {
        wish->seats = seats_sorted(decision, wish->seats);
        if (seats_are_possible(plan, wish->seats)) {
            return false;
        }
        reason = REFUSAL_REASON_NO_SUCH_SEAT;
        struct integers fault = seats_at_fault(decision, wish->seats, SEAT_UNKNOWN);
        if (fault.count == 0) {
            reason = REFUSAL_REASON_DUPLICATE_SEATS;
            fault = seats_at_fault(decision, wish->seats, SEAT_REPEATED);
        }
        RESERVATION_ASSERT(fault.count >= 1);
        reservation_emit_refused_seats(decision, reason, fault);
        return true;
    } else {
        enum section_kind kind =
            wish->selection == SELECTION_GENERAL ? SECTION_KIND_GENERAL : SECTION_KIND_SEATED;
        bool any = wish->selection == SELECTION_BEST_AVAILABLE && wish->section == -1;
        if (!any && (wish->section < 0 || wish->section >= plan->sections_count ||
                     plan->sections[wish->section].kind != kind)) {
            reason = REFUSAL_REASON_NO_SUCH_SECTION;
        } else if (wish->category < -1 || wish->category >= plan->categories_count) {
            reason = REFUSAL_REASON_NO_SUCH_CATEGORY;
        } else {
            return false;
        }
    }
    reservation_emit_refused(decision, reason, NULL);
    return true;
}

static bool refuse_limits(struct reservation_decision *decision,
                          const struct reservation_wish *wish) {
    const struct reservation_show *show = decision->show;
    struct reservation_buyer_usage usage = reservation_store_buyer_usage(
        decision->core, show, &decision->command->as.reserve.buyer_id);
    RESERVATION_ASSERT(wish->quantity >= 1);
    RESERVATION_ASSERT(wish->quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    struct reservation_refusal refusal =
        reservation_refusal_of(REFUSAL_REASON_TOO_MANY_RESERVATIONS);
    if (usage.reservations >= RESERVATION_RESERVATIONS_PER_BUYER_MAX) {
        refusal.limit = RESERVATION_RESERVATIONS_PER_BUYER_MAX;
        refusal.limit_of = LIMIT_SCOPE_BUYER;
        refusal.used = usage.reservations;
    } else if (show->reservations >= RESERVATION_RESERVATIONS_PER_SHOW_MAX) {
        refusal.limit = RESERVATION_RESERVATIONS_PER_SHOW_MAX;
        refusal.limit_of = LIMIT_SCOPE_SHOW;
        refusal.used = (int32_t)show->reservations;
    } else if (usage.places + wish->quantity > show->plan->seats_per_buyer_max) {
        refusal.reason = REFUSAL_REASON_BUYER_LIMIT;
        refusal.limit = show->plan->seats_per_buyer_max;
        refusal.limit_of = LIMIT_SCOPE_BUYER;
        refusal.used = usage.places;
        refusal.used_unpaid = usage.places_unpaid;
    } else {
        return false;
    }
    RESERVATION_ASSERT(refusal.limit >= 1 && refusal.used >= 0);
    reservation_emit_refusal(decision, &refusal);
    return true;
}

static void refuse_taken(struct reservation_decision *decision, struct integers seats) {
    struct reservation_refusal refusal = reservation_refusal_of(REFUSAL_REASON_SEATS_TAKEN);
    refusal.seats = seats_at_fault(decision, seats, SEAT_TAKEN);
    refusal.seats_own = seats_at_fault(decision, refusal.seats, SEAT_OWN);
    RESERVATION_ASSERT(refusal.seats.count >= 1);
    RESERVATION_ASSERT(refusal.seats.count <= seats.count);
    reservation_emit_refusal(decision, &refusal);
}

static void refuse_not_available(struct reservation_decision *decision, int32_t free) {
    RESERVATION_ASSERT(free >= 0);
    RESERVATION_ASSERT(free <= RESERVATION_PLACES_PER_SHOW_MAX);
    struct reservation_refusal refusal = reservation_refusal_of(REFUSAL_REASON_NOT_AVAILABLE);
    refusal.free = free;
    reservation_emit_refusal(decision, &refusal);
}

/* Refuses if the places are not to be had; else the wish has its seats. */
static bool refuse_unavailable(struct reservation_decision *decision,
                               struct reservation_wish *wish) {
    const struct reservation_plan *plan = decision->show->plan;
    RESERVATION_ASSERT(wish->quantity >= 1);
    if (wish->selection == SELECTION_NAMED) {
        if (seats_are_free(plan, wish->seats)) {
            return false;
        }
        refuse_taken(decision, wish->seats);
        return true;
    }
    if (wish->selection == SELECTION_GENERAL) {
        const struct plan_section *section = &plan->sections[wish->section];
        int32_t free = section->capacity - section->taken;
        if (free >= wish->quantity) {
            return false;
        }
        refuse_not_available(decision, free);
        return true;
    }
    uint32_t quantity = (uint32_t)wish->quantity;
    int32_t first = reservation_seats_best(plan, wish->section, wish->category, quantity);
    if (first < 0) {
        refuse_not_available(decision, reservation_seats_free(plan, wish->section, wish->category));
        return true;
    }
    int32_t *items =
        reservation_scratch_allocate(decision->effects->scratch, quantity * sizeof(*items));
    for (uint32_t i = 0; i < quantity; i++) {
        items[i] = first + (int32_t)i;
    }
    RESERVATION_ASSERT(items[quantity - 1] < plan->seats_count);
    wish->seats = (struct integers){.items = items, .count = quantity};
    return false;
}

void reservation_decide_reserve(struct reservation_decision *decision,
                                const struct reservation *known) {
    const struct reservation_show *show = decision->show;
    RESERVATION_ASSERT(decision->command->kind == COMMAND_RESERVE);
    RESERVATION_ASSERT(show->status != SHOW_CLOSED);
    struct reservation_wish wish = wish_of(&decision->command->as.reserve);
    if (known != NULL) {
        if (is_same_wish(decision, known, &wish)) {
            reservation_emit_noted(decision, known);
        } else {
            reservation_emit_refused(decision, REFUSAL_REASON_IDEMPOTENCY_KEY_REUSED, known);
        }
        return;
    }
    if (show->status == SHOW_CANCELLED) {
        reservation_emit_refused(decision, REFUSAL_REASON_SHOW_CANCELLED, NULL);
        return;
    }
    if (decision->now_ms >= show->plan->starts_at) {
        reservation_emit_refused(decision, REFUSAL_REASON_SHOW_STARTED, NULL);
        return;
    }
    if (refuse_impossible(decision, &wish)) {
        return;
    }
    const struct reservation *had = had_already(decision, &wish);
    if (had != NULL) {
        reservation_emit_noted(decision, had);
        return;
    }
    if (refuse_limits(decision, &wish) || refuse_unavailable(decision, &wish)) {
        return;
    }
    reservation_emit_reserved(decision, &wish);
    RESERVATION_ASSERT(show->reservations <= RESERVATION_RESERVATIONS_PER_SHOW_MAX);
}

void reservation_decide_release(struct reservation_decision *decision,
                                const struct reservation *reservation) {
    RESERVATION_ASSERT(decision->command->kind == COMMAND_RELEASE);
    RESERVATION_ASSERT(reservation->show == decision->show->index);
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_HELD:
    case RESERVATION_STATE_PAYING:
        reservation_emit_released(decision, reservation, RELEASE_REASON_BUYER, false);
        RESERVATION_ASSERT(reservation->released == RELEASED_BY_BUYER);
        return;
    case RESERVATION_STATE_RELEASED: {
        const struct reservation_payment *payment =
            reservation_payment_attempt(reservation, reservation->attempt);
        if (reservation->released == RELEASED_EXPIRED && payment != NULL &&
            payment->state == PAYMENT_REQUESTED) {
            reservation_emit_released(decision, reservation, RELEASE_REASON_BUYER, true);
        } else {
            reservation_emit_noted(decision, reservation);
        }
        return;
    }
    default:
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_RELEASABLE, reservation);
    }
}
