/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_PLAN_NEED_H
#define SEATLOG_INGEST_API_CATALOG_PLAN_NEED_H

#include "ingest-api/catalog/plan.h"

/*
 * The seat plan that a call needs for its names and labels, held as long as the request.
 */
struct request;

enum plan_need {
    PLAN_IF_CHEAP, /* goes on without one where PostgreSQL is away or behind */
    PLAN_REQUIRED  /* answers 503 then */
};

/* Finds the plan of the show, in memory or in PostgreSQL. Last of all in a step. */
void plan_need(struct request *request, const struct uuid *show_id, enum plan_need need);

/* What it has found. NULL: there is no such show, it went on without, or nobody asked. */
const struct show_plan *plan_needed(const struct request *request);

#endif
