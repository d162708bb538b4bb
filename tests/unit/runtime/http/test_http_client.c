/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http/client.h"

#include "runtime/base/buffer.h"
#include "runtime/base/time.h"
#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RESPONSE_SIZE_MAX 10000

/*
 * A server of one thread that speaks HTTP word by word as a test has it: for each request it takes
 * the next step of the script.
 */
enum step {
    STEP_ANSWER, /* writes the answer and keeps the connection */
    STEP_CLOSE,  /* closes without a word */
    STEP_VANISH, /* closes the connection and the listening socket: nobody is there any more */
    STEP_SILENT, /* keeps the connection and says nothing */
    STEP_END     /* end of the script */
};

struct script_step {
    enum step step;
    const char *answer;
};

static struct {
    const struct script_step *script;
    pthread_t thread;
    int listener;
    int port;
    atomic_int connection; /* the one being served */
    atomic_int requests;
    atomic_int connections;
    struct buffer last_request;
} server;

/* The whole request goes into last_request, which stays until the next is whole. */
static bool request_read(int connection) {
    char part[4096];
    struct buffer request = {0};
    for (;;) {
        ssize_t size = read(connection, part, sizeof part);
        if (size <= 0) {
            buffer_deinit(&request);
            return false;
        }
        buffer_append(&request, part, (size_t)size);
        const char *end = strstr(request.data, "\r\n\r\n");
        if (end == NULL) {
            continue;
        }
        const char *length = strstr(request.data, "Content-Length: ");
        size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        if (request.size >= (size_t)(end + 4 - request.data) + body) {
            buffer_deinit(&server.last_request);
            server.last_request = request;
            return true;
        }
    }
}

/* Serves one connection; returns false when the script is at its end. */
static bool connection_serve(int connection) {
    while (request_read(connection)) {
        const struct script_step *step = server.script++;
        atomic_fetch_add(&server.requests, 1);
        switch (step->step) {
        case STEP_ANSWER:
            if (write(connection, step->answer, strlen(step->answer)) < 0) {
                return true;
            }
            break;
        case STEP_CLOSE:
            return true;
        case STEP_VANISH:
            shutdown(server.listener, SHUT_RDWR);
            close(server.listener);
            return false;
        case STEP_SILENT:
            break;
        case STEP_END:
            return false;
        }
    }
    return server.script->step != STEP_END;
}

static void *server_run(void *context) {
    (void)context;
    for (;;) {
        int connection = accept(server.listener, NULL, NULL);
        if (connection < 0) {
            return NULL;
        }
        atomic_fetch_add(&server.connections, 1);
        atomic_store(&server.connection, connection);
        bool more = connection_serve(connection);
        atomic_store(&server.connection, -1);
        close(connection);
        if (!more) {
            return NULL;
        }
    }
}

static void server_start(const struct script_step *script) {
    server.script = script;
    atomic_store(&server.requests, 0);
    atomic_store(&server.connection, -1);
    atomic_store(&server.connections, 0);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listener, 16), 0);
    getsockname(server.listener, (struct sockaddr *)&address, &size);
    server.port = ntohs(address.sin_port);
    pthread_create(&server.thread, NULL, server_run, NULL);
}

