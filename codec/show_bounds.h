/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_SHOW_BOUNDS_H
#define SEATLOG_CODEC_SHOW_BOUNDS_H

/*
 * What a show and its seat plan are bounded by, in one place for those who refuse what is beyond:
 * the core, with INVALID_SHOW, and ingest-api before it, with words. bytes are bytes of UTF-8.
 * Changing one changes what the core decides: a new logic version (reservation/README.md).
 */
#define PLAN_PLACES_MAX 60000
#define PLAN_SEATS_PER_ROW_MAX 500
#define PLAN_ROWS_MAX 4096
#define PLAN_SECTIONS_MAX 256
#define PLAN_CATEGORIES_MAX 64
#define PLAN_TITLE_OCTETS_MAX 200
#define PLAN_CITY_OCTETS_MAX 100
#define PLAN_NAME_OCTETS_MAX 80
#define PLAN_LABEL_OCTETS_MAX 16
#define PLAN_DESCRIPTION_OCTETS_MAX 4000
#define PLAN_TIME_ZONE_OCTETS_MAX 64
#define PLAN_PRICE_MINOR_MAX 1000000000LL
#define PLAN_HOLD_TTL_MS_MIN (60 * 1000)
#define PLAN_HOLD_TTL_MS_MAX (60 * 60 * 1000)
#define PLAN_SEATS_PER_BUYER_MAX 1000
#define PLAN_START_AHEAD_MS_MAX (3653LL * 24 * 60 * 60 * 1000)
#define PLAN_LENGTH_MS_MAX (31LL * 24 * 60 * 60 * 1000)
/* The reason of a cancelled show; logic versions 1 and 2 cut it at 1,000. */
#define PLAN_REASON_OCTETS_MAX 4000

#endif
