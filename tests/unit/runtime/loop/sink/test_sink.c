/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop/sink/sink.h"

#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"
#include "seatlog_codec.h"
#include "tests/unit/support/kafka_cluster.h"
#include "tests/unit/support/postgresql.h"
#include "tests/unit/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARTITIONS 2
#define PATIENCE_MS 20000

static struct postgresql *server;
static struct kafka_cluster cluster;
static struct codec *codec;

/* What the handler is told to do; seq of an event is what tells the records apart. */
static struct {
    atomic_int retries;           /* fail so many times with RETRY */
    atomic_llong park_seq;        /* put this one aside */
    atomic_llong retry_seq;       /* this one always fails with RETRY */
    atomic_llong flush_retry_seq; /* the same, at the flush only */
    atomic_bool outside;          /* … for a cause that is certainly outside */
    atomic_llong flush_park_seq;  /* complain of this one at the flush only */
    atomic_llong die_seq;
    atomic_int commits;
    atomic_int discards;
    bool flush_culprit; /* the batch holds flush_park_seq */
    bool flush_retries; /* the batch holds flush_retry_seq */
} script;

static bool test_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                        struct error *error) {
    (void)daemon;
    int64_t seq = record->event != NULL ? record->event->as.head.seq : -1;
    if (atomic_load(&script.retries) > 0) {
        atomic_fetch_sub(&script.retries, 1);
        return error_set(error, ERROR_RETRY, "not now");
    }
    if (record->event != NULL && seq == atomic_load(&script.park_seq)) {
        return error_set(error, ERROR_PARK, "will never work");
    }
    if (record->event != NULL && seq == atomic_load(&script.retry_seq)) {
        return atomic_load(&script.outside)
                   ? error_set_outside(error, "the disk is full")
                   : error_set(error, ERROR_RETRY, "no luck, %d ms", (int)arc4random_uniform(9999));
    }
    if (record->event != NULL && seq == atomic_load(&script.flush_retry_seq)) {
        script.flush_retries = true;
    }
    if (record->event != NULL && seq == atomic_load(&script.die_seq)) {
        return error_set(error, ERROR_DIE, "cannot be");
    }
    if (record->event != NULL && seq == atomic_load(&script.flush_park_seq)) {
        script.flush_culprit = true;
    }
    return PG_EXECUTE(
        pg, error, NULL,
        "INSERT INTO seen (topic, partition, record_offset, seq) VALUES ($1, $2, $3, $4)",
        PG_TEXT(record->topic), PG_INTEGER(record->partition), PG_INTEGER(record->offset),
        PG_INTEGER(seq));
}

static bool test_flush(struct daemon *daemon, struct pg *pg, struct error *error) {
    (void)daemon, (void)pg;
    if (script.flush_retries) {
        return error_set(error, ERROR_RETRY, "no luck with one of them");
    }
    return !script.flush_culprit || error_set(error, ERROR_PARK, "one of them");
}

static void test_committed(struct daemon *daemon) {
    (void)daemon;
    atomic_fetch_add(&script.commits, 1);
}

static void test_discard(struct daemon *daemon) {
    (void)daemon;
    script.flush_culprit = false;
    script.flush_retries = false;
    atomic_fetch_add(&script.discards, 1);
}

static const char *const topics[] = {TOPIC_EVENTS, TOPIC_TICKETS, NULL};
static const struct sink_spec sink = {
    .topics = topics,
    .handle = test_handle,
    .flush = test_flush,
    .committed = test_committed,
    .discard = test_discard,
};
static const struct daemon_spec spec = {.name = "testsink", .summary = "test", .sink = &sink};

/* The daemon in a thread. */
static pthread_t thread;
static bool running;
static int status;
static const char *log_level = "--log_level=error";