static void server_join(void) {
    shutdown(server.listener, SHUT_RDWR);
    shutdown(atomic_load(&server.connection), SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
    buffer_deinit(&server.last_request);
}

/* What the callback was given. */
struct outcome {
    int calls;
    int status;
    bool sent_nothing;
    char failure[256];
    struct buffer body;
    long retry_after_s;
};

static void on_completed(void *context, const struct http_response *response) {
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->status = response->status;
    outcome->sent_nothing = response->sent_nothing;
    outcome->retry_after_s = response->retry_after_s;
    snprintf(outcome->failure, sizeof outcome->failure, "%s",
             response->failure != NULL ? response->failure : "");
    buffer_append(&outcome->body, response->body, response->body_size);
    assert_int_equal(strlen(response->body), response->body_size);
}

static struct http_client *client;

static int open_client(void **state) {
    (void)state;
    client = http_client_new(4, NULL, RESPONSE_SIZE_MAX);
    return 0;
}

static int close_client(void **state) {
    (void)state;
    http_client_free(client);
    return 0;
}

static void finish(void) {
    int64_t end_ms = clock_monotonic_ms() + 15000;
    while (http_client_active(client) > 0 && clock_monotonic_ms() < end_ms) {
        http_client_poll(client, 100);
    }
    assert_int_equal(http_client_active(client), 0);
}

static void outcome_free(struct outcome *outcome) { buffer_deinit(&outcome->body); }

static void ask(struct outcome *outcome, const char *method, const char *body, int timeout_ms) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v2/payments?x=1", server.port);
    const char *const headers[] = {"Content-Type: application/json", "X-Trace: 7", NULL};
    struct http_request request = {.method = method,
                                   .url = url,
                                   .headers = headers,
                                   .body = body,
                                   .body_size = body != NULL ? strlen(body) : 0,
                                   .timeout_ms = timeout_ms};
    outcome_free(outcome);
    *outcome = (struct outcome){0};
    http_client_start(client, &request, on_completed, outcome);
    finish();
    assert_int_equal(outcome->calls, 1);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void requests_are_sent_as_they_are_and_connections_kept(void **state) {
    (void)state;
    static const struct script_step script[] = {{STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "POST", "{\"a\":1}", 5000);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body.data, "ok");
    const char *sent = server.last_request.data;
    assert_memory_equal(sent, "POST /v2/payments?x=1 HTTP/1.1\r\n", 32);
    assert_non_null(strstr(sent, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Trace: 7\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(sent, "Expect"));
    assert_non_null(strstr(sent, "\r\n\r\n{\"a\":1}"));
    ask(&outcome, "GET", NULL, 5000);
    assert_memory_equal(server.last_request.data, "GET ", 4);
    ask(&outcome, "PUT", "x", 5000);
    assert_memory_equal(server.last_request.data, "PUT ", 4);
    ask(&outcome, "DELETE", NULL, 5000);
    assert_memory_equal(server.last_request.data, "DELETE ", 7);
    assert_null(strstr(server.last_request.data, "Content-Length"));
    assert_int_equal(atomic_load(&server.connections), 1);
    outcome_free(&outcome);
    server_join();
}

static void a_post_without_a_body_says_so(void **state) {
    (void)state;
    static const struct script_step script[] = {{STEP_ANSWER, OK}, {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "POST", NULL, 5000);
    assert_int_equal(outcome.status, 200);
    assert_non_null(strstr(server.last_request.data, "Content-Length: 0\r\n"));
    outcome_free(&outcome);
    server_join();
}

static void every_status_is_an_answer(void **state) {
    (void)state;
    static const struct script_step script[] = {
        {STEP_ANSWER, "HTTP/1.1 429 Slow Down\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n"},
        {STEP_ANSWER, "HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\nlate"},
        {STEP_ANSWER,
         "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
        {STEP_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "POST", "{}", 5000);
    assert_int_equal(outcome.status, 429);
    assert_int_equal(outcome.retry_after_s, 17);
    ask(&outcome, "POST", "{}", 5000);
    assert_int_equal(outcome.status, 503);
    assert_int_equal(outcome.retry_after_s, 0);
    assert_string_equal(outcome.body.data, "late");
    ask(&outcome, "GET", NULL, 5000);
    assert_int_equal(outcome.status, 302); /* not followed */
    ask(&outcome, "GET", NULL, 5000);
    assert_int_equal(outcome.status, 204);
    assert_int_equal(outcome.body.size, 0);
    outcome_free(&outcome);
    server_join();
}

static void assert_no_answer(const struct outcome *outcome, bool sent_nothing) {
    assert_int_equal(outcome->status, 0);
    assert_true(outcome->failure[0] != '\0');
    if (outcome->sent_nothing != sent_nothing) {
        fail_msg("\"%s\" says that %s was sent", outcome->failure,
                 outcome->sent_nothing ? "nothing" : "something");
    }
}

static void what_never_reached_anybody_is_known(void **state) {
    (void)state;
    static const char *const urls[] = {
        "http://127.0.0.1:1/",     /* refused */
        "http://nowhere.invalid/", /* does not resolve */
        "http://[broken/",         /* is no URL */
        "ftp://127.0.0.1/",        /* is not spoken */
        "https://127.0.0.1:1/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct outcome outcome = {0};
        struct http_request request = {
            .method = "POST", .url = urls[i], .body = "{}", .body_size = 2, .timeout_ms = 10000};
        http_client_start(client, &request, on_completed, &outcome);
        finish();
        assert_int_equal(outcome.calls, 1);
        assert_no_answer(&outcome, true);
        outcome_free(&outcome);
    }
}

/* Accepts the connection only in the kernel, which is enough for TCP but not for TLS. */
static void a_tls_handshake_that_never_ends_has_sent_nothing(void **state) {
    (void)state;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", ntohs(address.sin_port));
    struct outcome outcome = {0};
    struct http_request request = {.method = "GET", .url = url, .timeout_ms = 300};
    http_client_start(client, &request, on_completed, &outcome);
    finish();
    assert_no_answer(&outcome, true);
    outcome_free(&outcome);
    close(listener);
}

static void what_was_sent_and_not_answered_is_unknown(void **state) {
    (void)state;
    static const struct script_step script[] = {
        {STEP_CLOSE, NULL},
        {STEP_SILENT, NULL},
        {STEP_CLOSE, NULL},
        {STEP_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"},
        {STEP_ANSWER, "nonsense\r\n\r\n"},
        {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "POST", "{}", 5000);
    assert_no_answer(&outcome, false);
    int64_t before_ms = clock_monotonic_ms();
    ask(&outcome, "POST", "{}", 300);
    assert_no_answer(&outcome, false);
    assert_in_range(clock_monotonic_ms() - before_ms, 250, 5000);
    ask(&outcome, "GET", NULL, 5000); /* closed again */
    assert_no_answer(&outcome, false);
    ask(&outcome, "GET", NULL, 500); /* half an answer */
    assert_no_answer(&outcome, false);
    ask(&outcome, "GET", NULL, 500);
    assert_no_answer(&outcome, false);
    outcome_free(&outcome);
    server_join();
}

/*
 * The second request goes out on the kept connection, and the server dies having read it. libcurl
 * tries a new connection, which is refused; "refused" must not be taken for "nothing was sent".
 */
static void a_refused_second_try_does_not_hide_the_first(void **state) {
    (void)state;
    static const struct script_step script[] = {
        {STEP_ANSWER, OK}, {STEP_VANISH, NULL}, {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "POST", "{}", 5000);
    assert_int_equal(outcome.status, 200);
    ask(&outcome, "POST", "{}", 5000);
    assert_int_equal(atomic_load(&server.requests), 2);
    assert_no_answer(&outcome, false);
    outcome_free(&outcome);
    pthread_join(server.thread, NULL);
    buffer_deinit(&server.last_request);
}

static void a_body_that_is_too_large_is_no_answer(void **state) {
    (void)state;
    static char exact[RESPONSE_SIZE_MAX + 200], over[RESPONSE_SIZE_MAX + 200];
    int head = sprintf(exact, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", RESPONSE_SIZE_MAX);
    memset(exact + head, 'x', RESPONSE_SIZE_MAX);
    head = sprintf(over, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", RESPONSE_SIZE_MAX + 1);
    memset(over + head, 'x', RESPONSE_SIZE_MAX + 1);
    const struct script_step script[] = {
        {STEP_ANSWER, exact}, {STEP_ANSWER, over}, {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    ask(&outcome, "GET", NULL, 5000);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.body.size, RESPONSE_SIZE_MAX);
    ask(&outcome, "GET", NULL, 5000);
    assert_no_answer(&outcome, false);
    assert_string_equal(outcome.failure, "the answer is too large");
    outcome_free(&outcome);
    server_join();
}

/* A callback may start the next request; the client is busy until that is done as well. */
struct chain {
    int left;
    int answers;
};

static void on_chain(void *context, const struct http_response *response) {
    struct chain *chain = context;
    chain->answers += response->status == 200;
    if (chain->left-- > 0) {
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
        struct http_request request = {.method = "GET", .url = url, .timeout_ms = 5000};
        http_client_start(client, &request, on_chain, chain);
    }
}

static void a_callback_may_start_another(void **state) {
    (void)state;
    static const struct script_step script[] = {{STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_ANSWER, OK},
                                                {STEP_END, NULL}};
    server_start(script);
    struct chain chain = {.left = 3};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    struct http_request request = {.method = "GET", .url = url, .timeout_ms = 5000};
    http_client_start(client, &request, on_chain, &chain);
    finish();
    assert_int_equal(chain.answers, 4);
    server_join();
}

static void *wake_soon(void *context) {
    (void)context;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    http_client_wake(client);
    return NULL;
}

static void a_waiting_poll_can_be_woken(void **state) {
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, wake_soon, NULL);
    int64_t before_ms = clock_monotonic_ms();
    http_client_poll(client, 10000);
    assert_in_range(clock_monotonic_ms() - before_ms, 30, 5000);
    pthread_join(thread, NULL);
}

static void what_is_under_way_is_dropped_without_a_callback(void **state) {
    (void)state;
    static const struct script_step script[] = {{STEP_SILENT, NULL}, {STEP_END, NULL}};
    server_start(script);
    struct outcome outcome = {0};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    struct http_request request = {.method = "GET", .url = url, .timeout_ms = 60000};
    http_client_start(client, &request, on_completed, &outcome);
    http_client_start(client, &request, on_completed, &outcome);
    for (int i = 0; i < 200 && atomic_load(&server.requests) == 0; i++) {
        http_client_poll(client, 20);
    }
    assert_int_equal(http_client_active(client), 2);
    http_client_free(client);
    client = NULL;
    assert_int_equal(outcome.calls, 0);
    server_join();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)
    const struct CMUnitTest tests[] = {
        TEST(requests_are_sent_as_they_are_and_connections_kept),
        TEST(a_post_without_a_body_says_so),
        TEST(every_status_is_an_answer),
        TEST(what_never_reached_anybody_is_known),
        TEST(a_tls_handshake_that_never_ends_has_sent_nothing),
        TEST(what_was_sent_and_not_answered_is_unknown),
        TEST(a_refused_second_try_does_not_hide_the_first),
        TEST(a_body_that_is_too_large_is_no_answer),
        TEST(a_callback_may_start_another),
        TEST(a_waiting_poll_can_be_woken),
        TEST(what_is_under_way_is_dropped_without_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
