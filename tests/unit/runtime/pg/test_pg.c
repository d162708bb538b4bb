/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pg/pg.h"

#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "tests/unit/support/postgresql.h"
#include "tests/unit/support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct postgresql *server;
static struct pg *pg;

static int start_all(void **state) {
    (void)state;
    server = postgresql_new();
    return 0;
}

static int stop_all(void **state) {
    (void)state;
    postgresql_free(server);
    return 0;
}

static int open_one(void **state) {
    (void)state;
    postgresql_run(server, "DROP TABLE IF EXISTS seat; "
                           "CREATE TABLE seat (id integer PRIMARY KEY, label text, octets bytea, "
                           "owner uuid, sold boolean NOT NULL DEFAULT false)");
    pg = pg_new(postgresql_url(server), "test_pg");
    return 0;
}

static int close_one(void **state) {
    (void)state;
    pg_free(pg);
    return 0;
}

static void assert_error(const struct error *error, enum error_action action, const char *words) {
    assert_string_equal(error_action_name(error->action), error_action_name(action));
    if (strstr(error->message, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", error->message, words);
    }
}

static void every_kind_of_value_goes_in_and_comes_back(void **state) {
    (void)state;
    struct error error = {0};
    struct uuid owner = uuid_random();
    const uint8_t octets[] = {0, 1, 0xff, '\\', '\'', 0};
    int64_t rows = 0;
    assert_true(PG_EXECUTE(pg, &error, &rows,
                           "INSERT INTO seat (id, label, octets, owner, sold) "
                           "VALUES ($1, $2, $3, $4, $5)",
                           PG_INTEGER(-7), PG_SPAN(TEXT_LITERAL("A'7 千")),
                           PG_OCTETS(octets, sizeof octets), PG_UUID(&owner), PG_BOOLEAN(true)));
    assert_int_equal(rows, 1);
    PGresult *result = PG_QUERY(pg, &error, "SELECT id, label, octets, owner, sold FROM seat");
    assert_non_null(result);
    assert_int_equal(PQntuples(result), 1);
    assert_int_equal(pg_integer(result, 0, 0), -7);
    assert_string_equal(pg_text(result, 0, 1), "A'7 千");
    size_t size = 0;
    uint8_t *back = pg_octets(result, 0, 2, &size);
    assert_int_equal(size, sizeof octets);
    assert_memory_equal(back, octets, size);
    free(back);
    struct uuid owner_back = pg_uuid(result, 0, 3);
    assert_true(uuid_equal(&owner, &owner_back));
    assert_true(pg_boolean(result, 0, 4));
    PQclear(result);
}

static void nulls_and_empty_ones_are_told_apart(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL,
                           "INSERT INTO seat (id, label, octets, owner) VALUES ($1, $2, $3, $4)",
                           PG_INTEGER(1), PG_TEXT(NULL), PG_NULL, PG_NULL));
    assert_true(PG_EXECUTE(
        pg, &error, NULL, "INSERT INTO seat (id, label, octets, owner) VALUES ($1, $2, $3, $4)",
        PG_INTEGER(2), PG_SPAN(((struct text){NULL, 0})), PG_OCTETS(NULL, 0), PG_NULL));
    PGresult *result =
        PG_QUERY(pg, &error, "SELECT label, octets, owner, id FROM seat ORDER BY id");
    size_t size = 9;
    assert_null(pg_text(result, 0, 0));
    assert_null(pg_octets(result, 0, 1, &size));
    assert_int_equal(size, 0);
    struct uuid owner = pg_uuid(result, 0, 2);
    assert_true(uuid_is_zero(&owner));
    assert_int_equal(pg_integer(result, 0, 0), 0);
    assert_false(pg_boolean(result, 0, 0));
    assert_string_equal(pg_text(result, 1, 0), "");
    uint8_t *octets = pg_octets(result, 1, 1, &size);
    assert_non_null(octets);
    assert_int_equal(size, 0);
    free(octets);
    PQclear(result);
}

static void rows_touched_are_counted(void **state) {
    (void)state;
    struct error error = {0};
    int64_t rows = -1;
    postgresql_run(server, "INSERT INTO seat (id) VALUES (1), (2), (3)");
    assert_true(
        PG_EXECUTE(pg, &error, &rows, "UPDATE seat SET sold = true WHERE id > $1", PG_INTEGER(1)));
    assert_int_equal(rows, 2);
    assert_true(
        PG_EXECUTE(pg, &error, &rows, "UPDATE seat SET sold = true WHERE id > $1", PG_INTEGER(9)));
    assert_int_equal(rows, 0);
}

