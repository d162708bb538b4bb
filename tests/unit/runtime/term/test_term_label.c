/* SPDX-License-Identifier: Apache-2.0 */
/* Labels, terms and positions as text: what is written is read, and nothing else is. */
#include "runtime/term/label.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

static struct term_label parsed(const char *text) { return term_label_parse(text, strlen(text)); }

static void a_label_is_read_as_it_was_written(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct term_label label;
    } cases[] = {
        {"17-00c0ffee00c0ffee 41 42 0 1",
         {TERM_LABEL_EVENT, {17, 0x00c0ffee00c0ffee}, 41, 42, 0, true}},
        {"0-0000000000000000 0 1 0 0", {TERM_LABEL_EVENT, {0, 0}, 0, 1, 0, false}},
        {"9223372036854775807-ffffffffffffffff 9223372036854775806 9223372036854775807 1000000 0",
         {TERM_LABEL_EVENT, {INT64_MAX, UINT64_MAX}, INT64_MAX - 1, INT64_MAX, 1000000, false}},
        {"claim 00c0ffee00c0ffee",
         {.kind = TERM_LABEL_CLAIM, .term = {TERM_NONE, 0x00c0ffee00c0ffee}}},
        {"claim ffffffffffffffff", {.kind = TERM_LABEL_CLAIM, .term = {TERM_NONE, UINT64_MAX}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TERM_LABEL_TEXT_SIZE];
        const struct term_label *wanted = &cases[i].label;
        assert_int_equal(term_label_format(wanted, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        struct term_label label = parsed(text);
        assert_int_equal(label.kind, wanted->kind);
        assert_true(term_equal(&label.term, &wanted->term));
        assert_int_equal(label.prev, wanted->prev);
        assert_int_equal(label.next, wanted->next);
        assert_int_equal(label.index, wanted->index);
        assert_int_equal(label.last, wanted->last);
    }
}

static void what_is_no_label_is_malformed(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "claim",
        "claim ",
        "claim 00c0ffee00c0ffe",
        "claim 00c0ffee00c0ffee0",
        "claim 00C0FFEE00C0FFEE",
        "claim 00c0ffee00c0ffeg",
        "claim  00c0ffee00c0ffee",
        "claim 00c0ffee00c0ffee ",
        "claimed 00c0ffee00c0ffee",
        "Claim 00c0ffee00c0ffee",
        "17",
        "17-00c0ffee00c0ffee",
        "17-00c0ffee00c0ffee 41 42 0",
        "17-00c0ffee00c0ffee 41 42 0 ",
        "17-00c0ffee00c0ffee 41 42 0 2",
        "17-00c0ffee00c0ffee 41 42 0 11",
        "17-00c0ffee00c0ffee 41 42 0 1 ",
        " 17-00c0ffee00c0ffee 41 42 0 1",
        "17-00c0ffee00c0ffee  41 42 0 1",
        "17-00c0ffee00c0ffee\t41 42 0 1",
        "17 00c0ffee00c0ffee 41 42 0 1",
        "17-00C0FFEE00c0ffee 41 42 0 1",
        "17-00c0ffee00c0ffe 41 42 0 1",
        "017-00c0ffee00c0ffee 41 42 0 1",
        "+17-00c0ffee00c0ffee 41 42 0 1",
        "-17-00c0ffee00c0ffee 41 42 0 1",
        "--00c0ffee00c0ffee 41 42 0 1",
        "- 41 42 0 1",
        "17-00c0ffee00c0ffee 041 42 0 1",
        "17-00c0ffee00c0ffee 41 41 0 1",
        "17-00c0ffee00c0ffee 42 41 0 1",
        "17-00c0ffee00c0ffee 41 42 1000001 1",
        "17-00c0ffee00c0ffee 41 42 4294967296 1",
        "17-00c0ffee00c0ffee 41 9223372036854775808 0 1",
        "17-00c0ffee00c0ffee 41 99999999999999999999 0 1",
        "9223372036854775808-00c0ffee00c0ffee 41 42 0 1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (parsed(cases[i]).kind != TERM_LABEL_MALFORMED) {
            fail_msg("\"%s\" was taken for a label", cases[i]);
        }
    }
    assert_int_equal(term_label_parse(NULL, 0).kind, TERM_LABEL_MALFORMED);
    assert_int_equal(term_label_parse("claim 00c0ffee00c0ffee", 23).kind, TERM_LABEL_MALFORMED);
}

