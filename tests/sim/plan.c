/* SPDX-License-Identifier: Apache-2.0 */
/* Seating plans of made-up shows. */
#include "tests/sim/buyers.h"

#include <string.h>

#define MINUTE_MS 60000LL

static int64_t draw(struct sim_world *world, int64_t from, int64_t to) {
    return sim_random_between(&world->buying, from, to);
}

static struct section seated(struct sim_world *world, const char *name, int32_t category,
                             int32_t *seat_count) {
    size_t row_count = (size_t)draw(world, 1, 4);
    struct row *rows = arena_allocate_array(&world->memory, row_count, sizeof *rows);
    for (size_t i = 0; i < row_count; i++) {
        size_t seats = (size_t)draw(world, 3, 9);
        struct text *labels = arena_allocate_array(&world->memory, seats, sizeof *labels);
        for (size_t j = 0; j < seats; j++) {
            labels[j] = arena_text_format(&world->memory, "%zu", j + 1);
        }
        rows[i] = (struct row){.label = arena_text_format(&world->memory, "%c", (char)('A' + i)),
                               .seats = {labels, seats}};
        *seat_count += (int32_t)seats;
    }
    return (struct section){.name = arena_text_copy_string(&world->memory, name),
                            .category = category,
                            .kind = SECTION_KIND_SEATED,
                            .rows = {rows, row_count}};
}

static void sections_draw(struct sim_world *world, struct sim_show_plan *plan) {
    struct section *sections = arena_allocate_array(&world->memory, 3, sizeof *sections);
    size_t count = 0;
    sections[count++] = seated(world, "Stalls", 0, &plan->seat_count);
    if (draw(world, 0, 2) > 0) {
        sections[count++] = (struct section){.name = TEXT_LITERAL("Standing"),
                                             .category = 2,
                                             .kind = SECTION_KIND_GENERAL,
                                             .capacity = (int32_t)draw(world, 3, 12)};
    }
    if (draw(world, 0, 1) > 0) {
        sections[count++] = seated(world, "Balcony", 1, &plan->seat_count);
    }
    plan->details.sections = (struct section_list){sections, count};
}

void sim_plan_draw(struct sim_world *world, struct sim_show_plan *plan) {
    static const char *const titles[] = {"Ghost", "Hamlet", "Carmen", "Dune", "Tosca"};
    struct category *categories = arena_allocate_array(&world->memory, 3, sizeof *categories);
    categories[0] = (struct category){TEXT_LITERAL("First"), 2500};
    categories[1] = (struct category){TEXT_LITERAL("Second"), 1200};
    categories[2] = (struct category){TEXT_LITERAL("Free"), draw(world, 0, 3) == 0 ? 0 : 700};
    const char *title = titles[draw(world, 0, 4)];
    int64_t starts_at = world->now_ms + draw(world, 5, 240) * MINUTE_MS;
    *plan = (struct sim_show_plan){
        .show_id = sim_random_uuid(&world->buying),
        .owner_id = sim_random_uuid(&world->buying),
        .details = {.title = {title, strlen(title)},
                    .type = SHOW_TYPE_FILM,
                    .venue = TEXT_LITERAL("Pageant"),
                    .city = TEXT_LITERAL("Chico"),
                    .country = TEXT_LITERAL("US"),
                    .starts_at = starts_at,
                    .ends_at = starts_at + draw(world, 30, 180) * MINUTE_MS,
                    .time_zone = TEXT_LITERAL("America/Los_Angeles"),
                    .currency = TEXT_LITERAL("USD"),
                    .hold_ttl_ms = (int32_t)(draw(world, 1, 4) * MINUTE_MS),
                    .seats_per_buyer_max = (int32_t)draw(world, 3, 12),
                    .categories = {categories, 3}},
    };
    sections_draw(world, plan);
}