static void bad_data_is_parked_and_the_connection_goes_on(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES ($1)", PG_INTEGER(1)));
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES ($1)", PG_INTEGER(1)));
    assert_error(&error, ERROR_PARK, "23505");
    assert_false(
        PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES ($1)", PG_INTEGER(INT64_MAX)));
    assert_error(&error, ERROR_PARK, "22003");
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id, label) VALUES (2, $1)",
                            PG_TEXT("\xff")));
    assert_error(&error, ERROR_PARK, "22021");
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id, label) VALUES (2, $1)",
                            PG_SPAN(((struct text){"a\0b", 3}))));
    assert_error(&error, ERROR_PARK, "NUL");
    assert_int_equal(pg_generation(pg), 1);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seat"), 1);
}

static void a_mistake_in_the_program_is_to_die(void **state) {
    (void)state;
    struct error error = {0};
    assert_null(PG_QUERY(pg, &error, "SELECT nothing FROM nowhere"));
    assert_error(&error, ERROR_DIE, "42P01");
    assert_null(PG_QUERY(pg, &error, "SELEKT 1"));
    assert_error(&error, ERROR_DIE, "42601");
    PGresult *result = PG_QUERY(pg, &error, "SELECT 1");
    assert_non_null(result);
    PQclear(result);
}

static void a_url_that_is_none_is_to_die_and_an_unreachable_one_to_retry(void **state) {
    (void)state;
    struct error error = {0};
    struct pg *other = pg_new("postgresql://host:notaport/?nonsense=1", "test");
    assert_null(PG_QUERY(other, &error, "SELECT 1"));
    assert_error(&error, ERROR_DIE, "postgres_url");
    pg_free(other);
    other = pg_new("postgresql:///x?host=/nowhere", "test");
    assert_null(PG_QUERY(other, &error, "SELECT 1"));
    assert_error(&error, ERROR_RETRY, "cannot be reached");
    assert_false(pg_begin(other, &error));
    assert_error(&error, ERROR_RETRY, "cannot be reached");
    assert_int_equal(pg_generation(other), 0);
    pg_free(other);
}

static void a_transaction_is_all_or_nothing(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    pg_rollback(pg);
    pg_rollback(pg); /* of nothing */
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seat"), 0);
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_true(pg_commit(pg, &error));
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seat"), 1);
}

static void a_commit_of_a_failed_transaction_is_no_commit(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_false(pg_commit(pg, &error));
    assert_error(&error, ERROR_RETRY, "rolled the transaction back");
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT 1"));
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seat"), 0);
}

static void a_deferred_constraint_parks_at_the_commit(void **state) {
    (void)state;
    struct error error = {0};
    postgresql_run(server, "DROP TABLE IF EXISTS pair; CREATE TABLE pair (id integer, "
                           "CONSTRAINT one UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)");
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO pair VALUES (1), (1)"));
    assert_false(pg_commit(pg, &error));
    assert_error(&error, ERROR_PARK, "23505");
    assert_true(pg_begin(pg, &error));
    assert_true(pg_commit(pg, &error));
}

static void it_comes_back_after_a_crash_of_the_server(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES ($1)", PG_INTEGER(1)));
    postgresql_stop(server, SIGQUIT);
    assert_null(PG_QUERY(pg, &error, "SELECT 1"));
    assert_int_equal(error.action, ERROR_RETRY);
    assert_null(PG_QUERY(pg, &error, "SELECT 1"));
    assert_error(&error, ERROR_RETRY, "cannot be reached");
    postgresql_start(server);
    /* The same statement, which the new connection has never prepared. */
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES ($1)", PG_INTEGER(2)));
    assert_int_equal(pg_generation(pg), 2);
}

static void a_restart_of_the_server_fails_no_statement(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGQUIT, SIGTERM};
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (0)"));
    for (int i = 0; i < 3; i++) {
        if (signals[i] == SIGTERM) { /* a smart shutdown waits for its clients: end ours first */
            postgresql_run(server, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                                   " WHERE application_name = 'test_pg'");
        } else {
            postgresql_stop(server, signals[i]);
            postgresql_start(server);
        }
        int64_t rows = 0;
        assert_true(PG_EXECUTE(pg, &error, &rows, "UPDATE seat SET id = id + 1"));
        assert_int_equal(rows, 1);
        assert_int_equal(postgresql_integer(server, "SELECT max(id) FROM seat"), i + 1);
        assert_int_equal(pg_generation(pg), i + 2);
    }
}

