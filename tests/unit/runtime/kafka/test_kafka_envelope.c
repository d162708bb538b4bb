/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kafka/kafka.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void assert_header(rd_kafka_headers_t *headers, const char *name, const char *expected) {
    const void *value = NULL;
    size_t size = 0;
    rd_kafka_resp_err_t code = rd_kafka_header_get_last(headers, name, &value, &size);
    if (expected == NULL) {
        assert_int_equal(code, RD_KAFKA_RESP_ERR__NOENT);
        return;
    }
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(value, expected, size);
}

static void a_record_says_who_what_and_for_whom(void **state) {
    (void)state;
    struct kafka_envelope envelope = {
        .type = "seatlog.commands.Reserve",
        .source = "ingest-api/ingest-api-0",
        .id = uuid_random(),
        .command_id = uuid_random(),
        .traceparent = PARENT,
        .waiter = "ingest-api-0",
    };
    struct uuid show = uuid_random();
    char id[UUID_TEXT_SIZE], command[UUID_TEXT_SIZE], subject[UUID_TEXT_SIZE];
    rd_kafka_headers_t *headers = kafka_headers_new(&envelope, &show);
    assert_header(headers, "ce_specversion", "1.0");
    assert_header(headers, "ce_id", uuid_format(&envelope.id, id));
    assert_header(headers, "ce_type", "seatlog.commands.Reserve");
    assert_header(headers, "ce_source", "ingest-api/ingest-api-0");
    assert_header(headers, "ce_subject", uuid_format(&show, subject));
    assert_header(headers, "content-type", "application/avro");
    assert_header(headers, "traceparent", PARENT);
    assert_header(headers, "seatlog-command-id", uuid_format(&envelope.command_id, command));
    assert_header(headers, "seatlog-waiter", "ingest-api-0");
    rd_kafka_headers_destroy(headers);
}

static void what_there_is_not_makes_no_header(void **state) {
    (void)state;
    struct kafka_envelope envelope = {.type = "t", .source = "s"};
    rd_kafka_headers_t *headers = kafka_headers_new(&envelope, NULL);
    assert_header(headers, "ce_specversion", "1.0");
    assert_header(headers, "ce_id", NULL);
    assert_header(headers, "ce_subject", NULL);
    assert_header(headers, "traceparent", NULL);
    assert_header(headers, "seatlog-command-id", NULL);
    assert_header(headers, "seatlog-waiter", NULL);
    rd_kafka_headers_destroy(headers);
}

/* Reads back headers through a message of a real client, whose delivery report keeps them. */
static rd_kafka_headers_t *hostile;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    kafka_headers_read(message, opaque);
}

