/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_UTF8_H
#define SEATLOG_CODEC_UTF8_H

#include "codec/value.h"

/*
 * Whether the text may stand in a record: well-formed UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF) without U+0000, which PostgreSQL cannot store.
 *
 * Decoders refuse a record with any other text, so code that makes records of outside input asks
 * first.
 */
bool text_is_valid(struct text text);

/* How many bytes the character has that begins at `at`; 0 where none that is well-formed does. left
 * is at least 1. U+0000 is a character here. */
size_t utf8_size(const uint8_t *at, size_t left);

#endif
