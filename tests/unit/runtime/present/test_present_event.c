/* SPDX-License-Identifier: Apache-2.0 */
/* The event log as prose: what a person reads in ./seatlog tail. */
#include "runtime/present/present_event.h"

#include "seatlog_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TEXT(literal)                                                                              \
    { (literal), sizeof(literal) - 1 }

static const struct text labels[] = {TEXT("9"), TEXT("10"), TEXT("11")};
static const struct row rows[] = {{TEXT("C"), {labels, 3}}, {TEXT("D"), {labels, 3}}};
static const struct section sections[] = {
    {.name = TEXT("Stalls"), .kind = SECTION_KIND_SEATED, .rows = {rows, 2}},
    {.name = TEXT("Floor"), .kind = SECTION_KIND_GENERAL, .capacity = 600},
    {.name = TEXT("Balcony"), .kind = SECTION_KIND_SEATED, .rows = {rows, 1}},
};
static const struct category categories[] = {{TEXT("Standard"), 1450}};

/* Ghost in Chico; seats 0 to 5 in the stalls, 6 to 8 on the balcony. */
static const struct event_show_created ghost = {
    .head.show_id = {{0xab, 0xcd, 0xef, 0x01}},
    .show = {.title = TEXT("Ghost"),
             .venue = TEXT("Rialto Cinema, Screen 9"),
             .city = TEXT("Chico"),
             .starts_at = 1803269700000,
             .time_zone = TEXT("America/Los_Angeles"),
             .currency = TEXT("USD"),
             .categories = {categories, 1},
             .sections = {sections, 3}},
};

static void prose_check(const struct event *event, const struct event_show_created *show,
                        const char *wanted) {
    struct buffer out = {0};
    present_event(&out, event, show);
    assert_string_equal(out.data, wanted);
    buffer_deinit(&out);
}

static void a_show_is_told_with_place_time_and_price(void **state) {
    (void)state;
    const struct event event = {.kind = EVENT_SHOW_CREATED, .as.show_created = ghost};
    prose_check(
        &event, NULL,
        "Ghost, Chico · goes on sale: Rialto Cinema, Screen 9, Sunday 21 February 2027 20:15 "
        "PST, 609 places from $14.50");
}

static struct event reserved(const int32_t *seats, size_t count) {
    return (struct event){.kind = EVENT_RESERVED,
                          .as.reserved = {.head.show_id = ghost.head.show_id,
                                          .reservation_id = {{0x5b, 0xe0, 0x1c, 0x77}},
                                          .buyer_id = {{0x1f, 0x0c, 0x2a, 0x9b}},
                                          .seats = {seats, count},
                                          .section = 1,
                                          .quantity = 4,
                                          .total_minor = 2900,
                                          .currency = TEXT("USD"),
                                          .expires_at = 1803269700000}};
}

static void seats_are_named_by_section_row_and_label(void **state) {
    (void)state;
    const int32_t across[] = {4, 5, 6};
    const struct event event = reserved(across, 3);
    prose_check(
        &event, &ghost,
        "Ghost, Chico · buyer 1f0c2a9b holds Stalls D 10, D 11, Balcony C 9 for $29.00 until "
        "04:15:00 (reservation 5be01c77)");
}

static void without_the_plan_seats_are_numbers(void **state) {
    (void)state;
    const int32_t beyond[] = {4, 9};
    const struct event event = reserved(beyond, 2);
    prose_check(&event, NULL,
                "show abcdef01 · buyer 1f0c2a9b holds seat 4, seat 9 for $29.00 until 04:15:00 "
                "(reservation 5be01c77)");
    prose_check(&event, &ghost,
                "Ghost, Chico · buyer 1f0c2a9b holds Stalls D 10, seat 9 for $29.00 until 04:15:00 "
                "(reservation 5be01c77)");
}

static void general_places_are_counted(void **state) {
    (void)state;
    const struct event event = reserved(NULL, 0);
    prose_check(&event, &ghost,
                "Ghost, Chico · buyer 1f0c2a9b holds 4 places in Floor for $29.00 until 04:15:00 "
                "(reservation 5be01c77)");
}

static void a_refusal_says_of_what_and_why(void **state) {
    (void)state;
    const int32_t taken[] = {0};
    const struct event event = {.kind = EVENT_REFUSED,
                                .as.refused = {.head.show_id = ghost.head.show_id,
                                               .command = COMMAND_TYPE_RESERVE,
                                               .buyer_id = {{0x1f, 0x0c, 0x2a, 0x9b}},
                                               .reason = REFUSAL_REASON_SEATS_TAKEN,
                                               .seats = {taken, 1}}};
    prose_check(&event, &ghost,
                "Ghost, Chico · refused: reserve by buyer 1f0c2a9b, seats taken: Stalls C 9");
}

/* One line whatever an event carries; the sanitizers look on. */
static void every_kind_is_one_sentence(void **state) {
    (void)state;
    struct arena arena = {0};
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (uint64_t seed = 1; seed <= 50; seed++) {
            struct event event;
            struct buffer out = {0};
            struct sample sample = {&arena, seed, 20, 40};
            arena_reset(&arena);
            sample_event(&sample, (enum event_kind)kind, &event);
            present_event(&out, &event, seed % 2 == 0 ? &ghost : NULL);
            assert_true(out.size > strlen("show 00000000 · "));
            for (size_t i = 0; i < out.size; i++) {
                assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
            }
            buffer_deinit(&out);
        }
    }
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_show_is_told_with_place_time_and_price),
        cmocka_unit_test(seats_are_named_by_section_row_and_label),
        cmocka_unit_test(without_the_plan_seats_are_numbers),
        cmocka_unit_test(general_places_are_counted),
        cmocka_unit_test(a_refusal_says_of_what_and_why),
        cmocka_unit_test(every_kind_is_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
