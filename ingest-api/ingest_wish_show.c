/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_time.h"
#include "ingest-api/ingest_wish_core.h"
#include "schemas/show_bounds.h"
#include "seatlog_codec.h"

#include <stdio.h>
#include <string.h>

/* The core's bounds (reservation/README.md). Names are unique here, since calls refer to them. */
#define TITLE_SIZE_MAX 200
#define CITY_SIZE_MAX 100
#define NAME_SIZE_MAX 80
#define LABEL_SIZE_MAX 16
#define DESCRIPTION_SIZE_MAX 4000
#define ZONE_SIZE_MAX 64
#define CATEGORIES_MAX 64
#define SECTIONS_MAX 256
#define ROWS_MAX 4096
#define SEATS_A_ROW_MAX 500
#define PRICE_MINOR_MAX 1000000000
#define LENGTH_MS_MAX ((int64_t)31 * 24 * 60 * 60 * 1000)
#define AHEAD_MS_MAX PLAN_START_AHEAD_MS_MAX

struct show_reading {
    struct reader *reader;
    struct arena *arena;
    struct show_details *out;
    int64_t places;
    int64_t rows;
};

static bool text_same(struct text left, struct text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

static bool capitals(struct text text, size_t count) {
    bool all = text.size == count;
    for (size_t i = 0; i < text.size && all; i++) {
        all = text.data[i] >= 'A' && text.data[i] <= 'Z';
    }
    return all;
}

static void time_read(struct reader *reader, const json_t *body, const char *name, int64_t *out) {
    struct text text;
    if (reader_text(reader, NULL, body, name, READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 40}, &text) &&
        !time_parse(text.data, out)) {
        reader_error(reader, NULL, name,
                     "must be a time with its offset, as 2026-12-01T20:15:00-08:00");
    }
}

static void times_read(struct show_reading *reading, const json_t *body, int64_t now_ms) {
    struct reader *reader = reading->reader;
    struct show_details *out = reading->out;
    time_read(reader, body, "starts_at", &out->starts_at);
    time_read(reader, body, "ends_at", &out->ends_at);
    if (out->starts_at != 0 && out->starts_at <= now_ms) {
        reader_error(reader, NULL, "starts_at", "must be in the future");
    } else if (out->starts_at > now_ms + AHEAD_MS_MAX) {
        reader_error(reader, NULL, "starts_at", "must be within ten years");
    }
    if (out->starts_at != 0 && out->ends_at != 0 &&
        (out->ends_at <= out->starts_at || out->ends_at - out->starts_at > LENGTH_MS_MAX)) {
        reader_error(reader, NULL, "ends_at", "must be after starts_at, by 31 days at most");
    }
    if (reader_text(reader, NULL, body, "time_zone", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = ZONE_SIZE_MAX},
                    &out->time_zone) &&
        !time_zone_known(out->time_zone)) {
        reader_error(reader, NULL, "time_zone", "must be an IANA name, as America/Los_Angeles");
    }
}

static void details_read(struct show_reading *reading, const json_t *body) {
    struct reader *reader = reading->reader;
    struct show_details *out = reading->out;
    struct text type;
    reader_text(reader, NULL, body, "title", READER_REQUIRED,
                (struct text_rule){.size_min = 1, .size_max = TITLE_SIZE_MAX}, &out->title);
    reader_text(reader, NULL, body, "description", READER_OPTIONAL,
                (struct text_rule){.size_max = DESCRIPTION_SIZE_MAX, .lines = true},
                &out->description);
    reader_text(reader, NULL, body, "venue", READER_REQUIRED,
                (struct text_rule){.size_min = 1, .size_max = TITLE_SIZE_MAX}, &out->venue);
    reader_text(reader, NULL, body, "city", READER_REQUIRED,
                (struct text_rule){.size_min = 1, .size_max = CITY_SIZE_MAX}, &out->city);
    reader_text(reader, NULL, body, "region", READER_OPTIONAL,
                (struct text_rule){.size_max = CITY_SIZE_MAX}, &out->region);
    if (reader_text(reader, NULL, body, "country", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 8}, &out->country) &&
        !capitals(out->country, 2)) {
        reader_error(reader, NULL, "country", "must be two capital letters, as US");
    }
    if (reader_text(reader, NULL, body, "currency", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 8}, &out->currency) &&
        !capitals(out->currency, 3)) {
        reader_error(reader, NULL, "currency", "must be three capital letters, as USD");
    }
    if (reader_text(reader, NULL, body, "type", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 16}, &type)) {
        char name[16 + 1] = "";
        size_t size = type.size < sizeof name ? type.size : sizeof name - 1;
        for (size_t i = 0; i < size; i++) {
            char letter = type.data[i];
            name[i] = (char)(letter >= 'a' && letter <= 'z' ? letter - ('a' - 'A') : letter);
        }
        if (!show_type_parse((struct text){.data = name, .size = size}, &out->type)) {
            reader_error(reader, NULL, "type",
                         "must be film, concert, theatre, comedy, sport or other");
        }
    }
}

