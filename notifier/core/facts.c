/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a mail to and from JSON. */
#include "notifier/core/facts.h"

#include "runtime/base/error.h"
#include "runtime/present/present_text.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#define PLACE_FIELDS 7

static json_t *json_of(struct text value) {
    assert(value.data != NULL || value.size == 0);
    bool storable = value.size == 0 || memchr(value.data, '\0', value.size) == NULL;
    json_t *string =
        storable ? json_stringn(value.data != NULL ? value.data : "", value.size) : NULL;
    if (string == NULL) { /* neither JSON nor PostgreSQL holds it: as it will be shown */
        struct buffer shown = {0};
        present_line(value, &shown);
        string = json_stringn(shown.data != NULL ? shown.data : "", shown.size);
        buffer_deinit(&shown);
    }
    if (string == NULL) {
        die("out of memory while a mail is written");
    }
    assert(json_is_string(string));
    return string;
}

static json_t *place_format(const struct place *place) {
    json_t *json =
        json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:I}", "seat", (int)place->seat, "section_index",
                  (int)place->section_index, "section", json_of(place->section), "row",
                  json_of(place->row), "label", json_of(place->label), "category",
                  json_of(place->category), "price_minor", (json_int_t)place->price_minor);
    assert(json != NULL);
    assert(json_object_size(json) == PLACE_FIELDS);
    return json;
}

char *mail_facts_format(const struct mail_facts *facts) {
    const struct show_summary *summary = &facts->summary;
    json_t *places = json_array();
    assert(facts->places.count == 0 || facts->places.items != NULL);
    for (size_t i = 0; i < facts->places.count; i++) {
        json_array_append_new(places, place_format(&facts->places.items[i]));
    }
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:o}", "title", json_of(summary->title),
        "venue", json_of(summary->venue), "city", json_of(summary->city), "starts_at",
        (json_int_t)summary->starts_at, "ends_at", (json_int_t)summary->ends_at, "time_zone",
        json_of(summary->time_zone), "amount_minor", (json_int_t)facts->amount_minor, "currency",
        json_of(facts->currency), "reason", json_of(facts->reason), "places", places);
    char *json = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(object);
    if (json == NULL) {
        die("mail: facts cannot be written");
    }
    assert(json[0] == '{');
    return json;
}

static struct text text_read(struct arena *arena, const json_t *string) {
    struct text value = {json_string_value(string), json_string_length(string)};
    assert(json_is_string(string));
    assert(value.data != NULL);
    return arena_text_copy(arena, value);
}

static bool place_parse(json_t *json, struct arena *arena, struct place *place) {
    json_t *section, *row, *label, *category;
    json_int_t price;
    int seat, section_index;
    if (json_unpack(json, "{s:i, s:i, s:o, s:o, s:o, s:o, s:I}", "seat", &seat, "section_index",
                    &section_index, "section", &section, "row", &row, "label", &label, "category",
                    &category, "price_minor", &price) != 0 ||
        !json_is_string(section) || !json_is_string(row) || !json_is_string(label) ||
        !json_is_string(category)) {
        return false;
    }
    assert(section != NULL && row != NULL);
    assert(label != NULL && category != NULL);
    *place = (struct place){seat,
                            section_index,
                            text_read(arena, section),
                            text_read(arena, row),
                            text_read(arena, label),
                            text_read(arena, category),
                            price};
    return true;
}

static bool places_parse(json_t *array, struct arena *arena, struct place_list *places) {
    size_t count = json_array_size(array);
    assert(json_is_array(array) || count == 0);
    struct place *items = arena_allocate_array(arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        if (!place_parse(json_array_get(array, i), arena, &items[i])) {
            return false;
        }
    }
    assert(items != NULL);
    *places = (struct place_list){items, count};
    return json_is_array(array);
}

static bool object_parse(json_t *object, struct arena *arena, struct mail_facts *facts) {
    json_t *title, *venue, *city, *time_zone, *currency, *reason, *places;
    json_int_t starts_at, ends_at, amount;
    if (json_unpack(object, "{s:o, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:o}", "title", &title,
                    "venue", &venue, "city", &city, "starts_at", &starts_at, "ends_at", &ends_at,
                    "time_zone", &time_zone, "amount_minor", &amount, "currency", &currency,
                    "reason", &reason, "places", &places) != 0) {
        return false;
    }
    json_t *strings[] = {title, venue, city, time_zone, currency, reason};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (!json_is_string(strings[i])) {
            return false;
        }
    }
    assert(title != NULL && venue != NULL && city != NULL && time_zone != NULL);
    assert(currency != NULL && reason != NULL && places != NULL);
    *facts = (struct mail_facts){
        .summary = {.title = text_read(arena, title),
                    .venue = text_read(arena, venue),
                    .city = text_read(arena, city),
                    .starts_at = starts_at,
                    .ends_at = ends_at,
                    .time_zone = text_read(arena, time_zone)},
        .amount_minor = amount,
        .currency = text_read(arena, currency),
        .reason = text_read(arena, reason),
    };
    return places_parse(places, arena, &facts->places);
}

bool mail_facts_parse(const char *json, struct arena *arena, struct mail_facts *facts) {
    assert(json != NULL);
    json_t *object = json_loads(json, 0, NULL);
    bool parsed = object != NULL && object_parse(object, arena, facts);
    json_decref(object);
    assert(!parsed || facts->places.items != NULL);
    return parsed;
}
