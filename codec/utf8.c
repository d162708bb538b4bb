/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are UTF-8. */
#include "codec/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

/* The ranges are RFC 3629's table. */
size_t utf8_size(const uint8_t *at, size_t left) {
    uint8_t first = at[0];
    uint8_t second_min = 0x80;
    uint8_t second_max = 0xBF;
    size_t size = 0;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        size = 3;
        second_min = first == 0xE0 ? 0xA0 : 0x80;
        second_max = first == 0xED ? 0x9F : 0xBF;
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4;
        second_min = first == 0xF0 ? 0x90 : 0x80;
        second_max = first == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < size || at[1] < second_min || at[1] > second_max) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool text_is_valid(struct text text) {
    const uint8_t *at = (const uint8_t *)text.data;
    size_t left = text.size;
    while (left > 0) {
        /* Eight at once while they are ASCII and none is zero. */
        while (left >= 8) {
            uint64_t word = 0;
            memcpy(&word, at, sizeof word);
            if ((word & HIGH_BITS) != 0 || ((word - LOW_BITS) & HIGH_BITS) != 0) {
                break;
            }
            at += 8;
            left -= 8;
        }
        if (left == 0) {
            break;
        }
        size_t size = utf8_size(at, left);
        if (size == 0 || *at == 0) {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}
