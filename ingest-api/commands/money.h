/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_MONEY_H
#define SEATLOG_INGEST_API_COMMANDS_MONEY_H

#include "codec/currency.h"
#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * Which currencies a show may be sold in: those that the payment provider takes, so that the
 * organizer is told and not the buyer. Pure.
 */
#define MONEY_CURRENCIES_MAX 200

struct money_taken {
    const struct currency *currencies[MONEY_CURRENCIES_MAX];
    size_t count;
};

/* Square takes these, each from sellers in countries that pay with it (developer.squareup.com,
 * "Supported Payment Methods by Country"). */
#define MONEY_TAKEN_DEFAULT "AUD,CAD,EUR,GBP,JPY,USD"

/* A setting: codes of schemas/currencies.tsv, separated by commas. false with *error: one of them
 * is none, or there is none at all. */
bool money_taken_parse(const char *setting, struct money_taken *out, struct error *error);

/* NULL: not taken. */
const struct currency *money_taken_find(const struct money_taken *taken, struct text code);

/* "AUD, CAD or USD". out has MONEY_LIST_SIZE bytes. Returns out. */
#define MONEY_LIST_SIZE 160
char *money_taken_list(const struct money_taken *taken, char out[MONEY_LIST_SIZE]);

#endif
