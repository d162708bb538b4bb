/* SPDX-License-Identifier: Apache-2.0 */
/* Money as people write it. */
#include "runtime/present/present.h"

#include "codec/currency.h"

#include <stdio.h>
#include <string.h>

/* Signs that stand for one currency alone. */
static const struct {
    char code[4];
    const char *sign;
} signs[] = {
    {"AUD", "A$"},  {"BRL", "R$"},  {"CAD", "C$"}, {"EUR", "€"},  {"GBP", "£"},
    {"HKD", "HK$"}, {"ILS", "₪"},   {"INR", "₹"},  {"JPY", "¥"},  {"KRW", "₩"},
    {"MXN", "MX$"}, {"NZD", "NZ$"}, {"PHP", "₱"},  {"SGD", "S$"}, {"THB", "฿"},
    {"TRY", "₺"},   {"TWD", "NT$"}, {"UAH", "₴"},  {"USD", "$"},  {"VND", "₫"},
};

static const char *sign_find(struct text code) {
    for (size_t i = 0; code.size == 3 && i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (memcmp(signs[i].code, code.data, 3) == 0) {
            return signs[i].sign;
        }
    }
    return NULL;
}

int present_currency_decimals(struct text currency) {
    const struct currency *known = currency_find(currency);
    return known != NULL ? known->decimals : 2;
}

/* The digits of whole with a comma between groups of three; out has 32 bytes. */
static void group_digits(uint64_t whole, char *out) {
    char digits[24];
    int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)whole);
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = '\0';
}

char *present_money(int64_t amount_minor, struct text currency, char *out) {
    const char *sign = sign_find(currency);
    int decimals = present_currency_decimals(currency);
    uint64_t amount = amount_minor < 0 ? 0 - (uint64_t)amount_minor : (uint64_t)amount_minor;
    uint64_t unit = 1;
    for (int i = 0; i < decimals; i++) {
        unit *= 10;
    }
    char whole[32];
    group_digits(amount / unit, whole);
    char fraction[8] = "";
    if (decimals > 0) {
        snprintf(fraction, sizeof(fraction), ".%0*u", decimals, (unsigned)(amount % unit));
    }
    const char *minus = amount_minor < 0 ? "−" : "";
    if (sign != NULL) {
        snprintf(out, PRESENT_MONEY_SIZE, "%s%s%s%s", minus, sign, whole, fraction);
    } else {
        int size = currency.size > 3 ? 3 : (int)currency.size;
        snprintf(out, PRESENT_MONEY_SIZE, "%.*s\u00a0%s%s%s", size,
                 currency.data != NULL ? currency.data : "", minus, whole, fraction);
    }
    return out;
}
