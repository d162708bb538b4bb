/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INDEXER_DAEMON_PG_H
#define SEATLOG_INDEXER_DAEMON_PG_H

#include "indexer/daemon/batch.h"

/*
 * The catalog in PostgreSQL (schemas/sql/020_catalog.sql): loads the rows a batch touches and
 * stores what came of them, each with one statement a table. All inside the sink's transaction;
 * false with *error.
 */
bool indexer_pg_load(struct pg *pg, struct indexer_batch *batch, struct error *error);
bool indexer_pg_store(struct pg *pg, struct indexer_batch *batch, struct error *error);

/* Refusals older than this are forgotten. */
bool indexer_pg_refusals_purge(struct pg *pg, int64_t before_ms, struct error *error);

#endif
