/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/text/check.h"
#include "codec/text/normal.h"

/* On the heap to the byte, so that a look beyond the end is seen. */
static struct text_fault check_bytes(enum text_kind kind, const char *data, size_t size) {
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, data, size);
    struct text_fault fault = {.kind = TEXT_FAULT_KIND_COUNT};
    bool good = text_check(kind, copy, size, &fault);
    assert_int_equal(good, fault.kind == TEXT_FAULT_NONE);
    assert_int_equal(good, text_check(kind, copy, size, NULL));
    free(copy);
    return fault;
}

struct sample {
    const char *text;
    enum text_fault_kind line, paragraph;
    size_t byte, character;
    uint32_t code_point;
};

static void check_samples(const struct sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &samples[i];
        struct text_fault line = check_bytes(TEXT_LINE, sample->text, strlen(sample->text));
        struct text_fault paragraph =
            check_bytes(TEXT_PARAGRAPH, sample->text, strlen(sample->text));
        if (line.kind != sample->line || paragraph.kind != sample->paragraph) {
            fail_msg("%zu \"%s\": %s, %s", i, sample->text, text_fault_name(line.kind),
                     text_fault_name(paragraph.kind));
        }
        if (line.kind == TEXT_FAULT_NONE) {
            continue;
        }
        if (line.byte != sample->byte || line.character != sample->character ||
            line.code_point != sample->code_point) {
            fail_msg("%zu \"%s\": at byte %zu, character %zu, U+%04X", i, sample->text, line.byte,
                     line.character, line.code_point);
        }
    }
}

#define GOOD(text)                                                                                 \
    { text, TEXT_FAULT_NONE, TEXT_FAULT_NONE, 0, 0, 0 }
