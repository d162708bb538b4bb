/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_HEAP_H
#define SEATLOG_RESERVATION_DAEMON_HEAP_H

#include "reservation/core/core.h"

/* The cores' memory from the process's heap. Out of memory ends the process. */
extern const struct reservation_allocator reservation_heap;

#endif
