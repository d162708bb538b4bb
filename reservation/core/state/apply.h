/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_APPLY_H
#define SEATLOG_RESERVATION_CORE_STATE_APPLY_H

/* Folds one event into the state: the only way that it changes. */

#include "seatlog_types.h"

struct reservation_core;
struct reservation_show;

/* What became of an event that was folded. */
enum reservation_apply_result {
    RESERVATION_APPLY_APPLIED,   /* the state now includes it */
    RESERVATION_APPLY_STATELESS, /* seq 0: only the cursor moved */
    RESERVATION_APPLY_SEEN,      /* the state included it before */
    RESERVATION_APPLY_GAP,       /* events of its show before it are missing: nothing changed */
    RESERVATION_APPLY_BROKEN,    /* it contradicts the state: nothing but the cursor may be relied
                                    on, drop the core */
};
const char *reservation_apply_result_name(enum reservation_apply_result result);

/*
 * For the core's own files: APPLIED or BROKEN. seq must be the show's next. *show is NULL for
 * ShowCreated only, which makes it.
 */
enum reservation_apply_result reservation_apply_event(struct reservation_core *core,
                                                      struct reservation_show **show,
                                                      const struct event *event);

#endif
