/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transactional loop over seatlog.events, on a mock cluster: which records its hooks see, where
 * its transactions end, and from where it goes on. The log is written by hand, labels and all.
 */
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/transaction/transaction.h"
#include "seatlog_codec.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "test"
#define API_PRODUCE 0
#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static struct kafka_cluster cluster;
static struct codec *codec;

/* What the hooks saw. */
static struct {
    char all[512];  /* offsets, each transaction in brackets: "[0 1][3 4 5]" */
    char open[256]; /* of the transaction under way */
    int64_t last;   /* the process stops once this offset is committed */
    int64_t fails;  /* handle wants a retry of this offset, each time */
    int failures;
    int refusals; /* so many times the next output after an abort is refused */
} seen;

static bool hook_handle(struct daemon *daemon, struct transaction *transaction,
                        const struct transaction_record *record, struct error *error) {
    char text[32];
    (void)daemon;
    assert_true(transaction_partition_live(transaction, record->partition));
    if (record->offset == seen.fails) {
        seen.failures++;
        return error_set(error, ERROR_RETRY, "it does not please");
    }
    snprintf(text, sizeof text, "%s%lld", seen.open[0] != '\0' ? " " : "",
             (long long)record->offset);
    strcat(seen.open, text);
    const struct transaction_output output = {
        .topic = TOPIC_TICKETS, .partition = 0, .value = {(const uint8_t *)"ticket", 6}};
    transaction_produce(transaction, record->partition, &output);
    return true;
}

static void hook_committed(struct daemon *daemon) {
    char last[32];
    (void)daemon;
    strcat(strcat(strcat(seen.all, "["), seen.open), "]");
    snprintf(last, sizeof last, "%lld", (long long)seen.last);
    const char *found = strrchr(seen.open, ' ');
    if (strcmp(found != NULL ? found + 1 : seen.open, last) == 0) {
        daemon_stop(0);
    }
    seen.open[0] = '\0';
}

static void output_refuse(void) {
    rd_kafka_mock_push_request_errors(cluster.mock, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

static void hook_aborted(struct daemon *daemon) {
    (void)daemon;
    if (seen.refusals > 0) {
        seen.refusals--;
        output_refuse();
    }
    seen.open[0] = '\0';
}

static const char *const outputs[] = {TOPIC_TICKETS, TOPIC_DEAD_LETTERS, NULL};
static const struct transaction_spec spec = {
    .input = TOPIC_EVENTS,
    .outputs = outputs,
    .handle = hook_handle,
    .committed = hook_committed,
    .aborted = hook_aborted,
};
static const struct config_option options[] = {TRANSACTION_OPTIONS, {0}};

static int loop_run(const char *records_max, int64_t last) {
    char servers[256], records[64];
    snprintf(servers, sizeof servers, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    snprintf(records, sizeof records, "--transaction_records_max=%s", records_max);
    char *arguments[] = {GROUP,
                         servers,
                         records,
                         "--partitions=1",
                         "--admin_listen=",
                         "--log_level=error",
                         "--record_tries_max=3",
                         NULL};
    const struct daemon_spec daemon = {
        .name = GROUP, .summary = "test", .options = options, .transaction = &spec};
    seen.last = last;
    return daemon_main(&daemon, 7, arguments);
}

/* --- what is committed --- */

/* The mock cluster forgets the offsets of transactions: here they are kept, in the linker's place. */
static struct {
    int64_t offset;
    char metadata[TERM_POSITION_TEXT_SIZE];
} sent;

/* The linker wants these names. NOLINTBEGIN(bugprone-reserved-identifier) */
rd_kafka_error_t *__real_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *client, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms);
rd_kafka_error_t *__wrap_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *client, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms);

rd_kafka_error_t *__wrap_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *client, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms) {
    const rd_kafka_topic_partition_t *offset = &offsets->elems[0];
    assert_int_equal(offsets->cnt, 1);
    assert_true(offset->metadata_size < sizeof sent.metadata);
    sent.offset = offset->offset;
    memcpy(sent.metadata, offset->metadata, offset->metadata_size);
    sent.metadata[offset->metadata_size] = '\0';
    return __real_rd_kafka_send_offsets_to_transaction(client, offsets, metadata, timeout_ms);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* What the group has before the process starts; NULL: without metadata. */
static void commit(int64_t offset, const char *metadata) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.bootstraps, reason, sizeof reason);
    rd_kafka_conf_set(conf, "group.id", GROUP, reason, sizeof reason);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, TOPIC_EVENTS, 0);
    item->offset = offset;
    if (metadata != NULL) {
        item->metadata = strdup(metadata);
        item->metadata_size = strlen(metadata);
    }
    assert_int_equal(rd_kafka_commit(client, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

static void committed_is(int64_t offset, const char *metadata) {
    assert_int_equal(sent.offset, offset);
    assert_string_equal(sent.metadata, metadata);
}

/* --- the log --- */

/* A record of the command at an offset; label NULL: of history. */
static void produce(const char *label, int64_t command_offset) {
    struct event event = {.kind = EVENT_NOTED};
    event.as.head.command_offset = command_offset;
    event.as.head.logic_version = 1;
    struct octets wire = codec_event_encode(codec, &event);
    kafka_cluster_event(&cluster, 0, label, NULL, wire.data, wire.size);
}

static void produce_all(const char *const *labels) {
    for (; *labels != NULL; labels++) {
        produce(*labels, 0);
    }
}

static int64_t stale(const char *kind) {
    char labels[32];
    snprintf(labels, sizeof labels, "kind=\"%s\"", kind);
    return metric_value(metrics_counter("seatlog_stale_records_total", labels, ""));
}

static int open_all(void **state) {
    (void)state;
    memset(&seen, 0, sizeof seen);
    seen.fails = -1;
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC_COMMANDS, 1);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, 1);
    kafka_cluster_topic(&cluster, TOPIC_TICKETS, 1);
    kafka_cluster_topic(&cluster, TOPIC_DEAD_LETTERS, 1);
    codec = codec_new();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    codec_free(codec);
    kafka_cluster_deinit(&cluster);
    return 0;
}

