/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in the order of time, nearly always appended to. */
#include "reservation/core/state/timer.h"

enum reservation_timer reservation_timer_of(const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->state < RESERVATION_STATE_COUNT);
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

bool reservation_timer_is_before(const struct reservation *reservation,
                                 const struct reservation *other) {
    RESERVATION_ASSERT(reservation->show == other->show);
    RESERVATION_ASSERT((reservation->made == other->made) == (reservation == other));
    return reservation->time != other->time ? reservation->time < other->time
                                            : reservation->made < other->made;
}

/* Nearly always at the end: the search begins there. */
void reservation_timer_insert(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer) {
    RESERVATION_ASSERT(timer < TIMER_COUNT && timer == reservation_timer_of(reservation));
    RESERVATION_ASSERT(reservation->next_in_timer == 0 && reservation->previous_in_timer == 0);
    struct reservation_list *list = &show->timers[timer];
    uint32_t slot = reservation->slot;
    RESERVATION_ASSERT((list->first == 0) == (list->last == 0));
    uint32_t before = list->last;
    while (before != 0 && reservation_timer_is_before(reservation, reservation_at(core, before))) {
        before = reservation_at(core, before)->previous_in_timer;
    }
    uint32_t behind = before == 0 ? list->first : reservation_at(core, before)->next_in_timer;
    reservation->previous_in_timer = before;
    reservation->next_in_timer = behind;
    *(before == 0 ? &list->first : &reservation_at(core, before)->next_in_timer) = slot;
    *(behind == 0 ? &list->last : &reservation_at(core, behind)->previous_in_timer) = slot;
    RESERVATION_ASSERT(behind == 0 ||
                       reservation_timer_is_before(reservation, reservation_at(core, behind)));
    if (timer == TIMER_FORGET) {
        int64_t due_at = reservation->time + RESERVATION_FORGET_AFTER_MS;
        if (due_at < show->forget_due_at) {
            show->forget_due_at = due_at;
        }
        RESERVATION_ASSERT(show->forget_due_at <= due_at);
        return;
    }
    if (reservation->time < show->holds_due_at) {
        show->holds_due_at = reservation->time;
    }
    RESERVATION_ASSERT(show->holds_due_at <= reservation->time);
}

void reservation_timer_remove(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer) {
    RESERVATION_ASSERT(timer < TIMER_COUNT);
    struct reservation_list *list = &show->timers[timer];
    uint32_t before = reservation->previous_in_timer;
    uint32_t behind = reservation->next_in_timer;
    RESERVATION_ASSERT((before == 0) == (list->first == reservation->slot));
    RESERVATION_ASSERT((behind == 0) == (list->last == reservation->slot));
    *(before == 0 ? &list->first : &reservation_at(core, before)->next_in_timer) = behind;
    *(behind == 0 ? &list->last : &reservation_at(core, behind)->previous_in_timer) = before;
    reservation->previous_in_timer = 0;
    reservation->next_in_timer = 0;
    RESERVATION_ASSERT((list->first == 0) == (list->last == 0));
}

struct reservation *reservation_timer_hold_first(const struct reservation_core *core,
                                                 const struct reservation_show *show) {
    uint32_t held = show->timers[TIMER_HELD].first;
    uint32_t moved = show->timers[TIMER_MOVED].first;
    if (held == 0 || moved == 0) {
        return held + moved == 0 ? NULL : reservation_at(core, held + moved);
    }
    struct reservation *a = reservation_at(core, held);
    struct reservation *b = reservation_at(core, moved);
    RESERVATION_ASSERT(reservation_is_unpaid(a) && reservation_is_unpaid(b));
    return reservation_timer_is_before(b, a) ? b : a;
}

uint32_t reservation_timer_due(struct reservation_core *core, struct reservation_show *show,
                               int64_t now_ms, struct reservation **due, uint32_t due_max) {
    RESERVATION_ASSERT(due_max >= 1);
    if (now_ms < show->holds_due_at) {
        return 0;
    }
    uint32_t slots[] = {show->timers[TIMER_HELD].first, show->timers[TIMER_MOVED].first};
    uint32_t count = 0;
    show->holds_due_at = RESERVATION_NEVER;
    for (;;) {
        struct reservation *a = slots[0] == 0 ? NULL : reservation_at(core, slots[0]);
        struct reservation *b = slots[1] == 0 ? NULL : reservation_at(core, slots[1]);
        bool second = a == NULL || (b != NULL && reservation_timer_is_before(b, a));
        struct reservation *first = second ? b : a;
        if (first == NULL) {
            return count;
        }
        if (first->time > now_ms || count == due_max) {
            show->holds_due_at = first->time;
            return count;
        }
        RESERVATION_ASSERT(reservation_is_unpaid(first));
        RESERVATION_ASSERT(count == 0 || reservation_timer_is_before(due[count - 1], first));
        due[count++] = first;
        slots[second] = first->next_in_timer;
    }
}
