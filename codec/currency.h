/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_CURRENCY_H
#define SEATLOG_CODEC_CURRENCY_H

#include "codec/value.h"

/*
 * The currencies that people pay with: schemas/currencies.tsv, which is ISO 4217 without funds,
 * metals, test codes and whatever was withdrawn. Pure.
 */
struct currency {
    char code[4];
    int decimals; /* a minor unit is 10^-decimals of the currency: USD 2, JPY 0, KWD 3 */
};

/* NULL: there is no such currency. Codes are three capital letters. */
const struct currency *currency_find(struct text code);

/* Of all currencies by code, from 0; NULL after the last. */
const struct currency *currency_at(size_t index);

/*
 * "12.50 USD" for 1250 minor units, as in schemas and messages for developers; how buyers read it
 * is runtime/present's. out has CURRENCY_AMOUNT_SIZE bytes. Returns out.
 */
#define CURRENCY_AMOUNT_SIZE 32
char *currency_amount_format(const struct currency *currency, int64_t amount_minor,
                             char out[CURRENCY_AMOUNT_SIZE]);

#endif
