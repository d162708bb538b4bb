/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_SHOW_H
#define SEATLOG_INGEST_API_CALLS_SHOW_H

#include "ingest-api/admission/call.h"

/*
 * The calls on events, as the API names shows.
 */
extern const struct call_step show_get[];    /* GET /events/{id} */
extern const struct call_step show_create[]; /* POST /events */
extern const struct call_step show_cancel[]; /* POST /events/{id}/cancel */

/* The event of the path; false: it is answered 404. */
bool show_id_of_path(struct request *request, struct uuid *show_id);

#endif
