/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_SEARCH_H
#define SEATLOG_INGEST_API_CATALOG_SEARCH_H

#include "codec/value.h"
#include "runtime/pg/pg.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Finding shows. What finds them is an implementation of struct search: PostgreSQL's full text
 * (search_postgresql_new), or another index of the same fields.
 */
struct search_wish {
    const char *words; /* NULL: any */
    const char *city;  /* NULL: any */
    const char *type;  /* name of ShowType, in capitals; NULL: any */
    int64_t from_ms;   /* start of the show */
    int64_t to_ms;     /* exclusive */
    /* Days on the venue's clocks, "2026-12-31", inclusive; NULL: any. The milliseconds hold
     * besides. */
    const char *from_day;
    const char *to_day;
    int64_t limit;
    int64_t offset;
};

struct search {
    /*
     * Runs on a worker of the database pool. Returns an array of at most limit documents (as
     * EventListed in the contract), best first, for the caller to free; NULL with *error.
     */
    json_t *(*find)(struct search *search, struct pg *pg, const struct search_wish *wish,
                    struct error *error);
    void (*free)(struct search *search);
};

#endif
