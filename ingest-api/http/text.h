/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_TEXT_H
#define SEATLOG_INGEST_API_HTTP_TEXT_H

#include "codec/arena.h"
#include "codec/text/check.h"
#include "ingest-api/http/reader.h"

/*
 * Texts that people see: titles, names, labels, descriptions, reasons, locations. What stands in a
 * request is brought into one form first: without white space at either end, in Unicode's normal
 * form C, and lines of a paragraph end with LF (CR LF and CR become that). Then it must follow the
 * rule of codec/text/check.h, which is the core's too: nothing reaches the log that the core
 * would refuse. Pure.
 */
struct display_rule {
    enum text_kind kind; /* TEXT_LINE or TEXT_PARAGRAPH */
    bool may_be_empty;   /* once in form */
    size_t size_max;     /* bytes of UTF-8, once in form */
};

/* The text in form. It may be source itself, or lies in the arena. */
struct text display_text_form(struct arena *arena, enum text_kind kind, struct text source);

/*
 * The member `name` of object, in form; in the arena, or a view of the JSON. Returns whether there
 * is a valid text in *out; what is not there and optional leaves *out alone and is no error. What
 * is wrong is told with the character at fault.
 */
bool display_text_read(struct reader *reader, struct arena *arena, const struct place_in *at,
                       const json_t *object, const char *name, enum reader_need need,
                       struct display_rule rule, struct text *out);

/* The same for a text that is not a member: an element of an array. */
bool display_text_read_value(struct reader *reader, struct arena *arena, const struct place_in *at,
                             const json_t *value, struct display_rule rule, struct text *out);

#endif
