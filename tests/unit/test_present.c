/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/present/present.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void money_check(int64_t amount_minor, const char *currency, const char *expected) {
    char out[PRESENT_MONEY_SIZE];
    struct text code = {currency, 3};
    assert_string_equal(present_money(amount_minor, code, out), expected);
}

static void test_money_has_the_decimals_of_its_currency(void **state) {
    (void)state;
    money_check(2400, "USD", "$24.00");
    money_check(5, "USD", "$0.05");
    money_check(0, "EUR", "€0.00");
    money_check(2400, "JPY", "¥2,400");
    money_check(3500, "KWD", "KWD\u00a03.500");
    money_check(12, "BHD", "BHD\u00a00.012");
    money_check(1500000, "KRW", "₩1,500,000");
    money_check(999, "XXX", "XXX\u00a09.99");
}

static void test_money_groups_thousands_at_every_length(void **state) {
    (void)state;
    money_check(99999, "GBP", "£999.99");
    money_check(100000, "GBP", "£1,000.00");
    money_check(123456789012, "USD", "$1,234,567,890.12");
    money_check(INT64_MAX, "USD", "$92,233,720,368,547,758.07");
    money_check(INT64_MIN, "USD", "−$92,233,720,368,547,758.08");
    money_check(-150, "JPY", "−¥150");
}

static void test_a_time_is_on_the_clocks_of_the_venue(void **state) {
    (void)state;
    struct present_time at;
    assert_true(present_time_at(1795761900000, TEXT_LITERAL("America/Los_Angeles"), &at));
    assert_string_equal(at.weekday, "Thursday");
    assert_string_equal(at.date, "26 November 2026");
    assert_string_equal(at.time, "22:45");
    assert_string_equal(at.zone, "PST");
    assert_string_equal(at.day, "2026-11-26");
    assert_true(present_time_at(1795761900000, TEXT_LITERAL("Asia/Tokyo"), &at));
    assert_string_equal(at.weekday, "Friday");
    assert_string_equal(at.time, "15:45");
    assert_string_equal(at.zone, "JST");
}

static void test_summer_time_and_odd_offsets(void **state) {
    (void)state;
    struct present_time at;
    assert_true(present_time_at(1783108800000, TEXT_LITERAL("Europe/Berlin"), &at));
    assert_string_equal(at.date, "3 July 2026");
    assert_string_equal(at.time, "22:00");
    assert_string_equal(at.zone, "CEST");
    assert_true(present_time_at(1783108800000, TEXT_LITERAL("Asia/Kathmandu"), &at));
    assert_string_equal(at.time, "01:45");
    assert_string_equal(at.zone, "UTC+5:45");
    assert_true(present_time_at(1783108800000, TEXT_LITERAL("America/Sao_Paulo"), &at));
    assert_string_equal(at.zone, "UTC-3");
}

static void test_an_unknown_zone_is_utc_and_says_so(void **state) {
    (void)state;
    static const char *const names[] = {"", "Nowhere/At_All", "../../etc/passwd", "/etc/localtime",
                                        ":America/New_York"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct present_time at;
        struct text name = {names[i], __builtin_strlen(names[i])};
        assert_false(present_time_at(0, name, &at));
        assert_string_equal(at.time, "00:00");
        assert_string_equal(at.zone, "UTC");
        assert_string_equal(at.date, "1 January 1970");
    }
}

static void test_times_without_a_calendar_do_no_harm(void **state) {
    (void)state;
    struct present_time at;
    assert_false(present_time_at(INT64_MAX, TEXT_LITERAL("UTC"), &at));
    assert_string_equal(at.date, "date unknown");
    assert_true(present_time_at(-1, TEXT_LITERAL("UTC"), &at));
    assert_string_equal(at.date, "31 December 1969");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money_has_the_decimals_of_its_currency),
        cmocka_unit_test(test_money_groups_thousands_at_every_length),
        cmocka_unit_test(test_a_time_is_on_the_clocks_of_the_venue),
        cmocka_unit_test(test_summer_time_and_odd_offsets),
        cmocka_unit_test(test_an_unknown_zone_is_utc_and_says_so),
        cmocka_unit_test(test_times_without_a_calendar_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