/* The statement ends its own connection: whether it has begun is known only of one that reads. */
static void a_statement_is_repeated_only_if_it_is_safe(void **state) {
    (void)state;
    struct error error = {0};
    postgresql_run(server,
                   "CREATE SEQUENCE IF NOT EXISTS tries; "
                   "ALTER SEQUENCE tries RESTART; "
                   "CREATE OR REPLACE FUNCTION first_try_dies() RETURNS integer AS $$ BEGIN "
                   "IF nextval('tries') = 1 THEN "
                   "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); "
                   "END IF; RETURN 7; END $$ LANGUAGE plpgsql");
    PGresult *result = PG_QUERY(pg, &error, "SELECT first_try_dies()");
    assert_non_null(result);
    assert_int_equal(pg_integer(result, 0, 0), 7);
    PQclear(result);
    postgresql_run(server, "ALTER SEQUENCE tries RESTART");
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (first_try_dies())"));
    assert_int_equal(error.action, ERROR_RETRY);
    assert_int_equal(postgresql_integer(server, "SELECT last_value FROM tries"), 1);
    postgresql_run(server, "ALTER SEQUENCE tries RESTART");
    assert_true(pg_begin(pg, &error));
    assert_null(PG_QUERY(pg, &error, "SELECT first_try_dies()"));
    assert_int_equal(error.action, ERROR_RETRY);
    pg_rollback(pg);
    assert_int_equal(postgresql_integer(server, "SELECT last_value FROM tries"), 1);
}

static void a_transaction_begins_although_the_idle_connection_has_died(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT 1"));
    postgresql_stop(server, SIGINT);
    postgresql_start(server);
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_true(pg_commit(pg, &error));
}

static void a_connection_lost_within_a_transaction_is_not_replaced_in_it(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    postgresql_stop(server, SIGQUIT);
    postgresql_start(server);
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (2)"));
    assert_int_equal(error.action, ERROR_RETRY);
    /* Were it replaced, this would run outside any transaction. */
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (3)"));
    assert_error(&error, ERROR_RETRY, "within the transaction");
    assert_false(pg_commit(pg, &error));
    assert_int_equal(error.action, ERROR_RETRY);
    assert_int_equal(postgresql_integer(server, "SELECT count(*) FROM seat"), 0);
    assert_true(pg_begin(pg, &error));
    pg_rollback(pg);
}

/* What one row exceeds, what a trigger refuses, two rows alike: the record is to blame. */
static void other_states_that_the_data_is_to_blame_for_are_parked_too(void **state) {
    (void)state;
    static const struct {
        const char *sql, *code;
        enum error_action action;
        bool outside;
    } cases[] = {
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '21000'; END $$", "21000", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '22P05'; END $$", "22P05", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '23514'; END $$", "23514", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '44000'; END $$", "44000", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '54000'; END $$", "54000", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x'; END $$", "P0001", ERROR_PARK, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = 'XX000'; END $$", "XX000", ERROR_RETRY, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '53100'; END $$", "53100", ERROR_RETRY, true},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '53300'; END $$", "53300", ERROR_RETRY, true},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '40P01'; END $$", "40P01", ERROR_RETRY, true},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '58030'; END $$", "58030", ERROR_RETRY, true},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '42703'; END $$", "42703", ERROR_DIE, false},
        {"DO $$ BEGIN RAISE 'x' USING ERRCODE = '57P03'; END $$", "57P03", ERROR_RETRY, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        assert_false(PG_EXECUTE(pg, &error, NULL, cases[i].sql));
        assert_error(&error, cases[i].action, cases[i].code);
        assert_int_equal(error.outside, cases[i].outside);
    }
}

static void deadlocks_and_cancels_are_to_retry(void **state) {
    (void)state;
    struct error error = {0};
    postgresql_run(server, "INSERT INTO seat (id) VALUES (1)");
    assert_true(PG_EXECUTE(pg, &error, NULL, "SET statement_timeout = 20"));
    assert_null(PG_QUERY(pg, &error, "SELECT pg_sleep(5)"));
    assert_error(&error, ERROR_RETRY, "57014");
    assert_true(PG_EXECUTE(pg, &error, NULL, "SET statement_timeout = 0"));
    assert_true(PG_EXECUTE(pg, &error, NULL, "SET lock_timeout = 20"));
    struct pg *other = pg_new(postgresql_url(server), "other");
    assert_true(pg_begin(other, &error));
    assert_true(PG_EXECUTE(other, &error, NULL, "UPDATE seat SET sold = true"));
    assert_false(PG_EXECUTE(pg, &error, NULL, "UPDATE seat SET sold = true"));
    assert_error(&error, ERROR_RETRY, "55P03");
    pg_rollback(other);
    pg_free(other);
}

