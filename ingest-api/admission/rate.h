/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_RATE_H
#define SEATLOG_INGEST_API_ADMISSION_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Token buckets, one a client, in a table of fixed size: a client that has been quiet long enough
 * for its bucket to be full again needs no place. Under more clients at once than there are places
 * the fullest bucket makes room, so the busiest clients stay limited. Pure: time is given. One
 * thread.
 */
struct rate_table;

/*
 * A bucket holds burst tokens and gains per_s a second; per_s 0: no limit at all. places is rounded
 * up to a power of two.
 */
struct rate_table *rate_table_new(double per_s, double burst, size_t places);
void rate_table_free(struct rate_table *table);

/*
 * Takes cost tokens of the client's bucket. Returns 0, or the seconds after which there will be
 * enough (at least 1) and takes nothing. cost 0 looks whether one is there without taking it.
 */
int rate_take(struct rate_table *table, const void *client, size_t client_size, double cost,
              int64_t now_ms);

#endif
