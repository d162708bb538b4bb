/* SPDX-License-Identifier: Apache-2.0 */
/* Which shows may be put on sale, and that a packed plan gives back what was packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "reservation/core/equal.h"
#include "reservation/core/plan/validate.h"

#define NOON (STORY_DAY_MS + 12 * STORY_HOUR_MS)

/* A show that may be spoilt: nothing of it is shared. */
struct draft {
    struct show_details show;
    struct category categories[PLAN_CATEGORIES_MAX + 1];
    struct section sections[PLAN_SECTIONS_MAX + 1];
    struct row rows[PLAN_ROWS_MAX + 2];
    struct text labels[PLAN_SEATS_PER_ROW_MAX + 1];
    char names[PLAN_ROWS_MAX + 2][8];
};

static char long_text[8192];

static struct text of_octets(size_t octets) {
    return (struct text){.data = long_text, .size = octets};
}

static void draft_begin(struct draft *draft) {
    memset(long_text, 'x', sizeof(long_text));
    draft->show = story_details();
    memcpy(draft->categories, draft->show.categories.items,
           draft->show.categories.count * sizeof(struct category));
    memcpy(draft->sections, draft->show.sections.items,
           draft->show.sections.count * sizeof(struct section));
    draft->show.categories.items = draft->categories;
    draft->show.sections.items = draft->sections;
    for (size_t i = 0; i < PLAN_ROWS_MAX + 2; i++) {
        size_t size = (size_t)snprintf(draft->names[i], sizeof(draft->names[i]), "%zu", i);
        if (i <= PLAN_SEATS_PER_ROW_MAX) {
            draft->labels[i] = (struct text){.data = draft->names[i], .size = size};
        }
        draft->rows[i] = (struct row){.label = {.data = draft->names[i], .size = size},
                                      .seats = {.items = draft->labels, .count = 1}};
    }
}

/* The first section gets `rows` rows of `seats` seats each, all of the draft's own. */
static void draft_rows(struct draft *draft, size_t rows, size_t seats) {
    for (size_t i = 0; i < rows; i++) {
        draft->rows[i].seats.count = seats;
    }
    draft->sections[0].rows = (struct row_list){.items = draft->rows, .count = rows};
}

static void sections_repeat(struct draft *draft, size_t count) {
    for (size_t i = 0; i < count; i++) {
        draft->sections[i] = draft->sections[2];
    }
    draft->show.sections.count = count;
}

static void categories_repeat(struct draft *draft, size_t count) {
    for (size_t i = 0; i < count; i++) {
        draft->categories[i] = draft->categories[0];
    }
    draft->show.categories.count = count;
}

#define CHANGE(name, ...)                                                                          \
    static void name(struct draft *draft) { __VA_ARGS__; }

#define LITERAL(text) TEXT_LITERAL(text)
CHANGE(title_none, draft->show.title.size = 0)
CHANGE(title_longest, draft->show.title = of_octets(200))
CHANGE(title_longer, draft->show.title = of_octets(201))
CHANGE(title_two_lines, draft->show.title = LITERAL("Gho\nst"))
CHANGE(title_japanese, draft->show.title = LITERAL("\xe5\xb9\xbd\xe9\x9c\x8a"))
CHANGE(type_unknown, draft->show.type = (enum show_type)SHOW_TYPE_COUNT)
CHANGE(description_none, draft->show.description.size = 0)
CHANGE(description_longest, draft->show.description = of_octets(4000))
CHANGE(description_longer, draft->show.description = of_octets(4001))
CHANGE(description_control, draft->show.description = LITERAL("a\x01"))
CHANGE(venue_none, draft->show.venue.size = 0)
CHANGE(venue_longer, draft->show.venue = of_octets(201))
CHANGE(city_none, draft->show.city.size = 0)
CHANGE(city_longer, draft->show.city = of_octets(101))
CHANGE(region_none, draft->show.region.size = 0)
CHANGE(region_longer, draft->show.region = of_octets(101))
CHANGE(country_small, draft->show.country = LITERAL("us"))
CHANGE(country_long, draft->show.country = LITERAL("USA"))
CHANGE(currency_small, draft->show.currency = LITERAL("usd"))
CHANGE(currency_short, draft->show.currency = LITERAL("US"))
CHANGE(zone_none, draft->show.time_zone.size = 0)
CHANGE(zone_odd, draft->show.time_zone = LITERAL("Los Angeles"))
CHANGE(zone_utc, draft->show.time_zone = LITERAL("Etc/GMT+8"))
CHANGE(zone_longer, draft->show.time_zone = of_octets(65))
CHANGE(starts_now, draft->show.starts_at = NOON)
CHANGE(starts_next, draft->show.starts_at = NOON + 1)
CHANGE(starts_far, draft->show.starts_at = NOON + PLAN_START_AHEAD_MS_MAX + 1;
       draft->show.ends_at = draft->show.starts_at + 1)
