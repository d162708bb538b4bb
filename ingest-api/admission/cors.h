/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_CORS_H
#define SEATLOG_INGEST_API_ADMISSION_CORS_H

#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * Which pages of other origins may use the calls (the Fetch standard, CORS). They send an API key
 * or a token in Authorization; cookies never count for them, so credentials are never allowed.
 */
struct MHD_Response;
struct request;

/* Whether the list is well-formed: "*", or origins as browsers write them, separated by commas. */
bool cors_origins_check(const char *origins, struct error *error);

/* Whether a page of this origin may. "*" stands for every origin. Pure. */
bool cors_origin_allowed(const char *origins, const char *origin);

/* Answers OPTIONS: a preflight of a browser, or the question which methods there are (allow). */
void cors_answer_options(struct request *request, const char *allow);

/* Adds what every answer carries where origins are allowed. */
void cors_headers_add(struct request *request, struct MHD_Response *response);

#endif
