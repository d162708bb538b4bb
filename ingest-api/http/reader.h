/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_READER_H
#define SEATLOG_INGEST_API_HTTP_READER_H

#include "codec/value.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads JSON into C values and gathers everything that is wrong with it, each with the place where
 * it stands (a JSON Pointer, RFC 6901). Pure. Start from a zeroed reader; errors is NULL while all
 * is well.
 */
struct reader {
    json_t *errors; /* array of {"field", "detail"} */
};

#define READER_ERRORS_MAX 20

/* Where a value stands: a chain on the stack, up to the body (NULL). */
struct place_in {
    const struct place_in *parent;
    const char *name; /* of a member; NULL: an index */
    size_t index;
};

void reader_deinit(struct reader *reader);
bool reader_failed(const struct reader *reader);

/*
 * Adds an error at the member `name` of `parent`; name NULL: at parent itself. Returns false.
 *
 * What people read is a whole sentence. A detail that does not end with a full stop is the end of
 * one, and gets its subject here: "must not be empty" at the second of the rows becomes "rows[1]
 * must not be empty."
 */
bool reader_error(struct reader *reader, const struct place_in *parent, const char *name,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The place as a JSON Pointer: "/sections/0/rows/1/label". out has READER_FIELD_SIZE bytes. Returns
 * out. */
#define READER_FIELD_SIZE 256
char *reader_field(const struct place_in *at, char *out);

/* The same where the name is no place in a body: a parameter or a header. Returns false. */
bool reader_error_named(struct reader *reader, const char *field, const char *detail);

/* Whether value is an object with no members but these (names end with NULL). */
bool reader_object(struct reader *reader, const struct place_in *at, const json_t *value,
                   const char *const *names);

enum reader_need { READER_OPTIONAL, READER_REQUIRED };

/*
 * The member `name` of object. Each returns whether there is a valid value in *out; what is not
 * there and optional leaves *out alone and is no error.
 */
struct text_rule {
    size_t size_min; /* bytes */
    size_t size_max;
    bool lines; /* line ends and tabs are allowed; other control characters never are */
};
bool reader_text(struct reader *reader, const struct place_in *at, const json_t *object,
                 const char *name, enum reader_need need, struct text_rule rule, struct text *out);
bool reader_integer(struct reader *reader, const struct place_in *at, const json_t *object,
                    const char *name, enum reader_need need, int64_t minimum, int64_t maximum,
                    int64_t *out);
bool reader_array(struct reader *reader, const struct place_in *at, const json_t *object,
                  const char *name, enum reader_need need, size_t count_min, size_t count_max,
                  json_t **out);

/* The member's value as it is; NULL where it is missing or null, with an error if it is required.
 */
const json_t *reader_member(struct reader *reader, const struct place_in *at, const json_t *object,
                            const char *name, enum reader_need need);

/* Well-formed UTF-8 without control characters (see struct text_rule). */
bool text_is_printable(struct text text, bool lines);

#endif
