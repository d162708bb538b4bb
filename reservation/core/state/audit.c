/* SPDX-License-Identifier: Apache-2.0 */
/* Trusts no counter, no list's end and no bit: all are made again from the reservations. */
#include "reservation/core/state/audit.h"

#include "reservation/core/plan/seats.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/index.h"
#include "reservation/core/state/timer.h"

#define RESERVATIONS_PER_EVENT 16 /* recounted on the average */

/* What the reservations of a show come to. */
struct tally {
    uint32_t reservations, unsettled, callable;
    uint32_t timed[TIMER_COUNT];
    int32_t seats_live, general_live;
};

static void reservation_tally(const struct reservation_core *core,
                              const struct reservation *reservation, struct tally *tally) {
    RESERVATION_ASSERT(reservation->state != RESERVATION_STATE_NONE);
    RESERVATION_ASSERT(reservation_index_find(core, reservation->show,
                                              &reservation->reservation_id) == reservation->slot);
    tally->reservations++;
    tally->unsettled += (reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0;
    tally->callable += (reservation->flags & RESERVATION_FLAG_CALLABLE) != 0;
    enum reservation_timer timer = reservation_timer_of(reservation);
    if (timer != TIMER_COUNT) {
        tally->timed[timer]++;
    }
    if (reservation_is_live(reservation)) {
        bool general = reservation->selection == SELECTION_GENERAL;
        *(general ? &tally->general_live : &tally->seats_live) += reservation->quantity;
    }
}

static struct tally order_walk(const struct reservation_core *core,
                               const struct reservation_show *show) {
    struct tally tally = {.reservations = 0};
    uint32_t made = 0;
    uint32_t before = 0;
    for (uint32_t slot = show->order.first; slot != 0;) {
        const struct reservation *reservation = reservation_at(core, slot);
        RESERVATION_ASSERT(reservation->show == show->index);
        RESERVATION_ASSERT(reservation->previous_in_show == before);
        RESERVATION_ASSERT(reservation->made > made);
        reservation_tally(core, reservation, &tally);
        made = reservation->made;
        before = slot;
        slot = reservation->next_in_show;
    }
    RESERVATION_ASSERT(show->order.last == before);
    RESERVATION_ASSERT(made <= show->made);
    return tally;
}

static void timer_walk(const struct reservation_core *core, const struct reservation_show *show,
                       enum reservation_timer timer, uint32_t expected) {
    const struct reservation_list *list = &show->timers[timer];
    const struct reservation *before = NULL;
    uint32_t count = 0;
    for (uint32_t slot = list->first; slot != 0;) {
        const struct reservation *reservation = reservation_at(core, slot);
        RESERVATION_ASSERT(reservation_timer_of(reservation) == timer);
        RESERVATION_ASSERT(reservation->previous_in_timer == (before == NULL ? 0 : before->slot));
        RESERVATION_ASSERT(before == NULL || reservation_timer_is_before(before, reservation));
        before = reservation;
        slot = reservation->next_in_timer;
        count++;
    }
    RESERVATION_ASSERT(list->last == (before == NULL ? 0 : before->slot));
    RESERVATION_ASSERT(count == expected);
}

static void timers_walk(const struct reservation_core *core, const struct reservation_show *show,
                        const struct tally *tally) {
    for (int timer = 0; timer < TIMER_COUNT; timer++) {
        timer_walk(core, show, (enum reservation_timer)timer, tally->timed[timer]);
    }
    const struct reservation *hold = reservation_timer_hold_first(core, show);
    RESERVATION_ASSERT(hold == NULL || show->holds_due_at <= hold->time);
    uint32_t forget = show->timers[TIMER_FORGET].first;
    RESERVATION_ASSERT(forget == 0 || show->forget_due_at <= reservation_at(core, forget)->time +
                                                                 RESERVATION_FORGET_AFTER_MS);
}

static void places_count(const struct reservation_plan *plan, const struct tally *tally) {
    int32_t general = 0;
    for (uint32_t i = 0; i < plan->sections_count; i++) {
        RESERVATION_ASSERT(plan->sections[i].taken <= plan->sections[i].capacity);
        general += plan->sections[i].taken;
    }
    RESERVATION_ASSERT(general == tally->general_live);
    RESERVATION_ASSERT(reservation_seats_free(plan, -1, -1) ==
                       plan->seats_count - tally->seats_live);
}

void reservation_audit_show(const struct reservation_core *core,
                            const struct reservation_show *show) {
    struct tally tally = order_walk(core, show);
    RESERVATION_ASSERT(tally.reservations == show->reservations);
    RESERVATION_ASSERT(tally.unsettled == show->unsettled);
    RESERVATION_ASSERT(tally.callable == show->callable);
    RESERVATION_ASSERT((show->plan == NULL) == (show->status == SHOW_CLOSED));
    RESERVATION_ASSERT(core->heap[core->heap_positions[show->index]].show == show->index);
    timers_walk(core, show, &tally);
    if (show->plan != NULL) {
        places_count(show->plan, &tally);
    }
}

void reservation_audit_event(const struct reservation_core *core,
                             const struct reservation_show *show) {
    RESERVATION_ASSERT(show->seq >= 1);
    if (RESERVATION_RECOUNTS &&
        show->seq % (1 + show->reservations / RESERVATIONS_PER_EVENT) == 0) {
        reservation_audit_show(core, show);
    }
}
