/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/reservation_core_decide.h"
#include "reservation/reservation_planted.h"

/* Ascending, in scratch; at most RESERVATION_PLACES_PER_RESERVATION_MAX, nearly sorted as asked. */
static struct integers seats_sorted(struct reservation_decision *decision, struct integers seats) {
    int32_t *items =
        reservation_scratch_allocate(decision->effects->scratch, seats.count * sizeof(*items));
    for (size_t i = 0; i < seats.count; i++) {
        size_t place = i;
        for (; place > 0 && items[place - 1] > seats.items[i]; place--)
            items[place] = items[place - 1];
        items[place] = seats.items[i];
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
    return wish;
}

static bool is_same_wish(struct reservation_decision *decision,
                         const struct reservation *reservation,
                         const struct reservation_wish *wish) {
    if (!uuid_equal(&reservation->buyer_id, &decision->command->as.reserve.buyer_id) ||
        reservation->selection != wish->selection || reservation->quantity != wish->quantity ||
        reservation->section != wish->section || reservation->category != wish->category)
        return false;
    if (wish->selection != SELECTION_NAMED)
        return true;
    struct integers asked = seats_sorted(decision, wish->seats);
    const uint16_t *seats = reservation_seats(reservation);
    for (size_t i = 0; i < asked.count; i++)
        if (asked.items[i] != seats[i])
            return false;
    return true;
}

enum seat_fault { SEAT_UNKNOWN, SEAT_REPEATED, SEAT_TAKEN };

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
        }
        if (RESERVATION_PLANTED(TAKEN_SEATS_UNNAMED) && fault == SEAT_TAKEN && count == 1)
            break;
        if (is_fault && (count == 0 || items[count - 1] != seat))
            items[count++] = seat;
    }
    return (struct integers){.items = items, .count = count};
}

/* Whether these ascending seats are in the house, and each but once. */
static bool seats_are_possible(const struct reservation_plan *plan, struct integers seats) {
    int32_t before = -1;
    for (size_t i = 0; i < seats.count; i++) {
        if (seats.items[i] <= before)
            return false;
        before = seats.items[i];
    }
    return before < plan->seats_count;
}

static bool seats_are_free(const struct reservation_plan *plan, struct integers seats) {
    for (size_t i = 0; i < seats.count; i++)
        if (!reservation_seat_is_free(plan, (uint32_t)seats.items[i]))
            return false;
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
        reason = REFUSAL_REASON_TOO_MANY_PLACES;
    } else if (wish->selection == SELECTION_NAMED) {
        wish->seats = seats_sorted(decision, wish->seats);
        if (seats_are_possible(plan, wish->seats))
            return false;
        reason = REFUSAL_REASON_NO_SUCH_SEAT;
        struct integers fault = seats_at_fault(decision, wish->seats, SEAT_UNKNOWN);
        if (fault.count == 0) {
            reason = REFUSAL_REASON_DUPLICATE_SEATS;
            fault = seats_at_fault(decision, wish->seats, SEAT_REPEATED);
        }
        reservation_emit_refused_seats(decision, reason, fault);
        return true;
    } else {
        enum section_kind kind =
            wish->selection == SELECTION_GENERAL ? SECTION_KIND_GENERAL : SECTION_KIND_SEATED;
        bool any = wish->selection == SELECTION_BEST_AVAILABLE && wish->section == -1;
        if (!any && (wish->section < 0 || wish->section >= plan->sections_count ||
                     plan->sections[wish->section].kind != kind))
            reason = REFUSAL_REASON_NO_SUCH_SECTION;
        else if (wish->category < -1 || wish->category >= plan->categories_count)
            reason = REFUSAL_REASON_NO_SUCH_CATEGORY;
        else
            return false;
    }
    reservation_emit_refused(decision, reason, NULL);
    return true;
}

static bool refuse_limits(struct reservation_decision *decision,
                          const struct reservation_wish *wish) {
    const struct reservation_show *show = decision->show;
    struct reservation_buyer_usage usage = reservation_store_buyer_usage(
        decision->core, show, &decision->command->as.reserve.buyer_id);
    enum refusal_reason reason;
    if (usage.reservations >= RESERVATION_RESERVATIONS_PER_BUYER_MAX ||
        show->reservations >= RESERVATION_RESERVATIONS_PER_SHOW_MAX)
        reason = REFUSAL_REASON_TOO_MANY_RESERVATIONS;
    else if (usage.places + wish->quantity > show->plan->seats_per_buyer_max &&
             !RESERVATION_PLANTED(BUYER_LIMIT_FORGOTTEN))
        reason = REFUSAL_REASON_BUYER_LIMIT;
    else
        return false;
    reservation_emit_refused(decision, reason, NULL);
    return true;
}

/* Refuses if the places are not to be had; else the wish has its seats. */
static bool refuse_unavailable(struct reservation_decision *decision,
                               struct reservation_wish *wish) {
    const struct reservation_plan *plan = decision->show->plan;
    if (wish->selection == SELECTION_NAMED) {
        if (seats_are_free(plan, wish->seats))
            return false;
        reservation_emit_refused_seats(decision, REFUSAL_REASON_SEATS_TAKEN,
                                       seats_at_fault(decision, wish->seats, SEAT_TAKEN));
        return true;
    }
    if (wish->selection == SELECTION_GENERAL) {
        const struct plan_section *section = &plan->sections[wish->section];
        if (section->capacity - section->taken >= wish->quantity)
            return false;
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_AVAILABLE, NULL);
        return true;
    }
    uint32_t quantity = (uint32_t)wish->quantity;
    int32_t first = reservation_seats_best(plan, wish->section, wish->category, quantity);
    if (first < 0) {
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_AVAILABLE, NULL);
        return true;
    }
    int32_t *items =
        reservation_scratch_allocate(decision->effects->scratch, quantity * sizeof(*items));
    for (uint32_t i = 0; i < quantity; i++)
        items[i] = first + (int32_t)i;
    wish->seats = (struct integers){.items = items, .count = quantity};
    return false;
}

void reservation_decide_reserve(struct reservation_decision *decision,
                                const struct reservation *known) {
    const struct reservation_show *show = decision->show;
    struct reservation_wish wish = wish_of(&decision->command->as.reserve);
    if (known != NULL) {
        if (is_same_wish(decision, known, &wish))
            reservation_emit_noted(decision, known);
        else
            reservation_emit_refused(decision, REFUSAL_REASON_IDEMPOTENCY_KEY_REUSED, known);
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
    if (refuse_impossible(decision, &wish) || refuse_limits(decision, &wish) ||
        refuse_unavailable(decision, &wish))
        return;
    reservation_emit_reserved(decision, &wish);
}

void reservation_decide_release(struct reservation_decision *decision,
                                const struct reservation *reservation) {
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_HELD:
    case RESERVATION_STATE_PAYING:
        reservation_emit_released(decision, reservation, RELEASE_REASON_BUYER, false);
        return;
    case RESERVATION_STATE_RELEASED: {
        const struct reservation_payment *payment =
            reservation_payment_attempt(reservation, reservation->attempt);
        if (reservation->released == RELEASED_EXPIRED && payment != NULL &&
            payment->state == PAYMENT_REQUESTED)
            reservation_emit_released(decision, reservation, RELEASE_REASON_BUYER, true);
        else
            reservation_emit_noted(decision, reservation);
        return;
    }
    default:
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_RELEASABLE, reservation);
    }
}