static void *run_daemon(void *context) {
    char bootstrap[256], url[300];
    snprintf(bootstrap, sizeof bootstrap, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    snprintf(url, sizeof url, "--postgres_url=%s", postgresql_url(server));
    /* The mock knows no static members: a restarted one waits for its predecessor's session to end.
     */
    char *arguments[] = {"testsink",
                         bootstrap,
                         url,
                         "--partitions=2",
                         "--die_with_parent=no",
                         "--kafka.session.timeout.ms=4000",
                         "--kafka.heartbeat.interval.ms=200",
                         (char *)log_level,
                         context};
    status = daemon_main(&spec, sizeof arguments / sizeof arguments[0], arguments);
    return NULL;
}

static void start_with(const char *argument) {
    status = -1;
    running = true;
    pthread_create(&thread, NULL, run_daemon, (void *)argument);
}

static void start(void) { start_with("--sink_batch_records_max=1000"); }

static void join(int expected) {
    pthread_join(thread, NULL);
    running = false;
    assert_int_equal(status, expected);
}

static void stop(void) {
    daemon_stop(0);
    join(0);
}

static void sleep_ms(int duration_ms) {
    nanosleep(&(struct timespec){.tv_sec = duration_ms / 1000,
                                 .tv_nsec = (long)(duration_ms % 1000) * 1000000},
              NULL);
}

/* Waits until the query's answer is `expected`. */
static void await(const char *sql, long long expected) {
    long long value = -1;
    for (int i = 0; i < PATIENCE_MS / 20; i++) {
        value = postgresql_integer(server, sql);
        if (value == expected) {
            return;
        }
        sleep_ms(20);
    }
    fail_msg("%s is %lld, not %lld", sql, value, expected);
}

/* Waits until ready (words NULL), or not ready for a reason that contains the words. */
static void await_ready(const char *words) {
    struct buffer reason = {0};
    for (int i = 0; i < PATIENCE_MS / 20; i++) {
        buffer_reset(&reason);
        bool ready = ready_ask(&reason);
        if (words == NULL ? ready : !ready && strstr(reason.data, words) != NULL) {
            buffer_deinit(&reason);
            return;
        }
        sleep_ms(20);
    }
    fail_msg("readiness is \"%s\", not \"%s\"", reason.data, words != NULL ? words : "");
}

static void produce_event(int32_t partition, int64_t seq) {
    struct event event = {.kind = EVENT_SHOW_CLOSED};
    event.as.head.seq = seq;
    event.as.head.show_id = uuid_random();
    struct octets value = codec_event_encode(codec, &event);
    char key[UUID_TEXT_SIZE];
    kafka_cluster_produce(&cluster, TOPIC_EVENTS, partition,
                          uuid_format(&event.as.head.show_id, key), value.data, value.size);
}

static void produce_ticket(int32_t partition) {
    struct ticket_record record = {.kind = TICKET_RECORD_TICKETS_REVOKED};
    struct octets value = codec_ticket_record_encode(codec, &record);
    kafka_cluster_produce(&cluster, TOPIC_TICKETS, partition, "k", value.data, value.size);
}

static int64_t counter(const char *name) { return metric_value(metrics_counter(name, NULL, "")); }

static int64_t lag(const char *labels) {
    return metric_value(metrics_gauge("seatlog_consumer_lag_records", labels, ""));
}

static int open_all(void **state) {
    (void)state;
    server = postgresql_new();
    postgresql_run_file(server, "schemas/sql/005_sink.sql");
    postgresql_run_file(server, "schemas/sql/006_dead_letter_retry.sql");
    postgresql_run_file(server, "schemas/sql/007_sink_term.sql");
    postgresql_run(server,
                   "CREATE TABLE seen (nr serial PRIMARY KEY, topic text, partition integer, "
                   "record_offset bigint, seq bigint)");
    codec = codec_new();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    codec_free(codec);
    postgresql_free(server);
    return 0;
}

static int before(void **state) {
    (void)state;
    atomic_store(&script.retries, 0);
    atomic_store(&script.park_seq, -1);
    atomic_store(&script.flush_park_seq, -1);
    atomic_store(&script.retry_seq, -1);
    atomic_store(&script.flush_retry_seq, -1);
    atomic_store(&script.outside, false);
    atomic_store(&script.die_seq, -1);
    atomic_store(&script.commits, 0);
    atomic_store(&script.discards, 0);
    script.flush_culprit = false;
    script.flush_retries = false;
    postgresql_run(server, "TRUNCATE seen RESTART IDENTITY; TRUNCATE public.sink_offset; "
                           "TRUNCATE public.dead_letter_retry");
    ready_set("starting");
    kafka_cluster_init(&cluster, 1);
    /* A skim asks how far the deciders are with it. */
    kafka_cluster_topic(&cluster, TOPIC_COMMANDS, PARTITIONS);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, PARTITIONS);
    kafka_cluster_topic(&cluster, TOPIC_TICKETS, PARTITIONS);
    kafka_cluster_topic(&cluster, TOPIC_DEAD_LETTERS, 1);
    return 0;
}

