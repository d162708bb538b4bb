/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_TIMER_H
#define SEATLOG_RESERVATION_CORE_STATE_TIMER_H

/* What of a show is due: lists of its reservations by (time, made). */

#include "reservation/core/state/state.h"

/* The list that it belongs to in its state; TIMER_COUNT: none. */
enum reservation_timer reservation_timer_of(const struct reservation *reservation);
/* Whether it comes before the other: by time, then by making. */
bool reservation_timer_is_before(const struct reservation *reservation,
                                 const struct reservation *other);

void reservation_timer_insert(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer);
void reservation_timer_remove(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer);
/* The hold that ends first, NULL if there is none. */
struct reservation *reservation_timer_hold_first(const struct reservation_core *core,
                                                 const struct reservation_show *show);
/* The holds that have ended by now, the first due_max of them in their order; how many. */
uint32_t reservation_timer_due(struct reservation_core *core, struct reservation_show *show,
                               int64_t now_ms, struct reservation **due, uint32_t due_max);

#endif
