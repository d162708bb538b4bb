/* SPDX-License-Identifier: Apache-2.0 */
/* The admin server of a daemon: libmicrohttpd in a thread of its own. */
#include "runtime/http/admin.h"

#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/http/listen.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Scrapers and health checks are few; what hangs on longer than this is in the way of others. */
#define CONNECTIONS_MAX 64
#define IDLE_TIMEOUT_S 10

static struct MHD_Daemon *server;
static admin_ready *server_ready;

static enum MHD_Result server_respond(struct MHD_Connection *connection, unsigned status,
                                      const char *content_type, struct buffer *body) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data != NULL ? body->data : "", MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", content_type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static unsigned server_answer(const char *method, const char *url, struct buffer *body,
                              const char **content_type) {
    *content_type = "text/plain; charset=utf-8";
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        buffer_append_text(body, "only GET\n");
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    }
    if (strcmp(url, "/metrics") == 0) {
        *content_type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_render(body);
        return MHD_HTTP_OK;
    }
    if (strcmp(url, "/healthz") == 0) {
        buffer_append_text(body, "ok\n");
        return MHD_HTTP_OK;
    }
    if (strcmp(url, "/readyz") == 0) {
        bool ready = server_ready(body);
        buffer_append_text(body, ready ? "ready\n" : "\n");
        return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    buffer_append_text(body, "there are /metrics, /healthz and /readyz\n");
    return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result server_handle(void *context, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *upload, size_t *upload_size, void **request) {
    (void)context, (void)version, (void)upload;
    static int seen;
    if (*request == NULL) { /* the headers are here; the answer comes after the body */
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    struct buffer body = {0};
    const char *content_type = NULL;
    unsigned status = server_answer(method, url, &body, &content_type);
    enum MHD_Result result = server_respond(connection, status, content_type, &body);
    buffer_deinit(&body);
    return result;
}

int admin_server_port(void) {
    const union MHD_DaemonInfo *information =
        server != NULL ? MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    return information != NULL ? information->port : 0;
}

static void server_log(void *context, const char *format, va_list arguments) {
    (void)context;
    char text[256];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_warning("admin server", LOG_TEXT("reason", text));
}

/* Polling, in a thread of its own: this libmicrohttpd's own epoll thread can hang (see
 * ARCHITECTURE.md). */
bool admin_server_start(const char *listen, admin_ready *ready, struct error *error) {
    struct addrinfo *address = listen_resolve("admin_listen", listen, error);
    if (address == NULL) {
        return false;
    }
    server_ready = ready;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    if (address->ai_family == AF_INET6) {
        flags |= MHD_USE_IPv6;
    }
    server =
        MHD_start_daemon(flags, 0, NULL, NULL, server_handle, NULL, MHD_OPTION_EXTERNAL_LOGGER,
                         server_log, NULL, MHD_OPTION_SOCK_ADDR, address->ai_addr,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_END);
    freeaddrinfo(address);
    if (server == NULL) {
        return error_set(error, ERROR_DIE, "cannot listen on %s: is the port taken?", listen);
    }
    return true;
}

void admin_server_stop(void) {
    if (server != NULL) {
        MHD_stop_daemon(server);
        server = NULL;
    }
}
