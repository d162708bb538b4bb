/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core_story.h"

static void test_named(void **state) {
    (void)state;
    story_run("at 10:00 Ada reserves A2 A1 as r1\n"
              "  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),
    };
    return cmocka_run_group_tests_name("core: reserve", tests, NULL, NULL);
}
