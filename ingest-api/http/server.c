/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd and our thread: connections, requests on their way through their steps, the end. */
#include "ingest-api/http/server.h"

#include "ingest-api/http/crowd.h"
#include "ingest-api/http/linger.h"
#include "ingest-api/http/loop.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/tls.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/http/listen.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Bounds the headers. What does not fit is refused by libmicrohttpd itself, in HTML; up to here we
 * say it in words, see ingest-api/admission/admit.h. Only what is used of it is really taken.
 */
#define LOG_LINE_SIZE 256
#define CONNECTION_MEMORY_BYTES ((size_t)256 * 1024)
#define CONNECTIONS_SPARE 64 /* to be refused by us, or libmicrohttpd would leave them waiting */
#define ANSWER_TIMEOUT_FACTOR 10
#define TLS_REFRESH_MS 1000
#define BODY_LAST_S 2
#define BODY_DISCARDED_FACTOR 2 /* so much more than allowed is read away to answer 413 */

/* A connection must bring a request, or take an answer, before its deadline. */
struct http_connection {
    struct deadline deadline;
    struct http_server *server;
    int descriptor;
    struct tls_handshake handshake;
    bool unread; /* it was answered before its body had come */
    bool from_proxy;
    struct sockaddr_storage address;
};

struct http_server {
    struct http_handler handler;
    struct http_loop loop;
    struct MHD_Daemon *daemon;
    struct request *requests; /* all there are */
    size_t request_count;
    int request_timeout_s;
    int header_timeout_s;
    struct crowd *crowd;
    struct linger_list linger;
    int epoll_descriptor;
    struct metric *requests_metric;
    struct metric *errors_metric;
    struct metric *duration_metric;
    struct metric *active_metric;
    struct metric *refused_metric;
};

/* ---- connections ---- */

static void connection_expired(struct deadline *deadline) {
    struct http_connection *connection = (struct http_connection *)deadline;
    shutdown(connection->descriptor, SHUT_RDWR);
}

static struct http_connection *connection_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *information =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return information != NULL ? information->socket_context : NULL;
}

static void connection_expect(struct MHD_Connection *connection, int within_s) {
    struct http_connection *state = connection_of(connection);
    if (state != NULL) {
        deadline_set(&state->server->loop.deadlines, &state->deadline,
                     clock_monotonic_ms() + within_s * (int64_t)1000, connection_expired);
    }
}

static enum MHD_Result connection_admit(void *context, const struct sockaddr *address,
                                        socklen_t size) {
    (void)size;
    struct http_server *server = context;
    bool admitted = crowd_admits(server->crowd, address);
    metric_add(server->refused_metric, admitted ? 0 : 1);
    return admitted ? MHD_YES : MHD_NO;
}

static void connection_begin(struct http_server *server, struct MHD_Connection *connection,
                             void **socket_context) {
    struct http_connection *state = allocate_zeroed(1, sizeof *state);
    state->server = server;
    state->descriptor =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    bool wide = address->sa_family == AF_INET6;
    memcpy(&state->address, address,
           wide ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    crowd_enter(server->crowd, address);
    tls_handshake_begin(&state->handshake);
    /* A proxy opens connections before it has use for them. */
    state->from_proxy = crowd_trusts(server->crowd, address);
    int within_s = state->from_proxy ? server->request_timeout_s : server->header_timeout_s;
    deadline_set(&server->loop.deadlines, &state->deadline,
                 clock_monotonic_ms() + within_s * (int64_t)1000, connection_expired);
    *socket_context = state;
}

static void connection_end(struct http_connection *state) {
    struct http_server *server = state->server;
    if (state->unread) {
        linger_add(&server->linger, state->descriptor, clock_monotonic_ms());
    }
    crowd_leave(server->crowd, (const struct sockaddr *)&state->address);
    tls_handshake_end(&state->handshake);
    deadline_cancel(&server->loop.deadlines, &state->deadline);
    free(state);
}

static void connection_notify(void *context, struct MHD_Connection *connection,
                              void **socket_context, enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_begin(context, connection, socket_context);
    } else if (*socket_context != NULL) {
        connection_end(*socket_context);
        *socket_context = NULL;
    }
}

/* Between two requests: in a crowd, whoever does nothing makes room sooner. */
static void connection_expect_next(struct MHD_Connection *connection) {
    const struct http_connection *state = connection_of(connection);
    if (state == NULL) {
        return;
    }
    const struct http_server *server = state->server;
    bool hurry = crowd_is_dense(server->crowd) && !state->from_proxy &&
                 server->header_timeout_s < server->request_timeout_s;
    connection_expect(connection, hurry ? server->header_timeout_s : server->request_timeout_s);
}