#define BAD(text, kind, byte, character, point)                                                    \
    { text, TEXT_FAULT_##kind, TEXT_FAULT_##kind, byte, character, point }

static void test_accepts(void **state) {
    (void)state;
    static const struct sample samples[] = {
        GOOD(""),
        GOOD("A"),
        GOOD("Hamlet"),
        GOOD("C++ on Stage: #1 & <b>\"quoted\"</b>"),
        GOOD("J\u00fcrgen & Jos\u00e9"),
        GOOD("q\u0323\u0307"), /* what has no composed form */
        GOOD("\ud55c\uae00"),
        GOOD("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"), /* Persian, ZWNJ */
        GOOD("\u0915\u094d\u200d\u0937"),                         /* Devanagari, ZWJ */
        GOOD("\u09b0\u200d\u09cd\u09af"),                         /* Bengali: before the virama */
        GOOD("\u05d4\u05de\u05dc\u05d8"),
        GOOD("\u9053\u5fb3 \u6717\u8aad\u5287"),
        GOOD("\u845b\U000E0100\u57ce"), /* an ideographic variant in a name */
        GOOD("\u1820\u180B"),           /* Mongolian A, second form */
        GOOD("a\u00a0b"),
        GOOD("\U0001F389"),
        GOOD("\u2764\uFE0F \u2764\uFE0E"),
        GOOD("1\uFE0F\u20E3 #\uFE0F\u20E3"),
        GOOD("\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"),
        GOOD("\U0001F469\U0001F3FD\u200D\U0001F680"),
        GOOD("\U0001F3F3\uFE0F\u200D\U0001F308"),
        GOOD("\U0001F1FA\U0001F1E6"),
        GOOD("\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F"),
        GOOD("\uFFFD"),
        {"Two\nlines", TEXT_FAULT_LINE_END, TEXT_FAULT_NONE, 3, 3, '\n'},
        {"a\n\n\tb", TEXT_FAULT_LINE_END, TEXT_FAULT_NONE, 1, 1, '\n'},
        {"a\tb", TEXT_FAULT_TAB, TEXT_FAULT_NONE, 1, 1, '\t'},
    };
    check_samples(samples, sizeof(samples) / sizeof(*samples));
}

/* A table. NOLINTNEXTLINE(readability-function-size) */
static void test_refuses(void **state) {
    (void)state;
    static const struct sample samples[] = {
        BAD("\xff", ENCODING, 0, 0, 0xFF),
        BAD("a\xed\xa0\x80", ENCODING, 1, 1, 0xED), /* a surrogate */
        BAD("\xc0\x80", ENCODING, 0, 0, 0xC0),
        BAD("\xf4\x90\x80\x80", ENCODING, 0, 0, 0xF4),
        BAD("\u00fc\xe2\x82", ENCODING, 2, 1, 0xE2), /* cut off */
        BAD("\x01", CONTROL, 0, 0, 1),
        BAD("a\x7f", CONTROL, 1, 1, 0x7F),
        BAD("a\xc2\x85", CONTROL, 1, 1, 0x85),
        BAD("a\r\nb", CR, 1, 1, '\r'),
        BAD("a\u2028b", SEPARATOR, 1, 1, 0x2028),
        BAD("a\u2029b", SEPARATOR, 1, 1, 0x2029),
        BAD("\ue000", PRIVATE, 0, 0, 0xE000),
        BAD("\U00100000", PRIVATE, 0, 0, 0x100000),
        BAD("\ufffe", UNASSIGNED, 0, 0, 0xFFFE),
        BAD("x\U0001FFFF", UNASSIGNED, 1, 1, 0x1FFFF),
        BAD("x\ufdd0", UNASSIGNED, 1, 1, 0xFDD0),
        BAD("x\u0378", UNASSIGNED, 1, 1, 0x378),
        BAD("\u200b\u200b", FORMAT, 0, 0, 0x200B),
        BAD("\ufeffHamlet", FORMAT, 0, 0, 0xFEFF),
        BAD("a\u00adb", FORMAT, 1, 1, 0xAD),
        BAD("a\u202eb", FORMAT, 1, 1, 0x202E),
        BAD("a\u2068b\u2069", FORMAT, 1, 1, 0x2068),
        BAD("a\u200eb", FORMAT, 1, 1, 0x200E),
        BAD("a\u061cb", FORMAT, 1, 1, 0x61C),
        BAD("a\u2060b", FORMAT, 1, 1, 0x2060),
        BAD("a\U000E0001b", FORMAT, 1, 1, 0xE0001),
        BAD("a\u200cb", JOINER, 1, 1, 0x200C),
        BAD("A\u200dB", JOINER, 1, 1, 0x200D),
        BAD("\u200c\u0645", JOINER, 0, 0, 0x200C),
        BAD("\u0645\u200c", JOINER, 2, 1, 0x200C),
        BAD("\u0645\u200c\u200c\u0645", JOINER, 2, 1, 0x200C),
        BAD("\u0645\u200c ", JOINER, 2, 1, 0x200C),
        BAD("\U0001F468\u200D", JOINER, 4, 1, 0x200D),
        BAD("\U0001F468\u200Dx", JOINER, 4, 1, 0x200D),
        BAD("\U0001F468\u200C\U0001F468", JOINER, 4, 1, 0x200C),
        BAD("A\uFE0F", SELECTOR, 1, 1, 0xFE0F),
        BAD("\uFE0F", SELECTOR, 0, 0, 0xFE0F),
        BAD("1\uFE0F", SELECTOR, 1, 1, 0xFE0F), /* would look like 1 */
        BAD("1\uFE0E", SELECTOR, 1, 1, 0xFE0E),
        BAD("\u2764\uFE0F\uFE0F", SELECTOR, 6, 2, 0xFE0F),
        BAD("\u2764\u0301\uFE0F", SELECTOR, 5, 2, 0xFE0F),
        BAD("A\uFE00", SELECTOR, 1, 1, 0xFE00),
        BAD("A\U000E0100", SELECTOR, 1, 1, 0xE0100),
        BAD("A\u180B", SELECTOR, 1, 1, 0x180B),
        BAD("A\U000E0041", TAG, 1, 1, 0xE0041),
        BAD("\U0001F3F4\U000E0067\U000E0062\U000E0073", TAG, 12, 3, 0xE0073),
        BAD("\U0001F3F4\U000E0067\U000E0062\U000E0073x", TAG, 16, 4, 'x'),
        BAD("\U0001F3F4\U000E0067\U000E0062\U000E007F", TAG, 12, 3, 0xE007F),
        BAD("\U0001F3F4\U000E0041\U000E0062\U000E0062\U000E007F", TAG, 4, 1, 0xE0041),
        BAD("\U0001F3F4\U000E007F", TAG, 4, 1, 0xE007F),
        BAD("\U0001F3F4\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061", TAG,
            28, 7, 0xE0061),
        BAD("\u3164", IGNORABLE, 0, 0, 0x3164),
        BAD("A\uFFA0", IGNORABLE, 1, 1, 0xFFA0),
        BAD("\u115F\u1160", IGNORABLE, 0, 0, 0x115F),
        BAD("A\u034FB", IGNORABLE, 1, 1, 0x34F),
        BAD("A\uFFFC", IGNORABLE, 1, 1, 0xFFFC),
        BAD("\u0301", MARK, 0, 0, 0x301),
        BAD("\u0301A", MARK, 0, 0, 0x301),
        BAD("Jose\u0301", NORMALIZATION, 3, 3, 'e'),
        BAD("\u212b", NORMALIZATION, 0, 0, 0x212B), /* the sign, not the letter */
        BAD("q\u0307\u0323", NORMALIZATION, 0, 0, 'q'),
        BAD("x\u1112\u1161\u11ab", NORMALIZATION, 1, 1, 0x1112),
        BAD("\uf900", NORMALIZATION, 0, 0, 0xF900),
        BAD(" ", BLANK, 0, 0, ' '),
        BAD("   ", BLANK, 0, 0, ' '),
        BAD("\u3000\u00a0", BLANK, 0, 0, 0x3000),
        BAD("\u2800", BLANK, 0, 0, 0x2800),
        BAD(" \u0301", BLANK, 0, 0, ' '),
        BAD(" A", SPACE_FIRST, 0, 0, ' '),
        BAD("\u2800A", SPACE_FIRST, 0, 0, 0x2800),
        BAD("A ", SPACE_LAST, 1, 1, ' '),
        BAD("  Trimmed?  ", SPACE_FIRST, 0, 0, ' '),
        BAD("\u00fc\u2003", SPACE_LAST, 2, 1, 0x2003),
        {"a\n", TEXT_FAULT_LINE_END, TEXT_FAULT_SPACE_LAST, 1, 1, '\n'},
        {"\na", TEXT_FAULT_LINE_END, TEXT_FAULT_SPACE_FIRST, 0, 0, '\n'},
        {"\n", TEXT_FAULT_LINE_END, TEXT_FAULT_BLANK, 0, 0, '\n'},
        {"a\n\u0301", TEXT_FAULT_LINE_END, TEXT_FAULT_MARK, 1, 1, '\n'},
    };
    check_samples(samples, sizeof(samples) / sizeof(*samples));
    struct text_fault zero = check_bytes(TEXT_LINE, "a\0b", 3);
    assert_int_equal(zero.kind, TEXT_FAULT_CONTROL);
    assert_int_equal(zero.byte, 1);
}

/* Every emoji that keyboards offer is fine. */
static void test_every_emoji(void **state) {
    (void)state;
    FILE *file = fopen("/usr/share/unicode/emoji/emoji-test.txt", "r");
    assert_non_null(file);
    char line[512];
    static const unsigned leads[] = {0, 0xC0, 0xE0, 0xF0};
    size_t count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        char *at = line;
        char text[64];
        size_t size = 0;
        if (line[0] == '#' || strstr(line, "; ") == NULL) {
            continue;
        }
        for (unsigned long point = strtoul(at, &at, 16); point != 0; point = strtoul(at, &at, 16)) {
            if (point < 0x80) {
                text[size++] = (char)point;
                continue;
            }
            int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
            text[size++] = (char)(leads[more] | point >> (6 * more));
            for (int i = more - 1; i >= 0; i--) {
                text[size++] = (char)(0x80 | (point >> (6 * i) & 0x3F));
            }
        }
        struct text_fault fault = check_bytes(TEXT_LINE, text, size);
        if (fault.kind != TEXT_FAULT_NONE) {
            fail_msg("%s: %s", line, text_fault_name(fault.kind));
        }
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count > 4000);
}

