/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into C values, and all that is wrong with it. */
#include "ingest-api/http/reader.h"

#include "codec/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INDEX_SIZE 24
#define SUBJECT_SIZE_MAX (READER_FIELD_SIZE + 64)
#define DETAIL_SIZE_MAX 512

void reader_deinit(struct reader *reader) {
    json_decref(reader->errors);
    reader->errors = NULL;
}

bool reader_failed(const struct reader *reader) { return reader->errors != NULL; }

static bool error_add(struct reader *reader, const char *field, const char *subject,
                      const char *detail) {
    if (reader->errors == NULL) {
        reader->errors = json_array();
    }
    if (json_array_size(reader->errors) >= READER_ERRORS_MAX) {
        return false;
    }
    size_t size = strlen(detail);
    bool ends = size > 0 && detail[size - 1] == '.';
    bool begins = subject[0] == '\0' || (detail[0] >= 'A' && detail[0] <= 'Z');
    const char *stop = size > 0 && detail[size - 1] == '?' ? "" : ".";
    json_t *name = json_string(field);
    json_t *words = ends     ? json_string(detail)
                    : begins ? json_sprintf("%s%s", detail, stop)
                             : json_sprintf("%s %s%s", subject, detail, stop);
    json_array_append_new(
        reader->errors,
        json_pack("{s:o,s:o}", "field", name != NULL ? name : json_string("?"), "detail",
                  words != NULL ? words : json_string("The value is not accepted.")));
    return false;
}

bool reader_error_named(struct reader *reader, const char *field, const char *detail) {
    const char *last = strrchr(field, '/'); /* of a pointer; parameters and headers have none */
    return error_add(reader, field, last != NULL ? last + 1 : field, detail);
}

/* Member names come from the client: whatever is not printable ASCII is left out, ~ and / escaped.
 */
static size_t place_append(char *out, size_t size, size_t used, const char *name) {
    if (used + 1 < size) {
        out[used++] = '/';
    }
    for (; *name != '\0' && used + 3 < size; name++) {
        if (*name == '~' || *name == '/') {
            out[used++] = '~';
            out[used++] = *name == '~' ? '0' : '1';
        } else if (*name > ' ' && *name <= '~') {
            out[used++] = *name;
        }
    }
    return used;
}

static size_t place_format(const struct place_in *at, char *out, size_t size) {
    if (at == NULL) {
        return 0;
    }
    size_t used = place_format(at->parent, out, size);
    char index[INDEX_SIZE];
    snprintf(index, sizeof index, "%zu", at->index);
    return place_append(out, size, used, at->name != NULL ? at->name : index);
}

char *reader_field(const struct place_in *at, char *out) {
    out[place_format(at, out, READER_FIELD_SIZE - 1)] = '\0';
    return out;
}

/* The last name of the pointer and the indices behind it: "title", "rows[1]". */
static void subject_format(const struct place_in *at, char *out, size_t size) {
    if (at == NULL) {
        snprintf(out, size, "The body");
    } else if (at->name != NULL) {
        char field[READER_FIELD_SIZE];
        struct place_in alone = {.name = at->name};
        snprintf(out, size, "%s", reader_field(&alone, field) + 1);
    } else {
        subject_format(at->parent, out, size);
        size_t used = strlen(out);
        snprintf(out + used, size - used, "[%zu]", at->index);
    }
}

bool reader_error(struct reader *reader, const struct place_in *parent, const char *name,
                  const char *format, ...) {
    char field[READER_FIELD_SIZE];
    char subject[SUBJECT_SIZE_MAX];
    char detail[DETAIL_SIZE_MAX];
    struct place_in member = {.parent = parent, .name = name};
    const struct place_in *at = name != NULL ? &member : parent;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    subject_format(at, subject, sizeof subject);
    return error_add(reader, reader_field(at, field), subject, detail);
}

