/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server, one thread: connections, timers, the books' flush. */
#include "tools/provider/server.h"

#include "runtime/base/buffer.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/http/listen.h"
#include "runtime/loop/process.h"
#include "tools/provider/api.h"
#include "tools/provider/payments.h"
#include "tools/provider/refunds.h"
#include "tools/provider/reply.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_SIZE_MAX (64 * 1024)
#define CONNECTIONS_MAX 4000
#define CONNECTION_TIMEOUT_S 120
#define WAIT_MS_MAX 1000
#define DRAIN_ROUNDS_MAX 200

enum exchange_state { EXCHANGE_READING, EXCHANGE_WAITING, EXCHANGE_ANSWERED };

/* One request from its first line to its end. */
struct exchange {
    struct exchange *next; /* of those acted upon in this round */
    struct MHD_Connection *connection;
    enum exchange_state state;
    char *method;
    char *path;
    struct buffer body;
    bool body_too_large;
    struct fault fault;
    struct reply reply;
    bool drop;
};

struct server {
    struct simulator *simulator;
    struct MHD_Daemon *daemon;
    struct exchange *acted; /* due in this round, answered when the books are flushed */
};

static struct exchange *exchange_new(struct MHD_Connection *connection, const char *method,
                                     const char *path) {
    struct exchange *exchange = allocate_zeroed(1, sizeof *exchange);
    exchange->connection = connection;
    exchange->method = text_duplicate(method);
    exchange->path = text_duplicate(path);
    return exchange;
}

static void exchange_ended(void *context, struct MHD_Connection *connection, void **slot,
                           enum MHD_RequestTerminationCode code) {
    struct exchange *exchange = *slot;
    (void)context, (void)connection, (void)code;
    if (exchange != NULL) {
        free(exchange->method);
        free(exchange->path);
        buffer_deinit(&exchange->body);
        json_decref(exchange->reply.body);
        free(exchange);
        *slot = NULL;
    }
}

static enum MHD_Result query_collect(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    json_t *text = json_string(value != NULL ? value : "");
    (void)kind;
    if (text != NULL) { /* NULL: not UTF-8, which no parameter can be */
        json_object_set_new(context, name, text);
    }
    return MHD_YES;
}

static void exchange_act(struct server *server, struct exchange *exchange) {
    json_t *query = json_object();
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, query_collect, query);
    struct request request = {
        .method = exchange->method,
        .path = exchange->path,
        .authorization = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_AUTHORIZATION),
        .query = query,
        .body = exchange->body.data,
        .body_size = exchange->body.size,
        .fault = exchange->fault,
    };
    if (exchange->body_too_large) {
        exchange->reply = reply_error(413, "INVALID_REQUEST_ERROR", "REQUEST_ENTITY_TOO_LARGE",
                                      "The request is too large.", NULL);
    } else {
        exchange->reply = api_handle(server->simulator, &request, &exchange->drop);
    }
    json_decref(query);
}

/* The answer; MHD_NO closes the connection without one. */
static enum MHD_Result exchange_answer(struct exchange *exchange) {
    char retry_after[16];
    if (exchange->drop) {
        return MHD_NO;
    }
    if (exchange->reply.body == NULL) { /* what was sent, and would be repeated, is not UTF-8 */
        exchange->reply = reply_error(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST",
                                      "The request holds text that is not UTF-8.", NULL);
    }
    char *text = json_dumps(exchange->reply.body, JSON_COMPACT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    const char *version =
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Square-Version");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/json;charset=utf-8");
    if (version != NULL) {
        MHD_add_response_header(response, "Square-Version", version);
    }
    if (exchange->reply.retry_after_s > 0) {
        snprintf(retry_after, sizeof retry_after, "%d", exchange->reply.retry_after_s);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, retry_after);
    }
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, (unsigned)exchange->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result request_handle(void *context, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_size, void **slot) {
    struct server *server = context;
    struct exchange *exchange = *slot;
    (void)version;
    if (exchange == NULL) {
        *slot = exchange_new(connection, method, url);
        return MHD_YES;
    }
    if (exchange->state == EXCHANGE_ANSWERED) {
        return exchange_answer(exchange);
    }
    if (*upload_size > 0) {
        exchange->body_too_large =
            exchange->body_too_large || exchange->body.size + *upload_size > BODY_SIZE_MAX;
        if (!exchange->body_too_large) {
            buffer_append(&exchange->body, upload, *upload_size);
        }
        *upload_size = 0;
        return MHD_YES;
    }
    const char *operation = api_operation_name(method, url);
    if (*operation != '\0') {
        exchange->fault = behaviour_draw(server->simulator->behaviour, operation);
    }
    exchange->state = EXCHANGE_WAITING;
    MHD_suspend_connection(connection);
    timers_add(&server->simulator->timers,
               (struct timer){.due_ms = clock_now_ms() + exchange->fault.latency_ms,
                              .kind = TIMER_REQUEST,
                              .subject = exchange});
    return MHD_YES;
}

