/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transactional loop against librdkafka's mock cluster. That cluster fences nobody and shows
 * aborted records, so what is tested here is what the loop does after each kind of error: which
 * hooks it calls, that it handles again what was not committed, and nothing else. The guarantees
 * are tested on a real cluster (tests/chaos).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* The four above must come before: */
#include <cmocka.h>

#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/transaction/transaction.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS 2
#define RECORDS 40 /* of each partition */
#define API_PRODUCE 0
#define API_ADD_PARTITIONS 24
#define API_END_TXN 26
#define API_TXN_OFFSET_COMMIT 28
#define API_INIT_PRODUCER_ID 22
#define TOPIC_IN "test.in"
#define TOPIC_OUT "test.out"

/* What the hooks saw; decided is kept like a core's state: forgotten by drop, remade by rebuild. */
static struct {
    int64_t handled[PARTITIONS];   /* since the last commit, per partition */
    int64_t committed[PARTITIONS]; /* offsets handled in committed transactions: the log */
    int64_t next[PARTITIONS];      /* the state: next offset expected */
    bool known[PARTITIONS];
    int rebuilds;
    int drops;
    int aborts;
    int commits;
    int before_commits;
    int64_t offsets[PARTITIONS][RECORDS]; /* of what was produced */
    enum error_action fail_with;          /* handle fails once on offset 7 of partition 0 */
    int fail_times;                       /* … or so many times, with RETRY */
    int failures;
    bool given_up;                 /* offset 7 of partition 0 goes to the dead letters without us */
    enum error_action refuse_with; /* before_commit fails once */
    int rebuild_pieces;
    bool turn_produces;
    int turns;
} seen;

static rd_kafka_t *mock_owner;
static rd_kafka_mock_cluster_t *mock;
static rd_kafka_t *feeder;

static enum transaction_rebuilt hook_rebuild(struct daemon *daemon, struct transaction *transaction,
                                             int32_t partition, int64_t committed_offset,
                                             int64_t *next_offset, struct error *error) {
    (void)daemon, (void)committed_offset, (void)error;
    assert_int_equal(transaction_partition_count(transaction), PARTITIONS);
    assert_false(transaction_partition_live(transaction, partition));
    if (seen.rebuild_pieces > 0) {
        seen.rebuild_pieces--;
        return TRANSACTION_REBUILT_NOT_YET;
    }
    assert_false(seen.known[partition]);
    seen.known[partition] = true;
    seen.next[partition] = *next_offset = seen.committed[partition];
    seen.rebuilds++;
    return TRANSACTION_REBUILT;
}

static void hook_drop(struct daemon *daemon, int32_t partition) {
    (void)daemon;
    seen.known[partition] = false;
    seen.handled[partition] = 0;
    seen.drops++;
}

static bool hook_handle(struct daemon *daemon, struct transaction *transaction,
                        const struct transaction_record *record, struct error *error) {
    (void)daemon;
    int32_t partition = record->partition;
    assert_true(seen.known[partition]);
    assert_true(transaction_partition_live(transaction, partition));
    bool skipped = seen.given_up && partition == 0 && record->offset == 8;
    assert_int_equal(record->offset, seen.next[partition] + (skipped && seen.next[0] == 7 ? 1 : 0));
    assert_int_equal(record->offset, transaction_next_offset(transaction, partition));
    if (partition == 0 && record->offset == 7 && seen.fail_with != ERROR_NONE) {
        enum error_action action = seen.fail_with;
        seen.fail_with = ERROR_NONE;
        if (action == ERROR_PARK) {
            seen.next[partition]++;
            seen.handled[partition]++;
        }
        return error_set(error, action, "offset 7 does not please");
    }
    if (partition == 0 && record->offset == 7 && seen.failures < seen.fail_times) {
        if (++seen.failures == seen.fail_times) { /* it will be put aside, and not be seen again */
            seen.given_up = true;
        }
        return error_set(error, ERROR_RETRY, "offset 7 does not please, %d", seen.failures);
    }
    if (partition == 0 && record->offset == 8 && seen.given_up && seen.next[0] == 7) {
        seen.next[0]++;
        seen.handled[0]++;
        seen.offsets[0][7] = INT64_MIN;
    }
    seen.offsets[partition][record->offset] = -1;
    const struct transaction_output output = {
        .topic = TOPIC_OUT,
        .partition = partition,
        .key = record->key,
        .value = record->value,
        .offset = &seen.offsets[partition][record->offset],
    };
    transaction_produce(transaction, partition, &output);
    seen.next[partition]++;
    seen.handled[partition]++;
    return true;
}

