/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Best available, as pictures: a house before ('.' free, 'x' taken) and after ('o' the seats that
 * were found). Rows from the stage backwards; '|' begins another section.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "reservation/core/plan/seats.h"
#include "reservation/core/plan/validate.h"

#define ROWS_MAX 64
#define SEATS_MAX 500

/* A house from its picture: one section, or several with '|' lines between; category = section % 2.
 */
static struct reservation_plan *house_build(struct story *story, const char *picture,
                                            struct reservation_memory *memory) {
    static struct row rows[ROWS_MAX];
    static struct section sections[8];
    static struct text labels[SEATS_MAX];
    static char names[SEATS_MAX][12];
    static const struct category categories[] = {{TEXT_LITERAL("Best"), 1000},
                                                 {TEXT_LITERAL("Good"), 500}};
    for (int i = 0; i < SEATS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i + 1);
        labels[i] = (struct text){.data = names[i], .size = strlen(names[i])};
    }
    size_t row = 0;
    size_t section = 0;
    memset(sections, 0, sizeof(sections));
    sections[0].rows.items = rows;
    for (const char *line = picture; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (*line == '|') {
            sections[++section].rows.items = &rows[row];
            continue;
        }
        rows[row] = (struct row){.label = arena_text_format(&story->arena, "R%zu", row),
                                 .seats = {.items = labels, .count = strcspn(line, "\n")}};
        sections[section].rows.count++;
        row++;
    }
    for (size_t i = 0; i <= section; i++) {
        sections[i].name = TEXT_LITERAL("Section");
        sections[i].category = (int32_t)(i % 2);
    }
    struct show_details details = story_details();
    details.sections = (struct section_list){.items = sections, .count = section + 1};
    details.categories = (struct category_list){.items = categories, .count = 2};
    assert_true(reservation_plan_is_sound(&details));
    struct reservation_plan *plan = reservation_plan_make(memory, &details);
    uint32_t seat = 0;
    for (const char *c = picture; *c != '\0'; c++) {
        if (*c == 'x') {
            reservation_seat_take(plan, seat++);
        } else {
            seat += *c == '.' || *c == 'o';
        }
    }
    return plan;
}

static void house_check_in(int32_t section, int32_t category, uint32_t quantity,
                           const char *expected) {
    struct story story;
    story_init(&story);
    struct reservation_memory memory;
    reservation_memory_init(&memory, &story.allocator);
    struct reservation_plan *plan = house_build(&story, expected, &memory);
    int32_t first = reservation_seats_best(plan, section, category, quantity);
    char *found = strdup(expected);
    int32_t seat = 0;
    for (char *c = found; *c != '\0'; c++) {
        if (*c == '\n' || *c == '|') {
            continue;
        }
        if (*c == 'o') {
            *c = '.';
        }
        if (first >= 0 && seat >= first && seat < first + (int32_t)quantity) {
            *c = 'o';
        }
        seat++;
    }
    assert_string_equal(found, expected);
    free(found);
    reservation_plan_free(&memory, plan);
    reservation_memory_deinit(&memory);
    story_deinit(&story);
}

static void house_check(uint32_t quantity, const char *expected) {
    house_check_in(-1, -1, quantity, expected);
}

static void test_middle_of_the_best_row(void **state) {
    (void)state;
    house_check(2, "........\n" /* of four rows the second: a third of the depth */
                   "...oo...\n"
                   "........\n"
                   "........\n");
    house_check(3, "..ooo...\n");
    house_check(1, "...o...\n");
    house_check(8, "oooooooo\n");
}

static void test_rows_by_their_distance(void **state) {
    (void)state;
    house_check(2, "........\n"
                   "xxxxxxxx\n" /* the best is full: the next one nearer to the stage or not */
                   "...oo...\n"
                   "........\n"
                   "........\n"
                   "........\n");
    house_check(2, "...oo...\n" /* alike: nearer to the stage */
                   "xxxxxxxx\n"
                   "........\n"
                   "........\n");
    house_check(2, "xxxxxxxx\n"
                   "xxxxxxxx\n"
                   "xxxxxxxx\n"
                   "...oo...\n");
}

static void test_no_single_seat_stranded(void **state) {
    (void)state;
    /* One place further to the left or right would leave one seat beside the taken ones. */
    house_check(2, "...ooxxx\n");
    house_check(2, "xxoo..xx\n");
    house_check(2, "x..oo..x\n");
    house_check(3, "xxooo.." /* aisles count like taken seats */
                   "\n");
}

static void test_strands_if_it_must(void **state) {
    (void)state;
    house_check(2, "xxxoo.xx\n");
    house_check(1, "o.\n");
}

static void test_avoids_stranding_in_another_row(void **state) {
    (void)state;
    house_check(2, "...oo...\n"
                   "xxx...xx\n" /* nearer, but one of three would be alone */
                   "........\n"
                   "........\n");
}

