/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/present/present.h"

#include <stdio.h>
#include <string.h>

struct currency {
    char code[4];
    int decimals;
    const char *sign;
};

/* ISO 4217: those without two decimals, and those with a sign that stands for one currency alone.
 */
static const struct currency currencies[] = {
    {"AUD", 2, "A$"}, {"BHD", 3, NULL}, {"BIF", 0, NULL},  {"BRL", 2, "R$"},  {"CAD", 2, "C$"},
    {"CLF", 4, NULL}, {"CLP", 0, NULL}, {"CNY", 2, NULL},  {"DJF", 0, NULL},  {"EUR", 2, "€"},
    {"GBP", 2, "£"},  {"GNF", 0, NULL}, {"HKD", 2, "HK$"}, {"ILS", 2, "₪"},   {"INR", 2, "₹"},
    {"IQD", 3, NULL}, {"ISK", 0, NULL}, {"JOD", 3, NULL},  {"JPY", 0, "¥"},   {"KMF", 0, NULL},
    {"KRW", 0, "₩"},  {"KWD", 3, NULL}, {"LYD", 3, NULL},  {"MXN", 2, "MX$"}, {"NZD", 2, "NZ$"},
    {"OMR", 3, NULL}, {"PHP", 2, "₱"},  {"PYG", 0, NULL},  {"RWF", 0, NULL},  {"SGD", 2, "S$"},
    {"THB", 2, "฿"},  {"TND", 3, NULL}, {"TRY", 2, "₺"},   {"TWD", 2, "NT$"}, {"UAH", 2, "₴"},
    {"UGX", 0, NULL}, {"USD", 2, "$"},  {"UYW", 4, NULL},  {"VND", 0, "₫"},   {"VUV", 0, NULL},
    {"XAF", 0, NULL}, {"XOF", 0, NULL}, {"XPF", 0, NULL},
};

static const struct currency *currency_find(struct text code) {
    for (size_t i = 0; code.size == 3 && i < sizeof(currencies) / sizeof(currencies[0]); i++) {
        if (memcmp(currencies[i].code, code.data, 3) == 0) {
            return &currencies[i];
        }
    }
    return NULL;
}

int present_currency_decimals(struct text currency) {
    const struct currency *known = currency_find(currency);
    return known != NULL ? known->decimals : 2;
}

/* The digits of whole with a comma between groups of three; out has 32 octets. */
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
    const struct currency *known = currency_find(currency);
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
    if (known != NULL && known->sign != NULL) {
        snprintf(out, PRESENT_MONEY_SIZE, "%s%s%s%s", minus, known->sign, whole, fraction);
    } else {
        int size = currency.size > 3 ? 3 : (int)currency.size;
        snprintf(out, PRESENT_MONEY_SIZE, "%.*s\u00a0%s%s%s", size,
                 currency.data != NULL ? currency.data : "", minus, whole, fraction);
    }
    return out;
}
