/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_JSON_H
#define SEATLOG_INGEST_API_HTTP_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The one place where JSON from outside becomes values. Strict: UTF-8 without a byte order mark, no
 * key twice in an object, no U+0000, no number that a double or a 64-bit integer cannot hold. What
 * is refused is refused for its true reason, with line and column. Pure.
 */

#define JSON_DEPTH_MAX 32
#define JSON_VALUES_MAX 200000 /* 60,000 places take some 70,000 */
#define JSON_VALUE_BYTES 96    /* what a value costs in memory, about */

struct json_measure {
    size_t values; /* at most so many; counted without parsing */
    size_t deepest;
    bool fractions; /* a point or an exponent stands in it */
};

/* Cheap: looks at each byte once and allocates nothing. */
void json_measure(const char *text, size_t size, struct json_measure *out);

/*
 * NULL where the text is not JSON, and then *reason is a sentence for whoever sent it. The caller
 * owns the value. A number without a fraction is an integer, however it is written: 1.0 and 1e2
 * are.
 */
#define JSON_REASON_SIZE 256
json_t *json_read(const char *text, size_t size, char reason[JSON_REASON_SIZE]);

/* "an object", "text", …: what a value is, for messages. */
const char *json_kind_name(const json_t *value);

#endif
