/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_READY_H
#define SEATLOG_RUNTIME_LOOP_READY_H

#include "runtime/base/buffer.h"

#include <stdbool.h>

/* Whether the process is ready, and why not: what /readyz answers. From any thread. */

/* What the daemon says of itself: NULL is ready, else the reason in a few words. Not ready
 * ("starting") at first. */
void ready_set(const char *reason);

/*
 * Appends the reasons and returns false while not ready: what it stands on that is away
 * (foundation.h), partitions that are stuck (stall.h), what the daemon said. reason may be NULL.
 */
bool ready_ask(struct buffer *reason);

#endif
