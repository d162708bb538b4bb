/* SPDX-License-Identifier: Apache-2.0 */
/* What the provider lists, judged by what our work knows of it. */
#include "payment/core/reconcile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct payment_listed listed_of(enum payment_status status) {
    struct payment_listed listed = {.status = status, .amount_minor = 2500, .currency = "USD"};
    strcpy(listed.payment_id, "pay-1_x");
    return listed;
}

static enum payment_verdict judge(enum payment_status status, struct payment_knowledge knowledge) {
    struct payment_comparison comparison = {.begin_ms = 0, .end_ms = 1};
    struct payment_listed listed = listed_of(status);
    enum payment_verdict verdict = payment_comparison_judge(&comparison, &listed, &knowledge);
    assert_int_equal(comparison.orphans, verdict == PAYMENT_VERDICT_ORPHAN);
    assert_int_equal(comparison.unexplained, verdict == PAYMENT_VERDICT_UNEXPLAINED);
    return verdict;
}

#define JUDGE(status, ...) judge((status), (struct payment_knowledge){__VA_ARGS__})

static void what_is_of_no_reservation_is_not_ours(void **state) {
    (void)state;
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, 0), PAYMENT_VERDICT_FOREIGN);
    assert_int_equal(JUDGE(PAYMENT_STATUS_COMPLETED, 0), PAYMENT_VERDICT_FOREIGN);
}

static void authorization_nobody_knows_is_an_orphan(void **state) {
    (void)state;
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, .reservation = true), PAYMENT_VERDICT_ORPHAN);
    assert_int_equal(JUDGE(PAYMENT_STATUS_CANCELED, .reservation = true), PAYMENT_VERDICT_FINE);
}

static void authorization_somebody_is_at_is_left_alone(void **state) {
    (void)state;
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, .reservation = true, .authorizing = true),
                     PAYMENT_VERDICT_FINE);
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, .reservation = true, .authorized = true),
                     PAYMENT_VERDICT_FINE);
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, .reservation = true, .captured = true),
                     PAYMENT_VERDICT_FINE);
    assert_int_equal(JUDGE(PAYMENT_STATUS_APPROVED, .reservation = true, .voided = true),
                     PAYMENT_VERDICT_FINE);
}

static void capture_nobody_asked_for_is_unexplained(void **state) {
    (void)state;
    assert_int_equal(JUDGE(PAYMENT_STATUS_COMPLETED, .reservation = true, .authorized = true),
                     PAYMENT_VERDICT_UNEXPLAINED);
    assert_int_equal(JUDGE(PAYMENT_STATUS_COMPLETED, .reservation = true, .authorizing = true),
                     PAYMENT_VERDICT_UNEXPLAINED);
    assert_int_equal(JUDGE(PAYMENT_STATUS_COMPLETED, .reservation = true, .captured = true),
                     PAYMENT_VERDICT_FINE);
    assert_int_equal(JUDGE(PAYMENT_STATUS_COMPLETED, .reservation = true, .voided = true),
                     PAYMENT_VERDICT_FINE);
}

static void only_what_stands_or_was_taken_matters(void **state) {
    (void)state;
    for (int status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        struct payment_listed listed = listed_of((enum payment_status)status);
        assert_int_equal(payment_listed_matters(&listed),
                         status == PAYMENT_STATUS_APPROVED || status == PAYMENT_STATUS_COMPLETED);
        strcpy(listed.payment_id, "a{b");
        assert_false(payment_listed_matters(&listed));
        strcpy(listed.payment_id, "");
        assert_false(payment_listed_matters(&listed));
    }
}

static void what_is_young_is_left_to_the_worker(void **state) {
    (void)state;
    struct payment_comparison comparison = payment_comparison_begin(500000, 60000, 30000, 900000);
    assert_int_equal(comparison.begin_ms, 440000);
    assert_int_equal(comparison.end_ms, 870000);
    assert_int_equal(comparison.orphans + comparison.unexplained, 0);
}

static void orphan_becomes_a_void_the_log_is_not_told_of(void **state) {
    (void)state;
    struct payment_listed listed = listed_of(PAYMENT_STATUS_APPROVED);
    struct payment_knowledge knowledge = {.reservation = true, .show_id = {{1}}, .attempt = 3};
    struct uuid reservation_id = {{2}};
    struct payment_row row = payment_orphan_row(&listed, &reservation_id, &knowledge, 7000);
    assert_int_equal(row.work.kind, PAYMENT_VOID);
    assert_int_equal(row.work.step, PAYMENT_STEP_CANCEL);
    assert_false(row.reported);
    assert_int_equal(row.attempt, 3);
    assert_memory_equal(&row.reservation_id, &reservation_id, sizeof reservation_id);
    assert_memory_equal(&row.show_id, &knowledge.show_id, sizeof row.show_id);
    assert_string_equal(row.work.payment_id, "pay-1_x");
    assert_string_equal(row.work.currency, "USD");
    assert_int_equal(row.work.amount_minor, 2500);
    assert_int_equal(row.work.expires_at_ms, 7000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_of_no_reservation_is_not_ours),
        cmocka_unit_test(authorization_nobody_knows_is_an_orphan),
        cmocka_unit_test(authorization_somebody_is_at_is_left_alone),
        cmocka_unit_test(capture_nobody_asked_for_is_unexplained),
        cmocka_unit_test(only_what_stands_or_was_taken_matters),
        cmocka_unit_test(what_is_young_is_left_to_the_worker),
        cmocka_unit_test(orphan_becomes_a_void_the_log_is_not_told_of),
    };
    return cmocka_run_group_tests_name("payment reconcile", tests, NULL, NULL);
}
