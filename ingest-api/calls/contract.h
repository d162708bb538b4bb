/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_CONTRACT_H
#define SEATLOG_INGEST_API_CALLS_CONTRACT_H

#include "ingest-api/admission/call.h"

/*
 * What is served without a login: the contract (schemas/openapi.yaml, inside the program), the keys
 * that tickets verify under, health and metrics.
 */
extern const struct call_step contract_openapi[]; /* GET /openapi.yaml */
extern const struct call_step contract_health[];  /* GET /healthz */
extern const struct call_step contract_ready[];   /* GET /readyz */
extern const struct call_step contract_metrics[]; /* GET /metrics */
extern const struct call_step contract_keys[];    /* GET /keys */

#endif
