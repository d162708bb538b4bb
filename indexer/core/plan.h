/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalog keeps of a seat plan. */
#ifndef SEATLOG_INDEXER_CORE_PLAN_H
#define SEATLOG_INDEXER_CORE_PLAN_H

#include "seatlog_types.h"

#include <stdint.h>

/* The seat plan as the JSON text of catalog.show.plan; the caller frees. */
char *seat_plan_format(const struct show_details *show);

/* Lowest and highest price among the categories that a section uses. */
void show_price_range(const struct show_details *show, int64_t *minimum, int64_t *maximum);

#endif