static int after(void **state) {
    (void)state;
    if (running) { /* the test has failed in the middle */
        daemon_stop(0);
        pthread_join(thread, NULL);
        running = false;
    }
    kafka_cluster_deinit(&cluster);
    return 0;
}

/* Nothing twice, nothing missing, in order within a partition. */
static void assert_exactly(long long records) {
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen"), records);
    assert_int_equal(postgresql_integer(
                         server, "SELECT count(*) FROM (SELECT record_offset < lag(record_offset) "
                                 "OVER (PARTITION BY topic, partition ORDER BY nr) AS wrong FROM "
                                 "seen) AS o WHERE wrong"),
                     0);
    assert_int_equal(
        postgresql_integer(
            server,
            "SELECT count(*) - count(DISTINCT (topic, partition, record_offset)) FROM seen"),
        0);
}

static void every_record_is_handled_once_and_in_order(void **state) {
    (void)state;
    int64_t handled = counter("seatlog_records_handled_total");
    for (int i = 1; i <= 200; i++) {
        produce_event(i % PARTITIONS, i);
    }
    produce_ticket(1);
    start();
    await("SELECT count(*) FROM seen", 201);
    await_ready(NULL);
    produce_event(0, 201); /* and what comes later */
    await("SELECT count(*) FROM seen", 202);
    await("SELECT sum(next_offset) FROM public.sink_offset WHERE sink = 'testsink'", 202);
    assert_exactly(202);
    assert_int_equal(counter("seatlog_records_handled_total") - handled, 202);
    assert_true(atomic_load(&script.commits) >= 2);
    assert_int_equal(lag("topic=\"seatlog.events\",partition=\"0\""), 0);
    stop();
}

static void a_restart_goes_on_where_postgresql_says(void **state) {
    (void)state;
    for (int i = 1; i <= 20; i++) {
        produce_event(i % PARTITIONS, i);
    }
    start();
    await("SELECT count(*) FROM seen", 20);
    stop();
    for (int i = 21; i <= 30; i++) {
        produce_event(i % PARTITIONS, i);
    }
    start();
    await("SELECT count(*) FROM seen", 30);
    assert_exactly(30);
    stop();
}

static void what_fails_for_now_is_rolled_back_and_done_again(void **state) {
    (void)state;
    int64_t rollbacks = counter("seatlog_sink_rollbacks_total");
    atomic_store(&script.retries, 3);
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start();
    await("SELECT count(*) FROM seen", 10);
    assert_exactly(10);
    assert_int_equal(counter("seatlog_sink_rollbacks_total") - rollbacks, 3);
    assert_int_equal(atomic_load(&script.discards), 3);
    stop();
}

static void assert_dead_letter(int64_t letter_offset, int64_t offset, const char *reason,
                               const char *value_start) {
    rd_kafka_message_t *message =
        kafka_cluster_read(&cluster, TOPIC_DEAD_LETTERS, 0, letter_offset);
    assert_non_null(message);
    struct arena arena = {0};
    struct dead_letter_record record;
    struct text why = {0};
    assert_true(codec_dead_letter_record_decode(
        codec, &arena, (struct octets){message->payload, message->len}, &record, &why));
    const struct dead_letter *letter = &record.as.dead_letter;
    assert_int_equal(letter->offset, offset);
    assert_string_equal(letter->topic.data, TOPIC_EVENTS);
    assert_string_equal(letter->daemon.data, "testsink");
    if (strstr(letter->reason.data, reason) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", letter->reason.data, reason);
    }
    assert_true(letter->at > 0);
    if (value_start != NULL) {
        assert_memory_equal(letter->value.data, value_start, strlen(value_start));
    }
    arena_deinit(&arena);
    free(message);
}

