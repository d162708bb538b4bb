/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_CODEC_SAMPLES_H
#define SEATLOG_TESTS_CODEC_SAMPLES_H

/* Made-up records for tests of the codec. */
#include "codec_fixture.h"
#include "seatlog_samples.h"

static struct sample sample_of(uint64_t seed) {
    return (struct sample){
        .arena = &arena, .state = seed, .count_max = seed % 7, .text_characters_max = seed % 11};
}

/* A copy that ends where its heap block ends, so that the sanitizer sees one byte too far. */
static struct octets exact_copy(struct octets wire) {
    uint8_t *copy = malloc(wire.size > 0 ? wire.size : 1);
    assert_non_null(copy);
    if (wire.size > 0) {
        memcpy(copy, wire.data, wire.size);
    }
    return (struct octets){.data = copy, .size = wire.size};
}

static void exact_free(struct octets copy) { free((void *)copy.data); }

#endif
