/* SPDX-License-Identifier: Apache-2.0 */
/* Base45: bytes for the alphanumeric mode of QR codes. */
#include "ticketgen/core/base45.h"

#include <assert.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
_Static_assert(sizeof alphabet == 45 + 1, "base 45");
_Static_assert(45 * 45 * 45 > 0xffff && 45 * 45 > 0xff,
               "three digits hold two bytes, two hold one");

size_t base45_encode(const uint8_t *octets, size_t size, char *out) {
    size_t length = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        unsigned value = octets[i] * 256u + octets[i + 1];
        out[length++] = alphabet[value % 45];
        out[length++] = alphabet[value / 45 % 45];
        out[length++] = alphabet[value / (45 * 45)];
    }
    if (size % 2 != 0) {
        out[length++] = alphabet[octets[size - 1] % 45];
        out[length++] = alphabet[octets[size - 1] / 45];
    }
    out[length] = '\0';
    assert(length + 1 == BASE45_ENCODED_SIZE(size));
    return length;
}

static bool digit_value(char character, unsigned *value) {
    const char *found = character != '\0' ? strchr(alphabet, character) : NULL;
    *value = found != NULL ? (unsigned)(found - alphabet) : 0;
    assert(*value < 45);
    assert(found == NULL || alphabet[*value] == character);
    return found != NULL;
}

bool base45_decode(const char *text, size_t size, uint8_t *out, size_t out_size,
                   size_t *octets_size) {
    size_t needed = size / 3 * 2 + (size % 3 == 2 ? 1 : 0);
    if (size % 3 == 1 || needed > out_size) {
        return false;
    }
    size_t length = 0;
    for (size_t i = 0; i < size; i += 3) {
        unsigned low, middle, high = 0;
        bool single = size - i == 2;
        if (!digit_value(text[i], &low) || !digit_value(text[i + 1], &middle) ||
            (!single && !digit_value(text[i + 2], &high))) {
            return false;
        }
        unsigned value = low + middle * 45 + high * 45 * 45;
        assert(length < needed);
        if (value > (single ? 0xffu : 0xffffu)) {
            return false;
        }
        if (!single) {
            out[length++] = (uint8_t)(value / 256);
        }
        out[length++] = (uint8_t)(value % 256);
    }
    assert(length == needed);
    *octets_size = length;
    return true;
}