static void what_never_works_goes_to_the_dead_letters(void **state) {
    (void)state;
    int64_t letters = counter("seatlog_dead_letters_total");
    atomic_store(&script.park_seq, 5);
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start();
    await("SELECT count(*) FROM seen", 9);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          10);
    assert_exactly(9);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen WHERE seq = 5"), 0);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 1);
    assert_dead_letter(0, 4, "will never work", NULL);
    assert_int_equal(counter("seatlog_dead_letters_total") - letters, 1);
    stop();
}

static void what_can_not_be_decoded_goes_there_too(void **state) {
    (void)state;
    produce_event(0, 1);
    kafka_cluster_produce(&cluster, TOPIC_EVENTS, 0, "k", "garbage", 7);
    kafka_cluster_produce(&cluster, TOPIC_EVENTS, 0, NULL, NULL, 0);
    produce_event(0, 2);
    start();
    await("SELECT count(*) FROM seen", 2);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          4);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 2);
    assert_dead_letter(0, 1, "undecodable", "garbage");
    assert_dead_letter(1, 2, "undecodable", NULL);
    stop();
}

static void a_flush_that_complains_is_narrowed_down_to_one_record(void **state) {
    (void)state;
    atomic_store(&script.flush_park_seq, 13);
    for (int i = 1; i <= 40; i++) {
        produce_event(1, i);
    }
    start();
    await("SELECT count(*) FROM seen", 39);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 1",
          40);
    assert_exactly(39);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 1);
    assert_dead_letter(0, 12, "one of them", NULL);
    stop();
}

static void what_fails_again_and_again_for_the_same_reason_is_put_aside(void **state) {
    (void)state;
    atomic_store(&script.retry_seq, 5);
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start_with("--record_tries_max=4");
    await("SELECT count(*) FROM seen", 9);
    assert_exactly(9);
    assert_dead_letter(0, 4, "tried 4 times: no luck", NULL);
    await_ready(NULL);
    stop();
}

static void a_flush_that_fails_again_and_again_too(void **state) {
    (void)state;
    atomic_store(&script.flush_retry_seq, 13);
    for (int i = 1; i <= 40; i++) {
        produce_event(1, i);
    }
    start_with("--record_tries_max=3");
    await("SELECT count(*) FROM seen", 39);
    assert_exactly(39);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 1);
    assert_dead_letter(0, 12, "tried 3 times: no luck with one of them", NULL);
    stop();
}

/* As ./seatlog dead-letters retry asks: for the event with this seq, at this offset. */
static void retry_ask(int32_t partition, int64_t offset, int64_t seq) {
    struct event event = {.kind = EVENT_SHOW_CLOSED};
    event.as.head.seq = seq;
    event.as.head.show_id = uuid_random();
    struct octets value = codec_event_encode(codec, &event);
    char *sql = allocate_zeroed(1, 2 * value.size + 1024);
    int size = sprintf(sql,
                       "INSERT INTO public.dead_letter_retry (daemon, topic, partition, "
                       "record_offset, letter_partition, letter_offset, record_at_ms, value) "
                       "VALUES ('testsink', 'seatlog.events', %d, %lld, 0, 0, 1, '\\x",
                       (int)partition, (long long)offset);
    for (size_t i = 0; i < value.size; i++) {
        size += sprintf(sql + size, "%02x", value.data[i]);
    }
    strcpy(sql + size, "') ON CONFLICT (daemon, topic, partition, record_offset) DO UPDATE SET "
                       "state = 'asked', value = EXCLUDED.value "
                       "WHERE dead_letter_retry.state = 'failed'");
    postgresql_run(server, sql);
    free(sql);
}

#define RETRIES "SELECT count(*) FROM public.dead_letter_retry WHERE "

static void what_was_set_aside_is_handled_once_when_asked_for(void **state) {
    (void)state;
    atomic_store(&script.park_seq, 5);
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start();
    await("SELECT count(*) FROM seen", 9);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          10);
    retry_ask(0, 4, 5); /* the cause is still there */
    await(RETRIES "state = 'failed' AND tries = 1 AND reason = 'will never work' "
                  "AND value IS NULL",
          1);
    assert_exactly(9);
    atomic_store(&script.park_seq, -1);
    retry_ask(0, 4, 5);
    await(RETRIES "state = 'settled' AND tries = 2 AND reason IS NULL", 1);
    await("SELECT count(*) FROM seen WHERE seq = 5 AND record_offset = 4", 1);
    retry_ask(0, 4, 5); /* settled is settled */
    produce_event(0, 11);
    await("SELECT count(*) FROM seen", 11);
    sleep_ms(1500);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen"), 11);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          11);
    stop();
}

