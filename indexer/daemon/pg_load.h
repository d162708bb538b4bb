/* SPDX-License-Identifier: Apache-2.0 */
/* Reads from the catalog what a batch is going to change. */
#ifndef SEATLOG_INDEXER_DAEMON_PG_LOAD_H
#define SEATLOG_INDEXER_DAEMON_PG_LOAD_H

#include "indexer/daemon/batch.h"

/*
 * The catalog in PostgreSQL (schemas/sql/020_catalog.sql), with indexer/daemon/pg_store.h all that
 * the daemon asks of its storage: the simulator links functions of its own in their place
 * (tests/sim/indexer.c). Loads the rows that a batch touches, with one statement a table, inside
 * the sink's transaction; false with *error.
 */
bool indexer_pg_load(struct pg *pg, struct indexer_batch *batch, struct error *error);

/* The seq of the last event folded into a show's map; -1: the show has none. */
bool indexer_pg_map_seq(struct pg *pg, const struct uuid *show_id, int64_t *seq,
                        struct error *error);

#endif
