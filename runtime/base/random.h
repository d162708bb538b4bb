/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes for names and ids, without a system call each time. */
#ifndef SEATLOG_RUNTIME_BASE_RANDOM_H
#define SEATLOG_RUNTIME_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's random bytes, from a stock of a few hundred that each thread keeps: glibc's
 * arc4random asks the kernel every time, which was a quarter of what a read of a show cost. Bytes
 * that were given out are wiped from the stock.
 *
 * For ids and back-off. Secrets (tokens, keys) are drawn with libsodium, where they are made. Not
 * to be used in a process between fork and exec.
 */
void random_fill(void *out, size_t size);

/* Evenly from 0 to bound - 1; bound is at least 1. */
uint32_t random_below(uint32_t bound);

#endif
