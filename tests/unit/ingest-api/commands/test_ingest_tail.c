/* SPDX-License-Identifier: Apache-2.0 */
/* Which events answer a buyer, and when, on a mock cluster whose events are written by hand. */
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/commands/tail.h"
#include "ingest-api/commands/wait.h"
#include "ingest-api/http/loop.h"
#include "ingest-api/http/request.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/ready.h"
#include "runtime/term/label.h"
#include "seatlog_codec.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_MS 20000
#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static atomic_int resumed;

/* Instead of libmicrohttpd's: there is no connection here. */
void MHD_resume_connection(struct MHD_Connection *connection) {
    (void)connection;
    atomic_fetch_add(&resumed, 1);
}

/* In the linker's place: a mock cluster does not say how its topics are set. */
/* The linker wants this name, the declaration this type.
   NOLINTBEGIN(bugprone-reserved-identifier,readability-non-const-parameter) */
bool __wrap_kafka_topic_check(rd_kafka_t *client, const char *topic, int32_t partitions_expected,
                              bool log_append_time, int32_t *partition_count, struct error *error);

bool __wrap_kafka_topic_check(rd_kafka_t *client, const char *topic, int32_t partitions_expected,
                              bool log_append_time, int32_t *partition_count, struct error *error) {
    (void)client, (void)topic, (void)partitions_expected;
    (void)log_append_time, (void)partition_count, (void)error;
    return true;
}
/* NOLINTEND(bugprone-reserved-identifier,readability-non-const-parameter) */

static const struct uuid show = {{1}};
static const struct uuid command = {{2}};

static struct kafka_cluster cluster;
static struct config *config;
static struct codec *codec;
static struct http_loop loop;
static struct wait_table *table;
static struct catalog *catalog;

static int setup(void **state) {
    (void)state;
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC_COMMANDS, 1);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, 1);
    char bootstrap[128];
    snprintf(bootstrap, sizeof bootstrap, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    char *arguments[] = {"x", bootstrap};
    struct error error = {0};
    static const struct config_option no_options[] = {{0}};
    config = config_load(no_options, NULL, 2, arguments, &error);
    assert_non_null(config);
    codec = codec_new();
    http_loop_init(&loop, 0);
    table = wait_table_new();
    catalog = catalog_new(1024 * 1024);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    catalog_free(catalog);
    wait_table_free(table);
    http_loop_deinit(&loop);
    codec_free(codec);
    config_free(config);
    kafka_cluster_deinit(&cluster);
    return 0;
}

/* An event of the command, as an answer to it or beside it; label NULL: of history. */
static void produce(const char *label, enum event_kind kind) {
    struct event event = {.kind = kind};
    event.as.head.show_id = show;
    event.as.head.command_id = command;
    event.as.head.logic_version = 1;
    struct octets wire = codec_event_encode(codec, &event);
    kafka_cluster_event(&cluster, 0, label, NULL, wire.data, wire.size);
}

static int64_t stale(const char *kind) {
    char labels[32];
    snprintf(labels, sizeof labels, "kind=\"%s\"", kind);
    return metric_value(metrics_counter("seatlog_stale_records_total", labels, ""));
}

static bool is_ready(void) { return ready_ask(NULL); }
static bool is_foreign_seen(void) { return stale("foreign") >= 2; }
static bool is_resumed(void) { return atomic_load(&resumed) > 0; }

static void await(bool (*condition)(void), const char *what) {
    int64_t end_ms = clock_monotonic_ms() + TIMEOUT_MS;
    while (!condition()) {
        if (clock_monotonic_ms() > end_ms) {
            fail_msg("not in time: %s", what);
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

static void a_buyer_is_answered_by_what_counts_and_is_whole(void **state) {
    (void)state;
    produce(NULL, EVENT_NOTED);
    produce("claim " A, EVENT_NOTED);
    produce("1-" A " 1 2 0 0", EVENT_NOTED); /* under way when the tail begins */
    struct error error = {0};
    struct tail *tail = tail_new(config, "x", table, catalog, 1, &error);
    assert_non_null(tail);
    await(is_ready, "it has found its place");
    assert_int_equal(tail_position(tail, 0), -1);

    struct request request = {.loop = &loop, .flow.suspended = true};
    struct judge judge = {.command = COMMAND_RESERVE, .command_id = command};
    struct wait *wait = wait_new(table, &request, &show, &judge, false);
    produce(NULL, EVENT_REJECTED);              /* 3: of nobody */
    produce("claim " B, EVENT_NOTED);           /* 4 */
    produce("4-" B " 1 2 0 0", EVENT_REJECTED); /* 5: half a command */
    produce("1-" A " 1 2 1 1", EVENT_REJECTED); /* 6: too late */
    await(is_foreign_seen, "what is stale is counted");
    assert_int_equal(atomic_load(&resumed), 0);
    assert_int_equal(tail_position(tail, 0), -1);

    produce("claim " A, EVENT_NOTED);           /* 7 */
    produce("7-" A " 1 3 0 0", EVENT_NOTED);    /* 8 */
    produce("7-" A " 1 3 1 1", EVENT_RESERVED); /* 9 */
    await(is_resumed, "the answer");
    assert_true(wait_status(wait).decided);
    assert_int_equal(tail_position(tail, 0), 10);
    struct producer_report report = {.outcome = PRODUCER_PERSISTED};
    assert_true(wait->answer->event.kind == EVENT_NOTED ||
                wait->answer->event.kind == EVENT_RESERVED);
    wait_report(wait, &report);
    wait_release(wait);
    tail_free(tail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_buyer_is_answered_by_what_counts_and_is_whole, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
