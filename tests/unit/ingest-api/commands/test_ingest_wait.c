/* SPDX-License-Identifier: Apache-2.0 */
/* Who is woken by which event, once, and that all whom an event answers share it. */
#include "ingest-api/commands/wait.h"
#include "ingest-api/http/loop.h"
#include "ingest-api/http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static size_t resumed;

/* Instead of libmicrohttpd's: there is no connection here. */
void MHD_resume_connection(struct MHD_Connection *connection) {
    (void)connection;
    resumed++;
}

static const struct uuid show = {{1}};
static const struct uuid command = {{2}};
static const struct uuid other_command = {{3}};
static const struct uuid reservation = {{4}};

static struct http_loop loop;
static struct wait_table *table;
static struct codec *codec;
static struct request requests[2];

static int setup(void **state) {
    (void)state;
    resumed = 0;
    loop = (struct http_loop){0};
    http_loop_init(&loop, 0);
    table = wait_table_new();
    codec = codec_new();
    for (size_t i = 0; i < 2; i++) {
        requests[i] = (struct request){.loop = &loop, .flow.suspended = true};
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    codec_free(codec);
    wait_table_free(table);
    http_loop_deinit(&loop);
    return 0;
}

static struct wait *wait_for(size_t request, enum command_kind kind, const struct uuid *id) {
    struct judge judge = {.command = kind, .command_id = *id, .reservation_id = reservation};
    if (kind == COMMAND_PAY) {
        judge.accepted = true;
    }
    return wait_new(table, &requests[request], &show, &judge, false);
}

static void happen(struct event *event, enum event_kind kind, const struct uuid *id) {
    event->kind = kind;
    event->as.head.show_id = show;
    event->as.head.command_id = *id;
    wait_table_event(table, codec, &event->as.head, codec_event_encode(codec, event));
}

static void report(struct wait *wait, enum producer_outcome outcome) {
    struct producer_report said = {.outcome = outcome, .partition = 3, .offset = 42};
    wait_report(wait, &said);
}

static void test_a_command_is_answered_by_its_own_event_once(void **state) {
    (void)state;
    struct wait *wait = wait_for(0, COMMAND_RESERVE, &command);
    struct event event = {0};
    event.as.reserved.currency = TEXT_LITERAL("EUR");
    happen(&event, EVENT_RESERVED, &other_command);
    assert_int_equal(resumed, 0);
    assert_false(wait_status(wait).decided);
    happen(&event, EVENT_RESERVED, &command);
    assert_int_equal(resumed, 1);
    assert_true(wait_status(wait).decided);
    assert_int_equal(wait->answer->event.kind, EVENT_RESERVED);
    assert_memory_equal(wait->answer->event.as.reserved.currency.data, "EUR", 3);
    happen(&event, EVENT_RESERVED, &command); /* again: nobody is there any more */
    report(wait, PRODUCER_PERSISTED);
    assert_int_equal(resumed, 1);
    wait_release(wait);
}

static void test_two_that_wait_for_one_event_share_it(void **state) {
    (void)state;
    struct wait *first = wait_for(0, COMMAND_PAY, &command);
    struct wait *second = wait_for(1, COMMAND_PAY, &other_command);
    struct event event = {0};
    event.as.released.reservation_id = reservation;
    happen(&event, EVENT_RELEASED, &(struct uuid){{9}});
    assert_int_equal(resumed, 2);
    assert_non_null(first->answer);
    assert_ptr_equal(first->answer, second->answer);
    report(first, PRODUCER_PERSISTED);
    wait_release(first);
    assert_int_equal(second->answer->event.kind, EVENT_RELEASED); /* it outlives the other */
    wait_release(second);
    report(second, PRODUCER_PERSISTED);
}

static void test_an_event_that_answers_nobody_leaves_nothing_behind(void **state) {
    (void)state;
    struct wait *wait = wait_for(0, COMMAND_PAY, &command);
    struct event event = {0};
    event.as.released.reservation_id = (struct uuid){{8}}; /* somebody else's, of the same show */
    for (int i = 0; i < 10; i++) {
        happen(&event, EVENT_RELEASED, &other_command);
    }
    assert_int_equal(resumed, 0);
    assert_true(wait_take(wait));
    assert_false(wait_take(wait)); /* woken once, whoever comes first */
    report(wait, PRODUCER_UNKNOWN);
    wait_release(wait);
}

static void test_a_record_that_is_not_on_the_log_wakes_at_once(void **state) {
    (void)state;
    struct wait *wait = wait_for(0, COMMAND_RESERVE, &command);
    assert_true(wait_for_report(wait));
    report(wait, PRODUCER_NOT_PERSISTED);
    assert_int_equal(resumed, 1);
    assert_true(wait_status(wait).reported && !wait_status(wait).decided);
    assert_false(wait_for_report(wait));
    wait_release(wait);
}

/* No report of a failure proves that a record that was queued is not on the log. */
static void test_a_record_that_may_be_on_the_log_is_waited_for(void **state) {
    (void)state;
    struct wait *wait = wait_for(0, COMMAND_RESERVE, &command);
    report(wait, PRODUCER_UNKNOWN);
    assert_int_equal(resumed, 0);
    struct event event = {0};
    happen(&event, EVENT_RESERVED, &command);
    assert_int_equal(resumed, 1);
    assert_true(wait_status(wait).decided);
    wait_release(wait);

    wait = wait_for(1, COMMAND_RESERVE, &other_command);
    assert_true(wait_for_report(wait)); /* its patience is over but for this */
    report(wait, PRODUCER_UNKNOWN);
    assert_int_equal(resumed, 2);
    assert_false(wait_status(wait).decided);
    wait_release(wait);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_command_is_answered_by_its_own_event_once),
        TEST(test_two_that_wait_for_one_event_share_it),
        TEST(test_an_event_that_answers_nobody_leaves_nothing_behind),
        TEST(test_a_record_that_is_not_on_the_log_wakes_at_once),
        TEST(test_a_record_that_may_be_on_the_log_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
