/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_LOGIN_LIMIT_H
#define SEATLOG_INGEST_API_ACCOUNTS_LOGIN_LIMIT_H

#include "runtime/base/error.h"
#include "runtime/pg/pg.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How often a password may be guessed: counted in PostgreSQL (account.login_limit), so for all
 * instances together and over restarts. A try is taken before a password is looked at, and given
 * back if it was right.
 *
 * Of the failures that one name may have in an hour (login_failures_per_hour)
 *   30 % may come from any one address (of IPv6: from one /64),
 *   40 % from the addresses that the account has logged in from within 90 days, together,
 *   60 % from all others together;
 * half of each at once, the rest flowing back over the hour. Whoever guesses from many addresses
 * uses up what strangers have, and the owner still gets in from where he always does. Names that
 * nobody has are limited alike.
 */
#define LOGIN_KEY_SIZE 16
#define LOGIN_ADDRESS_DAYS 90

struct login_limit {
    uint8_t address_hash[LOGIN_KEY_SIZE];
    uint8_t name_hash[LOGIN_KEY_SIZE];
    uint8_t pair_key[LOGIN_KEY_SIZE];
    uint8_t class_key[LOGIN_KEY_SIZE];
};

/* Who tries from where; before anything else. address is an IP address as text. Pure. */
void login_limit_begin(struct login_limit *limit, const char *name, const char *address);

/*
 * Takes a try. known: the account has logged in from this address. *wait_s is 0, or the seconds
 * after which there is one. per_hour 0: there always is.
 */
bool login_limit_take(struct login_limit *limit, struct pg *pg, bool known, int64_t per_hour,
                      int *wait_s, struct error *error);

/* After a login: gives the try back, and remembers the address. */
bool login_limit_succeed(const struct login_limit *limit, struct pg *pg, const struct uuid *user_id,
                         struct error *error);

/* Removes what does not count any more, and what is too much of it. */
bool login_limit_sweep(struct pg *pg, struct error *error);

#endif
