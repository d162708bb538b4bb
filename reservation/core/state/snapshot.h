/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_SNAPSHOT_H
#define SEATLOG_RESERVATION_CORE_STATE_SNAPSHOT_H

/* A show as a record of seatlog.snapshots, and back. */

#include "reservation/core/effects.h"
#include "reservation/core/state/apply.h"
#include "seatlog_types.h"

/*
 * The show as a record, event_offset 0 (the caller knows it). Strings and lists point into the
 * effects' scratch memory and the show: valid until the next use of these effects or of the core.
 */
void reservation_core_show_snapshot(const struct reservation_core *core,
                                    const struct reservation_show *show,
                                    struct reservation_effects *effects,
                                    struct snapshot_show_snapshot *out);

/* APPLIED; SEEN if the core has this show at the same seq or later; BROKEN if it makes no sense. */
enum reservation_apply_result
reservation_core_show_restore(struct reservation_core *core,
                              const struct snapshot_show_snapshot *snapshot);

#endif
