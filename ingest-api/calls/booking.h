/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_BOOKING_H
#define SEATLOG_INGEST_API_CALLS_BOOKING_H

#include "ingest-api/admission/call.h"

/*
 * The calls that change a reservation or an order: each publishes one command and answers with what
 * became of it.
 */
extern const struct call_step booking_reserve[];         /* POST /reserve */
extern const struct call_step booking_book[];            /* POST /book */
extern const struct call_step booking_release[];         /* DELETE /reservations/{id} */
extern const struct call_step booking_cancel[];          /* POST /orders/{id}/cancel */
extern const struct call_step booking_operator_cancel[]; /* POST /operator/orders/{id}/cancel */
extern const struct call_step booking_retry_refund[];    /* POST /orders/{id}/retry-refund */

#endif
