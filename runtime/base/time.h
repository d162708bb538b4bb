/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and times as text: the one place where RFC 3339 is written and read. */
#ifndef SEATLOG_RUNTIME_BASE_TIME_H
#define SEATLOG_RUNTIME_BASE_TIME_H

#include <stdint.h>

/* Milliseconds since the epoch, and milliseconds of a clock that never goes back. */
int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);

/*
 * Times are milliseconds since the epoch, and are written for the years 1970 to 9999. All of these
 * return out.
 */
#define TIME_TEXT_SIZE 40
#define TIME_OFFSET_SIZE 12

char *time_format(int64_t at_ms, char out[TIME_TEXT_SIZE]);         /* 2026-11-24T06:00:00.123Z */
char *time_format_seconds(int64_t at_ms, char out[TIME_TEXT_SIZE]); /* 2026-11-24T06:00:00Z */
char *time_format_spaced(int64_t at_ms, char out[TIME_TEXT_SIZE]);  /* 2026-11-24 06:00:00.123Z */

/* On clocks that are offset_s ahead of UTC, to the second: 2026-11-23T22:00:00-08:00 */
char *time_format_offset(int64_t at_ms, int32_t offset_s, char out[TIME_TEXT_SIZE]);

char *time_offset_format(int32_t offset_s, char out[TIME_OFFSET_SIZE]); /* -08:00 */

/* Where the parts of a text of time_format_spaced stand, for a format such as "%.*s". */
#define TIME_SPACED_SIZE 23         /* 2026-11-24 06:00:00.123 */
#define TIME_SPACED_SECONDS_SIZE 19 /* 2026-11-24 06:00:00 */
#define TIME_SPACED_CLOCK_AT 11     /* 06:00:00.123Z */
#define TIME_CLOCK_SIZE 8           /* 06:00:00 */

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

#endif
