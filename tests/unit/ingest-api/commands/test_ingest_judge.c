/* SPDX-License-Identifier: Apache-2.0 */
/* Which event answers a command: stories of what comes after it on the log. */
#include "ingest-api/commands/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid own_command = {{1}};
static const struct uuid other_command = {{2}};
static const struct uuid own = {{3}};
static const struct uuid other = {{4}};

static struct judge judge_of(enum command_kind command) {
    return (struct judge){.command = command, .command_id = own_command, .reservation_id = own};
}

static struct event event_of(enum event_kind kind, const struct uuid *command_id) {
    struct event event = {.kind = kind};
    event.as.head.command_id = *command_id;
    return event;
}

static void test_holds_that_run_out_first_are_no_answer_to_reserve(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_RESERVE);
    struct event event = event_of(EVENT_HOLDS_EXPIRED, &own_command);
    assert_false(judge_event(&judge, &event));
    event = event_of(EVENT_RESERVED, &other_command);
    assert_false(judge_event(&judge, &event));
    event = event_of(EVENT_RESERVED, &own_command);
    assert_true(judge_event(&judge, &event));
}

static void test_every_command_can_be_refused_noted_rejected_or_not_understood(void **state) {
    (void)state;
    static const enum command_kind commands[] = {
        COMMAND_CREATE_SHOW, COMMAND_CANCEL_SHOW, COMMAND_RESERVE,     COMMAND_RELEASE,
        COMMAND_PAY,         COMMAND_CANCEL,      COMMAND_RETRY_REFUND};
    static const enum event_kind answers[] = {EVENT_REFUSED, EVENT_REJECTED, EVENT_UNDECODABLE,
                                              EVENT_NOTED};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        for (size_t j = 0; j < sizeof answers / sizeof answers[0]; j++) {
            struct judge judge = judge_of(commands[i]);
            struct event event = event_of(answers[j], &own_command);
            assert_true(judge_event(&judge, &event));
            judge = judge_of(commands[i]);
            event = event_of(answers[j], &other_command);
            assert_false(judge_event(&judge, &event));
        }
    }
}

static void test_each_command_has_its_own_answer(void **state) {
    (void)state;
    static const struct {
        enum command_kind command;
        enum event_kind answer;
    } pairs[] = {
        {COMMAND_CREATE_SHOW, EVENT_SHOW_CREATED}, {COMMAND_CANCEL_SHOW, EVENT_SHOW_CANCELLED},
        {COMMAND_RESERVE, EVENT_RESERVED},         {COMMAND_RELEASE, EVENT_RELEASED},
        {COMMAND_CANCEL, EVENT_ORDER_CANCELLED},   {COMMAND_RETRY_REFUND, EVENT_REFUND_REQUESTED}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++) {
            struct judge judge = judge_of(pairs[i].command);
            struct event event = event_of(pairs[j].answer, &own_command);
            event.as.released.reservation_id = own; /* at one place in all that have it */
            assert_int_equal(judge_event(&judge, &event), i == j);
        }
    }
}

static void test_a_cancelled_shows_portion_is_no_answer_for_others(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_CANCEL);
    struct event event = event_of(EVENT_ORDER_CANCELLED, &own_command);
    event.as.order_cancelled.reservation_id = other;
    assert_false(judge_event(&judge, &event));
    event.as.order_cancelled.reservation_id = own;
    assert_true(judge_event(&judge, &event));
    judge = judge_of(COMMAND_CANCEL);
    event = event_of(EVENT_CANCEL_REMEMBERED, &own_command);
    event.as.cancel_remembered.reservation_id = own;
    assert_true(judge_event(&judge, &event));
}

/* ---- Pay ---- */

static struct judge paying(int32_t attempt) {
    struct judge judge = judge_of(COMMAND_PAY);
    struct event event = event_of(EVENT_PAYMENT_REQUESTED, &own_command);
    event.as.payment_requested.reservation_id = own;
    event.as.payment_requested.attempt = attempt;
    assert_false(judge_event(&judge, &event));
    return judge;
}

static void test_a_payment_is_answered_by_sold(void **state) {
    (void)state;
    struct judge judge = paying(1);
    struct event event = event_of(EVENT_SECURED, &other_command);
    event.as.secured.reservation_id = own;
    assert_false(judge_event(&judge, &event));
    event = event_of(EVENT_SOLD, &other_command);
    event.as.sold.reservation_id = other;
    assert_false(judge_event(&judge, &event));
    event.as.sold.reservation_id = own;
    assert_true(judge_event(&judge, &event));
}

static void test_a_payment_of_nothing_is_sold_at_once(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_PAY);
    struct event event = event_of(EVENT_SOLD, &own_command);
    event.as.sold.reservation_id = own;
    assert_true(judge_event(&judge, &event));
}

static void test_only_the_decline_of_its_own_attempt_answers(void **state) {
    (void)state;
    struct judge judge = paying(2);
    struct event event = event_of(EVENT_PAYMENT_DECLINED, &other_command);
    event.as.payment_declined.reservation_id = own;
    event.as.payment_declined.attempt = 1;
    assert_false(judge_event(&judge, &event));
    event.as.payment_declined.attempt = 2;
    assert_true(judge_event(&judge, &event));
}

