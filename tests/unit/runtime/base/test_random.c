/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes: every one is used once, and small numbers come evenly. */
#include "tests/unit/support/test.h"

#include "runtime/base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 20000

struct draw {
    uint8_t bytes[16];
};

static int draw_compare(const void *left, const void *right) {
    return memcmp(left, right, sizeof(struct draw));
}

static void draws_differ(struct draw *draws, size_t count) {
    qsort(draws, count, sizeof *draws, draw_compare);
    for (size_t i = 1; i < count; i++) {
        assert_memory_not_equal(&draws[i - 1], &draws[i], sizeof *draws);
    }
}

static void no_bytes_are_given_out_twice(void **state) {
    (void)state;
    static struct draw draws[DRAWS];
    for (size_t i = 0; i < DRAWS; i++) {
        random_fill(&draws[i], sizeof draws[i]);
    }
    draws_differ(draws, DRAWS);
}

static void *thread_draw(void *out) {
    struct draw *draws = out;
    for (size_t i = 0; i < DRAWS / 4; i++) {
        random_fill(&draws[i], sizeof draws[i]);
    }
    return NULL;
}

static void threads_draw_from_stocks_of_their_own(void **state) {
    (void)state;
    static struct draw draws[DRAWS];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, thread_draw, draws + i * (DRAWS / 4)),
                         0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    draws_differ(draws, DRAWS);
}

static void sizes_beyond_the_stock_are_filled_to_the_end(void **state) {
    (void)state;
    static uint8_t bytes[10007];
    size_t zeros = 0;
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        zeros += bytes[i] == 0;
    }
    /* 39 are expected; more than 200 have a probability far below 10^-60. */
    assert_true(zeros < 200);
    random_fill(bytes, 0);
}

static void numbers_below_a_bound_come_evenly(void **state) {
    (void)state;
    const uint32_t bounds[] = {1, 2, 3, 15, 256, 1000};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        static size_t counts[1000];
        memset(counts, 0, sizeof counts);
        for (size_t j = 0; j < 1000 * (size_t)bounds[i]; j++) {
            uint32_t number = random_below(bounds[i]);
            assert_true(number < bounds[i]);
            counts[number]++;
        }
        for (uint32_t j = 0; j < bounds[i]; j++) {
            /* Of 1,000 expected; ten standard deviations. */
            assert_in_range(counts[j], 680, 1320);
        }
    }
    assert_true(random_below(UINT32_MAX) < UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_are_given_out_twice),
        cmocka_unit_test(threads_draw_from_stocks_of_their_own),
        cmocka_unit_test(sizes_beyond_the_stock_are_filled_to_the_end),
        cmocka_unit_test(numbers_below_a_bound_come_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
