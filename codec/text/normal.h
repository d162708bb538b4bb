/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_TEXT_NORMAL_H
#define SEATLOG_CODEC_TEXT_NORMAL_H

/*
 * Whether a text is in Unicode's normalization form C: looked at only, never rewritten. Private to
 * check.c. Pure: no allocation; what is composed again on the side is one character with its
 * combining marks, at most TEXT_NORMAL_MARKS_MAX of them (UAX #15's stream-safe form).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NORMAL_MARKS_MAX 30

enum text_normal_result {
    TEXT_NORMAL_IS,
    TEXT_NORMAL_IS_NOT,
    TEXT_NORMAL_TOO_MANY_MARKS,
};

/* A character that stands by itself, with what combines with it. */
struct text_normal {
    uint32_t points[TEXT_NORMAL_MARKS_MAX + 2];
    size_t count;
};

/* Takes the next character: what it says is of those before it, which are complete now. */
enum text_normal_result text_normal_take(struct text_normal *normal, uint32_t code_point);
/* Of the last ones, at the end of the text. */
enum text_normal_result text_normal_end(const struct text_normal *normal);

#endif
