/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_QUERY_H
#define SEATLOG_INGEST_API_ADMISSION_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Parameters of the query that a call does not know are refused, as members of a body are: a
 * misspelt one would else be answered as if nothing had been asked for.
 */
struct request;

/* Whether the call knows every parameter, and each is there once; false: it is answered 422. */
bool query_check(struct request *request);

/*
 * The name among known (separated by blanks) that is closest to name, if one is close enough to be
 * meant; size is its length. NULL: none. Pure.
 */
const char *query_nearest(const char *known, const char *name, size_t *size);

#endif
