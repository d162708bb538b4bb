/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_CONTRACT_H
#define SEATLOG_INGEST_API_CALLS_CONTRACT_H

/*
 * What is served without a login: the contract (schemas/openapi.yaml, inside the program), the
 * schema registry (Confluent's API, read only), the keys that tickets verify under, health and
 * metrics.
 */
struct request;

void contract_openapi(struct request *request);
void contract_health(struct request *request);
void contract_ready(struct request *request);
void contract_metrics(struct request *request);
void contract_keys(struct request *request);

void registry_subjects(struct request *request);
void registry_versions(struct request *request);
void registry_version(struct request *request);
void registry_schema(struct request *request);

#endif
