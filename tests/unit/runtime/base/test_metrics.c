/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/metrics.h"

#include "runtime/http/admin.h"
#include "runtime/loop/ready.h"
#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct buffer rendered;

static const char *render(void) {
    buffer_reset(&rendered);
    metrics_render(&rendered);
    return rendered.data;
}

static void assert_contains(const char *text, const char *part) {
    if (strstr(text, part) == NULL) {
        fail_msg("lacks \"%s\" in:\n%s", part, text);
    }
}

static void counters_and_gauges_are_rendered_by_family(void **state) {
    (void)state;
    struct metric *first = metrics_gauge("lag_records", "partition=\"0\"", "How far\nbehind \\");
    metric_add(metrics_counter("sold_total", NULL, "Seats sold."), 3);
    struct metric *second = metrics_gauge("lag_records", "partition=\"1\"", "How far behind.");
    metric_set(first, 7);
    metric_set(second, -2);
    metric_add(second, 1);
    assert_contains(render(), "# HELP lag_records How far\\nbehind \\\\\n# TYPE lag_records gauge\n"
                              "lag_records{partition=\"0\"} 7\nlag_records{partition=\"1\"} -1\n");
    assert_contains(render(), "# HELP sold_total Seats sold.\n# TYPE sold_total counter\n"
                              "sold_total 3\n");
}

static void the_same_name_and_labels_are_the_same_metric(void **state) {
    (void)state;
    struct metric *one = metrics_counter("again_total", "a=\"1\"", "x");
    metric_add(one, 5);
    assert_ptr_equal(metrics_counter("again_total", "a=\"1\"", "y"), one);
    assert_ptr_not_equal(metrics_counter("again_total", "a=\"2\"", "x"), one);
    assert_int_equal(metric_value(one), 5);
}

static void what_is_hidden_is_not_rendered_until_it_is_set(void **state) {
    (void)state;
    struct metric *metric = metrics_gauge("hidden_records", "p=\"0\"", "x");
    metric_set(metric, 4);
    metric_hide(metric);
    assert_null(strstr(render(), "hidden_records{"));
    metric_set(metric, 0);
    assert_contains(render(), "hidden_records{p=\"0\"} 0\n");
}

static void durations_fall_into_cumulative_buckets(void **state) {
    (void)state;
    struct metric *metric = metrics_histogram("wait_seconds", "call=\"book\"", "Waiting.");
    const double durations_ms[] = {0, -1, 0.5, 0.501, 60000, 60001, 1.5};
    for (size_t i = 0; i < sizeof durations_ms / sizeof durations_ms[0]; i++) {
        metric_observe_ms(metric, durations_ms[i]);
    }
    const char *text = render();
    assert_contains(text, "# TYPE wait_seconds histogram\n");
    assert_contains(text, "wait_seconds_bucket{call=\"book\",le=\"0.0005\"} 3\n");
    assert_contains(text, "wait_seconds_bucket{call=\"book\",le=\"0.001\"} 4\n");
    assert_contains(text, "wait_seconds_bucket{call=\"book\",le=\"30\"} 5\n");
    assert_contains(text, "wait_seconds_bucket{call=\"book\",le=\"60\"} 6\n");
    assert_contains(text, "wait_seconds_bucket{call=\"book\",le=\"+Inf\"} 7\n");
    assert_contains(text, "wait_seconds_sum{call=\"book\"} 120.003501\n");
    assert_contains(text, "wait_seconds_count{call=\"book\"} 7\n");
    metric_observe_ms(metrics_histogram("plain_seconds", NULL, "x"), 1);
    assert_contains(render(), "plain_seconds_bucket{le=\"0.001\"} 1\n");
    assert_contains(render(), "plain_seconds_sum 0.001000\nplain_seconds_count 1\n");
}

static void *add_many(void *context) {
    for (int i = 0; i < 10000; i++) {
        metric_add(context, 1);
        if (i % 1000 == 0) {
            struct buffer own = {0};
            metrics_render(&own);
            buffer_deinit(&own);
        }
    }
    return NULL;
}

static void threads_lose_nothing(void **state) {
    (void)state;
    struct metric *metric = metrics_counter("threads_total", NULL, "x");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, add_many, metric);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(metric_value(metric), 40000);
}

