/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop/daemon.h"

#include "runtime/base/time.h"
#include "tests/unit/support/test.h"

#include <limits.h>

static void it_doubles_up_to_the_maximum(void **state) {
    (void)state;
    for (int failures = 1; failures <= 12; failures++) {
        int all = 100 << (failures - 1) < 5000 ? 100 << (failures - 1) : 5000;
        for (int i = 0; i < 200; i++) {
            int delay_ms = backoff_ms(failures, 100, 5000);
            assert_in_range(delay_ms, all / 2, all);
        }
    }
}

static void it_spreads_over_the_whole_half(void **state) {
    (void)state;
    int least = INT_MAX, most = 0;
    for (int i = 0; i < 2000; i++) {
        int delay_ms = backoff_ms(1, 100, 5000);
        least = delay_ms < least ? delay_ms : least;
        most = delay_ms > most ? delay_ms : most;
    }
    assert_in_range(least, 50, 53);
    assert_in_range(most, 97, 100);
}

static void no_number_of_failures_overflows_it(void **state) {
    (void)state;
    assert_in_range(backoff_ms(INT_MAX, 100, INT_MAX), INT_MAX / 2, INT_MAX);
    assert_in_range(backoff_ms(0, 100, 5000), 50, 100);
    assert_in_range(backoff_ms(-3, 100, 5000), 50, 100);
    assert_in_range(backoff_ms(1, 9000, 5000), 2500, 5000);
    assert_in_range(backoff_ms(1, 1, 1), 0, 1);
}

static void a_sleep_lasts_as_long_as_it_should(void **state) {
    (void)state;
    int64_t before_ms = clock_monotonic_ms();
    assert_false(daemon_sleep_ms(60));
    assert_in_range(clock_monotonic_ms() - before_ms, 59, 2000);
    assert_false(daemon_sleep_ms(0));
    assert_false(daemon_sleep_ms(-5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_doubles_up_to_the_maximum),
        cmocka_unit_test(it_spreads_over_the_whole_half),
        cmocka_unit_test(no_number_of_failures_overflows_it),
        cmocka_unit_test(a_sleep_lasts_as_long_as_it_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
