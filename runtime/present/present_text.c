/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody else's text made ready to be shown. */
#include "runtime/present/present_text.h"

#include <glib.h>
#include <string.h>

#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER 0x200d
#define REPLACEMENT 0xfffd
#define CANCEL_TAG 0xe007f

static bool is_noncharacter(gunichar character) {
    return (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffe) == 0xfffe;
}

/* Format characters that are drawn: Arabic and other number signs. */
static bool is_visible_format(gunichar character) {
    return (character >= 0x600 && character <= 0x605) || character == 0x6dd || character == 0x70f ||
           character == 0x890 || character == 0x891 || character == 0x8e2 || character == 0x110bd ||
           character == 0x110cd;
}

static bool is_joiner(gunichar character) {
    return character == ZERO_WIDTH_JOINER || character == ZERO_WIDTH_NON_JOINER;
}

static bool is_tag(gunichar character) { return character >= 0xe0020 && character <= CANCEL_TAG; }

static bool is_selector(gunichar character) {
    return (character >= 0xfe00 && character <= 0xfe0f) ||
           (character >= 0xe0100 && character <= 0xe01ef);
}

/* Letters and marks by their category that are blank nevertheless. */
static bool is_filler(gunichar character) {
    return character == 0x34f || character == 0x115f || character == 0x1160 ||
           character == 0x17b4 || character == 0x17b5 || character == 0x2800 ||
           character == 0x3164 || character == 0xffa0 ||
           (character >= 0x180b && character <= 0x180f);
}

static bool is_blank(gunichar character) {
    switch (g_unichar_type(character)) {
    case G_UNICODE_SPACE_SEPARATOR:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return true;
    default:
        return (character >= 0x9 && character <= 0xd) || character == 0x85;
    }
}

static bool is_unseen(gunichar character) {
    GUnicodeType type = g_unichar_type(character);
    return is_selector(character) || is_filler(character) || is_joiner(character) ||
           is_tag(character) || type == G_UNICODE_CONTROL ||
           (type == G_UNICODE_FORMAT && !is_visible_format(character));
}

static bool is_mark(gunichar character) { return g_unichar_ismark(character); }

/* What is being written, and what has been so far. */
struct line {
    struct buffer *out;
    size_t begin;
    gunichar last; /* written last */
    bool blank;    /* one is due before the next character */
    bool visible;  /* something can be seen */
};

static void character_write(struct line *line, gunichar character) {
    char bytes[6];
    if (line->blank && line->out->size > line->begin) {
        buffer_append_text(line->out, " ");
    }
    line->blank = false;
    buffer_append(line->out, bytes, (size_t)g_unichar_to_utf8(character, bytes));
    line->last = character;
}

/* A joiner, selector or tag: only where it belongs to the character before it. */
static void follower_add(struct line *line, gunichar character, gunichar next) {
    bool follows = line->last != 0 && !line->blank;
    bool wanted = follows;
    if (is_joiner(character)) {
        wanted = follows && !is_joiner(line->last) && next != 0 && !is_blank(next) &&
                 !is_unseen(next) && !is_noncharacter(next);
    } else if (is_tag(character)) {
        wanted = follows && (line->last == 0x1f3f4 || is_tag(line->last));
    } else if (is_selector(character)) {
        wanted = follows && !is_selector(line->last) && !is_joiner(line->last);
    }
    if (wanted) {
        character_write(line, character);
    }
}

static void character_add(struct line *line, gunichar character, gunichar next) {
    if (is_noncharacter(character) || g_unichar_type(character) == G_UNICODE_SURROGATE ||
        g_unichar_type(character) == G_UNICODE_PRIVATE_USE) {
        character_write(line, REPLACEMENT);
    } else if (is_joiner(character) || is_tag(character) || is_selector(character)) {
        follower_add(line, character, next);
    } else if (is_blank(character)) {
        line->blank = true;
    } else if (is_filler(character)) {
        if (line->last != 0) {
            character_write(line, character); /* within words of some scripts */
        }
    } else if (!is_unseen(character)) {
        line->visible |= character != REPLACEMENT && !is_mark(character);
        character_write(line, character);
    }
}

static gunichar character_read(const char **at, const char *end) {
    gunichar character = g_utf8_get_char_validated(*at, end - *at);
    if (**at == '\0' || character == (gunichar)-1 || character == (gunichar)-2) {
        bool control = **at == '\0';
        (*at)++;
        return control ? 0x1 : REPLACEMENT;
    }
    *at = g_utf8_next_char(*at);
    return character;
}

bool present_line(struct text value, struct buffer *out) {
    struct line line = {.out = out, .begin = out->size};
    const char *at = value.data, *end = value.data + value.size;
    while (value.size > 0 && at < end) {
        gunichar character = character_read(&at, end), next = 0;
        const char *ahead = at;
        if (ahead < end) {
            next = character_read(&ahead, end);
        }
        character_add(&line, character, next);
    }
    if (!line.visible) {
        out->size = line.begin;
        if (out->data != NULL) {
            out->data[out->size] = '\0';
        }
    }
    return line.visible;
}

void present_line_or(struct text value, const char *otherwise, struct buffer *out) {
    if (!present_line(value, out)) {
        buffer_append_text(out, otherwise);
    }
}

void present_title(struct text title, struct buffer *out) {
    present_line_or(title, PRESENT_UNTITLED, out);
}

/* Hebrew, Arabic and their kin. */
static bool is_right_to_left(gunichar character) {
    return (character >= 0x590 && character <= 0x8ff) ||
           (character >= 0xfb1d && character <= 0xfdff) ||
           (character >= 0xfe70 && character <= 0xfefe) ||
           (character >= 0x10800 && character <= 0x10fff) ||
           (character >= 0x1e800 && character <= 0x1efff);
}

void present_isolated(struct text value, const char *otherwise, struct buffer *out) {
    struct buffer shown = {0};
    bool isolated = false;
    present_line_or(value, otherwise, &shown);
    for (const char *at = shown.data; *at != '\0'; at = g_utf8_next_char(at)) {
        isolated |= is_right_to_left(g_utf8_get_char(at));
    }
    buffer_append_text(out, isolated ? "\u2068" : "");
    buffer_append(out, shown.data, shown.size);
    buffer_append_text(out, isolated ? "\u2069" : "");
    buffer_deinit(&shown);
}