static void what_fails_at_the_flush_or_would_end_the_process_is_set_aside_again(void **state) {
    (void)state;
    for (int i = 1; i <= 6; i++) {
        produce_event(0, i);
    }
    start_with("--record_tries_max=2");
    await("SELECT count(*) FROM seen", 6);
    postgresql_run(server, "DELETE FROM seen WHERE seq IN (3, 4, 5)");
    atomic_store(&script.flush_park_seq, 4);
    atomic_store(&script.die_seq, 3);
    atomic_store(&script.retry_seq, 5);
    retry_ask(0, 3, 4);
    retry_ask(0, 2, 3);
    retry_ask(0, 4, 5);
    await(RETRIES "record_offset = 3 AND state = 'failed' AND reason = 'one of them'", 1);
    await(RETRIES "record_offset = 2 AND state = 'failed' AND reason = 'cannot be'", 1);
    await(RETRIES "record_offset = 4 AND state = 'failed' AND reason LIKE 'tried 2 times: no%'", 1);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen"), 3);
    await_ready(NULL);
    stop();
}

static void only_the_owner_of_a_partition_that_is_past_the_record_handles_it(void **state) {
    (void)state;
    produce_event(0, 1);
    start();
    await("SELECT count(*) FROM seen", 1);
    retry_ask(0, 1, 2); /* not passed yet: it will come by itself */
    retry_ask(7, 0, 2); /* of a partition that is not ours */
    sleep_ms(2500);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen"), 1);
    assert_int_equal(postgresql_integer(server, RETRIES "state = 'asked'"), 2);
    /* Another owner has moved the offset: ours may not handle anything any more. */
    postgresql_run(server, "UPDATE public.sink_offset SET next_offset = 0 WHERE partition = 0 AND "
                           "topic = 'seatlog.events'");
    postgresql_run(server, "DELETE FROM seen");
    retry_ask(0, 0, 1);
    await(RETRIES "state = 'settled'", 1); /* after it has joined again, and is past it again */
    await("SELECT count(*) FROM seen WHERE record_offset = 0", 2);
    stop();
}

static void what_is_outside_never_counts_and_a_partition_that_stands_still_shows(void **state) {
    (void)state;
    atomic_store(&script.retry_seq, 5);
    atomic_store(&script.outside, true);
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start_with("--stall_s_max=2");
    await_ready("seatlog.events/0 has stood at offset 4 for");
    await_ready("the disk is full");
    sleep_ms(4000); /* more tries than would do */
    await_ready("the disk is full");
    const char *labels = "topic=\"seatlog.events\",partition=\"0\"";
    assert_true(metric_value(metrics_gauge("seatlog_partition_stalled_seconds", labels, "")) >= 4);
    assert_true(metric_value(metrics_gauge("seatlog_partition_retries", labels, "")) >= 4);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 0);
    atomic_store(&script.retry_seq, -1);
    await("SELECT count(*) FROM seen", 10);
    assert_exactly(10);
    await_ready(NULL);
    assert_int_equal(metric_value(metrics_gauge("seatlog_partition_stalled_seconds", labels, "")),
                     0);
    stop();
}

static void what_can_not_be_ends_the_process_and_leaves_the_offset(void **state) {
    (void)state;
    atomic_store(&script.die_seq, 3);
    for (int i = 1; i <= 5; i++) {
        produce_event(0, i);
    }
    start();
    join(1);
    assert_int_equal(postgresql_integer(server, "SELECT sum(next_offset) FROM public.sink_offset"),
                     postgresql_integer(server, "SELECT count(*) FROM seen"));
    atomic_store(&script.die_seq, -1);
    start();
    await("SELECT count(*) FROM seen", 5);
    assert_exactly(5);
    stop();
}

static void a_batch_is_bounded(void **state) {
    (void)state;
    for (int i = 1; i <= 50; i++) {
        produce_event(0, i);
    }
    start_with("--sink_batch_records_max=5");
    await("SELECT count(*) FROM seen", 50);
    assert_exactly(50);
    assert_true(atomic_load(&script.commits) >= 10);
    stop();
}