static bool hook_before_commit(struct daemon *daemon, struct transaction *transaction,
                               struct error *error) {
    (void)daemon, (void)transaction;
    seen.before_commits++;
    enum error_action action = seen.refuse_with;
    seen.refuse_with = ERROR_NONE;
    return action == ERROR_NONE || error_set(error, action, "the other store is away");
}

static void hook_committed(struct daemon *daemon) {
    (void)daemon;
    int64_t total = 0;
    seen.commits++;
    for (int i = 0; i < PARTITIONS; i++) {
        for (int64_t at = seen.committed[i]; at < seen.committed[i] + seen.handled[i]; at++) {
            assert_true(seen.offsets[i][at] >= 0 || seen.offsets[i][at] == INT64_MIN);
        }
        seen.committed[i] += seen.handled[i];
        seen.handled[i] = 0;
        total += seen.committed[i];
    }
    if (total == PARTITIONS * RECORDS) {
        daemon_stop(0);
    }
}

static void hook_aborted(struct daemon *daemon) {
    (void)daemon;
    seen.aborts++;
}

static int hook_turn(struct daemon *daemon, struct transaction *transaction) {
    (void)daemon;
    seen.turns++;
    if (seen.turn_produces && transaction_partition_live(transaction, 1) &&
        transaction_caught_up(transaction, 1)) {
        seen.turn_produces = false;
        const struct transaction_output output = {
            .topic = TOPIC_OUT, .partition = 1, .value = {(const uint8_t *)"checkpoint", 10}};
        transaction_produce(transaction, 1, &output);
    }
    return 20;
}

static const char *const outputs[] = {TOPIC_OUT, TOPIC_DEAD_LETTERS, NULL};
static const char *const keyed[] = {TOPIC_OUT, NULL};
static const struct transaction_spec spec = {
    .input = TOPIC_IN,
    .outputs = outputs,
    .keyed = keyed,
    .rebuild = hook_rebuild,
    .drop = hook_drop,
    .handle = hook_handle,
    .before_commit = hook_before_commit,
    .committed = hook_committed,
    .aborted = hook_aborted,
    .turn = hook_turn,
};
static const struct config_option options[] = {TRANSACTION_OPTIONS, {0}};

static int loop_run(void) {
    char servers[256];
    snprintf(servers, sizeof servers, "--kafka.bootstrap.servers=%s",
             rd_kafka_mock_cluster_bootstraps(mock));
    char *arguments[] = {"test",
                         servers,
                         "--partitions=2",
                         "--admin_listen=",
                         "--log_level=error",
                         "--transaction_records_max=16",
                         "--record_tries_max=3",
                         NULL};
    const struct daemon_spec daemon = {
        .name = "test", .summary = "test", .options = options, .transaction = &spec};
    return daemon_main(&daemon, 7, arguments);
}

static void records_feed(void) {
    for (int i = 0; i < PARTITIONS * RECORDS; i++) {
        char value[16];
        int size = snprintf(value, sizeof value, "%d", i / PARTITIONS);
        rd_kafka_resp_err_t code = rd_kafka_producev(
            feeder, RD_KAFKA_V_TOPIC(TOPIC_IN), RD_KAFKA_V_PARTITION(i % PARTITIONS),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, (size_t)size),
            RD_KAFKA_V_END);
        assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(feeder, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static int cluster_setup(void **state) {
    char message[256];
    (void)state;
    memset(&seen, 0, sizeof seen);
    mock_owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), message, sizeof message);
    mock = rd_kafka_mock_cluster_new(mock_owner, 1);
    rd_kafka_mock_topic_create(mock, TOPIC_IN, PARTITIONS, 1);
    rd_kafka_mock_topic_create(mock, TOPIC_OUT, PARTITIONS, 1);
    rd_kafka_mock_topic_create(mock, TOPIC_DEAD_LETTERS, 1, 1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), message,
                      sizeof message);
    feeder = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
    records_feed();
    return 0;
}

static int cluster_teardown(void **state) {
    (void)state;
    rd_kafka_destroy(feeder);
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(mock_owner);
    return 0;
}

static void everything_is_committed_once(void) {
    for (int i = 0; i < PARTITIONS; i++) {
        assert_int_equal(seen.committed[i], RECORDS);
        assert_int_equal(seen.handled[i], 0);
    }
}

static void records_are_handled_in_order_and_committed(void **state) {
    (void)state;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 0);
    assert_int_equal(seen.rebuilds, PARTITIONS);
    assert_int_equal(seen.drops, PARTITIONS); /* at the end */
    /* At most 16 records a transaction. */
    assert_true(seen.commits >= PARTITIONS * RECORDS / 16);
    assert_true(seen.before_commits == seen.commits);
}

