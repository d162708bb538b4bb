/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/buffer.h"
#include "tests/unit/support/test.h"

#include <string.h>

static void what_is_appended_stands_one_behind_the_other(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "row ");
    buffer_append(&buffer, "A\0B", 3);
    buffer_append_format(&buffer, "-%03d", 7);
    assert_int_equal(buffer.size, 11);
    assert_memory_equal(buffer.data, "row A\0B-007", 12); /* with the NUL that does not count */
    buffer_deinit(&buffer);
}

static void nothing_appended_makes_an_empty_text(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer.size, 0);
    assert_string_equal(buffer.data, "");
    buffer_append_format(&buffer, "%s", "");
    assert_string_equal(buffer.data, "");
    buffer_deinit(&buffer);
}

/* Around every power of two where it must grow. */
static void it_grows_at_every_size(void **state) {
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text);
    for (size_t size = 0; size<sizeof text - 1; size += size % 64> 60 || size % 64 < 3 ? 1 : 7) {
        struct buffer plain = {0}, formatted = {0};
        buffer_append(&plain, text, size);
        buffer_append_format(&formatted, "%.*s", (int)size, text);
        assert_int_equal(plain.size, size);
        assert_int_equal(formatted.size, size);
        assert_int_equal(strlen(plain.data), size);
        assert_int_equal(strlen(formatted.data), size);
        buffer_deinit(&plain);
        buffer_deinit(&formatted);
    }
}

static void a_format_continues_after_growing(void **state) {
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 10000; i++) {
        buffer_append_format(&buffer, "%04d", i);
    }
    assert_int_equal(buffer.size, 40000);
    assert_memory_equal(buffer.data + 4 * 1234, "1234", 4);
    assert_memory_equal(buffer.data + 4 * 9999, "9999", 5);
    buffer_deinit(&buffer);
}

static void reset_keeps_the_memory_and_deinit_gives_it_back(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_reset(&buffer); /* of nothing */
    buffer_append_text(&buffer, "hold");
    char *data = buffer.data;
    buffer_reset(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_string_equal(buffer.data, "");
    buffer_append_text(&buffer, "sold");
    assert_ptr_equal(buffer.data, data);
    buffer_deinit(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
    buffer_deinit(&buffer);
    buffer_append_text(&buffer, "again");
    assert_string_equal(buffer.data, "again");
    buffer_deinit(&buffer);
}

static void bytes_become_digits(void **state) {
    (void)state;
    static const uint8_t octets[] = {0x00, 0x9f, 0xff};
    struct buffer buffer = {0};
    buffer_append_hex(&buffer, octets, 0);
    assert_string_equal(buffer.data, "");
    buffer_append_text(&buffer, "is ");
    buffer_append_hex(&buffer, octets, sizeof octets);
    assert_string_equal(buffer.data, "is 009fff");
    assert_int_equal(buffer.size, 9);
    for (int i = 0; i < 1000; i++) {
        buffer_append_hex(&buffer, octets, sizeof octets);
    }
    assert_int_equal(buffer.size, 6009);
    buffer_deinit(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_stands_one_behind_the_other),
        cmocka_unit_test(nothing_appended_makes_an_empty_text),
        cmocka_unit_test(it_grows_at_every_size),
        cmocka_unit_test(a_format_continues_after_growing),
        cmocka_unit_test(bytes_become_digits),
        cmocka_unit_test(reset_keeps_the_memory_and_deinit_gives_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