/* ---- requests ---- */

static struct request *request_begin(struct http_server *server, struct MHD_Connection *connection,
                                     const char *method, const char *path) {
    struct request *request = server->handler.request_new(server->handler.context);
    request_init(request, &server->loop, connection, method, path);
    request->list_next = server->requests;
    request->list_link = &server->requests;
    if (server->requests != NULL) {
        server->requests->list_link = &request->list_next;
    }
    server->requests = request;
    server->request_count++;
    metric_set(server->active_metric, (int64_t)server->request_count);
    return request;
}

static void request_end(struct http_server *server, struct request *request) {
    assert(server->request_count > 0);
    *request->list_link = request->list_next;
    if (request->list_next != NULL) {
        request->list_next->list_link = request->list_link;
    }
    server->request_count--;
    metric_set(server->active_metric, (int64_t)server->request_count);
    request_deinit(request);
    server->handler.request_free(request);
}

static struct MHD_Response *response_new(struct request *request) {
    struct request_shared *shared = &request->shared;
    if (shared->data != NULL) {
        struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
            shared->size, (void *)shared->data, shared->release, shared->owner);
        shared->release = NULL; /* the response's now */
        return response;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->answer.bytes.size, request->answer.bytes.data, MHD_RESPMEM_MUST_FREE);
    request->answer.bytes = (struct buffer){0};
    return response;
}

static void headers_add(struct http_server *server, struct request *request,
                        struct MHD_Response *response) {
    const struct request_answer *answer = &request->answer;
    if (answer->content_type != NULL) {
        MHD_add_response_header(response, "Content-Type", answer->content_type);
    }
    bool cache_said = false;
    for (size_t i = 0; i < answer->header_count; i++) {
        cache_said = cache_said || strcmp(answer->headers[i].name, "Cache-Control") == 0;
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    }
    if (!cache_said) {
        MHD_add_response_header(response, "Cache-Control", "no-store");
    }
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    server->handler.headers_add(request, response);
    if (server->loop.draining) {
        MHD_add_response_header(response, "Connection", "close");
    }
}

static enum MHD_Result request_send(struct http_server *server, struct request *request) {
    unsigned status = request->answer.status;
    struct MHD_Response *response = response_new(request);
    if (response == NULL) {
        return MHD_NO;
    }
    headers_add(server, request, response);
    int64_t duration_ms = clock_monotonic_ms() - request->started_ms;
    metric_add(server->requests_metric, 1);
    metric_observe_ms(server->duration_metric, (double)duration_ms);
    if (status >= 500) {
        metric_add(server->errors_metric, 1);
    }
    log_debug("answered", LOG_TEXT("path", request->path), LOG_INTEGER("status", status),
              LOG_INTEGER("duration_ms", duration_ms));
    connection_expect(request->connection, server->request_timeout_s * ANSWER_TIMEOUT_FACTOR);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    request->flow.sent = true;
    return result;
}

/*
 * Runs steps until the request is answered, waits for its body, or is suspended; false: suspended,
 * and from here on it may be somebody else's.
 */
static bool steps_run(struct http_server *server, struct request *request) {
    struct request_flow *flow = &request->flow;
    log_trace_set(request->traceparent);
    while (!flow->answered && (request->body.complete || !flow->admitted)) {
        request_step *step = flow->next != NULL ? flow->next : server->handler.go_on;
        flow->next = NULL;
        step(request);
        if (flow->suspended) {
            log_trace_set(NULL);
            return false;
        }
    }
    log_trace_set(NULL);
    return true;
}

/* The body of a request that is answered already is read away; only what is admitted is kept. */
static enum MHD_Result request_receive(struct request *request, const char *data, size_t *size) {
    struct request_body *body = &request->body;
    bool answered = request->flow.answered;
    body->received += *size;
    if (body->received > body->size_max * BODY_DISCARDED_FACTOR) {
        return MHD_NO; /* it goes on and on: cut it off */
    }
    size_t total = body->bytes.size + *size;
    body->too_large = body->too_large || total > body->size_max;
    if (!body->too_large && !answered && !body->unaffordable) {
        body->unaffordable = !request_body_reserve(request, total);
    }
    if (body->too_large || answered || body->unaffordable) {
        buffer_deinit(&body->bytes);
    } else {
        buffer_append(&body->bytes, data, *size);
    }
    *size = 0;
    return MHD_YES;
}

