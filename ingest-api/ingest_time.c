/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_time.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ZONE_SIZE_MAX 64

char *time_format(int64_t at_ms, char out[TIME_TEXT_SIZE]) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t size = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + size, TIME_TEXT_SIZE - size, ".%03dZ", (int)(at_ms % 1000));
    return out;
}

/* NULL where there is no zone of that name. Names look like Area/City and lead out of no directory.
 */
static GTimeZone *zone_open(struct text zone) {
    char name[ZONE_SIZE_MAX + 1];
    if (zone.size == 0 || zone.size > ZONE_SIZE_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < zone.size; i++) {
        if (!g_ascii_isalnum(zone.data[i]) && strchr("/_+-", zone.data[i]) == NULL) {
            return NULL;
        }
    }
    if (!g_ascii_isalpha(zone.data[0])) {
        return NULL; /* "+01" is an offset, not a name */
    }
    memcpy(name, zone.data, zone.size);
    name[zone.size] = '\0';
    return g_time_zone_new_identifier(name);
}

bool time_zone_known(struct text zone) {
    GTimeZone *found = zone_open(zone);
    if (found == NULL) {
        return false;
    }
    g_time_zone_unref(found);
    return true;
}

char *time_format_local(int64_t at_ms, struct text zone, char out[TIME_TEXT_SIZE]) {
    GTimeZone *found = zone_open(zone);
    if (found == NULL) {
        return time_format(at_ms, out);
    }
    int interval = g_time_zone_find_interval(found, G_TIME_TYPE_UNIVERSAL, at_ms / 1000);
    int offset_s = interval >= 0 ? g_time_zone_get_offset(found, interval) : 0;
    g_time_zone_unref(found);
    time_t local = (time_t)(at_ms / 1000 + offset_s);
    struct tm parts;
    gmtime_r(&local, &parts);
    size_t size = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    snprintf(out + size, TIME_TEXT_SIZE - size, "%c%02d:%02d", offset_s < 0 ? '-' : '+',
             minutes / 60, minutes % 60);
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
        !literal_read(at, '-') || !digits_read(at, 2, &day) || year < 1970 || month < 1 ||
        month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *out = (int64_t)timegm(&parts) * 1000;
    return true;
}

bool time_date_parse(const char *text, int64_t *out) {
    return date_read(&text, out) && *text == '\0';
}

/* Z, or +hh:mm. */
static bool offset_read(const char **at, int64_t *offset_ms) {
    *offset_ms = 0;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    int hours;
    int minutes;
    if ((**at != '+' && **at != '-') || ((*at)++, !digits_read(at, 2, &hours)) ||
        !literal_read(at, ':') || !digits_read(at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_ms = sign * (hours * 60 + minutes) * (int64_t)60 * 1000;
    return true;
}

bool time_parse(const char *text, int64_t *out) {
    int64_t day_ms;
    int hours;
    int minutes;
    int seconds;
    if (!date_read(&text, &day_ms) || (*text != 'T' && *text != 't' && *text != ' ')) {
        return false;
    }
    text++;
    if (!digits_read(&text, 2, &hours) || !literal_read(&text, ':') ||
        !digits_read(&text, 2, &minutes) || !literal_read(&text, ':') ||
        !digits_read(&text, 2, &seconds) || hours > 23 || minutes > 59 || seconds > 60) {
        return false;
    }
    int64_t fraction_ms = 0;
    if (*text == '.') {
        text++;
        int scale = 100;
        if (*text < '0' || *text > '9') {
            return false;
        }
        for (; *text >= '0' && *text <= '9'; text++, scale /= 10) {
            fraction_ms += (*text - '0') * scale;
        }
    }
    int64_t offset_ms;
    if (!offset_read(&text, &offset_ms) || *text != '\0') {
        return false;
    }
    *out =
        day_ms + ((hours * 60 + minutes) * (int64_t)60 + seconds) * 1000 + fraction_ms - offset_ms;
    return *out >= 0;
}
