/* SPDX-License-Identifier: Apache-2.0 */
/* Seats by their bits, places of a general section by a counter. */
#include "reservation/core/state/places.h"

#include "reservation/core/plan/seats.h"

bool reservation_places_free(const struct reservation_show *show,
                             const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->show == show->index);
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        const struct plan_section *section = &show->plan->sections[general];
        RESERVATION_ASSERT(section->taken <= section->capacity);
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
    RESERVATION_ASSERT(reservation->show == show->index);
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        struct plan_section *section = &show->plan->sections[general];
        RESERVATION_ASSERT(section->capacity - section->taken >= reservation->quantity);
        section->taken = (uint16_t)(section->taken + reservation->quantity);
        return;
    }
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        RESERVATION_ASSERT(i == 0 || seats[i] > seats[i - 1]);
        reservation_seat_take(show->plan, seats[i]);
    }
}

void reservation_places_give(struct reservation_show *show, const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->show == show->index);
    int32_t general = reservation_general_section(reservation);
    if (general >= 0) {
        struct plan_section *section = &show->plan->sections[general];
        RESERVATION_ASSERT(section->taken >= reservation->quantity);
        section->taken = (uint16_t)(section->taken - reservation->quantity);
        return;
    }
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        RESERVATION_ASSERT(i == 0 || seats[i] > seats[i - 1]);
        reservation_seat_give(show->plan, seats[i]);
    }
}

int64_t reservation_total_minor(const struct reservation_show *show,
                                const struct reservation *reservation) {
    const struct reservation_plan *plan = show->plan;
    int32_t general = reservation_general_section(reservation);
    RESERVATION_ASSERT(reservation->show == show->index);
    if (general >= 0) {
        return reservation->quantity * reservation_plan_price_minor(plan, (uint32_t)general);
    }
    const uint16_t *seats = reservation_seats(reservation);
    int64_t total = 0;
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        total += reservation_plan_price_minor(plan, reservation_plan_section_of(plan, seats[i]));
    }
    RESERVATION_ASSERT(total >= 0);
    RESERVATION_ASSERT(total <= reservation->quantity * PLAN_PRICE_MINOR_MAX);
    return total;
}

struct integers reservation_seats_list(const struct reservation *reservation,
                                       struct reservation_scratch *scratch) {
    if (reservation->selection == SELECTION_GENERAL) {
        return (struct integers){.count = 0};
    }
    int32_t *items = reservation_scratch_allocate(scratch, reservation->quantity * sizeof(*items));
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        items[i] = seats[i];
        RESERVATION_ASSERT(i == 0 || items[i] > items[i - 1]);
    }
    RESERVATION_ASSERT(reservation->quantity >= 1);
    return (struct integers){.items = items, .count = reservation->quantity};
}
