/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_OPERATOR_H
#define SEATLOG_INGEST_API_CALLS_OPERATOR_H

/*
 * What an operator does with anybody's orders. The call that cancels one is with the other commands
 * (ingest-api/calls/booking.h).
 */
struct request;

void operator_order_list(struct request *request);  /* GET /operator/orders?username=… */
void operator_order_get(struct request *request);   /* GET /operator/orders/{id} */
void operator_mail_resend(struct request *request); /* POST /operator/orders/{id}/resend-mail */

#endif