CHANGE(ends_at_start, draft->show.ends_at = draft->show.starts_at)
CHANGE(ends_late, draft->show.ends_at = draft->show.starts_at + PLAN_LENGTH_MS_MAX + 1)
CHANGE(ends_latest, draft->show.ends_at = draft->show.starts_at + PLAN_LENGTH_MS_MAX)
CHANGE(hold_short, draft->show.hold_ttl_ms = 59999)
CHANGE(hold_shortest, draft->show.hold_ttl_ms = 60000)
CHANGE(hold_longest, draft->show.hold_ttl_ms = 3600000)
CHANGE(hold_long, draft->show.hold_ttl_ms = 3600001)
CHANGE(limit_none, draft->show.seats_per_buyer_max = 0)
CHANGE(limit_most, draft->show.seats_per_buyer_max = 1000)
CHANGE(limit_more, draft->show.seats_per_buyer_max = 1001)
CHANGE(categories_none, draft->show.categories.count = 0)
CHANGE(categories_most, categories_repeat(draft, 64))
CHANGE(categories_more, categories_repeat(draft, 65))
CHANGE(category_unnamed, draft->categories[1].name.size = 0)
CHANGE(category_longer, draft->categories[1].name = of_octets(81))
CHANGE(price_free, draft->categories[0].price_minor = 0)
CHANGE(price_negative, draft->categories[0].price_minor = -1)
CHANGE(price_most, draft->categories[0].price_minor = 1000000000)
CHANGE(price_more, draft->categories[0].price_minor = 1000000001)
CHANGE(sections_none, draft->show.sections.count = 0)
CHANGE(sections_most, sections_repeat(draft, 256))
CHANGE(sections_more, sections_repeat(draft, 257))
CHANGE(section_unnamed, draft->sections[0].name.size = 0)
CHANGE(section_longer, draft->sections[0].name = of_octets(81))
CHANGE(section_category, draft->sections[0].category = 4)
CHANGE(section_category_negative, draft->sections[0].category = -1)
CHANGE(section_kind, draft->sections[0].kind = (enum section_kind)2)
CHANGE(seated_capacity, draft->sections[0].capacity = 1)
CHANGE(seated_rows_none, draft->sections[0].rows.count = 0)
CHANGE(general_rows, draft->sections[2].rows = draft->sections[0].rows)
CHANGE(general_none, draft->sections[2].capacity = 0)
CHANGE(general_negative, draft->sections[2].capacity = -5)
CHANGE(general_more, draft->sections[2].capacity = 60001)
CHANGE(places_most, draft->sections[2].capacity = 60000 - 24)
CHANGE(places_more, draft->sections[2].capacity = 60000 - 23)
CHANGE(rows_most, draft_rows(draft, 4094, 1))
CHANGE(rows_more, draft_rows(draft, 4096, 1))
CHANGE(seats_most, draft_rows(draft, 119, 500))
CHANGE(seats_more, draft_rows(draft, 120, 500))
CHANGE(row_longest, draft_rows(draft, 1, 500))
CHANGE(row_longer, draft_rows(draft, 1, 501))
CHANGE(row_empty, draft_rows(draft, 2, 1); draft->rows[1].seats.count = 0)
CHANGE(row_unnamed, draft_rows(draft, 2, 1); draft->rows[1].label.size = 0)
CHANGE(row_label_longest, draft_rows(draft, 2, 1); draft->rows[1].label = of_octets(16))
CHANGE(row_label_longer, draft_rows(draft, 2, 1); draft->rows[1].label = of_octets(17))
CHANGE(row_twice, draft_rows(draft, 300, 1); draft->rows[299].label = draft->rows[0].label)
CHANGE(seat_unnamed, draft_rows(draft, 1, 3); draft->labels[2].size = 0)
CHANGE(seat_label_longer, draft_rows(draft, 1, 3); draft->labels[2] = of_octets(17))
CHANGE(seat_label_control, draft_rows(draft, 1, 3); draft->labels[2] = LITERAL("\x7f"))
CHANGE(seat_twice, draft_rows(draft, 1, 500); draft->labels[499] = draft->labels[1])

CHANGE(country_changed, draft->show.country = LITERAL("CA"))
CHANGE(currency_changed, draft->show.currency = LITERAL("EUR"))
CHANGE(type_changed, draft->show.type = SHOW_TYPE_SPORT)
CHANGE(seat_label_changed, draft_rows(draft, 3, 6); draft->labels[5] = LITERAL("5b"))