static void read_back(rd_kafka_headers_t *headers, struct kafka_envelope *envelope) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, envelope);
    kafka_conf_set(conf, "test.mock.num.brokers", "1");
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(client);
    rd_kafka_resp_err_t code =
        headers != NULL ? rd_kafka_producev(client, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("x", 1),
                                            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END)
                        : rd_kafka_producev(client, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("x", 1),
                                            RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(client, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

static void headers_are_read_back(void **state) {
    (void)state;
    struct kafka_envelope sent = {.type = "t",
                                  .source = "s",
                                  .id = uuid_random(),
                                  .command_id = uuid_random(),
                                  .traceparent = PARENT,
                                  .waiter = "ingest-api-1"};
    struct kafka_envelope got = {.waiter = "stale", .type = "stale"};
    read_back(kafka_headers_new(&sent, NULL), &got);
    assert_true(uuid_equal(&got.id, &sent.id));
    assert_true(uuid_equal(&got.command_id, &sent.command_id));
    assert_string_equal(got.traceparent, PARENT);
    assert_string_equal(got.waiter, "ingest-api-1");
    assert_null(got.type);
}

static void a_message_without_headers_has_an_empty_envelope(void **state) {
    (void)state;
    struct kafka_envelope got = {.waiter = "stale"};
    read_back(NULL, &got);
    assert_string_equal(got.waiter, "");
    assert_string_equal(got.traceparent, "");
    assert_true(uuid_is_zero(&got.command_id));
}

static void hostile_headers_are_as_none(void **state) {
    (void)state;
    char long_value[500];
    memset(long_value, 'x', sizeof long_value);
    hostile = rd_kafka_headers_new(8);
    rd_kafka_header_add(hostile, "seatlog-waiter", -1, long_value, sizeof long_value);
    rd_kafka_header_add(hostile, "traceparent", -1, long_value, 56);
    rd_kafka_header_add(hostile, "seatlog-command-id", -1, "not-a-uuid", -1);
    rd_kafka_header_add(hostile, "ce_id", -1, NULL, 0);
    struct kafka_envelope got;
    read_back(hostile, &got);
    assert_string_equal(got.waiter, "");
    assert_string_equal(got.traceparent, "");
    assert_true(uuid_is_zero(&got.command_id));
    assert_true(uuid_is_zero(&got.id));

    hostile = rd_kafka_headers_new(2);
    rd_kafka_header_add(hostile, "seatlog-waiter", -1, "a\0b", 3);
    rd_kafka_header_add(hostile, "traceparent", -1, long_value, 55); /* just fits */
    read_back(hostile, &got);
    assert_string_equal(got.waiter, "");
    assert_int_equal(strlen(got.traceparent), 55);
}

static void assert_traceparent(const char *text) {
    assert_int_equal(strlen(text), 55);
    assert_memory_equal(text, "00-", 3);
    assert_int_equal(strspn(text + 3, "0123456789abcdef"), 32);
    assert_int_equal(text[35], '-');
    assert_int_equal(strspn(text + 36, "0123456789abcdef"), 16);
    assert_memory_equal(text + 52, "-01", 4);
}

static void a_trace_begins_and_goes_on(void **state) {
    (void)state;
    char one[56], other[56];
    for (int i = 0; i < 200; i++) {
        traceparent_new(one);
        assert_traceparent(one);
    }
    traceparent_new(other);
    assert_memory_not_equal(one, other, 35);

    char child[56];
    traceparent_child(PARENT, child);
    assert_traceparent(child);
    assert_memory_equal(child, PARENT, 36);
    assert_memory_not_equal(child + 36, &PARENT[36], 16);
    traceparent_child(child, child); /* in place */
    assert_traceparent(child);
    assert_memory_equal(child, PARENT, 36);
    /* Not sampled stays not sampled. */
    traceparent_child("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", child);
    assert_string_equal(child + 53, "00");
}

static void a_child_of_nothing_is_a_new_trace(void **state) {
    (void)state;
    const char *const bad[] = {
        NULL,
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char child[56];
        traceparent_child(bad[i], child);
        assert_traceparent(child);
        assert_memory_not_equal(child, PARENT, 35);
    }
}

/* murmur2 as in org.apache.kafka.common.utils.Utils; the hashes are those of Kafka's own UtilsTest.
 */
static void a_key_has_the_partition_that_kafka_gives_it(void **state) {
    (void)state;
    static const struct {
        const char *key;
        uint32_t hash;
    } cases[] = {
        {"21", (uint32_t)-973932308},
        {"foobar", (uint32_t)-790332482},
        {"a-little-bit-long-string", (uint32_t)-985981536},
        {"a-little-bit-longer-string", (uint32_t)-1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", (uint32_t)-58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int32_t count = 1; count <= 12; count++) {
            assert_int_equal(kafka_partition_of(cases[i].key, strlen(cases[i].key), count),
                             (int32_t)(cases[i].hash & 0x7fffffff) % count);
        }
    }
}

static void errors_say_what_to_do(void **state) {
    (void)state;
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR_NO_ERROR), ERROR_NONE);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), ERROR_RETRY);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR__QUEUE_FULL), ERROR_RETRY);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS), ERROR_RETRY);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), ERROR_PARK);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR__FATAL), ERROR_DIE);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR__FENCED), ERROR_DIE);
    assert_int_equal(kafka_error_action(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ERROR_DIE);
}

