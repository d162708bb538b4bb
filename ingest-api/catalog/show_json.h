/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_SHOW_JSON_H
#define SEATLOG_INGEST_API_CATALOG_SHOW_JSON_H

#include "codec/seat_state.h"
#include "ingest-api/catalog/plan.h"
#include "runtime/base/buffer.h"

#include <jansson.h>

/*
 * A show as GET /events/{event_id} answers it. Pure. Written by hand: 60,000 seats are millions of
 * bytes, and made anew whenever a seat has changed.
 */

struct seat_map {
    int64_t seq;
    int64_t version;
    int status; /* 0 on sale, 1 cancelled, 2 closed */
    const char *cancel_reason;
    const uint8_t *states; /* one a seat; seats beyond count are free */
    size_t state_count;
    const int32_t *general_held; /* by section */
    const int32_t *general_sold;
    size_t section_count;
};

void show_json_append(struct buffer *out, const struct show_plan *plan, const struct seat_map *map);

const char *show_status_name(int status);

/* Places of one section by state. */
struct section_count {
    int32_t capacity;
    int32_t held;
    int32_t sold;
};
void show_section_count(const struct show_plan *plan, const struct seat_map *map, size_t section,
                        struct section_count *out);

/* "film" for SHOW_TYPE_FILM, "refund_failed" for "REFUND_FAILED": enumerations are in lower case
 * here. */
#define NAME_LOWER_SIZE 32 /* of any of them */
const char *name_lower(const char *name, char *out, size_t size);

#endif
