/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_ROWS_H
#define SEATLOG_INGEST_API_CATALOG_ROWS_H

#include "ingest-api/catalog/show_json.h"
#include "runtime/pg/pg.h"

/*
 * Rows of the catalog as structs: every statement on catalog.show and catalog.seat_map is here.
 * Blocking.
 */
enum catalog_result { CATALOG_FOUND, CATALOG_UNKNOWN, CATALOG_UNAVAILABLE };

enum catalog_result catalog_plan_query(struct pg *pg, const struct uuid *show_id,
                                       struct show_plan **plan);

struct catalog_map {
    struct seat_map seats; /* points into the rest */
    PGresult *row;
    uint8_t *states;
    int32_t *general_held;
    int32_t *general_sold;
};

/* CATALOG_UNKNOWN where there is none, or it still has seq_known (-1: any). */
enum catalog_result catalog_map_query(struct pg *pg, const struct uuid *show_id, int64_t seq_known,
                                      struct catalog_map *out);
void catalog_map_deinit(struct catalog_map *map);

/* "{1,2,3}" into memory of the arena. */
struct integers catalog_integers_parse(struct arena *arena, const char *array);

#endif
