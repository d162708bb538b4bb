/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside: bounded, parsed by jansson, and refused in plain words. */
#include "ingest-api/http/json.h"

#include "codec/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PLACE_SIZE 64 /* line 12, column 3 */

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define INTEGER_LIMIT 9223372036854775808.0 /* 2^63 */

static bool container_is_empty(const char *text, size_t size, size_t at) {
    while (at < size &&
           (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
        at++;
    }
    return at < size && (text[at] == ']' || text[at] == '}');
}

void json_measure(const char *text, size_t size, struct json_measure *out) {
    size_t depth = 0;
    bool in_string = false;
    *out = (struct json_measure){.values = 1};
    for (size_t i = 0; i < size; i++) {
        char letter = text[i];
        if (in_string) {
            i += letter == '\\';
            in_string = letter != '"';
            continue;
        }
        switch (letter) {
        case '"':
            in_string = true;
            break;
        case '{':
        case '[':
            depth++;
            out->deepest = depth > out->deepest ? depth : out->deepest;
            out->values += !container_is_empty(text, size, i + 1);
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            out->values++;
            break;
        case '.':
        case 'e':
        case 'E':
            out->fractions = true;
            break;
        default:
            break;
        }
    }
}

static json_t *number_normalized(const json_t *value) {
    double number = json_real_value(value);
    bool whole = number == floor(number) && number >= -INTEGER_LIMIT && number < INTEGER_LIMIT;
    return whole ? json_integer((json_int_t)number) : NULL;
}

/* By JSON Schema 1.0 is an integer: from here on it is one for everybody. */
static void numbers_normalize(json_t *container) {
    const char *key;
    size_t index;
    json_t *value;
    if (json_is_object(container)) {
        json_object_foreach(container, key, value) {
            json_t *integer = json_is_real(value) ? number_normalized(value) : NULL;
            if (integer != NULL) {
                json_object_set_new_nocheck(container, key, integer);
            } else {
                numbers_normalize(value);
            }
        }
        return;
    }
    json_array_foreach(container, index, value) {
        json_t *integer = json_is_real(value) ? number_normalized(value) : NULL;
        if (integer != NULL) {
            json_array_set_new(container, index, integer);
        } else {
            numbers_normalize(value);
        }
    }
}

/* jansson quotes what it stumbled over: … near 'TEXT'. */
static const char *error_near(const json_error_t *error, int *size) {
    const char *near = strstr(error->text, " near '");
    *size = 0;
    if (near == NULL) {
        return "";
    }
    near += 7;
    *size = (int)strcspn(near, "'");
    return near;
}

static void reason_set(const json_error_t *error, char reason[JSON_REASON_SIZE]) {
    char place[PLACE_SIZE];
    int near_size;
    const char *near = error_near(error, &near_size);
    snprintf(place, sizeof place, "line %d, column %d", error->line, error->column);
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        snprintf(reason, JSON_REASON_SIZE,
                 "The JSON ends too early, at %s: something is not closed.", place);
        break;
    case json_error_end_of_input_expected:
        snprintf(reason, JSON_REASON_SIZE, "Something follows the end of the JSON, at %s.", place);
        break;
    case json_error_invalid_utf8:
        snprintf(reason, JSON_REASON_SIZE, "The body is not valid UTF-8, at %s.", place);
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        snprintf(reason, JSON_REASON_SIZE, "No text can hold the character U+0000, as at %s.",
                 place);
        break;
    case json_error_duplicate_key:
        snprintf(reason, JSON_REASON_SIZE, "The key %.*s stands twice in one object, at %s.",
                 near_size, near, place);
        break;
    case json_error_numeric_overflow:
        snprintf(reason, JSON_REASON_SIZE,
                 "The number %.*s at %s is too large: integers have 64 bits here, others are "
                 "doubles.",
                 near_size, near, place);
        break;
    default:
        snprintf(reason, JSON_REASON_SIZE, "The body is not JSON, at %s: %s.", place, error->text);
        break;
    }
    if (!text_is_valid((struct text){.data = reason, .size = strlen(reason)})) {
        snprintf(reason, JSON_REASON_SIZE, "The body is not JSON, at %s.", place);
    }
}

static size_t blanks_at_start(const char *text, size_t size) {
    size_t blank = 0;
    while (blank < size && strchr(" \t\r\n", text[blank]) != NULL && text[blank] != '\0') {
        blank++;
    }
    return blank;
}

json_t *json_read(const char *text, size_t size, char reason[JSON_REASON_SIZE]) {
    struct json_measure measure;
    json_error_t error;
    if (size == blanks_at_start(text, size)) {
        snprintf(reason, JSON_REASON_SIZE, "The body is empty; a JSON object belongs here.");
        return NULL;
    }
    if (size >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0) {
        snprintf(reason, JSON_REASON_SIZE,
                 "The body begins with a byte order mark, at line 1, column 1; send UTF-8 without "
                 "one.");
        return NULL;
    }
    json_measure(text, size, &measure);
    if (measure.deepest > JSON_DEPTH_MAX || measure.values > JSON_VALUES_MAX) {
        bool deep = measure.deepest > JSON_DEPTH_MAX;
        snprintf(reason, JSON_REASON_SIZE,
                 deep ? "The JSON is nested too deeply: at most %d levels are taken."
                      : "The JSON has too many values: at most %d are taken.",
                 deep ? JSON_DEPTH_MAX : JSON_VALUES_MAX);
        return NULL;
    }
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        reason_set(&error, reason);
    } else if (measure.fractions) {
        numbers_normalize(value);
    }
    return value;
}

const char *json_kind_name(const json_t *value) {
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return names[json_typeof(value)];
}
