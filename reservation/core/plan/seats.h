/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_PLAN_SEATS_H
#define SEATLOG_RESERVATION_CORE_PLAN_SEATS_H

/* Which seats of a plan are free, and which of them are best. */

#include "reservation/core/plan/plan.h"

static inline bool reservation_seat_is_free(const struct reservation_plan *plan, uint32_t seat) {
    RESERVATION_ASSERT(seat < plan->seats_count);
    return (plan->free[seat / RESERVATION_SEATS_PER_WORD] >> seat % RESERVATION_SEATS_PER_WORD &
            1) != 0;
}

/* A free seat is taken, a taken one given back. */
void reservation_seat_take(struct reservation_plan *plan, uint32_t seat);
void reservation_seat_give(struct reservation_plan *plan, uint32_t seat);

/*
 * The first seat of the best run of free neighbours in one row, -1 if there is none. section and
 * category: -1 for any. The rule is in reservation/README.md.
 */
int32_t reservation_seats_best(const struct reservation_plan *plan, int32_t section,
                               int32_t category, uint32_t quantity);
/* How many seats are free in the same sections, wherever they are. */
int32_t reservation_seats_free(const struct reservation_plan *plan, int32_t section,
                               int32_t category);

#endif
