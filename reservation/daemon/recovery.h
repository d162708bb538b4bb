/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_RECOVERY_H
#define SEATLOG_RESERVATION_DAEMON_RECOVERY_H

#include "reservation/daemon/daemon.h"
#include "reservation/daemon/show_map.h"

/*
 * A partition's state from the log: the last snapshot of every show, then the events from where the
 * partition's snapshot says, up to the high watermark that was read after the committed offset.
 * Facts are folded, never decided again. Each partition has a thread of its own for it, as many at
 * once as there are processors; the loop looks in on them.
 *
 * Snapshots save time, no more: where they turn out not to fit the events, all events are folded.
 */
struct reservation_recoveries;
struct reservation_recovery;

/* What a recovery has made, for the caller to take over. */
struct reservation_recovered {
    struct reservation_core *core;
    struct reservation_show_map *offsets; /* of each show's last event */
    int64_t cursor;                       /* next offset of seatlog.commands to decide */
    int64_t events_next;                  /* next offset of seatlog.events to fold */
    int64_t events_offset;                /* where folding began */
};

struct reservation_recoveries *reservation_recoveries_new(const struct daemon *daemon);
void reservation_recoveries_free(struct reservation_recoveries *recoveries); /* NULL is fine */

/* Begins; committed_offset is the group's, -1 for none: events below it will be waited for. */
struct reservation_recovery *reservation_recovery_new(struct reservation_recoveries *recoveries,
                                                      int32_t partition, int64_t committed_offset);

/* Waits a few milliseconds; NOT_YET, or REBUILT with *out, or FAILED with *error. */
enum transaction_rebuilt reservation_recovery_poll(struct reservation_recovery *recovery,
                                                   struct reservation_recovered *out,
                                                   struct error *error);

/* Ends it, whatever it is at. NULL is fine. */
void reservation_recovery_free(struct reservation_recovery *recovery);

#endif