bool reader_object(struct reader *reader, const struct place_in *at, const json_t *value,
                   const char *const *names) {
    if (!json_is_object(value)) {
        return reader_error(reader, at, NULL, "must be an object");
    }
    bool known = true;
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)value, key, member) {
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, key) != 0) {
            name++;
        }
        if (*name == NULL) {
            known = reader_error(reader, at, key, "is not a member that this call knows");
        }
    }
    return known;
}

bool text_is_printable(struct text text, bool lines) {
    if (!text_is_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        bool line = octet == '\n' || octet == '\r' || octet == '\t';
        if ((octet < 0x20 && !(lines && line)) || octet == 0x7f) {
            return false;
        }
        /* U+0080 to U+009F */
        if (octet == 0xc2 && i + 1 < text.size && (unsigned char)text.data[i + 1] < 0xa0) {
            return false;
        }
    }
    return true;
}

static bool reader_text_value(struct reader *reader, const struct place_in *at, const json_t *value,
                              struct text_rule rule, struct text *out) {
    if (!json_is_string(value)) {
        return reader_error(reader, at, NULL, "must be a string");
    }
    struct text text = {.data = json_string_value(value), .size = json_string_length(value)};
    if (text.size < rule.size_min) {
        return rule.size_min == 1
                   ? reader_error(reader, at, NULL, "must not be empty")
                   : reader_error(reader, at, NULL, "must have at least %zu bytes of UTF-8",
                                  rule.size_min);
    }
    if (text.size > rule.size_max) {
        return reader_error(reader, at, NULL, "must have at most %zu bytes of UTF-8",
                            rule.size_max);
    }
    if (!text_is_printable(text, rule.lines)) {
        return reader_error(reader, at, NULL, "must not have control characters");
    }
    *out = text;
    return true;
}

/* No member may be null: whoever means nothing leaves it out. */
const json_t *reader_member(struct reader *reader, const struct place_in *at, const json_t *object,
                            const char *name, enum reader_need need) {
    const json_t *value = json_object_get(object, name);
    if (value == NULL && need == READER_REQUIRED) {
        reader_error(reader, at, name, "is missing");
    }
    if (json_is_null(value)) {
        reader_error(reader, at, name,
                     need == READER_REQUIRED ? "must not be null"
                                             : "must not be null; leave it out instead");
        return NULL;
    }
    return value;
}

bool reader_text(struct reader *reader, const struct place_in *at, const json_t *object,
                 const char *name, enum reader_need need, struct text_rule rule, struct text *out) {
    const json_t *value = reader_member(reader, at, object, name, need);
    struct place_in place = {.parent = at, .name = name};
    return value != NULL && reader_text_value(reader, &place, value, rule, out);
}

bool reader_integer(struct reader *reader, const struct place_in *at, const json_t *object,
                    const char *name, enum reader_need need, int64_t minimum, int64_t maximum,
                    int64_t *out) {
    const json_t *value = reader_member(reader, at, object, name, need);
    if (value == NULL) {
        return false;
    }
    if (!json_is_integer(value)) {
        return reader_error(reader, at, name, "must be an integer");
    }
    if (json_integer_value(value) < minimum || json_integer_value(value) > maximum) {
        return reader_error(reader, at, name, "must be from %" PRId64 " to %" PRId64, minimum,
                            maximum);
    }
    *out = json_integer_value(value);
    return true;
}

bool reader_array(struct reader *reader, const struct place_in *at, const json_t *object,
                  const char *name, enum reader_need need, size_t count_min, size_t count_max,
                  json_t **out) {
    const json_t *value = reader_member(reader, at, object, name, need);
    if (value == NULL) {
        return false;
    }
    if (!json_is_array(value)) {
        return reader_error(reader, at, name, "must be a list");
    }
    size_t count = json_array_size(value);
    if (count < count_min || count > count_max) {
        return reader_error(reader, at, name, "must have from %zu to %zu elements", count_min,
                            count_max);
    }
    *out = (json_t *)value;
    return true;
}
