/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_PLAN_H
#define SEATLOG_INGEST_API_CATALOG_PLAN_H

#include "codec/arena.h"
#include "runtime/base/time.h"
#include "seatlog_types.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * A show as it was created, with its seats by number. Never changes once it is made, so that
 * threads share it; counted references. Pure.
 */
struct plan_row {
    const struct section *section;
    const struct row *row;
    int32_t seat_first;
};

struct show_plan {
    atomic_int references;
    struct arena arena; /* everything below */
    struct uuid show_id;
    struct uuid owner_id;
    struct show_details details;
    struct plan_row *rows; /* of the seated sections, in the order of their seats */
    size_t row_count;
    int32_t seat_count;
    int32_t place_count; /* with the general sections */
    char starts_at_local[TIME_TEXT_SIZE];
};

/* Holds one reference. The caller fills in all but details.categories and details.sections. */
struct show_plan *plan_new(void);
struct show_plan *plan_retain(struct show_plan *plan);
void plan_release(struct show_plan *plan); /* NULL is fine */

/*
 * Reads the seat plan as the catalog stores it (schemas/sql/020_catalog.sql) into details. false:
 * it is not a plan.
 */
bool plan_read(struct show_plan *plan, const char *text, size_t size);

struct plan_seat {
    const struct section *section;
    struct text row;
    struct text label;
    const struct category *category;
};

/* false: there is no seat of that number. */
bool plan_seat(const struct show_plan *plan, int32_t number, struct plan_seat *out);

/* Index by name; -1: none such. */
int32_t plan_section_find(const struct show_plan *plan, struct text name);
int32_t plan_category_find(const struct show_plan *plan, struct text name);

#endif
