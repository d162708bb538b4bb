/* SPDX-License-Identifier: Apache-2.0 */
/* The demo catalogue: its CSV reader, its seat plans, and what must hold of every show. */
#include "codec/text/check.h"
#include "tools/catalogue/show.h"

#include "runtime/base/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_FOLDER SEATLOG_SOURCE_DIRECTORY "/tools/catalogue/data"

enum { FIRST_DAY = 20781 /* 2026-11-24 */, DAYS = 90, SHOWS = 6000, DAY_MS = 86400000 };

static bool text_is(struct text text, const char *wanted) {
    return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static void table_of(struct catalogue_table *table, const char *csv, size_t columns) {
    char path[] = "/tmp/seatlog-test-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, csv, strlen(csv)), (ssize_t)strlen(csv));
    close(descriptor);
    catalogue_table_read(table, path, columns);
    unlink(path);
}

static void quotes_commas_and_line_ends_are_read_as_rfc_4180_says(void **state) {
    (void)state;
    struct catalogue_table table;
    table_of(&table, "a,b\r\n\"x, \"\"y\"\"\",\r\n,\"two\nlines\"\nlast,one", 2);
    assert_int_equal(table.row_count, 3);
    assert_true(text_is(catalogue_table_field(&table, 0, 0), "x, \"y\""));
    assert_true(text_is(catalogue_table_field(&table, 0, 1), ""));
    assert_true(text_is(catalogue_table_field(&table, 1, 0), ""));
    assert_true(text_is(catalogue_table_field(&table, 1, 1), "two\nlines"));
    assert_true(text_is(catalogue_table_field(&table, 2, 1), "one"));
    catalogue_table_deinit(&table);
}

static size_t places_count(const struct section_list *sections) {
    size_t places = 0;
    for (size_t i = 0; i < sections->count; i++) {
        places += (size_t)sections->items[i].capacity;
        for (size_t j = 0; j < sections->items[i].rows.count; j++) {
            places += sections->items[i].rows.items[j].seats.count;
        }
    }
    return places;
}

static void houses_have_their_places_and_every_section_a_price(void **state) {
    (void)state;
    static const size_t wanted[] = {200, 200, 200, 660};
    for (int house = CATALOGUE_CINEMA; house <= CATALOGUE_STANDING; house++) {
        struct catalogue_plan plan;
        catalogue_plan_fill(&plan, (enum catalogue_house)house, 1450);
        assert_int_equal(places_count(&plan.section_list), wanted[house]);
        for (size_t i = 0; i < plan.section_list.count; i++) {
            int32_t category = plan.section_list.items[i].category;
            assert_true(category >= 0 && (size_t)category < plan.category_list.count);
        }
        for (size_t i = 0; i < plan.category_list.count; i++) {
            assert_true(plan.category_list.items[i].price_minor > 0);
            assert_int_equal(plan.category_list.items[i].price_minor % 50, 0);
        }
    }
}

/* Everything the decider would refuse a show for, and two shows at once on one screen. */
static void shows_are_valid_and_no_two_share_a_screen(void **state) {
    (void)state;
    static char(*slots)[256];
    slots = calloc(SHOWS, sizeof *slots);
    struct catalogue catalogue;
    struct arena arena = {0};
    size_t ghosts = 0, standing = 0, in_other_scripts = 0;
    catalogue_init(&catalogue, DATA_FOLDER, FIRST_DAY, DAYS);
    for (int number = 0; number < SHOWS; number++) {
        struct catalogue_plan plan;
        struct command_create_show command = {0};
        arena_reset(&arena);
        catalogue_next(&catalogue, &arena, &plan, &command);
        const struct show_details *show = &command.show;
        int64_t first_ms = (int64_t)FIRST_DAY * DAY_MS;
        assert_true(show->starts_at > first_ms + DAY_MS / 2);
        assert_true(show->starts_at < first_ms + (int64_t)(DAYS + 1) * DAY_MS);
        assert_true(show->ends_at > show->starts_at + 30 * 60000);
        assert_true(text_check(TEXT_LINE, show->title.data, show->title.size, NULL));
        assert_true(text_check(TEXT_LINE, show->venue.data, show->venue.size, NULL));
        assert_true(
            text_check(TEXT_PARAGRAPH, show->description.data, show->description.size, NULL));
        assert_true(show->title.size > 0 && show->title.size <= 200);
        assert_true(show->venue.size > 0 && show->city.size > 0 && show->region.size == 2);
        ghosts += text_is(show->title, "Ghost") && text_is(show->city, "Chico");
        standing += show->sections.items[0].kind == SECTION_KIND_GENERAL;
        in_other_scripts += (unsigned char)show->title.data[0] >= 0xd0;
        snprintf(slots[number], sizeof *slots, "%.*s/%.*s/%.*s/%lld", (int)show->city.size,
                 show->city.data, (int)show->region.size, show->region.data, (int)show->venue.size,
                 show->venue.data, (long long)show->starts_at);
    }
    assert_true(ghosts >= 29);
    assert_true(standing > 10);
    assert_true(in_other_scripts > 100);
    qsort(slots, SHOWS, sizeof *slots, (int (*)(const void *, const void *))strcmp);
    for (int i = 1; i < SHOWS; i++) {
        assert_string_not_equal(slots[i - 1], slots[i]);
    }
    free(slots);
    arena_deinit(&arena);
    catalogue_deinit(&catalogue);
}

static void a_show_follows_from_its_number(void **state) {
    (void)state;
    struct arena arena = {0};
    struct catalogue first, second;
    catalogue_init(&first, DATA_FOLDER, FIRST_DAY, DAYS);
    catalogue_init(&second, DATA_FOLDER, FIRST_DAY, DAYS);
    for (int number = 0; number < 500; number++) {
        struct catalogue_plan plan;
        struct command_create_show left = {0}, right = {0};
        catalogue_next(&first, &arena, &plan, &left);
        catalogue_next(&second, &arena, &plan, &right);
        assert_true(uuid_equal(&left.head.show_id, &right.head.show_id));
        assert_int_equal(left.show.starts_at, right.show.starts_at);
        assert_int_equal(left.show.title.size, right.show.title.size);
        assert_memory_equal(left.show.title.data, right.show.title.data, left.show.title.size);
    }
    arena_deinit(&arena);
    catalogue_deinit(&first);
    catalogue_deinit(&second);
}

static void wall_clocks_are_those_of_the_city(void **state) {
    (void)state;
    struct arena arena = {0};
    struct catalogue catalogue;
    struct catalogue_plan plan;
    struct command_create_show command = {0};
    catalogue_init(&catalogue, DATA_FOLDER, FIRST_DAY, DAYS);
    catalogue_next(&catalogue, &arena, &plan, &command);
    /* Ghost, Chico, 89 days after 24 November 2026: 21 February 2027, 20:15 PST = 04:15 UTC. */
    assert_true(text_is(command.show.time_zone, "America/Los_Angeles"));
    assert_int_equal(command.show.starts_at, 1803269700000);
    assert_int_equal(command.show.ends_at - command.show.starts_at, 110 * 60000);
    arena_deinit(&arena);
    catalogue_deinit(&catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_commas_and_line_ends_are_read_as_rfc_4180_says),
        cmocka_unit_test(houses_have_their_places_and_every_section_a_price),
        cmocka_unit_test(shows_are_valid_and_no_two_share_a_screen),
        cmocka_unit_test(a_show_follows_from_its_number),
        cmocka_unit_test(wall_clocks_are_those_of_the_city),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
