/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/time.h"
#include "tools/provider/formats.h"
#include "tools/provider/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"PT1M", 60},       {"P7D", 604800},    {"PT168H", 604800}, {"P1DT12H", 129600},
        {"P1W", 604800},    {"PT1H1M1S", 3661}, {"PT0S", 0},        {"", -1},
        {"P", -1},          {"PT", -1},         {"1D", -1},         {"P1", -1},
        {"PD", -1},         {"PT1D", -1},       {"P1H", -1},        {"PT1S1M", -1},
        {"P1D1D", -1},      {"PT1HT1M", -1},    {"P-1D", -1},       {"P1.5D", -1},
        {"P99999999D", -1}, {"PT1M ", -1},      {"p1d", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (duration_parse_s(rows[i].text) != rows[i].seconds) {
            fail_msg("\"%s\" is %lld, must be %lld", rows[i].text,
                     (long long)duration_parse_s(rows[i].text), (long long)rows[i].seconds);
        }
    }
}

static void times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t time_ms; /* -1: refused */
    } rows[] = {
        {"2023-11-14T22:13:20Z", 1700000000000},
        {"2023-11-14T22:13:20.5Z", 1700000000500},
        {"2023-11-14T22:13:20.123456Z", 1700000000123},
        {"2023-11-14T23:13:20+01:00", 1700000000000},
        {"2023-11-14T23:13:20 01:00", 1700000000000},
        {"2023-11-14T16:43:20-05:30", 1700000000000},
        {"2023-11-14T22:13:20", -1},
        {"2023-11-14", -1},
        {"2023-11-14T22:13:20.Z", -1},
        {"2023-11-14T22:13:20+1:00", -1},
        {"2023-11-14T22:13:20+01:00Z", -1},
        {"yesterday", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t time_ms = -1;
        bool good = formats_time_read(rows[i].text, &time_ms);
        if ((good ? time_ms : -1) != rows[i].time_ms) {
            fail_msg("\"%s\" is %lld", rows[i].text, (long long)(good ? time_ms : -1));
        }
    }
    char text[TIME_TEXT_SIZE];
    assert_string_equal(time_format(1700000000007, text), "2023-11-14T22:13:20.007Z");
}

static void timers_come_in_order_and_equals_as_added(void **state) {
    (void)state;
    struct timers timers = {0};
    struct timer timer;
    uint32_t random = 1;
    assert_int_equal(timers_next_ms(&timers), INT64_MAX);
    assert_false(timers_take(&timers, INT64_MAX, &timer));
    for (size_t i = 0; i < 1000; i++) {
        random = random * 1664525 + 1013904223;
        timers_add(&timers, (struct timer){.due_ms = random >> 25, .index = i});
    }
    int64_t due_ms = -1;
    size_t index = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(timers_next_ms(&timers), timers.items[0].due_ms);
        assert_false(timers_take(&timers, timers_next_ms(&timers) - 1, &timer));
        assert_true(timers_take(&timers, timers_next_ms(&timers), &timer));
        assert_true(timer.due_ms > due_ms || (timer.due_ms == due_ms && timer.index > index));
        due_ms = timer.due_ms;
        index = timer.index;
    }
    assert_int_equal(timers.count, 0);
    timers_deinit(&timers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(times),
        cmocka_unit_test(timers_come_in_order_and_equals_as_added),
    };
    return cmocka_run_group_tests_name("payment simulator", tests, NULL, NULL);
}