static const struct {
    const char *name;
    void (*change)(struct draft *draft);
    bool valid;
} cases[] = {
#define NO(name)                                                                                   \
    { #name, name, false }
#define YES(name)                                                                                  \
    { #name, name, true }
    NO(title_none),
    YES(title_longest),
    NO(title_longer),
    NO(title_two_lines),
    YES(title_japanese),
    NO(type_unknown),
    YES(description_none),
    YES(description_longest),
    NO(description_longer),
    NO(description_control),
    NO(venue_none),
    NO(venue_longer),
    NO(city_none),
    NO(city_longer),
    YES(region_none),
    NO(region_longer),
    NO(country_small),
    NO(country_long),
    NO(currency_small),
    NO(currency_short),
    NO(zone_none),
    NO(zone_odd),
    YES(zone_utc),
    NO(zone_longer),
    NO(starts_now),
    YES(starts_next),
    NO(starts_far),
    NO(ends_at_start),
    NO(ends_late),
    YES(ends_latest),
    NO(hold_short),
    YES(hold_shortest),
    YES(hold_longest),
    NO(hold_long),
    NO(limit_none),
    YES(limit_most),
    NO(limit_more),
    NO(categories_none),
    YES(categories_most),
    NO(categories_more),
    NO(category_unnamed),
    NO(category_longer),
    YES(price_free),
    NO(price_negative),
    YES(price_most),
    NO(price_more),
    NO(sections_none),
    YES(sections_most),
    NO(sections_more),
    NO(section_unnamed),
    NO(section_longer),
    NO(section_category),
    NO(section_category_negative),
    NO(section_kind),
    NO(seated_capacity),
    NO(seated_rows_none),
    NO(general_rows),
    NO(general_none),
    NO(general_negative),
    NO(general_more),
    YES(places_most),
    NO(places_more),
    YES(rows_most),
    NO(rows_more),
    YES(seats_most),
    NO(seats_more),
    YES(row_longest),
    NO(row_longer),
    NO(row_empty),
    NO(row_unnamed),
    YES(row_label_longest),
    NO(row_label_longer),
    NO(row_twice),
    NO(seat_unnamed),
    NO(seat_label_longer),
    NO(seat_label_control),
    NO(seat_twice),
};

static struct command create_show(const struct draft *draft) {
    struct command command = {.kind = COMMAND_CREATE_SHOW};
    command.as.create_show = (struct command_create_show){.head = {.show_id = story_uuid("Show")},
                                                          .owner_id = story_uuid("Olga"),
                                                          .show = draft->show};
    return command;
}

static void test_valid_shows(void **state) {
    (void)state;
    static struct draft draft;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        draft_begin(&draft);
        assert_true(reservation_plan_is_valid(&draft.show, NOON));
        cases[i].change(&draft);
        if (reservation_plan_is_valid(&draft.show, NOON) != cases[i].valid) {
            fail_msg("%s: %s", cases[i].name, cases[i].valid ? "was refused" : "was taken");
        }
        if (!cases[i].valid) {
            continue;
        }
        /* And it is on sale, with every check that a step has. */
        struct story story;
        story_init(&story);
        struct command command = create_show(&draft);
        story_step(&story, &command, NOON);
        assert_int_equal(story.effects->events[0].kind, EVENT_SHOW_CREATED);
        story_step(&story, &command, NOON);
        assert_int_equal(story.effects->events[0].kind, EVENT_NOTED);
        story_deinit(&story);
    }
}

CHANGE(text_title_invisible, draft->show.title = LITERAL("\xe2\x80\x8b\xe2\x80\x8b"))
CHANGE(text_title_blank, draft->show.title = LITERAL("   "))
CHANGE(text_title_untrimmed, draft->show.title = LITERAL("  Trimmed?  "))
CHANGE(text_title_noncharacter, draft->show.title = LITERAL("\xef\xbf\xbe"))
CHANGE(text_description_blank, draft->show.description = LITERAL("\n\n"))
CHANGE(text_description_crlf, draft->show.description = LITERAL("a\r\nb"))
CHANGE(text_venue, draft->show.venue = LITERAL("Odeon\xc2\xad"))
CHANGE(text_city, draft->show.city = LITERAL("Chico\xe2\x80\xae"))
CHANGE(text_region, draft->show.region = LITERAL(" "))
CHANGE(text_category, draft->categories[1].name = LITERAL("\xe3\x85\xa4"))
CHANGE(text_section, draft->sections[0].name = LITERAL("Stalls\xc2\xa0"))
CHANGE(text_row_label, draft_rows(draft, 2, 1); draft->rows[0].label = LITERAL(" A"))
CHANGE(text_row_label_decomposed, draft_rows(draft, 2, 1);
       draft->rows[0].label = LITERAL("e\xcc\x81"))
CHANGE(text_seat_label, draft_rows(draft, 1, 3); draft->labels[1] = LITERAL(" "))

/* Texts that logic version 3 refuses first. */
static void test_texts(void **state) {
    (void)state;
    static struct draft draft;
    static void (*const changes[])(struct draft *draft) = {text_title_invisible,
                                                           text_title_blank,
                                                           text_title_untrimmed,
                                                           text_title_noncharacter,
                                                           text_description_blank,
                                                           text_description_crlf,
                                                           text_venue,
                                                           text_city,
                                                           text_region,
                                                           text_category,
                                                           text_section,
                                                           text_row_label,
                                                           text_seat_label,
                                                           text_row_label_decomposed};
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        for (int32_t version = 2; version <= 3; version++) {
            struct story story;
            story_init(&story);
            story_decide_as(&story, version);
            draft_begin(&draft);
            changes[i](&draft);
            struct command command = create_show(&draft);
            story_step(&story, &command, NOON);
            const struct event *event = &story.effects->events[0];
            if (version == 2 && event->kind != EVENT_SHOW_CREATED) {
                fail_msg("%zu is refused by version 2", i);
            }
            if (version == 3 && (event->kind != EVENT_REFUSED ||
                                 event->as.refused.reason != REFUSAL_REASON_INVALID_SHOW)) {
                fail_msg("%zu is taken by version 3", i);
            }
            story_deinit(&story);
        }
    }
}

