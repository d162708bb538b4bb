/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/provider/formats.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DURATION_DIGITS_MAX 7

char *time_format(int64_t time_ms, char *out) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm fields;
    gmtime_r(&seconds, &fields);
    char text[64];
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &fields);
    snprintf(text + size, sizeof text - size, ".%03dZ", (int)(time_ms % 1000));
    memcpy(out, text, TIME_TEXT_SIZE - 1);
    out[TIME_TEXT_SIZE - 1] = '\0';
    return out;
}

/* The part after the seconds: an optional fraction, then Z or an offset. */
static bool time_tail_parse(const char *text, int *milliseconds, int *offset_s) {
    *milliseconds = 0;
    *offset_s = 0;
    if (*text == '.') {
        int scale = 100;
        const char *first = ++text;
        for (; isdigit((unsigned char)*text); text++, scale /= 10) {
            *milliseconds += (*text - '0') * scale;
        }
        if (text == first) {
            return false;
        }
    }
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        return true;
    }
    int hours, minutes, size = 0;
    if ((*text != '+' && *text != '-' && *text != ' ') ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &size) != 2 || size != 5 ||
        text[6] != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    /* A plus sign that was not escaped in a query arrives as a blank. */
    *offset_s = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool time_parse(const char *text, int64_t *time_ms) {
    struct tm fields = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &fields);
    int milliseconds, offset_s;
    if (rest == NULL || !time_tail_parse(rest, &milliseconds, &offset_s)) {
        return false;
    }
    *time_ms = ((int64_t)timegm(&fields) - offset_s) * 1000 + milliseconds;
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
