/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and times as text: the one place where RFC 3339 is written and read. */
#include "runtime/base/time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static int64_t clock_read_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void) { return clock_read_ms(CLOCK_REALTIME); }

int64_t clock_monotonic_ms(void) { return clock_read_ms(CLOCK_MONOTONIC); }

/* The calendar's part, to the second. Returns its size. */
static size_t calendar_format(int64_t at_s, const char *format, char out[TIME_TEXT_SIZE]) {
    time_t seconds = (time_t)at_s;
    struct tm parts = {.tm_mday = 1};
    gmtime_r(&seconds, &parts);
    return strftime(out, TIME_TEXT_SIZE, format, &parts);
}

static char *milliseconds_format(int64_t at_ms, const char *format, char out[TIME_TEXT_SIZE]) {
    size_t size = calendar_format(at_ms / 1000, format, out);
    snprintf(out + size, TIME_TEXT_SIZE - size, ".%03dZ", (int)(at_ms % 1000));
    return out;
}

char *time_format(int64_t at_ms, char out[TIME_TEXT_SIZE]) {
    return milliseconds_format(at_ms, "%Y-%m-%dT%H:%M:%S", out);
}

char *time_format_seconds(int64_t at_ms, char out[TIME_TEXT_SIZE]) {
    calendar_format(at_ms / 1000, "%Y-%m-%dT%H:%M:%SZ", out);
    return out;
}

char *time_format_spaced(int64_t at_ms, char out[TIME_TEXT_SIZE]) {
    return milliseconds_format(at_ms, "%Y-%m-%d %H:%M:%S", out);
}

char *time_offset_format(int32_t offset_s, char out[TIME_OFFSET_SIZE]) {
    int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    snprintf(out, TIME_OFFSET_SIZE, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60 % 100,
             minutes % 60);
    return out;
}

char *time_format_offset(int64_t at_ms, int32_t offset_s, char out[TIME_TEXT_SIZE]) {
    size_t size = calendar_format(at_ms / 1000 + offset_s, "%Y-%m-%dT%H:%M:%S", out);
    time_offset_format(offset_s, out + size);
    return out;
}

/* Exactly count digits. */
static bool digits_read(const char **at, int count, int *out) {
    *out = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool literal_read(const char **at, char literal) {
    if (**at != literal) {
        return false;
    }
    (*at)++;
    return true;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool date_read(const char **at, int64_t *out) {
    int year;
    int month;
    int day;
    if (!digits_read(at, 4, &year) || !literal_read(at, '-') || !digits_read(at, 2, &month) ||
        !literal_read(at, '-') || !digits_read(at, 2, &day) || year < 1 || month < 1 ||
        month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *out = (int64_t)timegm(&parts) * 1000;
    return true;
}

/* Z, or +hh:mm. */
static bool offset_read(const char **at, struct time_said *said) {
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        said->form = TIME_IS_UTC;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    int hours;
    int minutes;
    if ((**at != '+' && **at != '-') || ((*at)++, !digits_read(at, 2, &hours)) ||
        !literal_read(at, ':') || !digits_read(at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    said->offset_s = sign * (hours * 60 + minutes) * 60;
    said->form = sign < 0 && said->offset_s == 0 ? TIME_IS_UTC : TIME_IS_OFFSET;
    return true;
}

/* .25 as 250. */
static bool fraction_read(const char **at, int *fraction_ms) {
    *fraction_ms = 0;
    if (!literal_read(at, '.')) {
        return true;
    }
    if (**at < '0' || **at > '9') {
        return false;
    }
    for (int scale = 100; **at >= '0' && **at <= '9'; (*at)++, scale /= 10) {
        *fraction_ms += (**at - '0') * scale;
    }
    return true;
}

static bool clock_read(const char **at, int64_t *clock_ms, bool *leap) {
    int hours;
    int minutes;
    int seconds;
    int fraction_ms;
    if (!digits_read(at, 2, &hours) || !literal_read(at, ':') || !digits_read(at, 2, &minutes) ||
        !literal_read(at, ':') || !digits_read(at, 2, &seconds) ||
        !fraction_read(at, &fraction_ms) || hours > 23 || minutes > 59 || seconds > 60) {
        return false;
    }
    *clock_ms = ((hours * 60 + minutes) * (int64_t)60 + seconds) * 1000 + fraction_ms;
    *leap = seconds == 60;
    return true;
}

struct time_said time_parse(const char *text) {
    static const struct time_said none = {.form = TIME_IS_NONE};
    struct time_said said = {.form = TIME_IS_DATE};
    int64_t clock_ms;
    bool leap;
    if (!date_read(&text, &said.at_ms)) {
        return none;
    }
    if (*text == '\0') {
        return said;
    }
    if ((*text != 'T' && *text != 't' && *text != ' ') || (text++, false) ||
        !clock_read(&text, &clock_ms, &leap)) {
        return none;
    }
    said.at_ms += clock_ms;
    said.form = TIME_IS_LOCAL;
    if (*text != '\0' && (!offset_read(&text, &said) || *text != '\0')) {
        return none;
    }
    said.at_ms -= (int64_t)said.offset_s * 1000;
    int64_t since_midnight_ms = (said.at_ms % DAY_MS + DAY_MS) % DAY_MS;
    if (leap && since_midnight_ms >= 1000) {
        return none;
    }
    return said;
}