static bool body_follows(struct request *request) {
    const char *length = request_header(request, "Content-Length");
    return request_header(request, "Transfer-Encoding") != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

/*
 * The headers are there, the body is not. An answer now ends the connection if a body follows;
 * libmicrohttpd can do that for POST and PUT alone, so for others the body is read away first. It
 * calls again from here when a request that was suspended goes on.
 */
static enum MHD_Result request_admit(struct http_server *server, struct request *request,
                                     struct http_connection *connection) {
    if (!steps_run(server, request) || !request->flow.answered) {
        return MHD_YES;
    }
    bool follows = body_follows(request);
    bool early = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
    if (follows && !early) {
        return MHD_YES;
    }
    connection->unread = follows;
    return request_send(server, request);
}

static enum MHD_Result server_handle(void *context, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *upload, size_t *upload_size,
                                     void **request_context) {
    (void)version;
    struct http_server *server = context;
    struct http_connection *state = connection_of(connection);
    struct request *request = *request_context;
    assert(http_loop_is_here(&server->loop));
    if (request == NULL) {
        request = request_begin(server, connection, method, url);
        *request_context = request;
        tls_handshake_end(&state->handshake);
        connection_expect(connection, server->request_timeout_s);
        state->unread = false;
        request->flow.next = server->handler.headers;
        return request_admit(server, request, state);
    }
    if (request->flow.suspended) {
        request->flow.suspended = false;
        deadline_cancel(&server->loop.deadlines, &request->flow.deadline);
        if (!request->body.complete) {
            return request_admit(server, request, state);
        }
    }
    if (*upload_size > 0) {
        return request_receive(request, upload, upload_size);
    }
    if (!request->body.complete) {
        request->body.complete = true;
        state->unread = false;
        deadline_cancel(&server->loop.deadlines, &state->deadline);
        if (!request->flow.answered) {
            request->flow.next = server->handler.body;
        }
    }
    if (request->flow.sent || !steps_run(server, request)) {
        return MHD_YES;
    }
    return request_send(server, request);
}

static void server_completed(void *context, struct MHD_Connection *connection,
                             void **request_context, enum MHD_RequestTerminationCode code) {
    struct http_server *server = context;
    struct request *request = *request_context;
    (void)code;
    if (request != NULL) {
        *request_context = NULL;
        request_end(server, request);
        connection_expect_next(connection);
    }
}

/* ---- the server ---- */

static void server_log(void *context, const char *format, va_list arguments) {
    (void)context;
    char text[LOG_LINE_SIZE];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http", LOG_TEXT("reason", text));
}

/* Paths and parameters stay as sent in the first place: %00 must not end a string early. */
static size_t path_unescape(void *context, struct MHD_Connection *connection, char *text) {
    (void)context, (void)connection;
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%')) {
        if (at[1] == '0' && at[2] == '0') {
            return strlen(text);
        }
    }
    return MHD_http_unescape(text);
}

static void descriptors_raise(int connections_max) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections_max + 256;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur < wanted) {
            log_warning("fewer descriptors than connections_max are allowed",
                        LOG_INTEGER("descriptors", (int64_t)limit.rlim_cur));
        }
    }
}

static struct MHD_Daemon *daemon_open(struct http_server *server,
                                      const struct http_settings *settings,
                                      const struct addrinfo *address) {
    bool tls = settings->certificate_file[0] != '\0';
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    flags |= address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    flags |= tls ? MHD_USE_TLS : 0;
    struct MHD_OptionItem certificate[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls ? tls_callback() : NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, 0, connection_admit, server, server_handle, server, MHD_OPTION_EXTERNAL_LOGGER,
        server_log, NULL, MHD_OPTION_SOCK_ADDR, address->ai_addr, MHD_OPTION_NOTIFY_COMPLETED,
        server_completed, server, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server,
        MHD_OPTION_UNESCAPE_CALLBACK, path_unescape, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)settings->connections_max + CONNECTIONS_SPARE, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)settings->request_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY_BYTES, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_ARRAY,
        tls ? certificate : none, MHD_OPTION_END);
}

