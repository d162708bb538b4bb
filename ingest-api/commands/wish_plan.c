/* SPDX-License-Identifier: Apache-2.0 */
/* The seat plan of a show that is put on sale: categories with their prices, sections, rows, seats.
 */
#include "ingest-api/commands/wish_plan.h"

#include "ingest-api/http/text.h"

#include <stdlib.h>
#include <string.h>

struct plan_reading {
    struct reader *reader;
    struct arena *arena;
    const struct currency *currency;
    struct show_details *out;
};

static const struct display_rule name_rule = {.kind = TEXT_LINE, .size_max = PLAN_NAME_OCTETS_MAX};
static const struct display_rule label_rule = {.kind = TEXT_LINE,
                                               .size_max = PLAN_LABEL_OCTETS_MAX};

static bool text_same(struct text left, struct text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

/* ---- what must be unique ---- */

struct label {
    struct text text; /* empty: not valid anyhow */
    size_t index;
};

static int label_compare(const void *left, const void *right) {
    const struct label *a = left;
    const struct label *b = right;
    size_t size = a->text.size < b->text.size ? a->text.size : b->text.size;
    int order = size > 0 ? memcmp(a->text.data, b->text.data, size) : 0;
    if (order != 0) {
        return order;
    }
    if (a->text.size != b->text.size) {
        return a->text.size < b->text.size ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Labels of the list at `list`, by their index: `member` of its elements, NULL: they themselves. */
static void unique_check(struct plan_reading *reading, const struct place_in *list,
                         const char *member, struct label *labels, size_t count) {
    qsort(labels, count, sizeof *labels, label_compare);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (labels[i].text.size == 0 || !text_same(labels[first].text, labels[i].text)) {
            first = i;
            continue;
        }
        struct place_in at = {.parent = list, .index = labels[i].index};
        struct place_in other = {.parent = list, .index = labels[first].index};
        struct place_in other_member = {.parent = &other, .name = member};
        char field[READER_FIELD_SIZE];
        reader_error(reading->reader, &at, member, "must be unique: %s is \"%.*s\" already",
                     reader_field(member != NULL ? &other_member : &other, field),
                     (int)labels[first].text.size, labels[first].text.data);
    }
}

/* ---- categories ---- */

static void price_read(struct plan_reading *reading, const struct place_in *at,
                       const json_t *object, int64_t *out) {
    static const char name[] = "price_minor";
    struct reader apart = {0};
    if (reader_member(reading->reader, at, object, name, READER_REQUIRED) != NULL &&
        !reader_integer(&apart, at, object, name, READER_REQUIRED, 0, PLAN_PRICE_MINOR_MAX, out)) {
        const struct currency *currency =
            reading->currency != NULL ? reading->currency : currency_find(TEXT_LITERAL("USD"));
        char amount[CURRENCY_AMOUNT_SIZE];
        reader_error(reading->reader, at, name,
                     "must be an integer from 0 to %lld. It is in minor units: 1250 is %s",
                     PLAN_PRICE_MINOR_MAX, currency_amount_format(currency, 1250, amount));
    }
    reader_deinit(&apart);
}

static void categories_read(struct plan_reading *reading, const json_t *body) {
    static const char *const members[] = {"name", "price_minor", NULL};
    json_t *list;
    if (!reader_array(reading->reader, NULL, body, "categories", READER_REQUIRED, 1,
                      PLAN_CATEGORIES_MAX, &list)) {
        return;
    }
    struct place_in place = {.name = "categories"};
    size_t count = json_array_size(list);
    struct category *items = arena_allocate_array(reading->arena, count, sizeof *items);
    struct label *names = arena_allocate_array(reading->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        const json_t *object = json_array_get(list, i);
        items[i] = (struct category){.name = TEXT_LITERAL("")};
        if (reader_object(reading->reader, &at, object, members)) {
            display_text_read(reading->reader, reading->arena, &at, object, "name", READER_REQUIRED,
                              name_rule, &items[i].name);
            price_read(reading, &at, object, &items[i].price_minor);
        }
        names[i] = (struct label){.text = items[i].name, .index = i};
    }
    unique_check(reading, &place, "name", names, count);
    reading->out->categories = (struct category_list){.items = items, .count = count};
}

static int32_t category_find(const struct show_details *show, struct text name) {
    for (size_t i = 0; i < show->categories.count; i++) {
        if (text_same(show->categories.items[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* ---- seats and rows ---- */

/* "seats": 12 stands for the labels "1" to "12". */
static void seats_numbered(struct plan_reading *reading, const struct place_in *row_at,
                           const json_t *row, struct texts *out) {
    int64_t count = 0;
    if (!reader_integer(reading->reader, row_at, row, "seats", READER_REQUIRED, 1,
                        PLAN_SEATS_PER_ROW_MAX, &count)) {
        return;
    }
    struct text *labels = arena_allocate_array(reading->arena, (size_t)count, sizeof *labels);
    for (int64_t i = 0; i < count; i++) {
        labels[i] = arena_text_format(reading->arena, "%d", (int)i + 1);
    }
    *out = (struct texts){.items = labels, .count = (size_t)count};
}

static void seats_read(struct plan_reading *reading, const struct place_in *row_at,
                       const json_t *row, struct texts *out) {
    json_t *list;
    if (json_is_number(json_object_get(row, "seats"))) {
        seats_numbered(reading, row_at, row, out);
        return;
    }
    const json_t *value = json_object_get(row, "seats");
    if (value != NULL && !json_is_array(value)) {
        reader_error(reading->reader, row_at, "seats",
                     "must be the number of seats, or the list of their labels");
        return;
    }
    if (!reader_array(reading->reader, row_at, row, "seats", READER_REQUIRED, 1,
                      PLAN_SEATS_PER_ROW_MAX, &list)) {
        return;
    }
    struct place_in at = {.parent = row_at, .name = "seats"};
    size_t count = json_array_size(list);
    struct text *items = arena_allocate_array(reading->arena, count, sizeof *items);
    struct label *labels = arena_allocate_array(reading->arena, count, sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        struct place_in label_at = {.parent = &at, .index = i};
        items[i] = TEXT_LITERAL("");
        display_text_read_value(reading->reader, reading->arena, &label_at, json_array_get(list, i),
                                label_rule, &items[i]);
        labels[i] = (struct label){.text = items[i], .index = i};
    }
    unique_check(reading, &at, NULL, labels, count);
    *out = (struct texts){.items = items, .count = count};
}

static void rows_read(struct plan_reading *reading, const struct place_in *section_at,
                      const json_t *section, struct row_list *out) {
    static const char *const members[] = {"label", "seats", NULL};
    json_t *list;
    if (!reader_array(reading->reader, section_at, section, "rows", READER_REQUIRED, 1,
                      PLAN_ROWS_MAX, &list)) {
        return;
    }
    struct place_in place = {.parent = section_at, .name = "rows"};
    size_t count = json_array_size(list);
    struct row *rows = arena_allocate_array(reading->arena, count, sizeof *rows);
    struct label *labels = arena_allocate_array(reading->arena, count, sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        const json_t *object = json_array_get(list, i);
        rows[i] = (struct row){.label = TEXT_LITERAL("")};
        if (reader_object(reading->reader, &at, object, members)) {
            display_text_read(reading->reader, reading->arena, &at, object, "label",
                              READER_REQUIRED, label_rule, &rows[i].label);
            seats_read(reading, &at, object, &rows[i].seats);
        }
        labels[i] = (struct label){.text = rows[i].label, .index = i};
    }
    unique_check(reading, &place, "label", labels, count);
    *out = (struct row_list){.items = rows, .count = count};
}

/* ---- sections ---- */

static void section_read(struct plan_reading *reading, const struct place_in *at,
                         const json_t *object, struct section *out) {
    static const char *const members[] = {"name", "category", "rows", "capacity", NULL};
    struct reader *reader = reading->reader;
    *out = (struct section){.name = TEXT_LITERAL("")};
    if (!reader_object(reader, at, object, members)) {
        return;
    }
    struct text category;
    display_text_read(reader, reading->arena, at, object, "name", READER_REQUIRED, name_rule,
                      &out->name);
    if (display_text_read(reader, reading->arena, at, object, "category", READER_REQUIRED,
                          name_rule, &category)) {
        out->category = category_find(reading->out, category);
        if (out->category < 0) {
            reader_error(reader, at, "category", "must be the name of one of the categories");
        }
    }
    bool general = json_object_get(object, "capacity") != NULL;
    if (general == (json_object_get(object, "rows") != NULL)) {
        reader_error(reader, at, NULL,
                     "must have either rows, for seats, or capacity, for general admission");
    } else if (general) {
        int64_t capacity = 0;
        out->kind = SECTION_KIND_GENERAL;
        reader_integer(reader, at, object, "capacity", READER_REQUIRED, 1, PLAN_PLACES_MAX,
                       &capacity);
        out->capacity = (int32_t)capacity;
    } else {
        out->kind = SECTION_KIND_SEATED;
        rows_read(reading, at, object, &out->rows);
    }
}

/* What is no number of places is told where it stands. */
static int64_t places_counted(const json_t *value, int64_t maximum) {
    int64_t count =
        json_is_array(value) ? (int64_t)json_array_size(value) : (int64_t)json_number_value(value);
    return count < 0 || count > maximum ? 0 : count;
}

/* Rows and places are counted, and too many refused, before anything is made of them. */
static bool sections_bounded(struct plan_reading *reading, const json_t *list) {
    int64_t rows = 0;
    int64_t places = 0;
    size_t i;
    const json_t *section;
    json_array_foreach(list, i, section) {
        const json_t *of_section = json_object_get(section, "rows");
        size_t j;
        const json_t *row;
        places += places_counted(json_object_get(section, "capacity"), PLAN_PLACES_MAX);
        rows += (int64_t)json_array_size(of_section);
        json_array_foreach(of_section, j, row) {
            places += places_counted(json_object_get(row, "seats"), PLAN_SEATS_PER_ROW_MAX);
        }
    }
    if (places <= PLAN_PLACES_MAX && rows <= PLAN_ROWS_MAX) {
        return true;
    }
    return reader_error(reading->reader, NULL, "sections",
                        "must have at most %d places in at most %d rows; these are %lld places "
                        "in %lld rows",
                        PLAN_PLACES_MAX, PLAN_ROWS_MAX, (long long)places, (long long)rows);
}

static void sections_read(struct plan_reading *reading, const json_t *body) {
    json_t *list;
    if (!reader_array(reading->reader, NULL, body, "sections", READER_REQUIRED, 1,
                      PLAN_SECTIONS_MAX, &list) ||
        !sections_bounded(reading, list)) {
        return;
    }
    struct place_in place = {.name = "sections"};
    size_t count = json_array_size(list);
    struct section *items = arena_allocate_array(reading->arena, count, sizeof *items);
    struct label *names = arena_allocate_array(reading->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        section_read(reading, &at, json_array_get(list, i), &items[i]);
        names[i] = (struct label){.text = items[i].name, .index = i};
    }
    unique_check(reading, &place, "name", names, count);
    reading->out->sections = (struct section_list){.items = items, .count = count};
}

void wish_plan_read(struct reader *reader, struct arena *arena, const json_t *body,
                    const struct currency *currency, struct show_details *out) {
    struct plan_reading reading = {
        .reader = reader, .arena = arena, .currency = currency, .out = out};
    categories_read(&reading, body);
    sections_read(&reading, body);
}
