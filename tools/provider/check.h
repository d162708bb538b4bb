/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_CHECK_H
#define SEATLOG_TOOLS_PROVIDER_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads the fields of a request and gathers what is wrong with them in the provider's words:
 * {"category": "INVALID_REQUEST_ERROR", "code", "detail", "field"}. Every reader returns the value,
 * or NULL / 0 / the default where the field is missing or wrong.
 */
struct check {
    const json_t *body; /* an object; borrowed */
    json_t *errors;     /* array, owned by the caller */
};

/* An error object; field may be NULL. A new reference. */
json_t *error_new(const char *category, const char *code, const char *detail, const char *field);

void check_fail(struct check *check, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool check_good(const struct check *check);

/* Lengths are in characters, not bytes. */
const char *check_text(struct check *check, const char *field, bool required, size_t least,
                       size_t most);
bool check_boolean(struct check *check, const char *field, bool fallback);

struct money {
    int64_t amount;
    char currency[4];
};

/* {"amount": a positive integer, "currency": three capitals}. */
struct money check_money(struct check *check, const char *field, bool required);

/* The value of a query parameter, already text; NULL where it is missing or empty. */
const char *check_query_text(const struct check *check, const char *name);

/* RFC 3339; fallback where it is missing. */
int64_t check_query_time_ms(struct check *check, const char *name, int64_t fallback);
int64_t check_query_integer(struct check *check, const char *name, int64_t least, int64_t fallback);

#endif
