/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_ADMIT_H
#define SEATLOG_INGEST_API_ADMISSION_ADMIT_H

#include <stdbool.h>

/*
 * What stands before every call. At the headers, before a byte of the body is read: is the head of
 * a size that is taken; is there such a call; how often does this address ask; who asks, and from
 * which site; may they; how often do they ask; are the parameters and headers known and
 * well-formed; is the body of a kind and size that is wanted, and is there memory for it. At the
 * end of the body: is it JSON.
 */
struct request;

/* The step at the headers: from here on it answers, or sets flow.admitted in the end. */
void admit_headers(struct request *request);

/* The step at the end of the body; goes on to the call. */
void admit_body(struct request *request);

/*
 * The client's address: the peer's, or, where that is a trusted proxy, the last one of
 * X-Forwarded-For that is not. trusted: comma-separated addresses. out has size bytes. Pure.
 */
void admit_client_address(const char *peer, const char *forwarded_for, const char *trusted,
                          char *out, unsigned long size);

/*
 * Prefer (RFC 7240): wait=N and respond-async. A longer wait than there is means the longest; what
 * is not known or not well-formed is ignored, and of a preference that stands twice the second.
 * Pure.
 */
#define PREFER_WAIT_S_MAX 30
#define PREFER_WAIT_MS_DEFAULT 5000
struct preferences {
    int wait_ms;
    bool wait_wished;
    bool respond_async;
};
void admit_prefer_parse(const char *prefer, struct preferences *out);

#endif
