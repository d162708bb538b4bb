/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PRESENT_PRESENT_H
#define SEATLOG_RUNTIME_PRESENT_PRESENT_H

#include "codec/value.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How money is written for people: on tickets (ticketgen) and in mails (notifier); times are in
 * present_time.h, texts in present_text.h. Pure; the process's locale plays no part, so the same
 * input gives the same bytes.
 */
#define PRESENT_MONEY_SIZE 48

/*
 * An amount in minor units of an ISO 4217 currency, with as many decimals as the currency has:
 * "$24.00", "€1,250.00", "¥2,400", and "KWD 3.500" where there is no sign that everybody knows (the
 * gap is a no-break space). out has PRESENT_MONEY_SIZE bytes. Returns out.
 */
char *present_money(int64_t amount_minor, struct text currency, char *out);

/* Decimals of a currency (ISO 4217): JPY 0, USD 2, KWD 3; 2 where the code is not known. */
int present_currency_decimals(struct text currency);

#endif