static void serialization_failures_are_to_retry(void **state) {
    (void)state;
    struct error error = {0};
    postgresql_run(server, "INSERT INTO seat (id) VALUES (1)");
    assert_true(pg_begin(pg, &error));
    assert_true(PG_EXECUTE(pg, &error, NULL, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT * FROM seat"));
    postgresql_run(server, "UPDATE seat SET sold = true");
    assert_false(PG_EXECUTE(pg, &error, NULL, "UPDATE seat SET label = 'x'"));
    assert_error(&error, ERROR_RETRY, "40001");
    pg_rollback(pg);
    assert_int_equal(pg_generation(pg), 1);
}

static void a_read_only_server_is_left_and_tried_again(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "SET default_transaction_read_only = on"));
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_error(&error, ERROR_RETRY, "25006");
    assert_true(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_int_equal(pg_generation(pg), 2);
}

static void statements_that_were_taken_away_are_prepared_again(void **state) {
    (void)state;
    struct error error = {0};
    const char *sql = "SELECT * FROM seat WHERE id = $1";
    PGresult *result = PG_QUERY(pg, &error, sql, PG_INTEGER(1));
    PQclear(result);
    assert_true(PG_EXECUTE(pg, &error, NULL, "DISCARD ALL"));
    result = PG_QUERY(pg, &error, sql, PG_INTEGER(1));
    assert_non_null(result);
    PQclear(result);

    postgresql_run(server, "ALTER TABLE seat ADD COLUMN row_label text");
    result = PG_QUERY(pg, &error, sql, PG_INTEGER(1));
    assert_non_null(result);
    assert_int_equal(PQnfields(result), 6);
    PQclear(result);
}

static void *thaw_later(void *context) {
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    postgresql_thaw(context);
    return NULL;
}

static void a_server_that_hangs_is_waited_for(void **state) {
    (void)state;
    struct error error = {0};
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT 1"));
    postgresql_freeze(server);
    pthread_t thread;
    pthread_create(&thread, NULL, thaw_later, server);
    int64_t before_ms = clock_monotonic_ms();
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT 1"));
    assert_true(clock_monotonic_ms() - before_ms >= 200);
    pthread_join(thread, NULL);
}

static void a_server_that_stays_frozen_counts_as_lost(void **state) {
    (void)state;
    struct error error = {0};
    pg_answer_ms_set(pg, 300);
    assert_true(pg_begin(pg, &error));
    postgresql_freeze(server);
    assert_false(PG_EXECUTE(pg, &error, NULL, "INSERT INTO seat (id) VALUES (1)"));
    assert_error(&error, ERROR_RETRY, "has not answered for 300 ms");
    assert_false(pg_commit(pg, &error));
    assert_error(&error, ERROR_RETRY, "lost within the transaction");
    postgresql_thaw(server);
    int64_t rows = -1;
    assert_true(PG_EXECUTE(pg, &error, &rows, "SELECT 1 FROM seat"));
    assert_int_equal(rows, 0);
}

/* More than the sockets hold: the server is frozen while it should read. */
static void what_can_not_be_sent_is_not_waited_for_either(void **state) {
    (void)state;
    struct error error = {0};
    size_t size = 32 << 20;
    uint8_t *octets = allocate_zeroed(1, size);
    pg_answer_ms_set(pg, 500);
    static const char sql[] = "INSERT INTO seat (id, octets) VALUES (1, $1)";
    assert_true(PG_EXECUTE(pg, &error, NULL, "SELECT 1"));
    postgresql_freeze(server);
    assert_false(PG_EXECUTE(pg, &error, NULL, sql, PG_OCTETS(octets, size)));
    assert_error(&error, ERROR_RETRY, "has not answered");
    postgresql_thaw(server);
    pg_answer_ms_set(pg, 0);
    assert_true(PG_EXECUTE(pg, &error, NULL, sql, PG_OCTETS(octets, size)));
    free(octets);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_value_goes_in_and_comes_back),
        TEST(nulls_and_empty_ones_are_told_apart),
        TEST(rows_touched_are_counted),
        TEST(bad_data_is_parked_and_the_connection_goes_on),
        TEST(a_mistake_in_the_program_is_to_die),
        TEST(a_url_that_is_none_is_to_die_and_an_unreachable_one_to_retry),
        TEST(a_transaction_is_all_or_nothing),
        TEST(a_commit_of_a_failed_transaction_is_no_commit),
        TEST(a_deferred_constraint_parks_at_the_commit),
        TEST(it_comes_back_after_a_crash_of_the_server),
        TEST(a_restart_of_the_server_fails_no_statement),
        TEST(a_statement_is_repeated_only_if_it_is_safe),
        TEST(a_transaction_begins_although_the_idle_connection_has_died),
        TEST(a_connection_lost_within_a_transaction_is_not_replaced_in_it),
        TEST(other_states_that_the_data_is_to_blame_for_are_parked_too),
        TEST(deadlocks_and_cancels_are_to_retry),
        TEST(serialization_failures_are_to_retry),
        TEST(a_read_only_server_is_left_and_tried_again),
        TEST(statements_that_were_taken_away_are_prepared_again),
        TEST(a_server_that_hangs_is_waited_for),
        TEST(a_server_that_stays_frozen_counts_as_lost),
        TEST(what_can_not_be_sent_is_not_waited_for_either),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
