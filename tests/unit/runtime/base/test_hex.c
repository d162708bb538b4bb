/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal digits, and back. */
#include "runtime/base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void bytes_go_both_ways(void **state) {
    (void)state;
    uint8_t octets[256];
    uint8_t read[sizeof octets];
    char text[2 * sizeof octets + 1];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
    }
    assert_ptr_equal(hex_format(octets, sizeof octets, text), text);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_string_equal(text + sizeof text - 5, "feff");
    assert_true(hex_parse(text, sizeof octets, read));
    assert_memory_equal(read, octets, sizeof octets);
}

static void capitals_are_read_and_nothing_else(void **state) {
    (void)state;
    static const char *const bad[] = {"",   "a",  "g0", "0g", " 0", "0 ",
                                      "/0", ":0", "@0", "`0", "0x"};
    uint8_t octet;
    assert_true(hex_parse("aF", 1, &octet));
    assert_int_equal(octet, 0xaf);
    assert_true(hex_parse("", 0, &octet));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(hex_parse(bad[i], 1, &octet));
    }
}

static void lower_digits_are_counted(void **state) {
    (void)state;
    assert_int_equal(hex_span("0af-1"), 3);
    assert_int_equal(hex_span("A0"), 0);
    assert_int_equal(hex_span(""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(capitals_are_read_and_nothing_else),
        cmocka_unit_test(lower_digits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