static void test_what_was_on_the_log_before_the_payment_is_not_its_answer(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_PAY);
    struct event event = event_of(EVENT_PAYMENT_DECLINED, &other_command);
    event.as.payment_declined.reservation_id = own;
    event.as.payment_declined.attempt = 1;
    assert_false(judge_event(&judge, &event));
    event = event_of(EVENT_RELEASED, &other_command);
    event.as.released.reservation_id = own;
    assert_false(judge_event(&judge, &event));
}

static void test_the_same_source_again_waits_for_the_same_payment(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_PAY);
    struct event event = event_of(EVENT_NOTED, &own_command);
    event.as.noted.view.state = RESERVATION_STATE_PAYING;
    event.as.noted.view.attempt = 1;
    assert_false(judge_event(&judge, &event));
    event = event_of(EVENT_SOLD, &other_command);
    event.as.sold.reservation_id = own;
    assert_true(judge_event(&judge, &event));

    judge = judge_of(COMMAND_PAY);
    event = event_of(EVENT_NOTED, &own_command);
    event.as.noted.view.state = RESERVATION_STATE_SOLD;
    assert_true(judge_event(&judge, &event));
}

/* The same again is answered with the reservation that the buyer has, which has another id. */
static void test_the_same_wish_again_is_answered_with_another_reservation(void **state) {
    (void)state;
    struct judge judge = judge_of(COMMAND_RESERVE);
    struct event event = event_of(EVENT_NOTED, &own_command);
    event.as.noted.reservation_id = (struct uuid){{99}};
    event.as.noted.view.state = RESERVATION_STATE_HELD;
    assert_true(judge_event(&judge, &event));
    event = event_of(EVENT_NOTED, &other_command);
    event.as.noted.reservation_id = own;
    assert_false(judge_event(&judge, &event));
}

static void test_a_hold_that_runs_out_is_still_pending_until_it_is_voided(void **state) {
    (void)state;
    struct judge judge = paying(1);
    struct event_expired_hold hold = {.reservation_id = own};
    struct event event = event_of(EVENT_HOLDS_EXPIRED, &other_command);
    event.as.holds_expired.holds = (struct event_expired_hold_list){.items = &hold, .count = 1};
    assert_false(judge_event(&judge, &event)); /* it may be seated again */
    event = event_of(EVENT_VOID_REQUESTED, &other_command);
    event.as.void_requested.reservation_id = own;
    event.as.void_requested.attempt = 1;
    event.as.void_requested.state = RESERVATION_STATE_RELEASED;
    event.as.void_requested.reason = VOID_REASON_SEATS_TAKEN;
    assert_true(judge_event(&judge, &event));
}

static void test_a_stray_payment_that_is_voided_is_no_answer(void **state) {
    (void)state;
    struct judge judge = paying(1);
    struct event event = event_of(EVENT_VOID_REQUESTED, &other_command);
    event.as.void_requested.reservation_id = own;
    event.as.void_requested.attempt = 1;
    event.as.void_requested.state = RESERVATION_STATE_PAYING;
    event.as.void_requested.reason = VOID_REASON_DUPLICATE_PAYMENT;
    assert_false(judge_event(&judge, &event));
}

static void test_whatever_ends_it_meanwhile_answers(void **state) {
    (void)state;
    static const enum event_kind ends[] = {EVENT_RELEASED, EVENT_ORDER_CANCELLED,
                                           EVENT_CAPTURE_FAILED};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct judge judge = paying(1);
        struct event event = event_of(ends[i], &other_command);
        event.as.released.reservation_id = own;
        if (ends[i] == EVENT_CAPTURE_FAILED) {
            event.as.capture_failed.attempt = 1;
        }
        assert_true(judge_event(&judge, &event));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_that_run_out_first_are_no_answer_to_reserve),
        cmocka_unit_test(test_every_command_can_be_refused_noted_rejected_or_not_understood),
        cmocka_unit_test(test_each_command_has_its_own_answer),
        cmocka_unit_test(test_a_cancelled_shows_portion_is_no_answer_for_others),
        cmocka_unit_test(test_a_payment_is_answered_by_sold),
        cmocka_unit_test(test_a_payment_of_nothing_is_sold_at_once),
        cmocka_unit_test(test_only_the_decline_of_its_own_attempt_answers),
        cmocka_unit_test(test_what_was_on_the_log_before_the_payment_is_not_its_answer),
        cmocka_unit_test(test_the_same_source_again_waits_for_the_same_payment),
        cmocka_unit_test(test_the_same_wish_again_is_answered_with_another_reservation),
        cmocka_unit_test(test_a_hold_that_runs_out_is_still_pending_until_it_is_voided),
        cmocka_unit_test(test_a_stray_payment_that_is_voided_is_no_answer),
        cmocka_unit_test(test_whatever_ends_it_meanwhile_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
