/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/present/present.h"
#include "runtime/present/present_text.h"
#include "runtime/present/present_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    assert_string_equal(at.clock, "PST (UTC−8)");
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
    assert_string_equal(at.clock, "UTC+5:45");
    assert_true(present_time_at(1783108800000, TEXT_LITERAL("America/Sao_Paulo"), &at));
    assert_string_equal(at.zone, "UTC−3");
}

static void test_an_unknown_zone_is_utc_and_says_so(void **state) {
    (void)state;
    static const char *const names[] = {"",
                                        "Nowhere/At_All",
                                        "../../etc/passwd",
                                        "/etc/localtime",
                                        ":America/New_York",
                                        "GMT+9",
                                        "UTC+5",
                                        "UTC-03:30",
                                        "EST5",
                                        "<+09>-9",
                                        "+09:00",
                                        "localtime",
                                        "Factory",
                                        "posixrules",
                                        "posix/America/New_York",
                                        "right/UTC",
                                        "tzdata.zi",
                                        "zone.tab",
                                        "America",
                                        "Etc/",
                                        "america/new_york",
                                        "America/New_York ",
                                        "CET-1CEST,M3.5.0,M10.5.0/3"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct present_time at;
        struct text name = {names[i], __builtin_strlen(names[i])};
        assert_false(present_time_at(0, name, &at));
        assert_string_equal(at.time, "00:00");
        assert_string_equal(at.zone, "UTC");
        assert_string_equal(at.clock, "UTC");
        assert_false(present_time_zone_is_known(name));
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

static void moment_check(int64_t at_ms, const char *zone, const char *expected) {
    char out[PRESENT_MOMENT_SIZE];
    struct text name = {zone, strlen(zone)};
    assert_string_equal(present_moment(at_ms, name, out), expected);
}

static void test_a_moment_is_complete(void **state) {
    (void)state;
    moment_check(1795761900000, "America/Los_Angeles",
                 "Thursday, 26 November 2026, 22:45 PST (UTC−8)");
    moment_check(1795761900000, "Europe/London", "Friday, 27 November 2026, 06:45 GMT (UTC+0)");
    moment_check(1795761900000, "Asia/Dubai", "Friday, 27 November 2026, 10:45 UTC+4");
    moment_check(1795761900000, "Etc/UTC", "Friday, 27 November 2026, 06:45 UTC");
    moment_check(1795761900000, "GMT+9", "Friday, 27 November 2026, 06:45 UTC");
    moment_check(1795761900000, "Etc/GMT+9", "Thursday, 26 November 2026, 21:45 UTC−9");
    /* Start and end on either side of a change to winter time. */
    moment_check(1792889100000, "Europe/Berlin", "Sunday, 25 October 2026, 02:45 CEST (UTC+2)");
    moment_check(1792892700000, "Europe/Berlin", "Sunday, 25 October 2026, 02:45 CET (UTC+1)");
    moment_check(INT64_MAX, "Europe/Berlin", "date unknown");
    assert_true(present_has_end(1000, 61000));
    assert_false(present_has_end(1000, 60999));
    assert_false(present_has_end(1000, 1000));
    assert_false(present_has_end(1000, 0));
    assert_true(present_has_end(INT64_MIN, INT64_MAX));
}

/* Another implementation over the same database: every zone and link, every change of offset. */
static void test_every_zone_is_as_python_tells_it(void **state) {
    (void)state;
    FILE *zones =
        popen("python3 " SEATLOG_SOURCE_DIRECTORY "/tests/unit/runtime/present/zones.py", "r");
    assert_non_null(zones);
    char line[256], zone[64], day[16], time[8], name[16], seen[64] = "";
    int minutes, zone_count = 0;
    long long at_ms;
    while (fgets(line, sizeof(line), zones) != NULL) {
        assert_int_equal(
            sscanf(line, "%63s %lld %15s %7s %15s %d", zone, &at_ms, day, time, name, &minutes), 6);
        struct present_time at;
        char offset[32], expected[64];
        assert_true(present_time_at(at_ms, (struct text){zone, strlen(zone)}, &at));
        int distance = abs(minutes);
        int size =
            snprintf(offset, sizeof(offset), "UTC%s%d", minutes < 0 ? "−" : "+", distance / 60);
        if (distance % 60 != 0) {
            snprintf(offset + size, sizeof(offset) - (size_t)size, ":%02d", distance % 60);
        }
        bool named = name[0] != '+' && name[0] != '-';
        if (strcmp(name, "UTC") == 0 || (!named && minutes == 0)) {
            snprintf(expected, sizeof(expected), "UTC");
        } else {
            snprintf(expected, sizeof(expected), named ? "%s (%s)" : "%.0s%s", name, offset);
        }
        if (strcmp(at.day, day) != 0 || strcmp(at.time, time) != 0 ||
            strcmp(at.clock, expected) != 0) {
            fail_msg("%s at %lld: %s %s %s, not %s %s %s", zone, at_ms, at.day, at.time, at.clock,
                     day, time, expected);
        }
        zone_count += strcmp(seen, zone) != 0 ? 1 : 0;
        snprintf(seen, sizeof(seen), "%s", zone);
    }
    assert_int_equal(pclose(zones), 0);
    assert_true(zone_count > 400);
}

static void shown_check(struct text value, const char *expected) {
    struct buffer line = {0};
    bool visible = present_line(value, &line);
    assert_int_equal(visible, expected[0] != '\0');
    assert_string_equal(line.data != NULL ? line.data : "", expected);
    buffer_deinit(&line);
}

#define SHOWN(literal, expected) shown_check(TEXT_LITERAL(literal), expected)

static void test_whatever_a_text_is_it_can_be_shown(void **state) {
    (void)state;
    SHOWN("Ghost", "Ghost");
    SHOWN("  Trimmed?  ", "Trimmed?");
    SHOWN("one\ntwo\tthree\x01\xe2\x80\xa9"
          "four",
          "one two three four");
    SHOWN("a\x00z", "az");
    SHOWN("a\xef\xbf\xbez", "a\ufffdz");             /* U+FFFE */
    SHOWN("a\xed\xa0\x80z", "a\ufffd\ufffd\ufffdz"); /* a surrogate */
    SHOWN("a\xc3", "a\ufffd");
    SHOWN("a\xf4\x8f\xbf\xbd", "a\ufffd"); /* private use */
    SHOWN("\u202eevil\u202c \u2066x\u2069", "evil x");
    SHOWN("zero\u200bwidth\ufeff", "zerowidth");
    SHOWN("", "");
    SHOWN("   ", "");
    SHOWN("\u200b\u200b", "");
    SHOWN("\x01", "");
    SHOWN("\xef\xbf\xbe", "");
    SHOWN("\u3164\u2800\u00ad", "");
    SHOWN("\ufe0f\u200d", "");
    SHOWN("می\u200cخواهم", "می\u200cخواهم");
    SHOWN("trailing\u200d", "trailing");
    SHOWN("🎉", "🎉");
    SHOWN("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦");
    SHOWN("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥");
    SHOWN("1\ufe0f\u20e3", "1\ufe0f\u20e3");
    SHOWN("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
          "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f");
    SHOWN("tag\U000e0067s", "tags");
}

static void test_line_ends_are_one_blank(void **state) {
    (void)state;
    SHOWN("\n Two\r\nlines \n\n\n\n and more\n", "Two lines and more");
}

static void test_a_title_is_never_empty_and_never_reorders_ours(void **state) {
    (void)state;
    struct buffer out = {0};
    present_title(TEXT_LITERAL("\u200b"), &out);
    assert_string_equal(out.data, "Untitled event");
    buffer_reset(&out);
    present_isolated(TEXT_LITERAL("شبح 2026"), "—", &out);
    assert_string_equal(out.data, "\u2068شبح 2026\u2069");
    buffer_reset(&out);
    present_isolated(TEXT_LITERAL("\u202e2026\u2069"), "—", &out);
    assert_string_equal(out.data, "2026");
    buffer_reset(&out);
    present_isolated(TEXT_LITERAL(" "), "—", &out);
    assert_string_equal(out.data, "—");
    buffer_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money_has_the_decimals_of_its_currency),
        cmocka_unit_test(test_money_groups_thousands_at_every_length),
        cmocka_unit_test(test_a_time_is_on_the_clocks_of_the_venue),
        cmocka_unit_test(test_summer_time_and_odd_offsets),
        cmocka_unit_test(test_an_unknown_zone_is_utc_and_says_so),
        cmocka_unit_test(test_times_without_a_calendar_do_no_harm),
        cmocka_unit_test(test_a_moment_is_complete),
        cmocka_unit_test(test_every_zone_is_as_python_tells_it),
        cmocka_unit_test(test_whatever_a_text_is_it_can_be_shown),
        cmocka_unit_test(test_line_ends_are_one_blank),
        cmocka_unit_test(test_a_title_is_never_empty_and_never_reorders_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
