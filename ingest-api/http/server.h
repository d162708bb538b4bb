/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_SERVER_H
#define SEATLOG_INGEST_API_HTTP_SERVER_H

#include "ingest-api/http/request.h"
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
struct http_server;

/*
 * What requests are made of and where they go: given by whoever builds the server, so that nothing
 * here knows what they are about. All but headers_add are steps or run between steps; all on the
 * HTTP thread.
 */
struct http_handler {
    void *context;                                 /* of request_new */
    struct request *(*request_new)(void *context); /* zeroed, but for request->call */
    void (*request_free)(struct request *request); /* its memory; it has ended already */
    request_step *headers; /* the headers are there: answers, or sets flow.admitted in the end */
    request_step *body;    /* so is the body */
    request_step *go_on;   /* whenever no step is named */
    /* Adds to what every answer carries. */
    void (*headers_add)(struct request *request, struct MHD_Response *response);
};

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
struct http_server *http_server_new(const struct http_handler *handler,
                                    const struct http_settings *settings, struct error *error);

/*
 * Serves until the process is to stop; then takes no new connections, wakes what waits (a command's
 * answer is 202 then), and returns when every request is answered. Blocks.
 */
void http_server_run(struct http_server *server);
void http_server_free(struct http_server *server);

/* The port it listens on. */
int http_server_port(const struct http_server *server);

#endif
