/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_CATALOGUE_SHOW_H
#define SEATLOG_TOOLS_CATALOGUE_SHOW_H

#include "codec/arena.h"
#include "seatlog_types.h"
#include "tools/catalogue/plan.h"
#include "tools/catalogue/table.h"

#include <stdint.h>

/*
 * The demo's shows, one after another. What a show is follows from its number and the first day
 * alone, so that a load can be repeated, or continued where another ended. No two shows of a city
 * are on the same screen at the same time.
 */
struct catalogue {
    struct catalogue_table films;
    struct catalogue_table cities;
    struct catalogue_table titles; /* other scripts, plays, concerts */
    int64_t first_day;             /* days since the epoch */
    int32_t days;                  /* how far ahead shows are, 2 at least */
    uint32_t *city_films;          /* of each city: how many of each kind it has so far */
    uint32_t *city_plays;
    uint32_t *city_concerts;
    size_t ghost;
    size_t chico;
    uint32_t number; /* of the next show */
};

/* Reads films, cities and titles from the folder; exits with a word if they cannot be used. */
void catalogue_init(struct catalogue *catalogue, const char *data_folder, int64_t first_day,
                    int32_t days);
void catalogue_deinit(struct catalogue *catalogue);

/* Makes the next show: everything but the head's command id and the owner. Texts point into the
 * tables and the arena, the plan into *plan. */
void catalogue_next(struct catalogue *catalogue, struct arena *arena, struct catalogue_plan *plan,
                    struct command_create_show *out);

#endif
