/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_ORDER_H
#define SEATLOG_INGEST_API_CALLS_ORDER_H

#include "ingest-api/admission/call.h"

/*
 * The calls that read one's own reservations and orders, and those whose refund has failed.
 */
extern const struct call_step order_reservation_get[];  /* GET /reservations/{id} */
extern const struct call_step order_reservation_list[]; /* GET /reservations */
extern const struct call_step order_get[];              /* GET /orders/{id} */
extern const struct call_step order_list[];             /* GET /orders */
extern const struct call_step order_failed_refunds[];   /* GET /failed-refunds */

#endif
