/* SPDX-License-Identifier: Apache-2.0 */
/* The rule over messages of a mock cluster, and the skim to where a reader stands. */
#include "runtime/kafka/term.h"

#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

#define PARTITIONS 3

static struct kafka_cluster cluster;
static struct config *config;
static struct codec *codec;

static int open_all(void **state) {
    (void)state;
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC_COMMANDS, PARTITIONS);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, PARTITIONS);
    char bootstrap[128];
    snprintf(bootstrap, sizeof bootstrap, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    char *arguments[] = {"x", bootstrap};
    struct error error = {0};
    static const struct config_option no_options[] = {{0}};
    config = config_load(no_options, NULL, 2, arguments, &error);
    assert_non_null(config);
    codec = codec_new();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    codec_free(codec);
    config_free(config);
    kafka_cluster_deinit(&cluster);
    return 0;
}

/* A record of events with these labels; its value is an event of the command at this offset. */
static void produce(int32_t partition, const char *label, const char *second,
                    int64_t command_offset) {
    struct event event = {.kind = EVENT_NOTED};
    event.as.head.command_offset = command_offset;
    event.as.head.logic_version = 1;
    struct octets wire = codec_event_encode(codec, &event);
    kafka_cluster_event(&cluster, partition, label, second, wire.data, wire.size);
}

static void produce_all(int32_t partition, const char *const *labels) {
    for (; *labels != NULL; labels++) {
        produce(partition, *labels, NULL, 0);
    }
}

/* What the deciders would commit. */
static void commit(int32_t partition, int64_t commands_offset, const char *metadata) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", KAFKA_DECIDERS_GROUP);
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *item =
        rd_kafka_topic_partition_list_add(list, TOPIC_COMMANDS, partition);
    item->offset = commands_offset;
    item->metadata = strdup(metadata);
    item->metadata_size = strlen(metadata);
    assert_int_equal(rd_kafka_commit(client, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

static struct term_reader skimmed(int32_t partition, int64_t offset) {
    struct term_reader reader;
    struct error error = {0};
    if (!kafka_term_skim(config, partition, offset, NULL, &reader, &error)) {
        fail_msg("%s", error.message);
    }
    return reader;
}

#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static void an_empty_partition_is_the_beginning(void **state) {
    (void)state;
    struct term_reader reader = skimmed(0, KAFKA_TERM_END);
    assert_int_equal(reader.next_offset, 0);
    assert_int_equal(reader.position.next_offset, 0);
    assert_int_equal(reader.position.term.offset, TERM_NONE);
    struct term_position position;
    int64_t commands_offset = 0;
    struct error error;
    assert_true(kafka_term_committed(config, 0, &position, &commands_offset, &error));
    assert_int_equal(commands_offset, -1);
    assert_int_equal(position.term.offset, TERM_NONE);
}

/* Partition 0 from here on: two events of history, a term, a deposed decider, a command under way.
 */
static void a_skim_stands_where_a_reader_would(void **state) {
    (void)state;
    produce(0, NULL, NULL, 6);
    produce(0, NULL, NULL, 7);
    produce_all(0, (const char *const[]){"claim " A, "2-" A " 8 9 0 1", "2-" A " 9 10 0 0",
                                         "claim " B, "2-" A " 9 10 1 1", "5-" B " 9 12 0 0", NULL});
    struct term_reader reader = skimmed(0, 2);
    assert_int_equal(reader.position.cursor, 8);
    assert_int_equal(reader.position.term.offset, TERM_NONE);
    assert_int_equal(reader.next_offset, 2);

    reader = skimmed(0, 5);
    assert_int_equal(reader.position.next_offset, 4);
    assert_int_equal(reader.position.cursor, 9);
    assert_int_equal(reader.held, 1);

    reader = skimmed(0, KAFKA_TERM_END);
    assert_int_equal(reader.next_offset, 8);
    assert_int_equal(reader.position.next_offset, 6);
    assert_int_equal(reader.position.term.offset, 5);
    assert_true(reader.position.term.nonce == 0xbbbbbbbbbbbbbbbb);
    assert_int_equal(reader.position.cursor, 9);
    assert_int_equal(reader.held, 1);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 0);
}

