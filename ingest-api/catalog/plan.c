/* SPDX-License-Identifier: Apache-2.0 */
/* A seat plan out of the catalog's JSON, with its seats by number. */
#include "ingest-api/catalog/plan.h"

#include "runtime/base/error.h"

#include <stdlib.h>
#include <string.h>

struct show_plan *plan_new(void) {
    struct show_plan *plan = allocate_zeroed(1, sizeof *plan);
    atomic_store(&plan->references, 1);
    return plan;
}

struct show_plan *plan_retain(struct show_plan *plan) {
    atomic_fetch_add(&plan->references, 1);
    return plan;
}

void plan_release(struct show_plan *plan) {
    if (plan != NULL && atomic_fetch_sub(&plan->references, 1) == 1) {
        arena_deinit(&plan->arena);
        free(plan);
    }
}

static struct text text_of(struct show_plan *plan, const json_t *value) {
    struct text text = {.data = json_string_value(value), .size = json_string_length(value)};
    return text.data != NULL ? arena_text_copy(&plan->arena, text) : TEXT_LITERAL("");
}

static bool categories_read(struct show_plan *plan, const json_t *list) {
    size_t count = json_array_size(list);
    struct category *items = arena_allocate_array(&plan->arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        const json_t *category = json_array_get(list, i);
        items[i] = (struct category){
            .name = text_of(plan, json_object_get(category, "name")),
            .price_minor = json_integer_value(json_object_get(category, "price_minor"))};
    }
    plan->details.categories = (struct category_list){.items = items, .count = count};
    return count > 0;
}

static struct row_list rows_read(struct show_plan *plan, const json_t *list) {
    size_t count = json_array_size(list);
    struct row *rows = arena_allocate_array(&plan->arena, count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(list, i);
        const json_t *labels = json_object_get(row, "seats");
        size_t seat_count = json_array_size(labels);
        struct text *seats = arena_allocate_array(&plan->arena, seat_count, sizeof *seats);
        for (size_t j = 0; j < seat_count; j++) {
            seats[j] = text_of(plan, json_array_get(labels, j));
        }
        rows[i] = (struct row){.label = text_of(plan, json_object_get(row, "label")),
                               .seats = {.items = seats, .count = seat_count}};
    }
    return (struct row_list){.items = rows, .count = count};
}

static bool sections_read(struct show_plan *plan, const json_t *list) {
    size_t count = json_array_size(list);
    struct section *items = arena_allocate_array(&plan->arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        const json_t *section = json_array_get(list, i);
        struct text kind = text_of(plan, json_object_get(section, "kind"));
        json_int_t category = json_integer_value(json_object_get(section, "category"));
        if (category < 0 || (size_t)category >= plan->details.categories.count) {
            return false;
        }
        bool general = kind.size == 7 && memcmp(kind.data, "GENERAL", 7) == 0;
        items[i] = (struct section){
            .name = text_of(plan, json_object_get(section, "name")),
            .category = (int32_t)category,
            .kind = general ? SECTION_KIND_GENERAL : SECTION_KIND_SEATED,
            .rows = rows_read(plan, json_object_get(section, "rows")),
            .capacity = (int32_t)json_integer_value(json_object_get(section, "capacity"))};
        plan->row_count += items[i].rows.count;
    }
    plan->details.sections = (struct section_list){.items = items, .count = count};
    return true;
}

static void seats_number(struct show_plan *plan) {
    plan->rows = arena_allocate_array(&plan->arena, plan->row_count, sizeof *plan->rows);
    size_t row_count = 0;
    for (size_t i = 0; i < plan->details.sections.count; i++) {
        const struct section *section = &plan->details.sections.items[i];
        plan->place_count += section->capacity;
        for (size_t j = 0; j < section->rows.count; j++) {
            plan->rows[row_count++] = (struct plan_row){
                .section = section, .row = &section->rows.items[j], .seat_first = plan->seat_count};
            plan->seat_count += (int32_t)section->rows.items[j].seats.count;
        }
    }
    plan->place_count += plan->seat_count;
}

bool plan_read(struct show_plan *plan, const char *text, size_t size) {
    json_t *json = json_loadb(text, size, 0, NULL);
    bool read = json != NULL && categories_read(plan, json_object_get(json, "categories")) &&
                sections_read(plan, json_object_get(json, "sections"));
    json_decref(json);
    if (read) {
        seats_number(plan);
    }
    return read;
}

bool plan_seat(const struct show_plan *plan, int32_t number, struct plan_seat *out) {
    if (number < 0 || number >= plan->seat_count) {
        return false;
    }
    size_t low = 0;
    size_t high = plan->row_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (plan->rows[middle].seat_first <= number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct plan_row *row = &plan->rows[low];
    *out = (struct plan_seat){.section = row->section,
                              .row = row->row->label,
                              .label = row->row->seats.items[number - row->seat_first],
                              .category = &plan->details.categories.items[row->section->category]};
    return true;
}

static bool text_same(struct text left, struct text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

int32_t plan_section_find(const struct show_plan *plan, struct text name) {
    for (size_t i = 0; i < plan->details.sections.count; i++) {
        if (text_same(plan->details.sections.items[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

int32_t plan_category_find(const struct show_plan *plan, struct text name) {
    for (size_t i = 0; i < plan->details.categories.count; i++) {
        if (text_same(plan->details.categories.items[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}
