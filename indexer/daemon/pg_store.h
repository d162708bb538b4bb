/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to the catalog what a batch has changed. */
#ifndef SEATLOG_INDEXER_DAEMON_PG_STORE_H
#define SEATLOG_INDEXER_DAEMON_PG_STORE_H

#include "indexer/daemon/batch.h"

/* Stores what came of a batch, with one statement a table, inside the sink's transaction; false
 * with *error. */
bool indexer_pg_store(struct pg *pg, struct indexer_batch *batch, struct error *error);

/* Refusals older than this are forgotten. */
bool indexer_pg_refusals_purge(struct pg *pg, int64_t before_ms, struct error *error);

#endif