static void topics_are_checked_against_the_cluster(void **state) {
    (void)state;
    struct kafka_cluster cluster;
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, 6);
    struct error error = {0};
    int32_t count = 0;
    assert_true(kafka_topic_check(cluster.owner, TOPIC_EVENTS, 6, false, &count, &error));
    assert_int_equal(count, 6);
    assert_true(kafka_topic_check(cluster.owner, TOPIC_EVENTS, 0, false, NULL, &error));
    assert_false(kafka_topic_check(cluster.owner, TOPIC_EVENTS, 12, false, &count, &error));
    assert_int_equal(error.action, ERROR_DIE);
    assert_non_null(strstr(error.message, "has 6 partitions, but 12"));
    rd_kafka_mock_topic_set_error(cluster.mock, "denied",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_false(kafka_topic_check(cluster.owner, "denied", 0, false, NULL, &error));
    assert_int_equal(error.action, ERROR_DIE);
    rd_kafka_mock_topic_set_error(cluster.mock, "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_false(kafka_topic_check(cluster.owner, "missing", 0, false, NULL, &error));
    assert_int_equal(error.action, ERROR_RETRY);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    assert_false(kafka_topic_check(cluster.owner, TOPIC_EVENTS, 6, false, NULL, &error));
    assert_int_equal(error.action, ERROR_RETRY);
    kafka_cluster_deinit(&cluster);
}

static const struct config_option no_options[] = {{0}};

static void the_operators_properties_win(void **state) {
    (void)state;
    struct error error = {0};
    char *arguments[] = {"x", "--kafka.linger.ms=7", "--kafka.client.id=mine"};
    struct config *config = config_load(no_options, NULL, 3, arguments, &error);
    assert_non_null(config);
    char value[64];
    size_t size = sizeof value;
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_PRODUCER);
    assert_int_equal(rd_kafka_conf_get(conf, "linger.ms", value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, "7");
    kafka_conf_default(conf, config, "client.id", "ours");
    kafka_conf_default(conf, config, "batch.size", "1234");
    size = sizeof value;
    rd_kafka_conf_get(conf, "client.id", value, &size);
    assert_string_equal(value, "mine");
    size = sizeof value;
    rd_kafka_conf_get(conf, "batch.size", value, &size);
    assert_string_equal(value, "1234");
    size = sizeof value;
    rd_kafka_conf_get(conf, "partitioner", value, &size);
    assert_string_equal(value, "murmur2_random");
    size = sizeof value;
    rd_kafka_conf_get(conf, "enable.idempotence", value, &size);
    assert_string_equal(value, "true");
    rd_kafka_conf_destroy(conf);

    conf = kafka_conf_new(config, KAFKA_CONSUMER);
    size = sizeof value;
    rd_kafka_conf_get(conf, "isolation.level", value, &size);
    assert_string_equal(value, "read_committed");
    rd_kafka_conf_destroy(conf);
    config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_says_who_what_and_for_whom),
        cmocka_unit_test(what_there_is_not_makes_no_header),
        cmocka_unit_test(headers_are_read_back),
        cmocka_unit_test(a_message_without_headers_has_an_empty_envelope),
        cmocka_unit_test(hostile_headers_are_as_none),
        cmocka_unit_test(a_trace_begins_and_goes_on),
        cmocka_unit_test(a_child_of_nothing_is_a_new_trace),
        cmocka_unit_test(a_key_has_the_partition_that_kafka_gives_it),
        cmocka_unit_test(errors_say_what_to_do),
        cmocka_unit_test(topics_are_checked_against_the_cluster),
        cmocka_unit_test(the_operators_properties_win),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
