/* SPDX-License-Identifier: Apache-2.0 */
/* The seat plans of the demo's houses. */
#include "tools/catalogue/plan.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal)                                                                              \
    { (literal), sizeof(literal) - 1 }

static const struct text numbers[] = {
    TEXT("1"),  TEXT("2"),  TEXT("3"),  TEXT("4"),  TEXT("5"),  TEXT("6"),  TEXT("7"),  TEXT("8"),
    TEXT("9"),  TEXT("10"), TEXT("11"), TEXT("12"), TEXT("13"), TEXT("14"), TEXT("15"), TEXT("16"),
    TEXT("17"), TEXT("18"), TEXT("19"), TEXT("20"), TEXT("21"), TEXT("22"), TEXT("23"), TEXT("24"),
};

#define ROW(name, size)                                                                            \
    {                                                                                              \
        .label = TEXT(name), .seats = { numbers, (size) }                                          \
    }
#define SEATED(title, index, list)                                                                 \
    {                                                                                              \
        .name = TEXT(title), .category = (index), .kind = SECTION_KIND_SEATED, .rows = {           \
            (list),                                                                                \
            COUNT(list)                                                                            \
        }                                                                                          \
    }

static const struct row cinema_front[] = {ROW("A", 18), ROW("B", 20)};
static const struct row cinema_middle[] = {ROW("C", 20), ROW("D", 20), ROW("E", 20), ROW("F", 20),
                                           ROW("G", 20)};
static const struct row cinema_back[] = {ROW("H", 20), ROW("J", 20), ROW("K", 22)};
static const struct section cinema[] = {
    SEATED("Front", 0, cinema_front),
    SEATED("Middle", 1, cinema_middle),
    SEATED("Back", 2, cinema_back),
};

static const struct row theatre_stalls[] = {ROW("A", 14), ROW("B", 16), ROW("C", 16), ROW("D", 16),
                                            ROW("E", 16), ROW("F", 16), ROW("G", 16), ROW("H", 18)};
static const struct row theatre_balcony[] = {ROW("AA", 18), ROW("BB", 18), ROW("CC", 18),
                                             ROW("DD", 18)};
static const struct section theatre[] = {
    SEATED("Stalls", 1, theatre_stalls),
    SEATED("Balcony", 0, theatre_balcony),
};

static const struct row hall_front[] = {ROW("1", 12), ROW("2", 14), ROW("3", 16)};
static const struct row hall_middle[] = {ROW("4", 18), ROW("5", 20), ROW("6", 22)};
static const struct row hall_back[] = {ROW("7", 24), ROW("8", 24), ROW("9", 24), ROW("10", 24)};
/* 12+14+16 + 18+20+22 + 4*24 = 198; the box makes it 200. */
static const struct row hall_box[] = {ROW("Box", 2)};
static const struct section hall[] = {
    SEATED("Parquet", 2, hall_front),
    SEATED("Circle", 1, hall_middle),
    SEATED("Gallery", 0, hall_back),
    SEATED("Box", 3, hall_box),
};

static const struct row standing_gallery[] = {ROW("A", 20), ROW("B", 20), ROW("C", 20)};
static const struct section standing[] = {
    {.name = TEXT("Floor"), .category = 0, .kind = SECTION_KIND_GENERAL, .capacity = 600},
    SEATED("Gallery", 1, standing_gallery),
};

struct house {
    struct section_list sections;
    struct {
        struct text name;
        int percent; /* of the base price */
    } categories[CATALOGUE_CATEGORIES_MAX];
};

static const struct house houses[] = {
    [CATALOGUE_CINEMA] = {{cinema, COUNT(cinema)},
                          {{TEXT("Front"), 80}, {TEXT("Standard"), 100}, {TEXT("Premium"), 130}}},
    [CATALOGUE_THEATRE] = {{theatre, COUNT(theatre)},
                           {{TEXT("Balcony"), 75}, {TEXT("Stalls"), 100}}},
    [CATALOGUE_HALL] = {{hall, COUNT(hall)},
                        {{TEXT("Gallery"), 70},
                         {TEXT("Circle"), 100},
                         {TEXT("Parquet"), 140},
                         {TEXT("Box"), 220}}},
    [CATALOGUE_STANDING] = {{standing, COUNT(standing)},
                            {{TEXT("Standing"), 100}, {TEXT("Gallery seat"), 150}}},
};

/* Prices end in 0 or 50 cents. */
static int64_t price_round(int64_t minor) { return (minor + 25) / 50 * 50; }

void catalogue_plan_fill(struct catalogue_plan *plan, enum catalogue_house house,
                         int64_t base_minor) {
    const struct house *from = &houses[house];
    memset(plan, 0, sizeof *plan);
    plan->section_list = from->sections;
    plan->category_list.items = plan->categories;
    for (size_t i = 0; i < CATALOGUE_CATEGORIES_MAX && from->categories[i].percent > 0; i++) {
        plan->categories[i].name = from->categories[i].name;
        plan->categories[i].price_minor =
            price_round(base_minor * from->categories[i].percent / 100);
        plan->category_list.count = i + 1;
    }
}
