/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalog keeps of a seat plan. */

#include "indexer/core/plan.h"

#include <assert.h>
#include <jansson.h>

static json_t *json_of(struct text text) { return json_stringn(text.data, text.size); }

static json_t *categories_format(const struct category_list *categories) {
    assert(categories->count == 0 || categories->items != NULL);
    json_t *array = json_array();
    for (size_t i = 0; i < categories->count; i++) {
        json_array_append_new(array, json_pack("{s:o, s:I}", "name",
                                               json_of(categories->items[i].name), "price_minor",
                                               (json_int_t)categories->items[i].price_minor));
    }
    assert(json_array_size(array) == categories->count); /* texts are UTF-8: the codec has looked */
    return array;
}

static json_t *rows_format(const struct row_list *rows) {
    assert(rows->count == 0 || rows->items != NULL);
    json_t *array = json_array();
    for (size_t i = 0; i < rows->count; i++) {
        json_t *seats = json_array();
        for (size_t j = 0; j < rows->items[i].seats.count; j++) {
            json_array_append_new(seats, json_of(rows->items[i].seats.items[j]));
        }
        assert(json_array_size(seats) == rows->items[i].seats.count);
        json_array_append_new(
            array, json_pack("{s:o, s:o}", "label", json_of(rows->items[i].label), "seats", seats));
    }
    assert(json_array_size(array) == rows->count);
    return array;
}

static json_t *sections_format(const struct section_list *sections) {
    assert(sections->count == 0 || sections->items != NULL);
    json_t *array = json_array();
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->items[i];
        json_array_append_new(
            array,
            json_pack("{s:o, s:i, s:s, s:i, s:o}", "name", json_of(section->name), "category",
                      (int)section->category, "kind", section_kind_name(section->kind), "capacity",
                      (int)section->capacity, "rows", rows_format(&section->rows)));
    }
    assert(json_array_size(array) == sections->count);
    return array;
}

char *seat_plan_format(const struct show_details *show) {
    json_t *plan = json_pack("{s:o, s:o}", "categories", categories_format(&show->categories),
                             "sections", sections_format(&show->sections));
    char *text = json_dumps(plan, JSON_COMPACT);
    json_decref(plan);
    return text;
}

void show_price_range(const struct show_details *show, int64_t *minimum, int64_t *maximum) {
    *minimum = 0;
    *maximum = 0;
    for (size_t i = 0; i < show->sections.count; i++) {
        int32_t category = show->sections.items[i].category;
        if (category < 0 || (size_t)category >= show->categories.count) {
            continue;
        }
        int64_t price = show->categories.items[category].price_minor;
        if (i == 0 || price < *minimum) {
            *minimum = price;
        }
        if (i == 0 || price > *maximum) {
            *maximum = price;
        }
        assert(*minimum <= price);
        assert(*maximum >= price);
    }
    assert(*minimum <= *maximum);
}
