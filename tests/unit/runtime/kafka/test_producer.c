/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kafka/producer.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOPIC "seatlog.commands"
#define PRODUCE 0 /* ApiKey */

static struct kafka_cluster cluster;
static struct config *config;
static struct producer *producer;

static const struct config_option no_options[] = {{0}};

static void sleep_ms(int duration_ms) {
    nanosleep(&(struct timespec){.tv_sec = duration_ms / 1000,
                                 .tv_nsec = (long)(duration_ms % 1000) * 1000000},
              NULL);
}

static bool await_reachable(bool expected) {
    for (int i = 0; i < 1000; i++) {
        if (producer_reachable(producer) == expected) {
            return true;
        }
        sleep_ms(20);
    }
    return false;
}

static int open_all(void **state) {
    (void)state;
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC, 3);
    char bootstrap[128];
    snprintf(bootstrap, sizeof bootstrap, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    char *arguments[] = {"x", bootstrap, "--kafka.message.timeout.ms=1500",
                         "--kafka.queue.buffering.max.messages=5",
                         "--kafka.message.max.bytes=1000"};
    struct error error = {0};
    config = config_load(no_options, NULL, 5, arguments, &error);
    assert_non_null(config);
    producer = producer_new(config, "test");
    return 0;
}

static int close_all(void **state) {
    (void)state;
    producer_free(producer, 0);
    config_free(config);
    kafka_cluster_deinit(&cluster);
    return 0;
}

static struct producer_record record_of(const char *key, const char *value) {
    return (struct producer_record){
        .topic = TOPIC,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = {(const uint8_t *)key, strlen(key)},
        .value = {(const uint8_t *)value, strlen(value)},
    };
}

static void a_record_is_acknowledged_where_its_key_belongs(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_report report;
    struct kafka_envelope envelope = {.type = "t", .source = "s", .id = uuid_random()};
    const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
    int64_t expected[3] = {0};
    for (int i = 0; i < 6; i++) {
        struct producer_record record = record_of(keys[i], "value");
        record.envelope = i % 2 == 0 ? &envelope : NULL;
        int32_t partition = kafka_partition_of(keys[i], 1, 3);
        assert_int_equal(producer_send_wait(producer, &record, &report, &error),
                         PRODUCER_PERSISTED);
        assert_int_equal(report.partition, partition);
        assert_int_equal(report.offset, expected[partition]++);
    }
    rd_kafka_message_t *message =
        kafka_cluster_read(&cluster, TOPIC, kafka_partition_of("a", 1, 3), 0);
    assert_non_null(message);
    assert_memory_equal(message->payload, "value", 5);
    free(message);
    assert_true(await_reachable(true));
}

static void a_record_that_is_too_large_is_parked_at_once(void **state) {
    (void)state;
    char value[2000];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct producer_record record = record_of("a", value);
    struct kafka_envelope envelope = {.type = "t", .source = "s"};
    record.envelope = &envelope; /* its headers are not leaked */
    struct error error = {0};
    assert_false(producer_send(producer, &record, NULL, NULL, &error));
    assert_int_equal(error.action, ERROR_PARK);
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_NOT_PERSISTED);
    assert_int_equal(error.action, ERROR_PARK);
}

static atomic_int reports[3];

static void count(void *context, const struct producer_report *report) {
    (void)context;
    atomic_fetch_add(&reports[report->outcome], 1);
}

static void reports_clear(void) {
    for (int i = 0; i < 3; i++) {
        atomic_store(&reports[i], 0);
    }
}

static void await_reports(int all) {
    for (int i = 0; i < 500; i++) {
        if (atomic_load(&reports[0]) + atomic_load(&reports[1]) + atomic_load(&reports[2]) == all) {
            return;
        }
        sleep_ms(20);
    }
    fail_msg("%d, %d, %d reports, not %d", atomic_load(&reports[0]), atomic_load(&reports[1]),
             atomic_load(&reports[2]), all);
}

static void a_full_queue_refuses_and_what_was_queued_is_unknown(void **state) {
    (void)state;
    struct error error = {0};
    reports_clear();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    struct producer_record record = record_of("a", "v");
    int queued = 0;
    while (queued < 100 && producer_send(producer, &record, count, NULL, &error)) {
        queued++;
    }
    assert_int_equal(queued, 5);
    assert_int_equal(error.action, ERROR_RETRY);
    await_reports(5); /* after message.timeout.ms */
    assert_int_equal(atomic_load(&reports[PRODUCER_UNKNOWN]), 5);
}

