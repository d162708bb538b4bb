/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_HTTP_CLIENT_H
#define SEATLOG_RUNTIME_HTTP_CLIENT_H

#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Many HTTP requests at once on one thread, over libcurl's multi interface. The caller drives it:
 *
 *   http_client_start(client, &request); …; while (http_client_active(client))
 * http_client_poll(client, 100);
 *
 * Connections are kept and reused. No redirects are followed, no proxy is used. Names and
 * certificates are verified. A request that is lost with a kept connection, before any answer, is
 * sent once more by libcurl: what must not happen twice needs an idempotency key of the server's.
 */
struct http_client;

struct http_request {
    const char *method; /* GET, POST, PUT, DELETE */
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; may be NULL */
    const char *body;           /* may be NULL */
    size_t body_size;
    int timeout_ms; /* of the whole exchange */
};

struct http_response {
    int status;        /* 0: there was no answer */
    bool sent_nothing; /* status 0: certain that the request never reached the server */
    const char *body;  /* NUL-terminated; until the callback returns */
    size_t body_size;
    const char *failure; /* status 0: why, in words */
    long retry_after_s;  /* of a Retry-After header, 0 without one */
};

/* Called from http_client_poll, once a started request. May start others. */
typedef void http_completed(void *context, const struct http_response *response);

/* ca_file: NULL for the system's. response_size_max bounds a body; a larger one counts as no
 * answer. */
struct http_client *http_client_new(int connections_max, const char *ca_file,
                                    size_t response_size_max);

/* Copies the request. */
void http_client_start(struct http_client *client, const struct http_request *request,
                       http_completed *completed, void *context);

/* Moves what can be moved, waiting at most timeout_ms (or until http_client_wake). */
void http_client_poll(struct http_client *client, int timeout_ms);

/* Ends a waiting http_client_poll early; from any thread. */
void http_client_wake(struct http_client *client);

int http_client_active(const struct http_client *client);

/* Drops what is under way without a callback. */
void http_client_free(struct http_client *client);

#endif
