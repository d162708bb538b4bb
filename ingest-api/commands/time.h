/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_TIME_H
#define SEATLOG_INGEST_API_COMMANDS_TIME_H

#include "codec/value.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * RFC 3339 times. Milliseconds since the epoch; years 1970 to 9999.
 */
#define TIME_TEXT_SIZE 40

/* "2026-11-24T06:00:00.123Z". Returns out. */
char *time_format(int64_t at_ms, char out[TIME_TEXT_SIZE]);

/* "2026-11-23T22:00:00-08:00" in a time zone (name of an IANA zone or link); in UTC where the name
 * is not known. Returns out. */
char *time_format_local(int64_t at_ms, struct text zone, char out[TIME_TEXT_SIZE]);

/*
 * What a text says of time. Where there is an instant it is in *at_ms; of a DATE and a LOCAL time
 * it is the instant that they name in UTC.
 */
enum time_form {
    TIME_IS_NONE,  /* nothing, or no such day or hour */
    TIME_IS_DATE,  /* 2026-12-31 */
    TIME_IS_LOCAL, /* 2026-12-31T20:00:00: on whose clocks is not said */
    TIME_IS_UTC,   /* …Z, or -00:00: an instant, and nothing is said of local clocks (RFC 9557) */
    TIME_IS_OFFSET, /* …-08:00: an instant, and how far local clocks are ahead of UTC */
};

struct time_said {
    enum time_form form;
    int64_t at_ms;
    int32_t offset_s; /* OFFSET */
};

/* RFC 3339. A second 60 is one only at the end of a day in UTC, where leap seconds are. */
struct time_said time_parse(const char *text);

/* "-08:00". Returns out. */
#define TIME_OFFSET_SIZE 12
char *time_offset_format(int32_t offset_s, char out[TIME_OFFSET_SIZE]);

#endif
