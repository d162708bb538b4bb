/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_ROUTES_H
#define SEATLOG_INGEST_API_CALLS_ROUTES_H

#include "ingest-api/admission/router.h"

/* Every call there is. */
extern const struct route ingest_routes[];
extern const size_t ingest_route_count;

#endif