static void a_long_rebuild_goes_on_in_pieces(void **state) {
    (void)state;
    seen.rebuild_pieces = 50;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.rebuild_pieces, 0);
}

static void a_turn_makes_a_transaction_of_its_own(void **state) {
    (void)state;
    seen.turn_produces = true;
    seen.committed[0] = 0;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_true(seen.turns > 0);
}

static void a_handler_that_wants_a_retry_gets_it_after_a_rebuild(void **state) {
    (void)state;
    seen.fail_with = ERROR_RETRY;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 1);
    assert_true(seen.rebuilds > PARTITIONS);
}

static void a_parked_record_is_a_dead_letter_and_the_rest_goes_on(void **state) {
    (void)state;
    seen.fail_with = ERROR_PARK;
    seen.offsets[0][7] = INT64_MIN; /* nothing is produced for it */
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 0);

    int64_t low = 0;
    int64_t high = 0;
    assert_int_equal(
        rd_kafka_query_watermark_offsets(feeder, TOPIC_DEAD_LETTERS, 0, &low, &high, 5000),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(high - low, 1);
}

static void a_record_that_fails_again_and_again_becomes_a_dead_letter(void **state) {
    (void)state;
    seen.fail_times = 3;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.failures, 3);
    assert_int_equal(seen.aborts, 3);
    int64_t low = 0, high = 0;
    assert_int_equal(
        rd_kafka_query_watermark_offsets(feeder, TOPIC_DEAD_LETTERS, 0, &low, &high, 5000),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(high - low, 1);
}

static void a_handler_that_can_not_go_on_ends_the_process(void **state) {
    (void)state;
    seen.fail_with = ERROR_DIE;
    assert_int_equal(loop_run(), EXIT_FAILURE);
    assert_int_equal(seen.aborts, 1);
    assert_true(seen.committed[0] <= 7);
}

static void another_store_that_does_not_commit_aborts(void **state) {
    (void)state;
    seen.refuse_with = ERROR_RETRY;
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 1);
}

/* The coordinator moves while a transaction ends: the same call again, and a new producer after it.
 */
static void a_retriable_error_at_the_end_is_retried(void **state) {
    (void)state;
    struct metric *renewed = metrics_counter("seatlog_transaction_producers_total", NULL, "");
    struct metric *doubled = metrics_counter("seatlog_transaction_end_duplicates_total", NULL, "");
    int64_t renewed_before = metric_value(renewed);
    int64_t doubled_before = metric_value(doubled);
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 0);
    assert_true(metric_value(doubled) > doubled_before);
    assert_true(metric_value(renewed) > renewed_before + 2);
}

static void the_group_has_moved_on(void **state) {
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_int_equal(seen.aborts, 1);
    assert_true(seen.rebuilds > PARTITIONS);
}

static void a_record_is_refused_by_the_broker(void **state) {
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_true(seen.aborts >= 1);
}

static void the_producer_is_fenced(void **state) {
    (void)state;
    struct metric *renewed = metrics_counter("seatlog_transaction_producers_total", NULL, "");
    int64_t renewed_before = metric_value(renewed);
    rd_kafka_mock_push_request_errors(mock, API_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_true(seen.aborts >= 1);
    assert_int_equal(metric_value(renewed), renewed_before + 3);
}

/* Nobody can tell whether that commit came through: the log says, and it is asked. */
static void the_commit_ends_fatally(void **state) {
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
    assert_true(seen.aborts >= 1);
    assert_true(seen.rebuilds > PARTITIONS);
}

static void a_producer_that_can_not_begin_yet_waits(void **state) {
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_INIT_PRODUCER_ID, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                      RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    assert_int_equal(loop_run(), 0);
    everything_is_committed_once();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(records_are_handled_in_order_and_committed),
        TEST(a_long_rebuild_goes_on_in_pieces),
        TEST(a_turn_makes_a_transaction_of_its_own),
        TEST(a_handler_that_wants_a_retry_gets_it_after_a_rebuild),
        TEST(a_parked_record_is_a_dead_letter_and_the_rest_goes_on),
        TEST(a_record_that_fails_again_and_again_becomes_a_dead_letter),
        TEST(a_handler_that_can_not_go_on_ends_the_process),
        TEST(another_store_that_does_not_commit_aborts),
        TEST(a_retriable_error_at_the_end_is_retried),
        TEST(the_group_has_moved_on),
        TEST(a_record_is_refused_by_the_broker),
        TEST(the_producer_is_fenced),
        TEST(the_commit_ends_fatally),
        TEST(a_producer_that_can_not_begin_yet_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