/* --- the tests --- */

/* Two events of history, then a term with a command of three events. */
static void a_log_begins(void) {
    produce(NULL, 6);
    produce(NULL, 7);
    produce_all((const char *const[]){"claim " A, "2-" A " 8 9 0 0", "2-" A " 8 9 1 0",
                                      "2-" A " 8 9 2 1", NULL});
}

static void what_counts_is_handled_once_and_in_whole_commands(void **state) {
    (void)state;
    int64_t again = stale("again"), foreign = stale("foreign");
    a_log_begins();
    produce_all((const char *const[]){"2-" A " 8 9 1 0", /* 6: a copy */
                                      NULL});
    produce(NULL, 9);                                     /* 7: of nobody */
    produce_all((const char *const[]){"2-" A " 9 10 0 0", /* 8: half a command */
                                      "claim " B,         /* 9 */
                                      "9-" B " 9 10 0 1", /* 10 */
                                      "2-" A " 9 10 1 1", /* 11: its late other half */
                                      "9-" B " 10 12 0 1" /* 12 */, NULL});
    assert_int_equal(loop_run("1", 12), 0);
    assert_string_equal(seen.all, "[0][1][3 4 5][10][12]");
    assert_int_equal(stale("again") - again, 1);
    assert_int_equal(stale("foreign") - foreign, 2);
    committed_is(13, "13 9-" B " 12");
}

static void a_restart_goes_on_within_the_term(void **state) {
    (void)state;
    a_log_begins();
    produce_all(
        (const char *const[]){"2-" A " 9 10 0 0", "2-" A " 9 10 1 1", "2-" A " 10 11 0 1", NULL});
    commit(6, "6 2-" A " 9");
    assert_int_equal(loop_run("1", 8), 0);
    assert_string_equal(seen.all, "[6 7][8]");
    committed_is(9, "9 2-" A " 11");
}

/* As one that was committed before there were terms; it even stands within a command. */
static void an_offset_without_a_term_is_worked_out(void **state) {
    (void)state;
    a_log_begins();
    produce("2-" A " 9 10 0 1", 0);
    commit(4, NULL);
    assert_int_equal(loop_run("1", 6), 0);
    assert_string_equal(seen.all, "[4 5][6]");
    committed_is(7, "7 2-" A " 10");
}

static void nothing_counts_behind_a_hole_until_the_next_claim(void **state) {
    (void)state;
    int64_t holes = stale("hole");
    a_log_begins();
    produce_all((const char *const[]){"2-" A " 10 11 0 1", "2-" A " 11 12 0 1", "claim " B,
                                      "8-" B " 9 10 0 1", NULL});
    assert_int_equal(loop_run("100", 9), 0);
    assert_non_null(strstr(seen.all, "3 4 5"));
    assert_null(strstr(seen.all, "6"));
    assert_null(strstr(seen.all, "7"));
    assert_int_equal(stale("hole") - holes, 2);
    committed_is(10, "10 8-" B " 10");
}

static void a_record_that_fails_is_set_aside_within_its_command(void **state) {
    (void)state;
    a_log_begins();
    seen.fails = 4;
    assert_int_equal(loop_run("100", 5), 0);
    assert_int_equal(seen.failures, 3);
    assert_non_null(strstr(seen.all, "3 5]"));
    assert_true(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0) > 0);
    committed_is(6, "6 2-" A " 9");
}

/* The broker says "too large" of a whole batch: nobody knows whose it was until each stands alone.
 */
static void an_output_that_is_refused_condemns_its_record_alone(void **state) {
    (void)state;
    produce_all((const char *const[]){"claim " A, "0-" A " 0 1 0 0", "0-" A " 0 1 1 0",
                                      "0-" A " 0 1 2 1", NULL});
    seen.refusals = 1;
    output_refuse();
    assert_int_equal(loop_run("100", 3), 0);
    assert_string_equal(seen.all, "[2 3]");
    assert_true(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0) > 0);
    committed_is(4, "4 0-" A " 1");
}

static void a_log_that_has_forgotten_ends_the_process(void **state) {
    (void)state;
    produce_all(
        (const char *const[]){"claim " A, "0-" A " 0 5 0 1", "claim " B, "2-" B " 3 4 0 1", NULL});
    assert_int_equal(loop_run("1", 3), EXIT_FAILURE);
    assert_string_equal(seen.all, "[1]");
    committed_is(2, "2 0-" A " 5");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_counts_is_handled_once_and_in_whole_commands),
        TEST(a_restart_goes_on_within_the_term),
        TEST(an_offset_without_a_term_is_worked_out),
        TEST(nothing_counts_behind_a_hole_until_the_next_claim),
        TEST(a_record_that_fails_is_set_aside_within_its_command),
        TEST(an_output_that_is_refused_condemns_its_record_alone),
        TEST(a_log_that_has_forgotten_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