static void test_across_words(void **state) {
    (void)state;
    house_check(4, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "oooo"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
}

static void test_sections(void **state) {
    (void)state;
    const char *first = "..oo..\n"
                        "|\n"
                        "......\n"
                        "|\n"
                        "......\n";
    const char *second = "......\n"
                         "|\n"
                         "..oo..\n"
                         "|\n"
                         "......\n";
    house_check(2, first);
    house_check_in(1, -1, 2, second);
    house_check_in(-1, 1, 2, second);
    house_check_in(1, 1, 2, second);
    house_check_in(-1, 0, 2,
                   "xxxxxx\n"
                   "|\n"
                   "......\n"
                   "|\n"
                   "..oo..\n");
    house_check_in(0, 1, 2,
                   "......\n"
                   "|\n"
                   "......\n"); /* that section is not of that category */
}

static void test_none(void **state) {
    (void)state;
    house_check(3, "..x..x..\n"
                   "x..x..x.\n");
    house_check(9, "........\n");
    house_check(1, "xxxx\n");
}

/* Against what the rule says when every place is tried: a plain reading of reservation/README.md.
 */
struct candidate {
    bool strands;
    uint32_t row_distance;
    uint32_t row;
    uint32_t middle_distance;
    uint32_t first;
};

static bool candidate_is_better(const struct candidate *a, const struct candidate *b) {
    if (a->strands != b->strands) {
        return !a->strands;
    }
    if (a->row_distance != b->row_distance) {
        return a->row_distance < b->row_distance;
    }
    if (a->row != b->row) {
        return a->row < b->row;
    }
    if (a->middle_distance != b->middle_distance) {
        return a->middle_distance < b->middle_distance;
    }
    return a->first < b->first;
}

static int32_t best_by_trying(const struct reservation_plan *plan, uint32_t quantity) {
    struct candidate best = {0};
    bool found = false;
    uint32_t depth = plan->rows_count - 1U;
    for (uint32_t row = 0; row < plan->rows_count; row++) {
        uint32_t begin = plan->rows[row].seats_first;
        uint32_t end = begin + plan->rows[row].seats_count;
        for (uint32_t first = begin; first + quantity <= end; first++) {
            bool free = true;
            for (uint32_t i = 0; i < quantity; i++) {
                free = free && reservation_seat_is_free(plan, first + i);
            }
            if (!free) {
                continue;
            }
            uint32_t left = first;
            while (left > begin && reservation_seat_is_free(plan, left - 1)) {
                left--;
            }
            uint32_t right = first + quantity;
            while (right < end && reservation_seat_is_free(plan, right)) {
                right++;
            }
            struct candidate candidate = {
                .strands = first - left == 1 || right - first - quantity == 1,
                .row_distance = (uint32_t)labs(3L * row - depth),
                .row = row,
                .middle_distance =
                    (uint32_t)labs(2L * (first - begin) + quantity - (long)(end - begin)),
                .first = first};
            if (!found || candidate_is_better(&candidate, &best)) {
                best = candidate;
            }
            found = true;
        }
    }
    return found ? (int32_t)best.first : -1;
}

static void test_random_houses(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct reservation_memory memory;
    reservation_memory_init(&memory, &story.allocator);
    uint32_t random = 1;
    for (int house = 0; house < 20000; house++) {
        char picture[512];
        size_t size = 0;
        random = random * 1664525u + 1013904223u;
        uint32_t rows = 1 + (random >> 16) % 5;
        uint32_t density = (random >> 8) % 11;
        for (uint32_t row = 0; row < rows; row++) {
            random = random * 1664525u + 1013904223u;
            uint32_t seats = 1 + (random >> 16) % 75;
            for (uint32_t i = 0; i < seats; i++) {
                random = random * 1664525u + 1013904223u;
                picture[size++] = (random >> 16) % 10 < density ? 'x' : '.';
            }
            picture[size++] = '\n';
        }
        picture[size] = '\0';
        struct reservation_plan *plan = house_build(&story, picture, &memory);
        for (uint32_t quantity = 1; quantity <= 6; quantity++) {
            assert_int_equal(reservation_seats_best(plan, -1, -1, quantity),
                             best_by_trying(plan, quantity));
        }
        reservation_plan_free(&memory, plan);
        arena_reset(&story.arena);
    }
    reservation_memory_deinit(&memory);
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_middle_of_the_best_row),
        cmocka_unit_test(test_rows_by_their_distance),
        cmocka_unit_test(test_no_single_seat_stranded),
        cmocka_unit_test(test_strands_if_it_must),
        cmocka_unit_test(test_avoids_stranding_in_another_row),
        cmocka_unit_test(test_across_words),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_random_houses),
    };
    return cmocka_run_group_tests_name("core: best available", tests, NULL, NULL);
}
