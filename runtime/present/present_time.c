/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments on the clocks of a venue. GLib reads the zone's file, but is never given a name: it would
 * take "GMT+9" and even "EST5EDT" for a POSIX rule. A name is looked up in the database's own list,
 * then its file is opened by path.
 */
#include "runtime/present/present_time.h"

#include "runtime/base/error.h"

#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONES_FOLDER "/usr/share/zoneinfo"
#define ZONES_SOURCE ZONES_FOLDER "/tzdata.zi"
#define NAME_SIZE_MAX 63
#define NAMES_MAX 2000

static char **names; /* sorted */
static size_t name_count;
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static int name_compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* "Z America/Chicago -5:50:36 - LMT …" is a zone, "L America/Chicago US/Central" a link. */
static void source_line_read(char *line) {
    char *rest = NULL;
    const char *kind = strtok_r(line, " \n", &rest);
    const char *first = strtok_r(NULL, " \n", &rest);
    const char *second = strtok_r(NULL, " \n", &rest);
    const char *name = NULL;
    if (kind != NULL && strcmp(kind, "Z") == 0) {
        name = first;
    } else if (kind != NULL && strcmp(kind, "L") == 0) {
        name = second;
    }
    if (name != NULL && strcmp(name, "Factory") != 0 && name_count < NAMES_MAX) {
        names[name_count++] = text_duplicate(name);
    }
}

static void names_read(void) {
    FILE *file = fopen(ZONES_SOURCE, "r");
    if (file == NULL) {
        return; /* no list: every time is told in UTC, which is never wrong */
    }
    names = allocate_zeroed(NAMES_MAX, sizeof(*names));
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        source_line_read(line);
    }
    free(line);
    fclose(file);
    qsort(names, name_count, sizeof(*names), name_compare);
}

static const char *name_find(struct text name) {
    char wanted[NAME_SIZE_MAX + 1];
    if (name.size == 0 || name.size > NAME_SIZE_MAX || memchr(name.data, '\0', name.size) != NULL) {
        return NULL;
    }
    pthread_once(&names_once, names_read);
    memcpy(wanted, name.data, name.size);
    wanted[name.size] = '\0';
    const char *key = wanted;
    char **found =
        name_count > 0 ? bsearch(&key, names, name_count, sizeof(*names), name_compare) : NULL;
    return found != NULL ? *found : NULL;
}

bool present_time_zone_is_known(struct text name) { return name_find(name) != NULL; }

/* NULL: not a zone. */
static GTimeZone *time_zone_open(struct text name) {
    const char *known = name_find(name);
    if (known == NULL) {
        return NULL;
    }
    char path[sizeof(ZONES_FOLDER) + 1 + NAME_SIZE_MAX];
    snprintf(path, sizeof(path), "%s/%s", ZONES_FOLDER, known);
    return g_time_zone_new_identifier(path);
}

const char *present_time_zone_meant(struct text name) {
    pthread_once(&names_once, names_read);
    for (size_t i = 0; i < name_count; i++) {
        if (strlen(names[i]) == name.size &&
            g_ascii_strncasecmp(names[i], name.data, name.size) == 0) {
            return names[i];
        }
    }
    return NULL;
}

bool present_time_zone_offset(int64_t at_ms, struct text time_zone, int32_t *offset_s) {
    GTimeZone *zone = time_zone_open(time_zone);
    *offset_s = 0;
    if (zone == NULL) {
        return false;
    }
    int64_t at_s = at_ms / 1000 - (at_ms % 1000 < 0 ? 1 : 0);
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, at_s);
    *offset_s = interval >= 0 ? g_time_zone_get_offset(zone, interval) : 0;
    g_time_zone_unref(zone);
    return true;
}

/* "UTC−8", "UTC+5:45", "UTC". */
static void offset_format(int minutes, char *out, size_t size) {
    const char *sign = minutes < 0 ? "−" : "+";
    int distance = minutes < 0 ? -minutes : minutes;
    if (distance == 0) {
        snprintf(out, size, "UTC");
    } else if (distance % 60 == 0) {
        snprintf(out, size, "UTC%s%d", sign, distance / 60);
    } else {
        snprintf(out, size, "UTC%s%d:%02d", sign, distance / 60, distance % 60);
    }
}

static void zone_format(GDateTime *local, struct present_time *out) {
    char offset[24];
    int minutes = (int)(g_date_time_get_utc_offset(local) / G_TIME_SPAN_MINUTE);
    offset_format(minutes, offset, sizeof(offset));
    const char *abbreviation = g_date_time_get_timezone_abbreviation(local);
    bool named = abbreviation != NULL && g_ascii_isalpha(abbreviation[0]);
    snprintf(out->zone, sizeof(out->zone), "%s", named ? abbreviation : offset);
    if (!named || strcmp(out->zone, "UTC") == 0) {
        snprintf(out->clock, sizeof(out->clock), "%s", offset);
    } else {
        snprintf(out->clock, sizeof(out->clock), "%s (%s%s)", out->zone, offset,
                 minutes == 0 ? "+0" : "");
    }
}

static void local_format(GDateTime *local, struct present_time *out) {
    static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                           "Friday", "Saturday", "Sunday"};
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year, month, day;
    g_date_time_get_ymd(local, &year, &month, &day);
    snprintf(out->weekday, sizeof(out->weekday), "%s",
             weekdays[g_date_time_get_day_of_week(local) - 1]);
    snprintf(out->date, sizeof(out->date), "%d %s %d", day, months[month - 1], year);
    snprintf(out->time, sizeof(out->time), "%02d:%02d", g_date_time_get_hour(local),
             g_date_time_get_minute(local));
    snprintf(out->day, sizeof(out->day), "%04d-%02d-%02d", year, month, day);
    zone_format(local, out);
}

bool present_time_at(int64_t at_ms, struct text time_zone, struct present_time *out) {
    memset(out, 0, sizeof(*out));
    GTimeZone *zone = time_zone_open(time_zone);
    bool known = zone != NULL;
    if (!known) {
        zone = g_time_zone_new_utc();
    }
    int64_t at_s = at_ms / 1000 - (at_ms % 1000 < 0 ? 1 : 0);
    GDateTime *utc = g_date_time_new_from_unix_utc(at_s);
    GDateTime *local = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;
    if (local != NULL) {
        local_format(local, out);
        g_date_time_unref(local);
    } else {
        known = false;
        snprintf(out->date, sizeof(out->date), "date unknown");
    }
    if (utc != NULL) {
        g_date_time_unref(utc);
    }
    g_time_zone_unref(zone);
    return known;
}

bool present_has_end(int64_t starts_at_ms, int64_t ends_at_ms) {
    return ends_at_ms > starts_at_ms &&
           (uint64_t)ends_at_ms - (uint64_t)starts_at_ms >= (uint64_t)60 * 1000;
}

char *present_moment(int64_t at_ms, struct text time_zone, char *out) {
    struct present_time at;
    present_time_at(at_ms, time_zone, &at);
    if (at.time[0] == '\0') {
        snprintf(out, PRESENT_MOMENT_SIZE, "%s", at.date);
    } else {
        snprintf(out, PRESENT_MOMENT_SIZE, "%s, %s, %s %s", at.weekday, at.date, at.time, at.clock);
    }
    return out;
}
