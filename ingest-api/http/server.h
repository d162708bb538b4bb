/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_SERVER_H
#define SEATLOG_INGEST_API_HTTP_SERVER_H

#include "ingest-api/http/deadline.h"
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The HTTP server: libmicrohttpd, driven by one thread of ours that polls its epoll descriptor (its
 * own epoll thread hangs when the ready sockets are a multiple of 128). Requests that wait are
 * suspended.
 *
 * Limits: connections_max at once, of which no address has more than connections_per_address_max,
 * and the last tenth is for those that have few (ingest-api/http/crowd.h); a new connection must bring the
 * headers of a request within header_timeout_s, and every request must be there within
 * request_timeout_s, however slowly it trickles; an answer must be taken within ten times that.
 *
 * A request that is refused by its headers is answered before its body is read, and the connection
 * closed if a body follows (ingest-api/http/linger.h).
 */
struct ingest;
struct http_server;

struct http_settings {
    const char *listen;           /* ADDRESS:PORT */
    const char *certificate_file; /* empty: no TLS */
    const char *key_file;
    int connections_max;
    int connections_per_address_max; /* 0: any */
    const char *trusted_proxies;     /* lives as long as the server */
    size_t body_memory_bytes;
    int header_timeout_s;
    int request_timeout_s;
};

/* Binds and listens; requests are served by http_server_run. NULL: *error. */
struct http_server *http_server_new(struct ingest *ingest, const struct http_settings *settings,
                                    struct error *error);

/*
 * Serves until the process is to stop; then takes no new connections, wakes what waits (a command's
 * answer is 202 then), and returns when every request is answered. Blocks.
 */
void http_server_run(struct http_server *server);
void http_server_free(struct http_server *server);

/* The port it listens on. */
int http_server_port(const struct http_server *server);

/*
 * A suspended connection was resumed: look at it now. Any thread. (libmicrohttpd 0.9.75 makes no
 * channel of its own for that where it has no thread of its own, MHD_USE_ITC or not.)
 */
void http_server_wake(struct http_server *server);

/*
 * Takes from the memory for bodies, which is given back with the request; false: there is not so
 * much left. Any thread; callers use request_body_reserve.
 */
bool http_server_memory_take(struct http_server *server, size_t bytes);

/* HTTP thread only. */
struct deadline_heap *http_server_deadlines(struct http_server *server);
bool http_server_draining(const struct http_server *server);

#endif
