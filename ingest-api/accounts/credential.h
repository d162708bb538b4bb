/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_CREDENTIAL_H
#define SEATLOG_INGEST_API_ACCOUNTS_CREDENTIAL_H

#include "codec/value.h"
#include "runtime/base/address.h"
#include "seatlog_bounds.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Usernames and passwords as people type them. Pure.
 *
 * Characters are Unicode code points, in the contract too.
 */
#define PASSWORD_SIZE_MAX (PASSWORD_CHARACTERS_MAX * 4)

/*
 * A username. Accounts are found by `spelled` first, which is how all of them were kept before
 * there was a normal form, and by `normal` else.
 */
struct username {
    enum address_fault fault;                 /* what keeps it from being an address of today */
    struct address address;                   /* normal is empty where there is a fault */
    char spelled[ADDRESS_INPUT_SIZE_MAX + 1]; /* as given, with small ASCII letters */
};

/* false: it is longer than any username, or has a NUL in it. */
bool username_read(struct text given, struct username *out);

/* Unicode code points of a well-formed text. */
size_t characters_count(struct text text);

/*
 * Puts a password into NFC, in which it is counted and hashed. out has PASSWORD_SIZE_MAX bytes.
 * false: it is longer than PASSWORD_CHARACTERS_MAX.
 */
bool password_normalize(struct text given, char *out, size_t *size);

#endif
