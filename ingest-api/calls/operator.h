/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_OPERATOR_H
#define SEATLOG_INGEST_API_CALLS_OPERATOR_H

#include "ingest-api/admission/call.h"

/*
 * What an operator does with anybody's orders. The call that cancels one is with the other commands
 * (ingest-api/calls/booking.h).
 */
extern const struct call_step operator_order_list[];  /* GET /operator/orders?username=… */
extern const struct call_step operator_order_get[];   /* GET /operator/orders/{id} */
extern const struct call_step operator_mail_resend[]; /* POST /operator/orders/{id}/resend-mail */

#endif
