/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_HEAP_H
#define SEATLOG_REPLAY_HEAP_H

#include "reservation/reservation_core.h"

/* The core's memory from the process's heap; dies when it is out. */
extern const struct reservation_allocator replay_heap;

#endif
