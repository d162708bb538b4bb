/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_TICK_H
#define SEATLOG_RESERVATION_DAEMON_TICK_H

#include "reservation/daemon/daemon.h"

struct producer;

/*
 * Tick commands of one partition: a show with due work and no traffic is made to look at its clock.
 * Sent by the partition's owner once it has caught up, 250 ms after the work was due; one
 * outstanding a show, at most one a second; at most 1,000 a second in the partition. A Tick too
 * many changes nothing.
 */
#define RESERVATION_TICK_DELAY_MS 250
#define RESERVATION_TICK_RETRY_MS 1000
#define RESERVATION_TICKS_PER_SECOND_MAX 1000
/* A Tick not seen after this long is taken for lost. */
#define RESERVATION_TICK_LOST_AFTER_MS 10000

struct reservation_ticks;

/* producer and instance must live as long. */
struct reservation_ticks *reservation_ticks_new(struct producer *producer, int32_t partition,
                                                const char *instance);
void reservation_ticks_free(struct reservation_ticks *ticks); /* NULL is fine */

/* Sends what is due at now_ms (of our wall clock); returns after how many milliseconds to look
 * again. */
int reservation_ticks_send(struct reservation_ticks *ticks, struct reservation_core *core,
                           int64_t now_ms);

/* A Tick of this show has been decided. */
void reservation_ticks_seen(struct reservation_ticks *ticks, const struct reservation_show *show);

#endif
