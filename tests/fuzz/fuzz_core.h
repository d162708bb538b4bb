/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_FUZZ_CORE_H
#define SEATLOG_TESTS_FUZZ_CORE_H

#include "reservation/core/core.h"

/* The core's memory; a panic of the core aborts. */
extern const struct reservation_allocator fuzz_heap;
void fuzz_core_begin(void);

#endif
