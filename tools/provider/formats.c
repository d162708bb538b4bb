/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's ways of writing times, durations and ids. */
#include "tools/provider/formats.h"

#include "runtime/base/time.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DURATION_DIGITS_MAX 7

bool formats_time_read(const char *text, int64_t *time_ms) {
    char copy[TIME_TEXT_SIZE];
    if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy) {
        return false;
    }
    /* A plus sign that was not escaped in a query arrives as a blank. */
    char *blank = strrchr(copy, ' ');
    if (blank != NULL) {
        *blank = '+';
    }
    struct time_said said = time_parse(copy);
    if (said.form != TIME_IS_UTC && said.form != TIME_IS_OFFSET) {
        return false;
    }
    *time_ms = said.at_ms;
    return true;
}

int64_t duration_parse_s(const char *text) {
    static const char date_units[] = "WD";
    static const int64_t date_seconds[] = {7 * 86400, 86400};
    static const char time_units[] = "HMS";
    static const int64_t time_seconds[] = {3600, 60, 1};
    if (*text++ != 'P' || *text == '\0') {
        return -1;
    }
    const char *units = date_units;
    const int64_t *seconds = date_seconds;
    int64_t total_s = 0;
    bool in_time = false;
    while (*text != '\0') {
        if (*text == 'T' && !in_time) {
            in_time = true;
            units = time_units;
            seconds = time_seconds;
            text++;
        }
        int64_t number = 0;
        int digits = 0;
        for (; isdigit((unsigned char)*text) && digits <= DURATION_DIGITS_MAX; text++, digits++) {
            number = number * 10 + (*text - '0');
        }
        const char *unit = *text == '\0' ? NULL : strchr(units, *text);
        if (digits == 0 || digits > DURATION_DIGITS_MAX || unit == NULL) {
            return -1;
        }
        total_s += number * seconds[unit - units];
        seconds += unit - units + 1;
        units = unit + 1;
        text++;
    }
    return total_s;
}

char *identifier_draw(char *out, size_t size) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < size; i++) {
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    }
    out[size] = '\0';
    return out;
}
