/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_ADMIT_H
#define SEATLOG_INGEST_ADMIT_H

#include <stdbool.h>

/*
 * What stands before every call, in this order: is there such a call; how often does this address
 * ask; is the body of a size and kind that is wanted; are Prefer and Idempotency-Key well-formed;
 * who asks, and from which site; may they; how often do they ask.
 */
struct request;

/* At the headers, before the body: true to go on, false when it is answered. */
bool admit_headers(struct request *request, const char *method);

/* The step at the end of the body; goes on to the call. */
void admit_body(struct request *request);

/*
 * The client's address: the peer's, or, where that is a trusted proxy, the last one of
 * X-Forwarded-For that is not. trusted: comma-separated addresses. out has size octets. Pure.
 */
void admit_client_address(const char *peer, const char *forwarded_for, const char *trusted,
                          char *out, unsigned long size);

/* Prefer (RFC 7240): wait=N and respond-async; others are ignored. false: wait is not 0 to 30.
 * Pure. */
bool admit_prefer_parse(const char *prefer, int *wait_ms, bool *respond_async);

#endif
