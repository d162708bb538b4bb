/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that people see: which form they get, and what is said of those that cannot be shown. */
#include "ingest-api/http/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static const struct display_rule title = {.kind = TEXT_LINE, .size_max = 20};
static const struct display_rule region = {.kind = TEXT_LINE, .size_max = 20, .may_be_empty = true};
static const struct display_rule reason = {
    .kind = TEXT_PARAGRAPH, .size_max = 40, .may_be_empty = true};

/* The text of the member "x", as JSON, or what is said of it. */
static void becomes(struct display_rule rule, const char *json, const char *expected) {
    struct reader reader = {0};
    struct text text = TEXT_LITERAL("untouched");
    json_t *body = json_loads(json, JSON_ALLOW_NUL, NULL);
    assert_non_null(body);
    bool valid = display_text_read(&reader, &arena, NULL, body, "x", READER_REQUIRED, rule, &text);
    if (valid) {
        assert_int_equal(text.size, strlen(expected));
        assert_memory_equal(text.data, expected, text.size);
        assert_false(reader_failed(&reader));
    } else {
        const json_t *error = json_array_get(reader.errors, 0);
        assert_string_equal(json_string_value(json_object_get(error, "detail")), expected);
        assert_string_equal(json_string_value(json_object_get(error, "field")), "/x");
    }
    reader_deinit(&reader);
    json_decref(body);
    arena_reset(&arena);
}

static void test_white_space_at_the_ends_is_taken_away(void **state) {
    (void)state;
    becomes(title, "{\"x\": \"  Trimmed?  \"}", "Trimmed?");
    becomes(title, "{\"x\": \"\\t\\r\\nTrimmed?\\n\"}", "Trimmed?");
    becomes(title, "{\"x\": \"\\u00a0\\u3000\\u2028In\\u2029\\u2003\"}", "In");
    becomes(title, "{\"x\": \"\\u0085 \\u2029a\\u2028 \\u2028\"}", "a");
    becomes(title, "{\"x\": \"a  b\"}", "a  b");
    becomes(region, "{\"x\": \" \\u00a0\\n\"}", "");
}

static void test_texts_are_in_normal_form_c(void **state) {
    (void)state;
    becomes(title, "{\"x\": \"Cafe\\u0301\"}", "Café");
    becomes(title, "{\"x\": \"\\u212b\"}", "\u00c5");
    becomes(title, "{\"x\": \"\\u1112\\u1161\\u11ab\"}", "한");
    /* The limit is of the form: 24 bytes come, 18 are left. */
    becomes(title, "{\"x\": \"e\\u0301e\\u0301e\\u0301e\\u0301e\\u0301e\\u0301abcdef\"}",
            "éééééé"
            "abcdef");
}

static void test_lines_of_a_paragraph_end_alike(void **state) {
    (void)state;
    becomes(reason, "{\"x\": \"Two\\nlines\"}", "Two\nlines");
    becomes(reason, "{\"x\": \"Two\\r\\nlines\\r\\n\"}", "Two\nlines");
    becomes(reason, "{\"x\": \"Two\\r\\rlines\"}", "Two\n\nlines");
}

static void test_what_cannot_be_shown_is_told_with_its_character(void **state) {
    (void)state;
    becomes(title, "{\"x\": \"a\\nb\"}", "x must be a single line: character 2 is U+000A.");
    becomes(title, "{\"x\": \"\"}", "x must contain at least one visible character.");
    becomes(title, "{\"x\": \"   \"}", "x must contain at least one visible character.");
    becomes(title, "{\"x\": \"\\u200b\\u200b\"}",
            "x must not contain invisible format characters: character 1 is U+200B.");
    becomes(title, "{\"x\": \"ab\\u202ec\"}",
            "x must not contain invisible format characters: character 3 is U+202E.");
    becomes(title, "{\"x\": \"\\ufffe\"}",
            "x must not contain code points that are not characters: character 1 is U+FFFE.");
    becomes(title, "{\"x\": \"a\\u0000\"}",
            "x must not contain control characters: character 2 is U+0000.");
    becomes(title, "{\"x\": \"123456789012345678901\"}",
            "x is too long: it may have 20 bytes of UTF-8 and has 21.");
    becomes(title, "{\"x\": 7}", "x must be a string.");
    becomes(title, "{}", "x is missing.");
}

static void test_an_element_is_told_by_its_list(void **state) {
    (void)state;
    struct reader reader = {0};
    struct text text;
    struct place_in rows = {.name = "rows"};
    struct place_in at = {.parent = &rows, .index = 3};
    json_t *value = json_string("\u200b");
    assert_false(display_text_read_value(&reader, &arena, &at, value, title, &text));
    const json_t *error = json_array_get(reader.errors, 0);
    assert_string_equal(
        json_string_value(json_object_get(error, "detail")),
        "rows[3] must not contain invisible format characters: character 1 is U+200B.");
    assert_string_equal(json_string_value(json_object_get(error, "field")), "/rows/3");
    json_decref(value);
    reader_deinit(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space_at_the_ends_is_taken_away),
        cmocka_unit_test(test_texts_are_in_normal_form_c),
        cmocka_unit_test(test_lines_of_a_paragraph_end_alike),
        cmocka_unit_test(test_what_cannot_be_shown_is_told_with_its_character),
        cmocka_unit_test(test_an_element_is_told_by_its_list),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failures;
}
