/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_LOCAL_TIME_H
#define SEATLOG_INGEST_API_CATALOG_LOCAL_TIME_H

#include "codec/value.h"
#include "runtime/base/time.h"

/* Times on the clocks of a place, as the API tells them. */

/* "2026-11-23T22:00:00-08:00" in a time zone (name of an IANA zone or link); in UTC where the name
 * is not known. Returns out. */
char *time_format_local(int64_t at_ms, struct text zone, char out[TIME_TEXT_SIZE]);

#endif
