/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_DUE_H
#define SEATLOG_RESERVATION_CORE_STATE_DUE_H

/* Shows with work that no command may come for, by when it is due. */

#include <stdbool.h>
#include <stdint.h>

#include "seatlog_types.h"

struct reservation_core;
struct reservation_show;

/*
 * Ticks. due_next: the earliest time at which some show has work that no command may come for
 * (a hold to expire, a cancelled show's next portion, a show to close), RESERVATION_NEVER if none.
 * due_pop: one show whose work was due at now_ms or before; false if there is none. The show is
 * not due again before retry_at_ms, so that a Tick has time to come round. Not part of the state
 * that snapshots keep. The order of shows due at the same time is unspecified.
 */
int64_t reservation_core_due_next(struct reservation_core *core);
bool reservation_core_due_pop(struct reservation_core *core, int64_t now_ms, int64_t retry_at_ms,
                              struct uuid *show_id);

/* For the core's own files. A new show, the last by its slot; not due. */
void reservation_due_show_add(struct reservation_core *core, const struct reservation_show *show);
/* The show may now be due as early as this. */
void reservation_due_lower(struct reservation_core *core, const struct reservation_show *show,
                           int64_t due_at);
/* When a show with nothing unsettled closes. */
int64_t reservation_show_closes_at(const struct reservation_show *show);
void reservation_due_free(struct reservation_core *core);

#endif
