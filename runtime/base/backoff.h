/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait after failures. */
#ifndef SEATLOG_RUNTIME_BASE_BACKOFF_H
#define SEATLOG_RUNTIME_BASE_BACKOFF_H

#include <stdint.h>

/*
 * Back-off with jitter: the delay after `failures` in a row (1, 2, …), between half and all of
 * base_ms * 2^(failures-1), at most maximum_ms. `random`: any 32 bits. Pure: backoff_ms
 * (runtime/loop/process.h) draws them.
 */
int backoff_delay_ms(int failures, int base_ms, int maximum_ms, uint32_t random);

#endif