static void categories_read(struct show_reading *reading, const json_t *body) {
    static const char *const members[] = {"name", "price_minor", NULL};
    json_t *list;
    if (!reader_array(reading->reader, NULL, body, "categories", READER_REQUIRED, 1, CATEGORIES_MAX,
                      &list)) {
        return;
    }
    struct place_in place = {.name = "categories"};
    size_t count = json_array_size(list);
    struct category *items = arena_allocate_array(reading->arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        const json_t *object = json_array_get(list, i);
        items[i] = (struct category){.name = TEXT_LITERAL("")};
        if (!reader_object(reading->reader, &at, object, members)) {
            continue;
        }
        reader_text(reading->reader, &at, object, "name", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = NAME_SIZE_MAX}, &items[i].name);
        reader_integer(reading->reader, &at, object, "price_minor", READER_REQUIRED, 0,
                       PRICE_MINOR_MAX, &items[i].price_minor);
        for (size_t j = 0; j < i; j++) {
            if (items[i].name.size > 0 && text_same(items[j].name, items[i].name)) {
                reader_error(reading->reader, &at, "name", "is the name of another category");
            }
        }
    }
    reading->out->categories = (struct category_list){.items = items, .count = count};
}

/* "seats": 12 stands for the labels "1" to "12". */
static bool seats_numbered(struct show_reading *reading, const struct place_in *at,
                           const json_t *value, struct texts *out) {
    json_int_t count = json_integer_value(value);
    if (count < 1 || count > SEATS_A_ROW_MAX) {
        return reader_error(reading->reader, at, NULL, "must be from 1 to %d", SEATS_A_ROW_MAX);
    }
    struct text *labels = arena_allocate_array(reading->arena, (size_t)count, sizeof *labels);
    for (json_int_t i = 0; i < count; i++) {
        labels[i] = arena_text_format(reading->arena, "%d", (int)i + 1);
    }
    *out = (struct texts){.items = labels, .count = (size_t)count};
    return true;
}

