/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_TIME_H
#define SEATLOG_INGEST_TIME_H

#include "schemas/value.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * RFC 3339 times. Milliseconds since the epoch; years 1970 to 9999.
 */
#define TIME_TEXT_SIZE 40

/* "2026-11-24T06:00:00.123Z". Returns out. */
char *time_format(int64_t at_ms, char out[TIME_TEXT_SIZE]);

/* "2026-11-23T22:00:00-08:00" in a time zone (IANA name); in UTC where the name is not known.
 * Returns out. */
char *time_format_local(int64_t at_ms, struct text zone, char out[TIME_TEXT_SIZE]);

bool time_zone_known(struct text zone);

/* A date-time with its offset. false: it is none. */
bool time_parse(const char *text, int64_t *out);

/* A date alone: the millisecond in which it begins in UTC. */
bool time_date_parse(const char *text, int64_t *out);

#endif