/* A field of the test file, as UTF-8. */
static size_t field_read(const char **at, char *text) {
    static const unsigned leads[] = {0, 0xC0, 0xE0, 0xF0};
    size_t size = 0;
    char *end = NULL;
    while (**at != ';' && **at != '\0') {
        unsigned long point = strtoul(*at, &end, 16);
        int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        text[size++] = (char)(leads[more] | point >> (6 * more));
        for (int i = more - 1; i >= 0; i--) {
            text[size++] = (char)(0x80 | (point >> (6 * i) & 0x3F));
        }
        *at = end + (*end == ' ');
    }
    *at += **at == ';';
    return size;
}

/* By itself, before the other rules: what is in form C is told from what is not. */
static bool is_normal(const char *text, size_t size) {
    struct text_normal normal = {.count = 0};
    for (size_t at = 0; at < size;) {
        uint8_t lead = (uint8_t)text[at];
        size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
        for (size_t i = 1; i < length; i++) {
            point = point << 6 | ((uint8_t)text[at + i] & 0x3Fu);
        }
        if (text_normal_take(&normal, point) != TEXT_NORMAL_IS) {
            return false;
        }
        at += length;
    }
    return text_normal_end(&normal) == TEXT_NORMAL_IS;
}

/* Unicode's own test: NFC(c1) = NFC(c2) = NFC(c3) = c2, NFC(c4) = NFC(c5) = c4. */
static void test_normalization(void **state) {
    (void)state;
    FILE *file = popen("bzcat /usr/share/unicode/NormalizationTest.txt.bz2", "r");
    assert_non_null(file);
    char line[2048];
    size_t count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#' || line[0] == '@') {
            continue;
        }
        const char *at = line;
        char texts[5][512];
        size_t sizes[5];
        for (int i = 0; i < 5; i++) {
            sizes[i] = field_read(&at, texts[i]);
        }
        static const int normal_of[] = {1, 1, 1, 3, 3};
        for (int i = 0; i < 5; i++) {
            int normal = normal_of[i];
            bool same = sizes[i] == sizes[normal] && memcmp(texts[i], texts[normal], sizes[i]) == 0;
            if (is_normal(texts[i], sizes[i]) != same) {
                fail_msg("field %d: %s", i + 1, line);
            }
        }
        count++;
    }
    assert_int_equal(pclose(file), 0);
    assert_true(count > 18000);
}

