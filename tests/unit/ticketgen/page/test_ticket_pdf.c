/* SPDX-License-Identifier: Apache-2.0 */
#include "ticketgen/core/core.h"
#include "ticketgen/page/pdf.h"
#include "ticketgen/page/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pango/pangocairo.h>

static const struct place places_example[] = {
    {.seat = 14,
     .section = {"Stalls", 6},
     .row = {"B", 1},
     .label = {"5", 1},
     .category = {"Premium", 7},
     .price_minor = 1450},
    {.seat = -1,
     .section_index = 1,
     .section = {"Standing", 8},
     .category = {"Floor", 5},
     .price_minor = 900},
    {.seat = 16, .section = {"Stalls", 6}, .row = {"B", 1}, .label = {"7", 1}, .price_minor = 1},
};

/* Renders `count` tickets from `first` on of an order of three for the title. */
static size_t render(const char *title, size_t first, size_t count, struct buffer *out) {
    static const uint8_t seed[TICKET_SEED_SIZE] = {42};
    struct ticket_key key;
    ticket_key_derive(seed, &key);
    struct event_sold sold = {
        .head = {.show_id = {{1}}, .owner_id = {{2}}, .seq = 17, .at = 1795000000123},
        .reservation_id = {{3}},
        .buyer_id = {{4}},
        .amount_minor = 2350,
        .currency = {"USD", 3},
        .summary = {.title = {title, strlen(title)},
                    .venue = {"Pageant", 7},
                    .city = {"Chico", 5},
                    .starts_at = 1795100000000,
                    .ends_at = 1795107200000,
                    .time_zone = {"America/Los_Angeles", 19}},
        .places = {places_example, 3},
    };
    struct arena arena = {0};
    struct ticket_tickets_issued issued;
    const char *reason;
    assert_true(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    size_t missing = 0;
    struct error error = {0};
    buffer_reset(out);
    assert_true(ticket_pdf_render(&issued, first, count, "Seatlog", out, &missing, &error));
    arena_deinit(&arena);
    return missing;
}

static void test_the_same_ticket_is_the_same_octets(void **state) {
    (void)state;
    struct buffer first = {0}, other = {0}, again = {0};
    render("Ghost", 0, 2, &first);
    render("幽霊 شبح 유령", 0, 3, &other);
    render("Ghost", 0, 2, &again);
    assert_int_equal(first.size, again.size);
    assert_memory_equal(first.data, again.data, first.size);
    assert_memory_equal(first.data, "%PDF-", 5);
    render("Ghost", 1, 2, &again);
    assert_true(first.size != again.size || memcmp(first.data, again.data, first.size) != 0);
    buffer_deinit(&first);
    buffer_deinit(&other);
    buffer_deinit(&again);
}

static size_t pages_of(const struct buffer *pdf) {
    size_t pages = 0;
    static const char mark[] = "/Type /Page %";
    const char *at = pdf->data, *end = pdf->data + pdf->size;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
        pages++;
        at++;
    }
    return pages;
}

static void test_a_page_for_each_ticket(void **state) {
    (void)state;
    struct buffer out = {0};
    render("Ghost", 0, 3, &out);
    assert_int_equal(pages_of(&out), 3);
    render("Ghost", 1, 1, &out);
    assert_int_equal(pages_of(&out), 1);
    buffer_deinit(&out);
}

static void test_every_script_can_be_written(void **state) {
    (void)state;
    const char *script = "none";
    bool complete = page_text_fonts_check(&script);
    if (!complete) {
        print_error("no font for %s\n", script);
    }
    assert_true(complete);
    static const char *const titles[] = {"千と千尋の神隠し", "الشبح في الأوبرا",
                                         "방탄소년단",       "แม่นาค",
                                         "भूल भुलैया",          "Призрак оперы",
                                         "Ορφέας",           "Æon Flüx – “Ünïcødé” №5",
                                         "רוח רפאים",        "鬼魂"};
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        assert_int_equal(render(titles[i], 0, 1, &out), 0);
    }
    buffer_deinit(&out);
}

static void test_a_ticket_is_made_even_of_what_no_font_has(void **state) {
    (void)state;
    struct buffer out = {0};
    /* Not assigned by any Unicode version so far: no font has them. */
    assert_int_equal(render("Ghost \u0378\U0003fffa Night", 0, 1, &out), 2);
    assert_int_equal(pages_of(&out), 1);
    assert_int_equal(render("\u0378", 0, 1, &out), 1);
    assert_int_equal(pages_of(&out), 1);
    assert_int_equal(render("", 0, 1, &out), 0);
    assert_int_equal(render("one\ntwo\tthree\x01\xe2\x80\xa9"
                            "four",
                            0, 1, &out),
                     0);
    assert_int_equal(pages_of(&out), 1);
    buffer_deinit(&out);
}

static void test_titles_of_any_length_fit(void **state) {
    (void)state;
    static char title[4001];
    struct buffer out = {0};
    memset(title, 'W', 4000);
    render(title, 0, 1, &out);
    assert_int_equal(pages_of(&out), 1);
    for (size_t i = 0; i < 4000; i += 8) {
        title[i] = ' ';
    }
    render(title, 0, 1, &out);
    assert_int_equal(pages_of(&out), 1);
    buffer_deinit(&out);
}

static void test_fonts_are_given_back_and_loaded_again(void **state) {
    (void)state;
    struct buffer out = {0};
    render("Ghost", 1, 1, &out);
    gpointer fonts = pango_cairo_font_map_get_default();
    g_object_add_weak_pointer(fonts, &fonts);
    page_text_fonts_release();
    assert_null(fonts);
    render("Ghost", 1, 1, &out);
    assert_int_equal(pages_of(&out), 1);
    buffer_deinit(&out);
}

static int fonts_release(void **state) {
    (void)state;
    page_text_fonts_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_ticket_is_the_same_octets),
        cmocka_unit_test(test_a_page_for_each_ticket),
        cmocka_unit_test(test_every_script_can_be_written),
        cmocka_unit_test(test_a_ticket_is_made_even_of_what_no_font_has),
        cmocka_unit_test(test_titles_of_any_length_fit),
        cmocka_unit_test(test_fonts_are_given_back_and_loaded_again),
    };
    return cmocka_run_group_tests(tests, NULL, fonts_release);
}
