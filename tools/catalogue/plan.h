/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_CATALOGUE_PLAN_H
#define SEATLOG_TOOLS_CATALOGUE_PLAN_H

#include "seatlog_types.h"

#include <stdint.h>

/*
 * The seat plans of the demo: houses of 200 seats, and one for standing concerts. Labels and rows
 * are static; prices follow from a base price, so a plan needs memory of its own for them.
 */
enum catalogue_house {
    CATALOGUE_CINEMA,   /* three blocks of rows in front of a screen, 200 seats */
    CATALOGUE_THEATRE,  /* stalls and a balcony, 200 seats */
    CATALOGUE_HALL,     /* a fan of rows that widen to the back, 200 seats */
    CATALOGUE_STANDING, /* a floor for 600 and 60 seats on the gallery */
};

enum { CATALOGUE_CATEGORIES_MAX = 4 };

struct catalogue_plan {
    struct category categories[CATALOGUE_CATEGORIES_MAX];
    struct category_list category_list;
    struct section_list section_list;
};

/* Fills the plan of a house; base_minor is the price of an ordinary place. The lists point into
 * *plan and into static memory. */
void catalogue_plan_fill(struct catalogue_plan *plan, enum catalogue_house house,
                         int64_t base_minor);

#endif