/* What librdkafka calls not persisted may be on the log all the same. */
static void what_a_broker_refuses_is_unknown(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_record record = record_of("a", "v");
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_PERSISTED);
    rd_kafka_mock_push_request_errors(cluster.mock, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_UNKNOWN);
}

static void an_unreachable_cluster_is_noticed_and_refused_until_it_is_back(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_record record = record_of("a", "v");
    assert_true(await_reachable(true));
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    assert_true(await_reachable(false));
    sleep_ms(4100); /* the grace of a new producer is over */
    int64_t before_ms = clock_monotonic_ms();
    assert_false(producer_send(producer, &record, NULL, NULL, &error));
    assert_true(clock_monotonic_ms() - before_ms < 100);
    assert_int_equal(error.action, ERROR_RETRY);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    assert_true(await_reachable(true));
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_PERSISTED);
}

static void retriable_errors_are_retried_underneath(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_record record = record_of("a", "v");
    rd_kafka_mock_push_request_errors(cluster.mock, PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_PERSISTED);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC, kafka_partition_of("a", 1, 3)), 1);
}

static void a_broker_that_answers_too_late_leaves_it_unknown(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_record record = record_of("a", "v");
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_PERSISTED);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 4000);
    struct producer_report report;
    assert_int_equal(producer_send_wait(producer, &record, &report, &error), PRODUCER_UNKNOWN);
    assert_int_equal(error.action, ERROR_RETRY);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
}

/* A sequence that cannot be repaired is fatal to librdkafka's client, not to ours. */
static void it_survives_a_fatal_error(void **state) {
    (void)state;
    struct error error = {0};
    struct producer_record record = record_of("a", "v");
    assert_int_equal(producer_send_wait(producer, &record, NULL, &error), PRODUCER_PERSISTED);
    rd_kafka_mock_push_request_errors(cluster.mock, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    enum producer_outcome outcome = producer_send_wait(producer, &record, NULL, &error);
    assert_int_not_equal(outcome, PRODUCER_PERSISTED);
    enum producer_outcome again = PRODUCER_UNKNOWN;
    for (int i = 0; i < 100 && again != PRODUCER_PERSISTED; i++) {
        again = producer_send_wait(producer, &record, NULL, &error);
        sleep_ms(20);
    }
    assert_int_equal(again, PRODUCER_PERSISTED);
    assert_true(await_reachable(true));
}

static void an_end_reports_everything_that_is_under_way(void **state) {
    (void)state;
    struct error error = {0};
    reports_clear();
    struct producer_record record = record_of("a", "v");
    for (int i = 0; i < 5; i++) {
        assert_true(producer_send(producer, &record, count, NULL, &error));
    }
    producer_free(producer, 5000);
    assert_int_equal(atomic_load(&reports[PRODUCER_PERSISTED]), 5);

    reports_clear();
    producer = producer_new(config, "test");
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (int i = 0; i < 3; i++) {
        assert_true(producer_send(producer, &record, count, NULL, &error));
    }
    int64_t before_ms = clock_monotonic_ms();
    producer_free(producer, 100);
    assert_in_range(clock_monotonic_ms() - before_ms, 90, 4000);
    assert_int_equal(atomic_load(&reports[0]) + atomic_load(&reports[1]) + atomic_load(&reports[2]),
                     3);
    assert_int_equal(atomic_load(&reports[PRODUCER_PERSISTED]), 0);
    producer = NULL;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_acknowledged_where_its_key_belongs),
        TEST(a_record_that_is_too_large_is_parked_at_once),
        TEST(a_full_queue_refuses_and_what_was_queued_is_unknown),
        TEST(what_a_broker_refuses_is_unknown),
        TEST(an_unreachable_cluster_is_noticed_and_refused_until_it_is_back),
        TEST(retriable_errors_are_retried_underneath),
        TEST(a_broker_that_answers_too_late_leaves_it_unknown),
        TEST(it_survives_a_fatal_error),
        TEST(an_end_reports_everything_that_is_under_way),
    };
    log_init("test", getenv("SEATLOG_TEST_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
