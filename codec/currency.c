/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 4217 from schemas/currencies.tsv. */
#include "codec/currency.h"

#include <stdio.h>
#include <string.h>

static const struct currency currencies[] = {
#include "seatlog_currencies.inc"
};

#define CURRENCY_COUNT (sizeof currencies / sizeof currencies[0])

const struct currency *currency_at(size_t index) {
    return index < CURRENCY_COUNT ? &currencies[index] : NULL;
}

const struct currency *currency_find(struct text code) {
    size_t low = 0;
    size_t high = code.size == 3 ? CURRENCY_COUNT : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(currencies[middle].code, code.data, 3);
        if (order == 0) {
            return &currencies[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

char *currency_amount_format(const struct currency *currency, int64_t amount_minor,
                             char out[CURRENCY_AMOUNT_SIZE]) {
    uint64_t left = amount_minor < 0 ? 0 - (uint64_t)amount_minor : (uint64_t)amount_minor;
    char digits[CURRENCY_AMOUNT_SIZE];
    char *at = digits + sizeof digits;
    *--at = '\0';
    for (int place = 0; left > 0 || place <= currency->decimals; place++, left /= 10) {
        if (place > 0 && place == currency->decimals) {
            *--at = '.';
        }
        *--at = (char)('0' + left % 10);
    }
    if (amount_minor < 0) {
        *--at = '-';
    }
    snprintf(out, CURRENCY_AMOUNT_SIZE, "%.27s %s", at, currency->code);
    return out;
}