static void readiness_has_a_reason(void **state) {
    (void)state;
    struct buffer reason = {0};
    assert_false(ready_ask(&reason));
    assert_string_equal(reason.data, "starting");
    ready_set(NULL);
    assert_true(ready_ask(NULL));
    ready_set("PostgreSQL cannot be reached");
    buffer_reset(&reason);
    assert_false(ready_ask(&reason));
    assert_string_equal(reason.data, "PostgreSQL cannot be reached");
    buffer_deinit(&reason);
}

/* Sends the bytes to the server and returns all it answers; the caller frees. */
static char *exchange(const char *request) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)admin_server_port()),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(client, request, strlen(request)), strlen(request));
    struct buffer answer = {0};
    char part[4096];
    ssize_t size;
    while ((size = read(client, part, sizeof part)) > 0) {
        buffer_append(&answer, part, (size_t)size);
    }
    close(client);
    return answer.data != NULL ? answer.data : calloc(1, 1);
}

static void assert_answer(const char *request, const char *status, const char *body) {
    char *answer = exchange(request);
    assert_contains(answer, status);
    assert_contains(answer, body);
    free(answer);
}

#define CLOSE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void the_server_answers_three_questions(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(admin_server_start("127.0.0.1:0", ready_ask, &error));
    assert_true(admin_server_port() > 0);
    metric_set(metrics_gauge("served_records", NULL, "x"), 1);
    assert_answer("GET /metrics" CLOSE, "HTTP/1.1 200", "\nserved_records 1\n");
    assert_answer("GET /metrics" CLOSE, "version=0.0.4", "process_resident_memory_bytes ");
    assert_answer("GET /healthz" CLOSE, "HTTP/1.1 200", "ok\n");
    ready_set("catching up");
    assert_answer("GET /readyz" CLOSE, "HTTP/1.1 503", "catching up\n");
    ready_set(NULL);
    assert_answer("GET /readyz" CLOSE, "HTTP/1.1 200", "ready\n");
    assert_answer("GET /" CLOSE, "HTTP/1.1 404", "/metrics");
    assert_answer("GET /metrics/x" CLOSE, "HTTP/1.1 404", "");
    assert_answer("HEAD /healthz" CLOSE, "HTTP/1.1 200", "Content-Length: 3");
    assert_answer("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Content-Length: 3\r\n\r\nabc",
                  "HTTP/1.1 405", "Allow: GET, HEAD");
    admin_server_stop();
    admin_server_stop();
    assert_int_equal(admin_server_port(), 0);
}

static void it_listens_where_it_is_told_or_says_why_not(void **state) {
    (void)state;
    struct error error = {0};
    const char *const bad[] = {"", "9101", "127.0.0.1:http!", "nowhere.invalid:1", ":1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (admin_server_start(bad[i], ready_ask, &error)) {
            fail_msg("listens on \"%s\"", bad[i]);
        }
        assert_int_equal(error.action, ERROR_DIE);
        assert_contains(error.message, "admin_listen");
    }
    int taken = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(taken, 1), 0);
    getsockname(taken, (struct sockaddr *)&address, &size);
    char where[32];
    snprintf(where, sizeof where, "127.0.0.1:%d", ntohs(address.sin_port));
    assert_false(admin_server_start(where, ready_ask, &error));
    assert_contains(error.message, "is the port taken?");
    close(taken);
    assert_true(admin_server_start(where, ready_ask, &error));
    assert_int_equal(admin_server_port(), ntohs(address.sin_port));
    admin_server_stop();
}

/* More connections than are allowed at once: none hangs, and those behind get their turn. */
static void many_idle_connections_do_not_block_it(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(admin_server_start("127.0.0.1:0", ready_ask, &error));
    int idle[60];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)admin_server_port()),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 60; i++) {
        idle[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(idle[i], (struct sockaddr *)&address, sizeof address), 0);
    }
    for (int i = 0; i < 100; i++) {
        assert_answer("GET /healthz" CLOSE, "HTTP/1.1 200", "ok\n");
    }
    for (int i = 0; i < 60; i++) {
        close(idle[i]);
    }
    admin_server_stop();
}

static int clear(void **state) {
    (void)state;
    buffer_deinit(&rendered);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_rendered_by_family),
        cmocka_unit_test(the_same_name_and_labels_are_the_same_metric),
        cmocka_unit_test(what_is_hidden_is_not_rendered_until_it_is_set),
        cmocka_unit_test(durations_fall_into_cumulative_buckets),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(readiness_has_a_reason),
        cmocka_unit_test(the_server_answers_three_questions),
        cmocka_unit_test(it_listens_where_it_is_told_or_says_why_not),
        cmocka_unit_test(many_idle_connections_do_not_block_it),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