static bool seats_read(struct show_reading *reading, const struct place_in *row_at,
                       const json_t *row, struct texts *out) {
    struct place_in at = {.parent = row_at, .name = "seats"};
    const json_t *value = json_object_get(row, "seats");
    if (json_is_integer(value)) {
        return seats_numbered(reading, &at, value, out);
    }
    json_t *list;
    if (!reader_array(reading->reader, row_at, row, "seats", READER_REQUIRED, 1, SEATS_A_ROW_MAX,
                      &list)) {
        return false;
    }
    size_t count = json_array_size(list);
    struct text *labels = arena_allocate_array(reading->arena, count, sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        struct place_in label_at = {.parent = &at, .index = i};
        if (!reader_text_value(reading->reader, &label_at, json_array_get(list, i),
                               (struct text_rule){.size_min = 1, .size_max = LABEL_SIZE_MAX},
                               &labels[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (text_same(labels[j], labels[i])) {
                return reader_error(reading->reader, &label_at, NULL, "is there twice in the row");
            }
        }
    }
    *out = (struct texts){.items = labels, .count = count};
    return true;
}

static bool rows_read(struct show_reading *reading, const struct place_in *section_at,
                      const json_t *section, struct row_list *out) {
    static const char *const members[] = {"label", "seats", NULL};
    json_t *list;
    if (!reader_array(reading->reader, section_at, section, "rows", READER_REQUIRED, 1, ROWS_MAX,
                      &list)) {
        return false;
    }
    struct place_in place = {.parent = section_at, .name = "rows"};
    size_t count = json_array_size(list);
    struct row *rows = arena_allocate_array(reading->arena, count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        const json_t *object = json_array_get(list, i);
        rows[i] = (struct row){0};
        if (!reader_object(reading->reader, &at, object, members) ||
            !reader_text(reading->reader, &at, object, "label", READER_REQUIRED,
                         (struct text_rule){.size_min = 1, .size_max = LABEL_SIZE_MAX},
                         &rows[i].label) ||
            !seats_read(reading, &at, object, &rows[i].seats)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (text_same(rows[j].label, rows[i].label)) {
                return reader_error(reading->reader, &at, "label", "is the label of another row");
            }
        }
        reading->places += (int64_t)rows[i].seats.count;
    }
    reading->rows += (int64_t)count;
    *out = (struct row_list){.items = rows, .count = count};
    return true;
}

static int32_t category_find(const struct show_details *show, struct text name) {
    for (size_t i = 0; i < show->categories.count; i++) {
        if (text_same(show->categories.items[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

static void section_read(struct show_reading *reading, const struct place_in *at,
                         const json_t *object, struct section *out) {
    static const char *const members[] = {"name", "category", "rows", "capacity", NULL};
    struct reader *reader = reading->reader;
    *out = (struct section){.name = TEXT_LITERAL("")};
    if (!reader_object(reader, at, object, members)) {
        return;
    }
    struct text category;
    reader_text(reader, at, object, "name", READER_REQUIRED,
                (struct text_rule){.size_min = 1, .size_max = NAME_SIZE_MAX}, &out->name);
    if (reader_text(reader, at, object, "category", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = NAME_SIZE_MAX}, &category)) {
        out->category = category_find(reading->out, category);
        if (out->category < 0) {
            reader_error(reader, at, "category", "must be the name of one of the categories");
        }
    }
    bool general = json_object_get(object, "capacity") != NULL;
    if (general == (json_object_get(object, "rows") != NULL)) {
        reader_error(reader, at, NULL, "must have either rows or capacity");
    } else if (general) {
        int64_t capacity = 0;
        out->kind = SECTION_KIND_GENERAL;
        reader_integer(reader, at, object, "capacity", READER_REQUIRED, 1, WISH_PLACES_MAX,
                       &capacity);
        out->capacity = (int32_t)capacity;
        reading->places += capacity;
    } else {
        out->kind = SECTION_KIND_SEATED;
        rows_read(reading, at, object, &out->rows);
    }
}

static void sections_read(struct show_reading *reading, const json_t *body) {
    json_t *list;
    if (!reader_array(reading->reader, NULL, body, "sections", READER_REQUIRED, 1, SECTIONS_MAX,
                      &list)) {
        return;
    }
    struct place_in place = {.name = "sections"};
    size_t count = json_array_size(list);
    struct section *items = arena_allocate_array(reading->arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        section_read(reading, &at, json_array_get(list, i), &items[i]);
        for (size_t j = 0; j < i; j++) {
            if (items[i].name.size > 0 && text_same(items[j].name, items[i].name)) {
                reader_error(reading->reader, &at, "name", "is the name of another section");
            }
        }
        if (reading->places > WISH_PLACES_MAX || reading->rows > ROWS_MAX) {
            reader_error(reading->reader, NULL, "sections",
                         "must have at most %d places in at most %d rows", WISH_PLACES_MAX,
                         ROWS_MAX);
            return;
        }
    }
    reading->out->sections = (struct section_list){.items = items, .count = count};
}

bool wish_show_read(struct reader *reader, struct arena *arena, const json_t *body, int64_t now_ms,
                    struct show_details *out) {
    static const char *const members[] = {
        "title",    "type",         "description",         "venue",      "city",
        "region",   "country",      "starts_at",           "ends_at",    "time_zone",
        "currency", "hold_seconds", "seats_per_buyer_max", "categories", "sections",
        NULL};
    *out = (struct show_details){.description = TEXT_LITERAL(""), .region = TEXT_LITERAL("")};
    struct show_reading reading = {.reader = reader, .arena = arena, .out = out};
    int64_t hold_s = 600;
    int64_t per_buyer = 10;
    reader_object(reader, NULL, body, members);
    details_read(&reading, body);
    times_read(&reading, body, now_ms);
    reader_integer(reader, NULL, body, "hold_seconds", READER_OPTIONAL, 60, 3600, &hold_s);
    reader_integer(reader, NULL, body, "seats_per_buyer_max", READER_OPTIONAL, 1, 1000, &per_buyer);
    out->hold_ttl_ms = (int32_t)hold_s * 1000;
    out->seats_per_buyer_max = (int32_t)per_buyer;
    categories_read(&reading, body);
    sections_read(&reading, body);
    return !reader_failed(reader);
}
