/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests over libcurl's multi interface. */
#include "runtime/http/client.h"

#include "runtime/base/buffer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 5000L

struct http_client {
    CURLM *multi;
    char *ca_file; /* NULL: the system's */
    size_t response_size_max;
    int active;
    struct exchange *first; /* all that are under way */
};

/* One request under way. */
struct exchange {
    struct http_client *client;
    struct exchange *next;
    struct exchange *previous;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    http_completed *completed;
    void *context;
    struct buffer response;
    bool too_large;
    char reason[CURL_ERROR_SIZE];
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_init(void) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        die("libcurl cannot be initialised");
    }
}

struct http_client *http_client_new(int connections_max, const char *ca_file,
                                    size_t response_size_max) {
    pthread_once(&curl_once, curl_init);
    struct http_client *client = allocate_zeroed(1, sizeof *client);
    client->multi = curl_multi_init();
    if (client->multi == NULL) {
        die("cannot create a libcurl handle");
    }
    client->ca_file = ca_file != NULL ? text_duplicate(ca_file) : NULL;
    client->response_size_max = response_size_max;
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections_max);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
    return client;
}

static void exchange_free(struct exchange *exchange) {
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    buffer_deinit(&exchange->response);
    free(exchange->body);
    free(exchange);
}

static void exchange_unlink(struct exchange *exchange) {
    struct http_client *client = exchange->client;
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        client->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    client->active--;
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct exchange *exchange = context;
    size_t octets = size * count;
    if (octets > exchange->client->response_size_max - exchange->response.size) {
        exchange->too_large = true;
        return 0;
    }
    buffer_append(&exchange->response, data, octets);
    return octets;
}

static void option_set(CURLcode code, const char *name) {
    if (code != CURLE_OK) {
        die("libcurl refuses %s: %s", name, curl_easy_strerror(code));
    }
}

