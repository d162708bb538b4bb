/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_EQUAL_H
#define SEATLOG_RESERVATION_CORE_EQUAL_H

/* Ids and texts compared, byte by byte. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "seatlog_types.h"

_Static_assert(sizeof(struct uuid) == 2 * sizeof(uint64_t), "an id is two words");

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b) {
    uint64_t x[2];
    uint64_t y[2];
    memcpy(x, a->octets, sizeof(x));
    memcpy(y, b->octets, sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool text_equal(struct text a, struct text b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
