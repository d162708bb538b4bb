/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PRESENT_PRESENT_H
#define SEATLOG_RUNTIME_PRESENT_PRESENT_H

#include "schemas/value.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How money and times are written for people: on tickets (ticketgen) and in mails (notifier). Pure
 * but for the time zone database; the process's locale plays no part, so the same input gives the
 * same octets.
 */
#define PRESENT_MONEY_SIZE 48

/*
 * An amount in minor units of an ISO 4217 currency, with as many decimals as the currency has:
 * "$24.00", "€1,250.00", "¥2,400", and "KWD 3.500" where there is no sign that everybody knows (the
 * gap is a no-break space). out has PRESENT_MONEY_SIZE octets. Returns out.
 */
char *present_money(int64_t amount_minor, struct text currency, char *out);

/* Decimals of a currency (ISO 4217): JPY 0, USD 2, KWD 3; 2 where the code is not known. */
int present_currency_decimals(struct text currency);

/* A moment on the clocks of its place. All fields are NUL-terminated. */
struct present_time {
    char weekday[16]; /* "Friday" */
    char date[40];    /* "27 November 2026" */
    char time[8];     /* "20:15" */
    char zone[24];    /* "PST", "UTC+4" */
    char day[24];     /* "2026-11-27" */
};

/*
 * at_ms: milliseconds since the epoch; time_zone: IANA name. A name that is not known is as UTC,
 * and returns false.
 */
bool present_time_at(int64_t at_ms, struct text time_zone, struct present_time *out);

#endif