/* One octet more, less or another: never the same label. */
static void no_other_text_is_the_same_label(void **state) {
    (void)state;
    static const char good[] = "17-00c0ffee00c0ffee 41 42 0 1";
    struct term_label wanted = parsed(good);
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int octet = 0; octet < 256; octet++) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            if (text[at] == (char)octet) {
                continue;
            }
            text[at] = (char)octet;
            struct term_label label = term_label_parse(text, sizeof good - 1);
            char again[TERM_LABEL_TEXT_SIZE];
            if (label.kind == TERM_LABEL_EVENT) {
                assert_int_equal(term_label_format(&label, again), sizeof good - 1);
                assert_memory_equal(again, text, sizeof good - 1);
            }
            assert_true(label.kind != TERM_LABEL_CLAIM);
            assert_false(label.kind == wanted.kind && term_equal(&label.term, &wanted.term) &&
                         label.prev == wanted.prev && label.next == wanted.next &&
                         label.index == wanted.index && label.last == wanted.last);
        }
        assert_int_equal(term_label_parse(good, at).kind, TERM_LABEL_MALFORMED);
    }
}

static void a_term_is_read_as_it_was_written(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct term term;
    } cases[] = {{"-", {TERM_NONE, 0}},
                 {"0-0000000000000001", {0, 1}},
                 {"9223372036854775807-ffffffffffffffff", {INT64_MAX, UINT64_MAX}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TERM_TEXT_SIZE];
        struct term term;
        assert_int_equal(term_format(&cases[i].term, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_true(term_parse(text, strlen(text), &term));
        assert_true(term_equal(&term, &cases[i].term));
    }
    static const char *const malformed[] = {
        "", "--", "- ", "17", "17-", "-00c0ffee00c0ffee", "17-00c0ffee00c0ffee ", "x"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct term term;
        assert_false(term_parse(malformed[i], strlen(malformed[i]), &term));
    }
}

static void a_position_is_read_as_it_was_written(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct term_position position;
    } cases[] = {
        {"0 - 0", {0, {TERM_NONE, 0}, 0}},
        {"512 - 77", {512, {TERM_NONE, 0}, 77}},
        {"18 17-00c0ffee00c0ffee 42", {18, {17, 0x00c0ffee00c0ffee}, 42}},
        {"9223372036854775807 9223372036854775806-ffffffffffffffff 9223372036854775807",
         {INT64_MAX, {INT64_MAX - 1, UINT64_MAX}, INT64_MAX}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TERM_POSITION_TEXT_SIZE];
        struct term_position position;
        assert_int_equal(term_position_format(&cases[i].position, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_true(term_position_parse(text, strlen(text), &position));
        assert_int_equal(position.next_offset, cases[i].position.next_offset);
        assert_int_equal(position.cursor, cases[i].position.cursor);
        assert_true(term_equal(&position.term, &cases[i].position.term));
    }
}

static void what_is_no_position_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "0",
        "0 -",
        "0 - ",
        "0 - 0 ",
        "0 - -1",
        "-1 - 0",
        "0  - 0",
        "0 17-00c0ffee00c0ffee 0",  /* before its own term */
        "17 17-00c0ffee00c0ffee 0", /* the claim itself is not read */
        "18 17-00c0ffee00c0ffe 0",
        "18 17 0",
        "18 17-00c0ffee00c0ffee",
        "01 - 0",
        "9223372036854775808 - 0",
        "{\"next\": 0}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct term_position position;
        if (term_position_parse(cases[i], strlen(cases[i]), &position)) {
            fail_msg("\"%s\" was taken for a position", cases[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_label_is_malformed),
        cmocka_unit_test(no_other_text_is_the_same_label),
        cmocka_unit_test(a_term_is_read_as_it_was_written),
        cmocka_unit_test(a_position_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_position_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
