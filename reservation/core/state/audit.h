/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_AUDIT_H
#define SEATLOG_RESERVATION_CORE_STATE_AUDIT_H

/* Everything of a show counted again: for builds that look for bugs, not for speed. */

#include "reservation/core/state/state.h"

/* Panics if lists, indexes, counters or places do not agree. The show has a plan, or is closed. */
void reservation_audit_show(const struct reservation_core *core,
                            const struct reservation_show *show);
/* The same, after so few of a large show's events that all of them cost the same together. */
void reservation_audit_event(const struct reservation_core *core,
                             const struct reservation_show *show);

#endif