#define OPTION_SET(easy, option, value)                                                            \
    option_set(curl_easy_setopt((easy), (option), (value)), #option)

static void exchange_header_add(struct exchange *exchange, const char *header) {
    struct curl_slist *grown = curl_slist_append(exchange->headers, header);
    if (grown == NULL) {
        die("out of memory: a header");
    }
    exchange->headers = grown;
}

static void exchange_method_set(struct exchange *exchange, const struct http_request *request) {
    CURL *easy = exchange->easy;
    if (strcmp(request->method, "GET") == 0 && request->body == NULL) {
        OPTION_SET(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (strcmp(request->method, "HEAD") == 0) {
        OPTION_SET(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    OPTION_SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
    bool has_body = request->body != NULL || strcmp(request->method, "POST") == 0 ||
                    strcmp(request->method, "PUT") == 0;
    if (has_body) {
        size_t size = request->body != NULL ? request->body_size : 0;
        exchange->body = allocate(size + 1);
        memcpy(exchange->body, request->body != NULL ? request->body : "", size);
        OPTION_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        OPTION_SET(easy, CURLOPT_POSTFIELDS, exchange->body);
        /* Waiting for "100 Continue" costs a second where a server does not know it. */
        exchange_header_add(exchange, "Expect:");
    }
}

static void exchange_options_set(struct exchange *exchange, const struct http_request *request) {
    CURL *easy = exchange->easy;
    OPTION_SET(easy, CURLOPT_PRIVATE, exchange);
    OPTION_SET(easy, CURLOPT_URL, request->url);
    OPTION_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    OPTION_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    OPTION_SET(easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_WHATEVER);
    OPTION_SET(easy, CURLOPT_PROXY, "");
    OPTION_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    OPTION_SET(easy, CURLOPT_NOSIGNAL, 1L);
    OPTION_SET(easy, CURLOPT_TCP_NODELAY, 1L);
    OPTION_SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    OPTION_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    OPTION_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    OPTION_SET(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    OPTION_SET(easy, CURLOPT_CONNECTTIMEOUT_MS,
               request->timeout_ms > 0 && request->timeout_ms < CONNECT_TIMEOUT_MS
                   ? (long)request->timeout_ms
                   : CONNECT_TIMEOUT_MS);
    OPTION_SET(easy, CURLOPT_ERRORBUFFER, exchange->reason);
    OPTION_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    OPTION_SET(easy, CURLOPT_WRITEDATA, exchange);
    OPTION_SET(easy, CURLOPT_USERAGENT, "seatlog");
    if (exchange->client->ca_file != NULL) {
        OPTION_SET(easy, CURLOPT_CAINFO, exchange->client->ca_file);
    }
    exchange_method_set(exchange, request);
    for (const char *const *header = request->headers; header != NULL && *header != NULL;
         header++) {
        exchange_header_add(exchange, *header);
    }
    OPTION_SET(easy, CURLOPT_HTTPHEADER, exchange->headers);
}

void http_client_start(struct http_client *client, const struct http_request *request,
                       http_completed *completed, void *context) {
    struct exchange *exchange = allocate_zeroed(1, sizeof *exchange);
    exchange->client = client;
    exchange->completed = completed;
    exchange->context = context;
    exchange->easy = curl_easy_init();
    if (exchange->easy == NULL) {
        die("cannot create a libcurl handle");
    }
    exchange_options_set(exchange, request);

    exchange->next = client->first;
    if (client->first != NULL) {
        client->first->previous = exchange;
    }
    client->first = exchange;
    client->active++;
    if (curl_multi_add_handle(client->multi, exchange->easy) != CURLM_OK) {
        die("libcurl does not take a request");
    }
}

/*
 * Certain only while libcurl has handed no byte of the request to the system. The code of the
 * failure does not decide it: where a kept connection dies after the request was sent, libcurl
 * sends it again on a new one, and what is reported may be that nobody listens there any more. The
 * counts stay through that.
 */
static bool exchange_sent_nothing(struct exchange *exchange) {
    long request_size = 0;
    curl_off_t uploaded = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_size);
    curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    return request_size == 0 && uploaded == 0;
}

static void exchange_complete(struct exchange *exchange, CURLcode code) {
    struct http_response response = {.status = 0};
    long status = 0;
    if (code == CURLE_OK) {
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    }
    if (status > 0) {
        curl_off_t retry_after_s = 0;
        curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        response.status = (int)status;
        response.retry_after_s = (long)retry_after_s;
        response.body = exchange->response.data != NULL ? exchange->response.data : "";
        response.body_size = exchange->response.size;
    } else {
        response.body = "";
        response.sent_nothing = exchange_sent_nothing(exchange);
        response.failure = exchange->too_large           ? "the answer is too large"
                           : exchange->reason[0] != '\0' ? exchange->reason
                                                         : curl_easy_strerror(code);
    }
    exchange_unlink(exchange);
    exchange->completed(exchange->context, &response);
    exchange_free(exchange);
}

void http_client_poll(struct http_client *client, int timeout_ms) {
    int running = 0;
    curl_multi_perform(client->multi, &running);
    if (running > 0 || client->active == 0) {
        curl_multi_poll(client->multi, NULL, 0, timeout_ms, NULL);
        curl_multi_perform(client->multi, &running);
    }
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        struct exchange *exchange = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        curl_multi_remove_handle(client->multi, exchange->easy);
        exchange_complete(exchange, code);
    }
}

void http_client_wake(struct http_client *client) { curl_multi_wakeup(client->multi); }

int http_client_active(const struct http_client *client) { return client->active; }

void http_client_free(struct http_client *client) {
    if (client == NULL) {
        return;
    }
    struct exchange *next = NULL;
    for (struct exchange *exchange = client->first; exchange != NULL; exchange = next) {
        next = exchange->next;
        curl_multi_remove_handle(client->multi, exchange->easy);
        exchange_free(exchange);
    }
    curl_multi_cleanup(client->multi);
    free(client->ca_file);
    free(client);
}