static void test_nobodys_show(void **state) {
    (void)state;
    static struct draft draft;
    draft_begin(&draft);
    struct story story;
    story_init(&story);
    struct command command = create_show(&draft);
    command.as.create_show.owner_id = (struct uuid){{0}};
    story_step(&story, &command, NOON);
    assert_int_equal(story.effects->events[0].as.refused.reason, REFUSAL_REASON_INVALID_SHOW);
    command = create_show(&draft);
    command.as.head.show_id = (struct uuid){{0}};
    story_step(&story, &command, NOON);
    assert_int_equal(story.effects->events[0].as.refused.reason, REFUSAL_REASON_INVALID_SHOW);
    story_deinit(&story);
}

/* Every field of a show matters when it is created again. */
static void test_another_body(void **state) {
    (void)state;
    static struct draft draft;
    static void (*const changes[])(struct draft *draft) = {
        title_longest,   title_japanese,   description_none, region_none,       zone_utc,
        starts_next,     ends_latest,      hold_shortest,    limit_most,        categories_most,
        price_free,      sections_most,    places_most,      row_label_longest, row_longest,
        country_changed, currency_changed, type_changed,     seat_label_changed};
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct story story;
        story_init(&story);
        draft_begin(&draft);
        struct command command = create_show(&draft);
        story_step(&story, &command, NOON);
        changes[i](&draft);
        command = create_show(&draft);
        story_step(&story, &command, NOON);
        assert_int_equal(story.effects->events[0].kind, EVENT_REFUSED);
        assert_int_equal(story.effects->events[0].as.refused.reason, REFUSAL_REASON_SHOW_EXISTS);
        story_deinit(&story);
    }
}

/* Labels are shared between rows that have the same: eight kinds of rows back, not more. */
static void test_labels_come_back(void **state) {
    (void)state;
    static struct draft draft;
    draft_begin(&draft);
    for (size_t i = 0; i < 40; i++) {
        draft.rows[i].seats = (struct texts){.items = &draft.labels[i % 11], .count = 5 + i % 3};
    }
    draft.sections[0].rows = (struct row_list){.items = draft.rows, .count = 40};
    struct story story;
    story_init(&story);
    struct reservation_memory memory;
    reservation_memory_init(&memory, &story.allocator);
    struct reservation_plan *plan = reservation_plan_make(&memory, &draft.show);
    int32_t seat = 0;
    for (size_t i = 0; i < 40; i++) {
        for (size_t j = 0; j < draft.rows[i].seats.count; j++, seat++) {
            struct place place = reservation_plan_place(plan, seat, 0);
            assert_int_equal(place.seat, seat);
            assert_true(text_equal(place.row, draft.rows[i].label));
            assert_true(text_equal(place.label, draft.rows[i].seats.items[j]));
            assert_true(text_equal(place.section, draft.sections[0].name));
            assert_true(text_equal(place.category, draft.categories[0].name));
            assert_int_equal(place.price_minor, draft.categories[0].price_minor);
        }
    }
    reservation_plan_free(&memory, plan);
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_shows),      cmocka_unit_test(test_texts),
        cmocka_unit_test(test_nobodys_show),     cmocka_unit_test(test_another_body),
        cmocka_unit_test(test_labels_come_back),
    };
    return cmocka_run_group_tests_name("core: plans", tests, NULL, NULL);
}
