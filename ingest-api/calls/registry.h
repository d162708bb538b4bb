/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_REGISTRY_H
#define SEATLOG_INGEST_API_CALLS_REGISTRY_H

#include "ingest-api/admission/call.h"

/*
 * The schema registry: Confluent's API, read only.
 */
extern const struct call_step registry_subjects[]; /* GET /subjects */
extern const struct call_step registry_versions[]; /* GET /subjects/{subject}/versions */
extern const struct call_step registry_version[];  /* GET /subjects/{subject}/versions/{version} */
extern const struct call_step registry_schema[];   /* GET /schemas/ids/{schema_id} */

#endif