static void it_begins_where_the_deciders_say(void **state) {
    (void)state;
    /* A cursor that nothing on the log says: so the rest was not read. */
    produce_all(1, (const char *const[]){"claim " A, "0-" A " 0 1 0 1", "0-" A " 5 6 0 1", NULL});
    commit(1, 5, "2 0-" A " 5");
    struct term_reader reader = skimmed(1, 3);
    assert_int_equal(reader.position.cursor, 6);
    assert_false(reader.deaf);
    struct term_position position;
    int64_t commands_offset = 0;
    struct error error;
    assert_true(kafka_term_committed(config, 1, &position, &commands_offset, &error));
    assert_int_equal(commands_offset, 5);
    assert_int_equal(position.next_offset, 2);
    assert_int_equal(position.cursor, 5);

    reader = skimmed(1, 1); /* they are beyond it */
    assert_int_equal(reader.position.cursor, 0);
    assert_int_equal(reader.position.next_offset, 1);

    commit(1, 5, "2 0-" B " 5"); /* a term that the log does not have */
    reader = skimmed(1, 3);
    assert_int_equal(reader.position.cursor, 1);
    assert_true(reader.deaf);

    commit(1, 5, "nonsense");
    reader = skimmed(1, 2);
    assert_int_equal(reader.position.cursor, 1);
    assert_true(kafka_term_committed(config, 1, &position, &commands_offset, &error));
    assert_int_equal(commands_offset, 5);
    assert_int_equal(position.term.offset, TERM_NONE);
}

static void an_offset_beyond_the_log_is_an_alarm(void **state) {
    (void)state;
    struct term_reader reader;
    struct error error = {0};
    assert_false(kafka_term_skim(config, 1, 100, NULL, &reader, &error));
    assert_int_equal(error.action, ERROR_DIE);
}

static void a_log_that_forgot_is_an_alarm(void **state) {
    (void)state;
    produce_all(2, (const char *const[]){"claim " A, "0-" A " 0 5 0 1", "claim " B,
                                         "2-" B " 0 1 0 1", NULL});
    struct term_reader reader;
    struct error error = {0};
    assert_false(kafka_term_skim(config, 2, KAFKA_TERM_END, NULL, &reader, &error));
    assert_int_equal(error.action, ERROR_DIE);
    reader = skimmed(2, 3);
    assert_int_equal(reader.position.cursor, 5);
    assert_true(reader.fresh);
}

static void who_is_cancelled_is_told_so(void **state) {
    (void)state;
    atomic_bool cancelled = true;
    struct term_reader reader;
    struct error error = {0};
    assert_false(kafka_term_skim(config, 0, KAFKA_TERM_END, &cancelled, &reader, &error));
    assert_int_equal(error.action, ERROR_RETRY);
    assert_string_equal(error.message, "cancelled");
}

/* Twice the same is as bad as twice another; no value is no label. */
static void a_label_that_is_there_twice_is_malformed(void **state) {
    (void)state;
    int64_t end = kafka_cluster_end(&cluster, TOPIC_EVENTS, 1);
    produce(1, "claim " B, NULL, 0);
    produce(1, "claim " A, "claim " A, 0);
    produce(1, "claim " A, "claim " B, 0);
    struct term_reader reader = skimmed(1, KAFKA_TERM_END);
    assert_int_equal(reader.position.term.offset, end);
    assert_int_equal(reader.next_offset, end + 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_partition_is_the_beginning),
        cmocka_unit_test(a_skim_stands_where_a_reader_would),
        cmocka_unit_test(it_begins_where_the_deciders_say),
        cmocka_unit_test(an_offset_beyond_the_log_is_an_alarm),
        cmocka_unit_test(a_log_that_forgot_is_an_alarm),
        cmocka_unit_test(who_is_cancelled_is_told_so),
        cmocka_unit_test(a_label_that_is_there_twice_is_malformed),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
