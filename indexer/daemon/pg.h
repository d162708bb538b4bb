/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INDEXER_DAEMON_PG_H
#define SEATLOG_INDEXER_DAEMON_PG_H

#include "indexer/daemon/batch.h"

/*
 * The catalog in PostgreSQL (schemas/sql/020_catalog.sql): loads the rows a batch touches and
 * stores what came of them, each with one statement a table. All inside the sink's transaction;
 * false with *error. This is all the daemon asks of its storage: the simulator links functions of
 * its own in the place of these (tests/sim/indexer.c).
 */
bool indexer_pg_load(struct pg *pg, struct indexer_batch *batch, struct error *error);
bool indexer_pg_store(struct pg *pg, struct indexer_batch *batch, struct error *error);

/* The seq of the last event folded into a show's map; -1: the show has none. */
bool indexer_pg_map_seq(struct pg *pg, const struct uuid *show_id, int64_t *seq,
                        struct error *error);

/* Refusals older than this are forgotten. */
bool indexer_pg_refusals_purge(struct pg *pg, int64_t before_ms, struct error *error);

#endif