static void postgresql_may_go_and_come_back(void **state) {
    (void)state;
    for (int i = 1; i <= 10; i++) {
        produce_event(i % PARTITIONS, i);
    }
    start();
    await("SELECT count(*) FROM seen", 10);
    await_ready(NULL);
    postgresql_stop(server, SIGQUIT);
    for (int i = 11; i <= 30; i++) {
        produce_event(i % PARTITIONS, i);
    }
    await_ready("PostgreSQL");
    for (int i = 0; i < PATIENCE_MS / 20 && lag("topic=\"seatlog.events\",partition=\"0\"") < 10;
         i++) {
        sleep_ms(20); /* the lag is seen all the while */
    }
    assert_int_equal(lag("topic=\"seatlog.events\",partition=\"0\""), 10);
    postgresql_start(server);
    await("SELECT count(*) FROM seen", 30);
    await_ready(NULL);
    assert_exactly(30);
    assert_int_equal(kafka_cluster_end(&cluster, TOPIC_DEAD_LETTERS, 0), 0);
    stop();
}

static void an_idle_sink_notices_that_postgresql_is_gone(void **state) {
    (void)state;
    produce_event(0, 1);
    start();
    await("SELECT count(*) FROM seen", 1);
    await_ready(NULL);
    postgresql_stop(server, SIGINT);
    await_ready("PostgreSQL");
    postgresql_start(server);
    await_ready(NULL);
    stop();
}

static void it_starts_without_postgresql_and_waits(void **state) {
    (void)state;
    produce_event(0, 1);
    postgresql_stop(server, SIGINT);
    start();
    await_ready("PostgreSQL");
    postgresql_start(server);
    await("SELECT count(*) FROM seen", 1);
    await_ready(NULL);
    stop();
}

static void it_starts_without_kafka_and_waits(void **state) {
    (void)state;
    produce_event(0, 1);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    start();
    await_ready("Kafka");
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    await("SELECT count(*) FROM seen", 1);
    await_ready(NULL);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    await_ready("Kafka");
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    produce_event(0, 2);
    await("SELECT count(*) FROM seen", 2);
    await_ready(NULL);
    assert_exactly(2);
    stop();
}

/* Another owner took the partition over and went on: our next batch must not count. */
static void a_stale_owner_is_fenced(void **state) {
    (void)state;
    for (int i = 1; i <= 10; i++) {
        produce_event(0, i);
    }
    start();
    await("SELECT count(*) FROM seen", 10);
    await_ready(NULL);
    /* It has handled the next record, 11, of which we do not know yet. */
    postgresql_run(server,
                   "UPDATE public.sink_offset SET next_offset = 11 WHERE topic = 'seatlog.events' "
                   "AND partition = 0; INSERT INTO seen (topic, partition, record_offset, seq) "
                   "VALUES ('seatlog.events', 0, 10, 11)");
    produce_event(0, 11);
    produce_event(0, 12);
    await("SELECT count(*) FROM seen", 12);
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          12);
    assert_exactly(12);
    await_ready(NULL);
    stop();
}

/*
 * The answer to a commit is lost after it happened: PostgreSQL waits for a standby that is not
 * there, its transaction already durable, and the connection is cut.
 */
