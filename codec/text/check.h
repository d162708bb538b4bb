/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_TEXT_CHECK_H
#define SEATLOG_CODEC_TEXT_CHECK_H

/*
 * The one rule for texts that people see: titles, venues, cities, names, labels (lines);
 * descriptions and reasons (paragraphs). ingest-api brings a text into form (text_trim, NFC, CR LF
 * to LF) and says what is wrong with it; the core refuses what breaks the rule, and rewrites
 * nothing. Pure: no allocation, no I/O, nothing but the tables of one Unicode version, which are
 * part of the core's logic version (reservation/README.md, *Texts*).
 *
 *     struct text_fault fault;
 *     if (!text_check(TEXT_LINE, text.data, text.size, &fault))
 *         "title %s (%s, character %zu)", text_fault_words(fault.kind),
 *             text_fault_code_point(&fault, buffer), fault.character + 1
 *
 * The rule:
 *  - well-formed UTF-8 of assigned characters: no controls, surrogates, private-use characters,
 *    noncharacters, line or paragraph separators;
 *  - a paragraph may have line ends (LF) and tabs, a line neither; CR stands nowhere;
 *  - no format characters (bidirectional controls, zero-width space, soft hyphen, BOM, …), nor
 *    other characters that are ignored by default (Hangul fillers, combining grapheme joiner, …),
 *    but for those that change what is drawn:
 *      ZWNJ and ZWJ between letters or marks of scripts that write them (cursive ones such as
 *      Arabic, those of India with a virama), and ZWJ between the emoji of a sequence;
 *      VS15 and VS16 behind an emoji that has both forms (behind a digit, # or *: VS16 before the
 *      keycap U+20E3); other variation selectors behind a base that Unicode lists with them
 *      (Mongolian, Myanmar, mathematical, compatibility ideographs), since words are told apart by
 *      them; ideographic ones behind any ideograph, since names of people and places need them;
 *      tags in the flag of a region: black flag, 3 to 6 tag letters or digits, U+E007F;
 *  - no white space at either end (any space, line end, tab, or blank such as U+2800);
 *  - no line that begins with a combining mark: it would fall on what stands before the text;
 *  - in normalization form C, with at most 30 combining marks on one character: two labels that
 *    look alike are the same bytes;
 *  - at least one character that is drawn by itself. The empty text is fine here: whether a text
 *    may be empty, and how long it may be, is the caller's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum text_kind {
    TEXT_LINE,
    TEXT_PARAGRAPH,
};

enum text_fault_kind {
    TEXT_FAULT_NONE,
    TEXT_FAULT_ENCODING,      /* not UTF-8 */
    TEXT_FAULT_CONTROL,       /* Cc, but for the next two */
    TEXT_FAULT_LINE_END,      /* LF in a line */
    TEXT_FAULT_TAB,           /* in a line */
    TEXT_FAULT_CR,            /* anywhere */
    TEXT_FAULT_SEPARATOR,     /* U+2028, U+2029 */
    TEXT_FAULT_PRIVATE,       /* Co */
    TEXT_FAULT_UNASSIGNED,    /* Cn, noncharacters too */
    TEXT_FAULT_FORMAT,        /* Cf */
    TEXT_FAULT_JOINER,        /* ZWNJ, ZWJ where nothing joins */
    TEXT_FAULT_SELECTOR,      /* a variation selector behind what has no such variant */
    TEXT_FAULT_TAG,           /* a tag character outside of a flag, or a flag without its end */
    TEXT_FAULT_IGNORABLE,     /* others that are drawn as nothing */
    TEXT_FAULT_MARK,          /* a combining mark with nothing before it */
    TEXT_FAULT_SPACE_FIRST,   /* white space at the beginning */
    TEXT_FAULT_SPACE_LAST,    /* white space at the end */
    TEXT_FAULT_BLANK,         /* nothing that can be seen */
    TEXT_FAULT_NORMALIZATION, /* not in NFC */
    TEXT_FAULT_MARKS,         /* more than 30 combining marks on one character */
    TEXT_FAULT_KIND_COUNT,
};

/* The first fault: its kind, and the character at fault. BLANK: the first character. */
struct text_fault {
    enum text_fault_kind kind;
    uint32_t code_point; /* ENCODING: the byte */
    size_t byte;         /* counted from 0 */
    size_t character;    /* in code points, counted from 0 */
};

/* Whether the text follows the rule; fault (may be NULL) is filled in either case. */
bool text_check(enum text_kind kind, const char *data, size_t size, struct text_fault *fault);

/*
 * Without the white space at both ends that text_check refuses there, CR included: *out is where
 * the rest begins, the size is returned. Of malformed UTF-8 nothing more is taken away.
 */
size_t text_trim(const char *data, size_t size, const char **out);

/* "LINE_END"; and as the end of a sentence about a text: "must not contain line ends". */
const char *text_fault_name(enum text_fault_kind kind);
const char *text_fault_words(enum text_fault_kind kind);

/* "U+202E", or "byte 0xFF" for ENCODING. */
#define TEXT_FAULT_CODE_POINT_SIZE 12
const char *text_fault_code_point(const struct text_fault *fault,
                                  char buffer[TEXT_FAULT_CODE_POINT_SIZE]);

/* "15.0.0" */
const char *text_check_unicode_version(void);

#endif