struct http_server *http_server_new(const struct http_handler *handler,
                                    const struct http_settings *settings, struct error *error) {
    struct addrinfo *address = listen_resolve("listen", settings->listen, error);
    if (address == NULL) {
        return NULL;
    }
    if (settings->certificate_file[0] != '\0' &&
        !tls_start(settings->certificate_file, settings->key_file, error)) {
        freeaddrinfo(address);
        return NULL;
    }
    descriptors_raise(settings->connections_max);
    struct http_server *server = allocate_zeroed(1, sizeof *server);
    server->handler = *handler;
    server->request_timeout_s = settings->request_timeout_s;
    server->header_timeout_s = settings->header_timeout_s;
    server->crowd = crowd_new(
        &(struct crowd_limits){.total_max = (size_t)settings->connections_max,
                               .address_max = (size_t)settings->connections_per_address_max,
                               .trusted_proxies = settings->trusted_proxies});
    server->requests_metric =
        metrics_counter("seatlog_http_requests_total", NULL, "Requests answered");
    server->errors_metric =
        metrics_counter("seatlog_http_errors_total", NULL, "Requests answered with 5xx");
    server->duration_metric = metrics_histogram("seatlog_http_request_duration_seconds", NULL,
                                                "From the first header to the answer");
    server->active_metric = metrics_gauge("seatlog_http_requests_active", NULL,
                                          "Requests under way, those that wait too");
    server->refused_metric =
        metrics_counter("seatlog_http_connections_refused_total", NULL,
                        "Connections refused: too many in all, or of one address");
    http_loop_init(&server->loop, settings->body_memory_bytes);
    server->daemon = daemon_open(server, settings, address);
    freeaddrinfo(address);
    if (server->daemon == NULL) {
        error_set(error, ERROR_RETRY, "cannot listen on %s: %s", settings->listen, strerror(errno));
        tls_stop();
        http_loop_deinit(&server->loop);
        crowd_free(server->crowd);
        free(server);
        return NULL;
    }
    server->epoll_descriptor =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return server;
}

int http_server_port(const struct http_server *server) {
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static int poll_timeout_ms(struct http_server *server) {
    int64_t timeout_ms = 1000;
    MHD_UNSIGNED_LONG_LONG wanted_ms;
    if (MHD_get_timeout(server->daemon, &wanted_ms) == MHD_YES && (int64_t)wanted_ms < timeout_ms) {
        timeout_ms = (int64_t)wanted_ms;
    }
    int64_t next_ms = deadline_next_ms(&server->loop.deadlines);
    int64_t linger_ms = linger_next_ms(&server->linger);
    int64_t due_ms = (linger_ms < next_ms ? linger_ms : next_ms) - clock_monotonic_ms();
    timeout_ms = due_ms < timeout_ms ? due_ms : timeout_ms;
    return timeout_ms > 0 ? (int)timeout_ms : 0;
}

/* From here on nothing waits: what waits is woken, and no new connections are taken. */
static void drain_begin(struct http_server *server) {
    server->loop.draining = true;
    ready_set("stopping");
    MHD_socket listener = MHD_quiesce_daemon(server->daemon);
    if (listener != MHD_INVALID_SOCKET) {
        close(listener);
    }
    for (struct request *request = server->requests; request != NULL;
         request = request->list_next) {
        struct deadline *deadline = &request->flow.deadline;
        if (deadline->place != 0) {
            deadline_set(&server->loop.deadlines, deadline, 0, deadline->expired);
        }
        if (!request->body.complete) { /* a body that trickles must not hold up the end */
            connection_expect(request->connection, BODY_LAST_S);
        }
    }
}

void http_server_run(struct http_server *server) {
    int64_t refresh_ms = 0;
    while (!server->loop.draining || server->request_count > 0) {
        http_loop_wake_clear(&server->loop);
        MHD_run(server->daemon);
        int64_t now_ms = clock_monotonic_ms();
        deadline_run(&server->loop.deadlines, now_ms);
        linger_run(&server->linger, now_ms);
        http_loop_memory_trim(&server->loop, now_ms);
        if (now_ms >= refresh_ms) {
            refresh_ms = now_ms + TLS_REFRESH_MS;
            tls_refresh();
        }
        if (daemon_stopping() && !server->loop.draining) {
            drain_begin(server);
        }
        struct pollfd descriptors[3 + LINGER_CONNECTIONS_MAX] = {
            {.fd = server->epoll_descriptor, .events = POLLIN},
            {.fd = server->loop.wake_descriptor, .events = POLLIN},
            {.fd = server->loop.draining ? -1 : daemon_stop_descriptor(), .events = POLLIN}};
        size_t count = 3 + linger_poll_fill(&server->linger, descriptors + 3);
        poll(descriptors, count, poll_timeout_ms(server));
    }
}

void http_server_free(struct http_server *server) {
    if (server == NULL) {
        return;
    }
    if (!server->loop.draining) {
        drain_begin(server);
    }
    MHD_stop_daemon(server->daemon);
    tls_stop();
    http_loop_deinit(&server->loop);
    linger_deinit(&server->linger);
    crowd_free(server->crowd);
    free(server);
}
