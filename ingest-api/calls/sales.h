/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_SALES_H
#define SEATLOG_INGEST_API_CALLS_SALES_H

#include "ingest-api/admission/call.h"

/*
 * What an organizer is told of an event's places, orders and money.
 */
extern const struct call_step sales_get[]; /* GET /events/{id}/sales */

#endif
