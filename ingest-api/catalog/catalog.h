/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_CATALOG_H
#define SEATLOG_INGEST_API_CATALOG_CATALOG_H

#include "ingest-api/catalog/rows.h"
#include "runtime/base/buffer.h"
#include "runtime/pg/pg.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Shows as the catalog (schemas/sql/020_catalog.sql) has them, with a memory: a hot show is asked
 * of PostgreSQL a few times a second at most, however often it is looked at, and while PostgreSQL
 * is away what is remembered is served as it is. Bounded by bytes; the show looked at longest ago
 * goes first. Any thread.
 */
struct catalog;

#define SHOW_ETAG_SIZE 48 /* a version in quotes, and a status */

/* A show's answer, ready to be sent; shared, never changes. */
struct show_page {
    atomic_int references;
    int64_t seq; /* of the last event in it */
    int status;
    struct buffer body;
    char etag[SHOW_ETAG_SIZE];
};

struct catalog *catalog_new(size_t octets_max);
void catalog_free(struct catalog *catalog);

/* The tail's: the show has an event of this seq, so what is remembered may be old. */
void catalog_show_changed(struct catalog *catalog, const struct uuid *show_id, int64_t seq);

/* From memory and fresh, or NULL. The caller releases. */
struct show_page *catalog_page_find(struct catalog *catalog, const struct uuid *show_id);

/* Asks PostgreSQL if what is remembered is not fresh. Blocks: for workers. The caller releases
 * *page. */
enum catalog_result catalog_page_load(struct catalog *catalog, struct pg *pg,
                                      const struct uuid *show_id, struct show_page **page);
void page_release(void *memory); /* NULL is fine */

/* The plan, which never changes: from memory, or NULL. The caller releases with plan_release. */
struct show_plan *catalog_plan_find(struct catalog *catalog, const struct uuid *show_id);
enum catalog_result catalog_plan_load(struct catalog *catalog, struct pg *pg,
                                      const struct uuid *show_id, struct show_plan **plan);

/* Whether PostgreSQL answered when it was last asked, or that was some seconds ago. */
bool catalog_available(struct catalog *catalog);

#endif
