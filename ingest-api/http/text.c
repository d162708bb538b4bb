/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that people see: one form, one rule, and what is wrong in words. */
#include "ingest-api/http/text.h"

#include "codec/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

static bool is_ascii(struct text text) {
    unsigned char bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        bits |= (unsigned char)text.data[i];
    }
    return bits < 0x80;
}

/* CR LF and CR as LF. */
static struct text lines_form(struct arena *arena, struct text source) {
    if (source.size == 0 || memchr(source.data, '\r', source.size) == NULL) {
        return source;
    }
    char *data = arena_allocate(arena, source.size);
    size_t size = 0;
    for (size_t i = 0; i < source.size; i++) {
        bool pair = source.data[i] == '\r' && i + 1 < source.size && source.data[i + 1] == '\n';
        if (!pair) {
            data[size++] = source.data[i] == '\r' ? '\n' : source.data[i];
        }
    }
    return (struct text){.data = data, .size = size};
}

/* Malformed UTF-8 stays as it is, for text_check to find. */
static struct text composed_form(struct arena *arena, struct text source) {
    if (is_ascii(source) || !text_is_valid(source)) {
        return source;
    }
    size_t size = 0;
    uint8_t *composed =
        u8_normalize(UNINORM_NFC, (const uint8_t *)source.data, source.size, NULL, &size);
    if (composed == NULL) {
        return source;
    }
    struct text copy =
        arena_text_copy(arena, (struct text){.data = (const char *)composed, .size = size});
    free(composed);
    return copy;
}

/* Line ends that are not LF or CR, which text_trim leaves for text_check: U+0085, U+2028, U+2029.
 */
static bool is_line_end(const char *at, size_t size) {
    return (size == 2 && memcmp(at, "\xc2\x85", 2) == 0) ||
           (size == 3 &&
            (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0));
}

static struct text trimmed_form(struct text text) {
    for (size_t before = SIZE_MAX; text.size < before;) {
        before = text.size;
        text.size = text_trim(text.data, text.size, &text.data);
        for (size_t size = 2; size <= 3; size++) {
            if (text.size >= size && is_line_end(text.data, size)) {
                text.data += size;
                text.size -= size;
            }
            if (text.size >= size && is_line_end(text.data + text.size - size, size)) {
                text.size -= size;
            }
        }
    }
    return text;
}

struct text display_text_form(struct arena *arena, enum text_kind kind, struct text source) {
    struct text text = kind == TEXT_PARAGRAPH ? lines_form(arena, source) : source;
    return composed_form(arena, trimmed_form(text));
}

/*
 * What is wrong with a text in form, as the end of a sentence about it: "must be a single line:
 * character 4 is U+000A". NULL: nothing.
 */
#define DISPLAY_FAULT_SIZE 200
static const char *display_text_fault(struct display_rule rule, struct text text,
                                      char out[DISPLAY_FAULT_SIZE]) {
    struct text_fault fault;
    char code_point[TEXT_FAULT_CODE_POINT_SIZE];
    if (text.size == 0) {
        return rule.may_be_empty ? NULL : "must contain at least one visible character";
    }
    if (text.size > rule.size_max) {
        snprintf(out, DISPLAY_FAULT_SIZE, "is too long: it may have %zu bytes of UTF-8 and has %zu",
                 rule.size_max, text.size);
        return out;
    }
    if (text_check(rule.kind, text.data, text.size, &fault)) {
        return NULL;
    }
    if (fault.kind == TEXT_FAULT_BLANK) {
        return text_fault_words(fault.kind);
    }
    snprintf(out, DISPLAY_FAULT_SIZE, "%s: character %zu is %s", text_fault_words(fault.kind),
             fault.character + 1, text_fault_code_point(&fault, code_point));
    return out;
}

bool display_text_read_value(struct reader *reader, struct arena *arena, const struct place_in *at,
                             const json_t *value, struct display_rule rule, struct text *out) {
    char fault[DISPLAY_FAULT_SIZE];
    if (!json_is_string(value)) {
        return reader_error(reader, at, NULL, "must be a string");
    }
    struct text text = {.data = json_string_value(value), .size = json_string_length(value)};
    text = display_text_form(arena, rule.kind, text);
    const char *words = display_text_fault(rule, text, fault);
    if (words != NULL) {
        return reader_error(reader, at, NULL, "%s", words);
    }
    *out = text;
    return true;
}

bool display_text_read(struct reader *reader, struct arena *arena, const struct place_in *at,
                       const json_t *object, const char *name, enum reader_need need,
                       struct display_rule rule, struct text *out) {
    const json_t *value = reader_member(reader, at, object, name, need);
    struct place_in place = {.parent = at, .name = name};
    return value != NULL && display_text_read_value(reader, arena, &place, value, rule, out);
}
