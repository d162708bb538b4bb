/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and RFC 3339 written and read. */
#include "runtime/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_clocks_move_on(void **state) {
    (void)state;
    assert_true(clock_now_ms() > INT64_C(1700000000000));
    int64_t before_ms = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= before_ms);
}

static void times_are_written_in_utc(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    assert_string_equal(time_format(1700000000007, text), "2023-11-14T22:13:20.007Z");
    assert_string_equal(time_format(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(time_format(253402300799999, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(time_format_seconds(1700000000999, text), "2023-11-14T22:13:20Z");
    assert_string_equal(time_format_spaced(1700000000007, text), "2023-11-14 22:13:20.007Z");
    assert_string_equal(text + TIME_SPACED_CLOCK_AT, "22:13:20.007Z");
    text[TIME_SPACED_SIZE] = '\0';
    assert_string_equal(text, "2023-11-14 22:13:20.007");
    text[TIME_SPACED_SECONDS_SIZE] = '\0';
    assert_string_equal(text, "2023-11-14 22:13:20");
}

static void times_are_written_on_other_clocks(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    char offset[TIME_OFFSET_SIZE];
    assert_string_equal(time_format_offset(1700000000007, -8 * 3600, text),
                        "2023-11-14T14:13:20-08:00");
    assert_string_equal(time_format_offset(1700000000007, 5 * 3600 + 45 * 60, text),
                        "2023-11-15T03:58:20+05:45");
    assert_string_equal(time_offset_format(-(3 * 3600 + 30 * 60), offset), "-03:30");
    assert_string_equal(time_offset_format(0, offset), "+00:00");
}

static void what_was_written_is_read(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    for (int64_t at_ms = 0; at_ms < 253402300799999; at_ms += 86399999983) {
        struct time_said said = time_parse(time_format(at_ms, text));
        assert_int_equal(said.form, TIME_IS_UTC);
        assert_int_equal(said.at_ms, at_ms);
        said = time_parse(time_format_offset(at_ms, 5 * 3600 + 45 * 60, text));
        assert_int_equal(said.form, TIME_IS_OFFSET);
        assert_int_equal(said.at_ms, at_ms / 1000 * 1000);
        assert_int_equal(said.offset_s, 5 * 3600 + 45 * 60);
    }
}

static void what_a_text_says_of_time_has_a_form(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum time_form form;
    } texts[] = {{"2026-12-01T20:15:00", TIME_IS_LOCAL},
                 {"2026-12-01T20:15:00.5", TIME_IS_LOCAL},
                 {"2026-12-01t20:15:00z", TIME_IS_UTC},
                 {"2026-12-01T20:15:00-00:00", TIME_IS_UTC},
                 {"2026-12-01T20:15:00+00:00", TIME_IS_OFFSET},
                 {"2026-12-01T20:15:00+05:45", TIME_IS_OFFSET},
                 {"2026-12-31T23:59:60Z", TIME_IS_UTC},
                 {"2026-12-31T15:59:60-08:00", TIME_IS_OFFSET},
                 {"2026-12-31T23:58:60Z", TIME_IS_NONE},
                 {"2026-12-31T23:59:61Z", TIME_IS_NONE},
                 {"", TIME_IS_NONE},
                 {"2026", TIME_IS_NONE},
                 {"2026-12", TIME_IS_NONE},
                 {"2026-13-01", TIME_IS_NONE},
                 {"2026-00-01", TIME_IS_NONE},
                 {"2026-02-30", TIME_IS_NONE},
                 {"2026-02-29", TIME_IS_NONE},
                 {"2026-02-29T00:00:00Z", TIME_IS_NONE},
                 {"2026-13-01T00:00:00Z", TIME_IS_NONE},
                 {"yesterday", TIME_IS_NONE},
                 {"2026-12-01T24:00:00Z", TIME_IS_NONE},
                 {"2026-12-01T20:15Z", TIME_IS_NONE},
                 {"20261201", TIME_IS_NONE},
                 {"2026-12-01 ", TIME_IS_NONE},
                 {"2026-12-01T20:15:00Zx", TIME_IS_NONE},
                 {"2026-12-01T20:15:00+8:00", TIME_IS_NONE},
                 {"2026-12-01T20:15:00+24:00", TIME_IS_NONE},
                 {"1969-12-31", TIME_IS_DATE},
                 {"1969-12-31T00:00:00Z", TIME_IS_UTC},
                 {"1970-01-01T00:00:00+01:00", TIME_IS_OFFSET},
                 {"1969-12-31T23:59:60Z", TIME_IS_UTC},
                 {"1969-12-31T23:58:60Z", TIME_IS_NONE},
                 {"0001-01-01", TIME_IS_DATE},
                 {"0000-12-31", TIME_IS_NONE}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(time_parse(texts[i].text).form, texts[i].form);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clocks_move_on),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(times_are_written_on_other_clocks),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_a_text_says_of_time_has_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
