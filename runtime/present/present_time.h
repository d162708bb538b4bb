/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PRESENT_PRESENT_TIME_H
#define SEATLOG_RUNTIME_PRESENT_PRESENT_TIME_H

#include "codec/value.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How times are written for people, on the clocks of a venue. Pure but for the time zone database.
 */

/*
 * A moment on the clocks of its place. All fields are NUL-terminated. Seconds are left out, as are
 * those of an offset.
 */
struct present_time {
    char weekday[16]; /* "Friday" */
    char date[40];    /* "27 November 2026"; "date unknown" where no calendar has it */
    char time[8];     /* "20:15" */
    char zone[24];    /* "PST"; "UTC+4" where people have no name for it */
    char clock[56];   /* the same with the offset at that moment: "PST (UTC−8)", "UTC+4", "UTC" */
    char day[24];     /* "2026-11-27" */
};

/*
 * at_ms: milliseconds since the epoch; time_zone: the name of an IANA zone or link. With any other
 * text the moment is told in UTC, says UTC, and false is returned.
 */
bool present_time_at(int64_t at_ms, struct text time_zone, struct present_time *out);

/*
 * Whether name is a zone or link of the IANA database installed: neither a POSIX rule ("GMT+9",
 * "EST5"), nor a file that happens to lie there ("localtime", "posixrules"), nor "Factory".
 */
bool present_time_zone_is_known(struct text name);

/* The name that differs from this one in capitals alone: "Europe/Paris" for "europe/paris". NULL:
 * there is none. It lives as long as the process. */
const char *present_time_zone_meant(struct text name);

/*
 * How far the zone's clocks are ahead of UTC at that moment, in seconds. false: not a zone.
 */
bool present_time_zone_offset(int64_t at_ms, struct text time_zone, int32_t *offset_s);

/* Whether an end is worth telling: it is after the start by a minute or more. */
bool present_has_end(int64_t starts_at_ms, int64_t ends_at_ms);

/*
 * "Friday, 27 November 2026, 19:30 PST (UTC−8)": all that one needs to be there. Start and end of a
 * show are told one by one, since days and offsets may differ. out has PRESENT_MOMENT_SIZE bytes.
 * Returns out.
 */
#define PRESENT_MOMENT_SIZE 128
char *present_moment(int64_t at_ms, struct text time_zone, char *out);

#endif
