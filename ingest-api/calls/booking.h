/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_BOOKING_H
#define SEATLOG_INGEST_API_CALLS_BOOKING_H

/*
 * The calls that change a reservation or an order: each publishes one command and answers with what
 * became of it.
 */
struct request;

void booking_reserve(struct request *request);         /* POST /reserve */
void booking_book(struct request *request);            /* POST /book */
void booking_release(struct request *request);         /* DELETE /reservations/{id} */
void booking_cancel(struct request *request);          /* POST /orders/{id}/cancel */
void booking_operator_cancel(struct request *request); /* POST /operator/orders/{id}/cancel */
void booking_retry_refund(struct request *request);    /* POST /orders/{id}/retry-refund */

/* The calls that read them (ingest-api/calls/order.c). */
void order_reservation_get(struct request *request);  /* GET /reservations/{id} */
void order_reservation_list(struct request *request); /* GET /reservations */
void order_get(struct request *request);              /* GET /orders/{id} */
void order_list(struct request *request);             /* GET /orders */
void order_failed_refunds(struct request *request);   /* GET /failed-refunds */
void order_ticket_get(
    struct request *request); /* GET /tickets/{id}.pdf (ingest-api/calls/ticket.c) */

#endif