static void a_commit_whose_answer_is_lost_is_not_done_again(void **state) {
    (void)state;
    produce_event(0, 1);
    start();
    await("SELECT count(*) FROM seen", 1);
    postgresql_run(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    postgresql_run(server, "SELECT pg_reload_conf()");
    sleep_ms(300);
    for (int i = 2; i <= 6; i++) {
        produce_event(0, i);
    }
    await("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", 1);
    postgresql_run(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                           "wait_event = 'SyncRep'");
    postgresql_run(server, "ALTER SYSTEM RESET synchronous_standby_names");
    postgresql_run(server, "SELECT pg_reload_conf()");
    await("SELECT next_offset FROM public.sink_offset WHERE topic = 'seatlog.events' AND "
          "partition = 0",
          6);
    produce_event(0, 7);
    await("SELECT count(*) FROM seen", 7);
    assert_exactly(7);
    stop();
}

/* The backend dies in the commit, before it happened. */
static void a_commit_that_did_not_happen_is_done_again(void **state) {
    (void)state;
    postgresql_run(server, "CREATE TABLE fuse (burnt boolean); INSERT INTO fuse VALUES (false)");
    postgresql_run(
        server,
        "CREATE FUNCTION blow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('fuse_count') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); "
        "PERFORM pg_sleep(5); END IF; RETURN NULL; END $$; "
        "CREATE SEQUENCE fuse_count; "
        "CREATE CONSTRAINT TRIGGER blow AFTER INSERT ON seen DEFERRABLE INITIALLY "
        "DEFERRED FOR EACH ROW EXECUTE FUNCTION blow()");
    for (int i = 1; i <= 5; i++) {
        produce_event(0, i);
    }
    start();
    await("SELECT count(*) FROM seen", 5);
    assert_exactly(5);
    assert_true(atomic_load(&script.discards) >= 1);
    stop();
    postgresql_run(server,
                   "DROP TRIGGER blow ON seen; DROP FUNCTION blow; DROP SEQUENCE fuse_count; "
                   "DROP TABLE fuse");
}

static void records_deleted_before_they_were_handled_are_a_reason_to_die(void **state) {
    (void)state;
    static char large[600000];
    for (int i = 0; i < 12; i++) { /* the mock keeps 5 MB a partition */
        kafka_cluster_produce(&cluster, TOPIC_EVENTS, 0, "k", large, sizeof large);
    }
    start();
    join(1);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seen"), 0);
}

static void a_log_that_ends_too_early_is_waited_for_with_the_reason(void **state) {
    (void)state;
    produce_event(0, 1);
    postgresql_run(server, "INSERT INTO public.sink_offset VALUES "
                           "('testsink', 'seatlog.events', 0, 7)");
    start();
    await_ready("another cluster");
    for (int i = 2; i <= 9; i++) {
        produce_event(0, i);
    }
    await("SELECT count(*) FROM seen", 2);
    assert_int_equal(postgresql_integer(server, "SELECT min(record_offset) FROM seen"), 7);
    stop();
}

static void a_topic_with_another_partition_count_is_refused(void **state) {
    (void)state;
    start_with("--partitions=3");
    join(1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        TEST(every_record_is_handled_once_and_in_order),
        TEST(a_restart_goes_on_where_postgresql_says),
        TEST(what_fails_for_now_is_rolled_back_and_done_again),
        TEST(what_never_works_goes_to_the_dead_letters),
        TEST(what_can_not_be_decoded_goes_there_too),
        TEST(a_flush_that_complains_is_narrowed_down_to_one_record),
        TEST(what_fails_again_and_again_for_the_same_reason_is_put_aside),
        TEST(a_flush_that_fails_again_and_again_too),
        TEST(what_was_set_aside_is_handled_once_when_asked_for),
        TEST(what_fails_at_the_flush_or_would_end_the_process_is_set_aside_again),
        TEST(only_the_owner_of_a_partition_that_is_past_the_record_handles_it),
        TEST(what_is_outside_never_counts_and_a_partition_that_stands_still_shows),
        TEST(what_can_not_be_ends_the_process_and_leaves_the_offset),
        TEST(a_batch_is_bounded),
        TEST(postgresql_may_go_and_come_back),
        TEST(an_idle_sink_notices_that_postgresql_is_gone),
        TEST(it_starts_without_postgresql_and_waits),
        TEST(it_starts_without_kafka_and_waits),
        TEST(a_stale_owner_is_fenced),
        TEST(a_commit_whose_answer_is_lost_is_not_done_again),
        TEST(a_commit_that_did_not_happen_is_done_again),
        TEST(records_deleted_before_they_were_handled_are_a_reason_to_die),
        TEST(a_log_that_ends_too_early_is_waited_for_with_the_reason),
        TEST(a_topic_with_another_partition_count_is_refused),
    };
    log_level = getenv("SEATLOG_TEST_LOG") != NULL ? "--log_level=debug" : log_level;
    cmocka_set_test_filter(getenv("SEATLOG_TEST_FILTER"));
    return cmocka_run_group_tests(tests, open_all, close_all);
}
