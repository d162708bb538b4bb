/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_SHOW_H
#define SEATLOG_INGEST_API_CALLS_SHOW_H

/*
 * The calls on events, as the API names shows.
 */
struct request;

void show_get(struct request *request);    /* GET /events/{id} */
void show_create(struct request *request); /* POST /events */
void show_cancel(struct request *request); /* POST /events/{id}/cancel */
void show_sales(struct request *request);  /* GET /events/{id}/sales */

#endif
