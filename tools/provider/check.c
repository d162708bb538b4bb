/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of requests, with the errors that the real provider gives. */
#include "tools/provider/check.h"

#include "tools/provider/formats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AMOUNT_MAX INT64_C(99999999999) /* 2^53 would lose nothing in JSON; no card pays this */

json_t *error_new(const char *category, const char *code, const char *detail, const char *field) {
    json_t *error =
        json_pack("{s:s, s:s, s:s}", "category", category, "code", code, "detail", detail);
    if (field != NULL) {
        json_object_set_new(error, "field", json_string(field));
    }
    return error;
}

void check_fail(struct check *check, const char *code, const char *field, const char *format, ...) {
    char detail[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    json_array_append_new(check->errors, error_new("INVALID_REQUEST_ERROR", code, detail, field));
}

bool check_good(const struct check *check) { return json_array_size(check->errors) == 0; }

static size_t text_characters(const char *text) {
    size_t characters = 0;
    for (; *text != '\0'; text++) {
        characters += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return characters;
}

const char *check_text(struct check *check, const char *field, bool required, size_t least,
                       size_t most) {
    const json_t *value = json_object_get(check->body, field);
    const char *text = json_string_value(value);
    if (value == NULL || json_is_null(value)) {
        if (required) {
            check_fail(check, "MISSING_REQUIRED_PARAMETER", field, "Missing required parameter.");
        }
        return NULL;
    }
    if (text == NULL) {
        check_fail(check, "EXPECTED_STRING", field, "Expected a string value.");
        return NULL;
    }
    size_t characters = text_characters(text);
    if (characters == 0 && least > 0) {
        check_fail(check, "VALUE_EMPTY", field, "Field must not be blank");
        return NULL;
    }
    if (characters < least) {
        check_fail(check, "VALUE_TOO_SHORT", field, "Field must not be less than %zu in length",
                   least);
        return NULL;
    }
    if (characters > most) {
        check_fail(check, "VALUE_TOO_LONG", field, "Field must not be greater than %zu in length",
                   most);
        return NULL;
    }
    return text;
}

bool check_boolean(struct check *check, const char *field, bool fallback) {
    const json_t *value = json_object_get(check->body, field);
    if (value == NULL || json_is_null(value)) {
        return fallback;
    }
    if (!json_is_boolean(value)) {
        check_fail(check, "EXPECTED_BOOLEAN", field, "Expected a boolean value.");
        return fallback;
    }
    return json_is_true(value);
}

static void money_amount_check(struct check *check, const json_t *amount, const char *field,
                               struct money *out) {
    if (amount == NULL || json_is_null(amount)) {
        check_fail(check, "MISSING_REQUIRED_PARAMETER", field, "Missing required parameter.");
    } else if (!json_is_integer(amount)) {
        check_fail(check, "EXPECTED_INTEGER", field, "Expected an integer value.");
    } else if (json_integer_value(amount) < 1) {
        check_fail(check, "VALUE_TOO_LOW", field, "Amount must be greater than 0.");
    } else if (json_integer_value(amount) > AMOUNT_MAX) {
        check_fail(check, "VALUE_TOO_HIGH", field, "Amount must not be greater than %" PRId64 ".",
                   AMOUNT_MAX);
    } else {
        out->amount = json_integer_value(amount);
    }
}

static void money_currency_check(struct check *check, const json_t *currency, const char *field,
                                 struct money *out) {
    const char *text = json_string_value(currency);
    if (currency == NULL || json_is_null(currency)) {
        check_fail(check, "MISSING_REQUIRED_PARAMETER", field, "Missing required parameter.");
    } else if (text == NULL) {
        check_fail(check, "EXPECTED_STRING", field, "Expected a string value.");
    } else if (strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        check_fail(check, "INVALID_ENUM_VALUE", field, "`%.20s` is not a valid enum value.", text);
    } else {
        memcpy(out->currency, text, sizeof out->currency);
    }
}

struct money check_money(struct check *check, const char *field, bool required) {
    struct money money = {0};
    char name[80];
    const json_t *value = json_object_get(check->body, field);
    if (value == NULL || json_is_null(value)) {
        if (required) {
            check_fail(check, "MISSING_REQUIRED_PARAMETER", field, "Missing required parameter.");
        }
        return money;
    }
    if (!json_is_object(value)) {
        check_fail(check, "EXPECTED_OBJECT", field, "Expected an object value.");
        return money;
    }
    snprintf(name, sizeof name, "%s.amount", field);
    money_amount_check(check, json_object_get(value, "amount"), name, &money);
    snprintf(name, sizeof name, "%s.currency", field);
    money_currency_check(check, json_object_get(value, "currency"), name, &money);
    return money;
}

const char *check_query_text(const struct check *check, const char *name) {
    const char *text = json_string_value(json_object_get(check->body, name));
    return text != NULL && *text != '\0' ? text : NULL;
}

int64_t check_query_time_ms(struct check *check, const char *name, int64_t fallback) {
    const char *text = check_query_text(check, name);
    int64_t time_ms = fallback;
    if (text != NULL && !formats_time_read(text, &time_ms)) {
        check_fail(check, "INVALID_TIME", name, "`%.40s` is not a valid RFC 3339 time.", text);
    }
    return time_ms;
}

int64_t check_query_integer(struct check *check, const char *name, int64_t least,
                            int64_t fallback) {
    const char *text = check_query_text(check, name);
    char *end = NULL;
    if (text == NULL) {
        return fallback;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0) {
        check_fail(check, "EXPECTED_INTEGER", name, "Expected an integer value.");
        return fallback;
    }
    if (value < least) {
        check_fail(check, "VALUE_TOO_LOW", name, "Value must not be less than %" PRId64 ".", least);
        return fallback;
    }
    return value;
}
