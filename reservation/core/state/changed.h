/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_CHANGED_H
#define SEATLOG_RESERVATION_CORE_STATE_CHANGED_H

/* The queue of shows that have changed, for rounds of snapshots. */

#include <stddef.h>

struct reservation_core;
struct reservation_show;

/*
 * Every event applied puts its show at the end of the queue, once. A round: take changed_count()
 * shows off the queue, snapshot each. pop: NULL if there is none.
 */
size_t reservation_core_changed_count(const struct reservation_core *core);
struct reservation_show *reservation_core_changed_pop(struct reservation_core *core);
void reservation_core_changed_push(struct reservation_core *core, struct reservation_show *show);

#endif
