/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_FUZZ_H
#define SEATLOG_TESTS_FUZZ_H

#include "codec/value.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls; a target is one source file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* An input as a source of numbers; zeroes once it is used up. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

static inline uint32_t fuzz_octet(struct fuzz_input *input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static inline uint32_t fuzz_below(struct fuzz_input *input, uint32_t bound) {
    uint32_t value = fuzz_octet(input);
    return (bound > 256 ? value << 8 | fuzz_octet(input) : value) % bound;
}

static inline bool fuzz_octets_equal(struct octets left, struct octets right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

#endif
