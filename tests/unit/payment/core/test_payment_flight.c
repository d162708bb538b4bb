/* SPDX-License-Identifier: Apache-2.0 */
/* What the lease stands on: slots and their queues, and how many rows may be leased. */
#include "payment/core/flight.h"
#include "payment/core/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOTS 4

static void queues_keep_their_order_and_lose_nothing(void **state) {
    (void)state;
    struct payment_flight slots[SLOTS];
    struct payment_flights flights;
    payment_flights_init(&flights, slots, SLOTS);
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal(
            payment_flights_shift(&flights, PAYMENT_FLIGHT_FREE, PAYMENT_FLIGHT_LEASED), i);
    }
    assert_int_equal(payment_flights_busy(&flights), SLOTS);
    assert_int_equal(payment_flights_first(&flights, PAYMENT_FLIGHT_FREE), -1);
    payment_flights_shift(&flights, PAYMENT_FLIGHT_LEASED, PAYMENT_FLIGHT_CALLING);
    payment_flights_shift(&flights, PAYMENT_FLIGHT_LEASED, PAYMENT_FLIGHT_CALLING);
    payment_flights_land(&flights, 1, PAYMENT_FLIGHT_UNSAVED);
    payment_flights_land(&flights, 0, PAYMENT_FLIGHT_UNSAVED);
    assert_int_equal(payment_flights_first(&flights, PAYMENT_FLIGHT_UNSAVED), 1);
    assert_int_equal(payment_flights_shift(&flights, PAYMENT_FLIGHT_UNSAVED, PAYMENT_FLIGHT_FREE),
                     1);
    assert_int_equal(payment_flights_first(&flights, PAYMENT_FLIGHT_UNSAVED), 0);
    assert_int_equal(payment_flights_busy(&flights), SLOTS - 1);
}

static void stages_without_a_queue_are_left_in_any_order(void **state) {
    (void)state;
    struct payment_flight slots[SLOTS];
    struct payment_flights flights;
    payment_flights_init(&flights, slots, SLOTS);
    for (int i = 0; i < SLOTS; i++) {
        payment_flights_shift(&flights, PAYMENT_FLIGHT_FREE, PAYMENT_FLIGHT_REPORTING);
    }
    payment_flights_land(&flights, 2, PAYMENT_FLIGHT_UNSAVED);
    payment_flights_land(&flights, 0, PAYMENT_FLIGHT_UNSAVED);
    payment_flights_land(&flights, 3, PAYMENT_FLIGHT_FREE);
    assert_int_equal(flights.counts[PAYMENT_FLIGHT_REPORTING], 1);
    assert_int_equal(slots[1].stage, PAYMENT_FLIGHT_REPORTING);
    assert_int_equal(payment_flights_shift(&flights, PAYMENT_FLIGHT_UNSAVED, PAYMENT_FLIGHT_SAVING),
                     2);
    assert_int_equal(payment_flights_first(&flights, PAYMENT_FLIGHT_UNSAVED), 0);
    assert_int_equal(payment_flights_busy(&flights), 3);
}

static void probes_under_way_leave_room_for_reports_only(void **state) {
    (void)state;
    struct payment_pace pace = {.failures = PAYMENT_FAILURES_TO_PROBE};
    bool calls;
    assert_int_equal(payment_pace_limit(&pace, 100, 0, 0, &calls), PAYMENT_PROBES_MAX);
    assert_true(calls);
    assert_int_equal(payment_pace_limit(&pace, 100, 3, 0, &calls), 1);
    assert_true(calls);
    assert_int_equal(payment_pace_limit(&pace, 100, 4, 0, &calls), 100);
    assert_false(calls);
    pace.failures = PAYMENT_FAILURES_TO_PROBE - 1;
    assert_int_equal(payment_pace_limit(&pace, 100, 90, 0, &calls), 100);
    assert_true(calls);
}

static void pause_ends_when_the_provider_said(void **state) {
    (void)state;
    const struct payment_limits limits = {.buyer_retry_maximum_ms = 4000};
    struct payment_answer later = {.kind = PAYMENT_ANSWER_LATER, .retry_after_ms = 7000};
    struct payment_pace pace = {0};
    payment_pace_note(&pace, &later, &limits, 100);
    assert_false(payment_pace_is_open(&pace, 7099));
    assert_true(payment_pace_is_open(&pace, 7100));
    later.retry_after_ms = 0;
    payment_pace_note(&pace, &later, &limits, 8000);
    assert_false(payment_pace_is_open(&pace, 8000 + PAYMENT_LATER_PAUSE_MS - 1));
    assert_true(payment_pace_is_open(&pace, 8000 + PAYMENT_LATER_PAUSE_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queues_keep_their_order_and_lose_nothing),
        cmocka_unit_test(stages_without_a_queue_are_left_in_any_order),
        cmocka_unit_test(probes_under_way_leave_room_for_reports_only),
        cmocka_unit_test(pause_ends_when_the_provider_said),
    };
    return cmocka_run_group_tests_name("payment flight", tests, NULL, NULL);
}