static void test_marks(void **state) {
    (void)state;
    char text[128] = "x";
    size_t size = 1;
    for (int i = 0; i < 30; i++, size += 2) {
        memcpy(text + size, "\u0338", 2);
    }
    assert_int_equal(check_bytes(TEXT_LINE, text, size).kind, TEXT_FAULT_NONE);
    memcpy(text + size, "\u0338\u0338", 4);
    struct text_fault fault = check_bytes(TEXT_LINE, text, size + 4);
    assert_int_equal(fault.kind, TEXT_FAULT_MARKS);
    assert_int_equal(fault.byte, 0);
}

static void test_trim(void **state) {
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } samples[] = {
        {"", ""},
        {"a", "a"},
        {" ", ""},
        {"  Trimmed?  ", "Trimmed?"},
        {"\r\n\ta b\u3000\n", "a b"},
        {"\u2800\u00a0\u00fc\u2003", "\u00fc"},
        {"\u200b a", "\u200b a"}, /* for the check to refuse */
        {" \xff ", "\xff"},
        {" a\xc2", "a\xc2"},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        const char *out;
        size_t size = text_trim(samples[i].text, strlen(samples[i].text), &out);
        assert_int_equal(size, strlen(samples[i].trimmed));
        assert_memory_equal(out, samples[i].trimmed, size);
    }
}

static void test_words(void **state) {
    (void)state;
    char buffer[TEXT_FAULT_CODE_POINT_SIZE];
    for (int kind = 0; kind < TEXT_FAULT_KIND_COUNT; kind++) {
        assert_true(strlen(text_fault_name((enum text_fault_kind)kind)) > 0);
        assert_true(strlen(text_fault_words((enum text_fault_kind)kind)) > 0);
    }
    struct text_fault fault = check_bytes(TEXT_LINE, "a\u202eb", 5);
    assert_string_equal(text_fault_code_point(&fault, buffer), "U+202E");
    fault = check_bytes(TEXT_LINE, "\x01", 1);
    assert_string_equal(text_fault_code_point(&fault, buffer), "U+0001");
    fault = check_bytes(TEXT_LINE, "\U00100000", 4);
    assert_string_equal(text_fault_code_point(&fault, buffer), "U+100000");
    fault = check_bytes(TEXT_LINE, "\xff", 1);
    assert_string_equal(text_fault_code_point(&fault, buffer), "byte 0xFF");
    assert_string_equal(text_check_unicode_version(), "15.0.0");
}

/* Anything is answered, and a text that is fine stays fine when it is trimmed. */
static void test_noise(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "a",          " ",      "\n",     "\t",         "\u0301",     "\u200d",     "\u200c",
        "\u0645",     "\uFE0F", "\u2764", "\U0001F3F4", "\U000E0067", "\U000E007F", "\U0001F468",
        "\U0001F3FD", "1",      "\u20E3", "\u3164",     "\xc3",       "\x80",       "\u094d"};
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        char text[128];
        size_t size = 0;
        for (uint32_t i = random % 12; i > 0; i--) {
            random = random * 1664525u + 1013904223u;
            const char *piece = pieces[(random >> 16) % (sizeof(pieces) / sizeof(*pieces))];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        random = random * 1664525u + 1013904223u;
        enum text_kind kind = random >> 31 ? TEXT_LINE : TEXT_PARAGRAPH;
        struct text_fault fault = check_bytes(kind, text, size);
        if (fault.kind != TEXT_FAULT_NONE) {
            assert_true(fault.byte < size);
            continue;
        }
        const char *out;
        assert_int_equal(text_trim(text, size, &out), size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),     cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_every_emoji), cmocka_unit_test(test_normalization),
        cmocka_unit_test(test_marks),       cmocka_unit_test(test_trim),
        cmocka_unit_test(test_words),       cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