/* Acts on all that is due. */
static void due_act(struct server *server, int64_t now_ms) {
    struct timer timer;
    struct exchange **link = &server->acted;
    while (timers_take(&server->simulator->timers, now_ms, &timer)) {
        if (timer.kind == TIMER_REQUEST) {
            struct exchange *exchange = timer.subject;
            exchange_act(server, exchange);
            exchange->next = NULL;
            *link = exchange;
            link = &exchange->next;
        } else if (timer.kind == TIMER_DELAYED_ACTION) {
            payments_delayed_action(server->simulator, timer.index);
        } else {
            refunds_settle(server->simulator, timer.index);
        }
    }
}

/* Wakes what was acted upon. Returns whether there was anything. */
static bool acted_answer(struct server *server) {
    struct exchange *exchange = server->acted;
    bool any = exchange != NULL;
    server->acted = NULL;
    while (exchange != NULL) {
        struct exchange *next = exchange->next; /* it may be gone once it is resumed */
        exchange->state = EXCHANGE_ANSWERED;
        MHD_resume_connection(exchange->connection);
        exchange = next;
    }
    return any;
}

static int wait_ms(struct server *server) {
    int64_t next_ms = timers_next_ms(&server->simulator->timers);
    int64_t wait = WAIT_MS_MAX;
    MHD_UNSIGNED_LONG_LONG timeout;
    if (next_ms != INT64_MAX && next_ms - clock_now_ms() < wait) {
        wait = next_ms - clock_now_ms();
    }
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && (int64_t)timeout < wait) {
        wait = (int64_t)timeout;
    }
    return wait < 0 ? 0 : (int)wait;
}

static void server_loop(struct server *server) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd waits[] = {
        {.fd = info->epoll_fd, .events = POLLIN},
        {.fd = daemon_stop_descriptor(), .events = POLLIN},
    };
    while (!daemon_stopping()) {
        MHD_run(server->daemon);
        due_act(server, clock_now_ms());
        books_flush(server->simulator->books);
        if (!acted_answer(server)) {
            poll(waits, sizeof waits / sizeof waits[0], wait_ms(server));
        }
    }
}

/* libmicrohttpd must not be stopped with suspended connections: all that wait are dropped first. */
static void server_drain(struct server *server) {
    int listening = MHD_quiesce_daemon(server->daemon);
    struct timer timer;
    while (timers_take(&server->simulator->timers, INT64_MAX, &timer)) {
        if (timer.kind == TIMER_REQUEST) {
            struct exchange *exchange = timer.subject;
            exchange->drop = true;
            exchange->state = EXCHANGE_ANSWERED;
            MHD_resume_connection(exchange->connection);
        }
    }
    for (int round = 0; round < DRAIN_ROUNDS_MAX && MHD_run(server->daemon) == MHD_YES; round++) {
        if (timers_take(&server->simulator->timers, INT64_MAX, &timer)) {
            struct exchange *exchange = timer.subject; /* it arrived whole only now */
            exchange->drop = true;
            exchange->state = EXCHANGE_ANSWERED;
            MHD_resume_connection(exchange->connection);
        }
    }
    MHD_stop_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET) {
        close(listening);
    }
}

bool server_run(struct simulator *simulator, const char *listen_at, struct error *error) {
    struct server server = {.simulator = simulator};
    struct addrinfo *address = listen_resolve("listen", listen_at, error);
    if (address == NULL) {
        return false;
    }
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    flags |= address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    server.daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, request_handle, &server, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)SOMAXCONN, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_ended, NULL, MHD_OPTION_END);
    freeaddrinfo(address);
    if (server.daemon == NULL) {
        return error_set(error, ERROR_DIE, "cannot listen on %s: is the port taken?", listen_at);
    }
    log_info("listening", LOG_TEXT("address", listen_at));
    server_loop(&server);
    server_drain(&server);
    return true;
}
