/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal digits, and back. */
#include "runtime/base/hex.h"

#include <string.h>

static const char digits_lower[] = "0123456789abcdef";

char *hex_format(const uint8_t *octets, size_t size, char *out) {
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits_lower[octets[i] >> 4];
        out[2 * i + 1] = digits_lower[octets[i] & 0x0f];
    }
    out[2 * size] = '\0';
    return out;
}

static int digit_value(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

bool hex_parse(const char *text, size_t size, uint8_t *out) {
    for (size_t i = 0; i < size; i++) {
        int high = digit_value(text[2 * i]);
        int low = high < 0 ? -1 : digit_value(text[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t hex_span(const char *text) { return strspn(text, digits_lower); }
