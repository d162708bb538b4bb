/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_SEARCH_H
#define SEATLOG_INGEST_API_CALLS_SEARCH_H

#include "ingest-api/admission/call.h"

/*
 * Finding events, by whatever struct search there is (ingest-api/catalog/search.h).
 */
extern const struct call_step search_get[]; /* GET /search */

#endif
