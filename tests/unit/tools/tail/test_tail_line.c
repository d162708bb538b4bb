/* SPDX-License-Identifier: Apache-2.0 */
/* How lines of the log are shown: nothing is lost, nothing stands out, words stay whole. */
#include "tools/tail/line.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME "2026-11-28 14:00:00.123Z  "
#define LINE TIME "Ghost, Chico · buyer 1f0c2a9b holds Middle D 9, D 10 for $29.00 until 06:41:20"

static char *shown(const char *line, int width, bool colours) {
    struct buffer out = {0};
    tail_line_write(&out, line, (struct tail_style){width, colours});
    return out.data;
}

static void assert_shown(const char *line, int width, const char *expected) {
    char *text = shown(line, width, false);
    assert_string_equal(text, expected);
    free(text);
}

static void a_line_that_fits_or_has_no_width_stays_as_it_is(void **state) {
    (void)state;
    assert_shown(LINE, 0, LINE "\n");
    assert_shown(LINE, 200, LINE "\n");
    assert_shown("", 80, "\n");
}

static void lines_break_between_words(void **state) {
    (void)state;
    assert_shown(LINE, 80,
                 TIME "Ghost, Chico · buyer 1f0c2a9b holds Middle D 9, D 10\n"
                      "    for $29.00 until 06:41:20\n");
    assert_shown(LINE, 40,
                 TIME "Ghost, Chico ·\n"
                      "    buyer 1f0c2a9b holds Middle D 9, D\n"
                      "    10 for $29.00 until 06:41:20\n");
}

static void a_word_wider_than_a_line_is_broken(void **state) {
    (void)state;
    assert_shown("abcdefghijklmnopqrstuvwxyz0123456789 end", 20,
                 "abcdefghijklmnop\n    qrstuvwxyz012345\n    6789 end\n");
}

static void columns_are_counted_as_a_terminal_does(void **state) {
    (void)state;
    /* Nine wide characters are eighteen columns; a combining mark is none. */
    assert_shown("道德朗読劇道德朗読 end", 20, "道德朗読劇道德朗読\n    end\n");
    assert_shown("e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301 abcdefghijk", 20,
                 "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301 abcdefghijk\n");
    /* What is no UTF-8 passes through. */
    assert_shown("\xff\xfe \xc3", 20, "\xff\xfe \xc3\n");
}

/* Without the colours and the breaks the text is what it was. */
static void colours_change_nothing_but_colours(void **state) {
    (void)state;
    char *text = shown(LINE, 40, true);
    char *plain = shown(LINE, 40, false);
    char *to = text;
    assert_non_null(strstr(text, "\033[1m  Ghost, Chico"));
    for (const char *from = text; *from != '\0';) {
        if (*from == '\033') {
            from = strchr(from, 'm') + 1;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    assert_string_equal(text, plain);
    free(text);
    free(plain);
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_fits_or_has_no_width_stays_as_it_is),
        cmocka_unit_test(lines_break_between_words),
        cmocka_unit_test(a_word_wider_than_a_line_is_broken),
        cmocka_unit_test(columns_are_counted_as_a_terminal_does),
        cmocka_unit_test(colours_change_nothing_but_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
