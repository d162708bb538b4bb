/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a body is said by naming the field; what is right becomes a command. */
#include "ingest-api/ingest_wish_core.h"
#include "runtime/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS 1795503225000 /* 2026-11-24 */
#define EVENT "2f1b7e0a-7c1d-4c60-9d53-0a4a5f0e7c11"

static struct arena arena;

static json_t *parse(const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json == NULL) {
        fail_msg("not JSON: %s", text);
    }
    return json;
}

/* Takes body. fields: those at fault, separated by spaces, in the order they are found. */
static void faults_are(struct reader *reader, json_t *body, bool valid, const char *fields) {
    char found[1024] = "";
    size_t index;
    json_t *error;
    json_array_foreach(reader->errors, index, error) {
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", index > 0 ? " " : "",
                 json_string_value(json_object_get(error, "field")));
        assert_true(json_string_length(json_object_get(error, "detail")) > 0);
    }
    assert_string_equal(found, fields);
    assert_int_equal(valid, fields[0] == '\0');
    reader_deinit(reader);
    json_decref(body);
    arena_reset(&arena);
}

static void reserve_faults(const char *text, const char *fields) {
    struct reader reader = {0};
    struct reserve_wish wish;
    json_t *body = parse(text);
    bool valid = wish_reserve_read(&reader, &arena, body, &wish);
    faults_are(&reader, body, valid, fields);
}

static void test_reserve_takes_seats_by_their_ids(void **state) {
    (void)state;
    struct reader reader = {0};
    struct reserve_wish wish;
    json_t *body = parse("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[\"17\",\"0\",\"59999\"]}");
    assert_true(wish_reserve_read(&reader, &arena, body, &wish));
    assert_int_equal(wish.selection, SELECTION_NAMED);
    assert_int_equal(wish.seats.count, 3);
    assert_int_equal(wish.seats.items[0], 17);
    assert_int_equal(wish.seats.items[1], 0);
    assert_int_equal(wish.seats.items[2], 59999);
    char text[UUID_TEXT_SIZE];
    assert_string_equal(uuid_format(&wish.show_id, text), EVENT);
    json_decref(body);
}

static void test_reserve_takes_the_best_and_the_floor(void **state) {
    (void)state;
    struct reader reader = {0};
    struct reserve_wish wish;
    json_t *body = parse("{\"event_id\":\"" EVENT
                         "\",\"best_available\":{\"quantity\":4,\"category\":\"VIP\"}}");
    assert_true(wish_reserve_read(&reader, &arena, body, &wish));
    assert_int_equal(wish.selection, SELECTION_BEST_AVAILABLE);
    assert_int_equal(wish.quantity, 4);
    assert_int_equal(wish.section.size, 0);
    assert_memory_equal(wish.category.data, "VIP", 3);
    json_decref(body);
    body = parse("{\"event_id\":\"" EVENT "\",\"section\":\"Floor\",\"quantity\":2}");
    assert_true(wish_reserve_read(&reader, &arena, body, &wish));
    assert_int_equal(wish.selection, SELECTION_GENERAL);
    assert_memory_equal(wish.section.data, "Floor", 5);
    json_decref(body);
}

static void test_reserve_says_what_is_wrong(void **state) {
    (void)state;
    reserve_faults("{}", "/event_id /ticket_ids");
    reserve_faults("{\"event_id\":null,\"ticket_ids\":[\"1\"]}", "/event_id");
    reserve_faults("{\"event_id\":7,\"ticket_ids\":[\"1\"]}", "/event_id");
    reserve_faults("{\"event_id\":\"x\",\"ticket_ids\":[\"1\"]}", "/event_id");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[]}", "/ticket_ids");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":\"1\"}", "/ticket_ids");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[1]}", "/ticket_ids/0");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[\"0\",\"-1\",\"01\",\"60000\",\"\","
                   "\"1 \",\"9999999\",null]}",
                   "/ticket_ids/1 /ticket_ids/2 /ticket_ids/3 /ticket_ids/4 /ticket_ids/5 "
                   "/ticket_ids/6 /ticket_ids/7");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[\"3\",\"4\",\"3\"]}",
                   "/ticket_ids/2");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":{}}",
                   "/best_available/quantity");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":2}", "/best_available");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":{\"quantity\":0}}",
                   "/best_available/quantity");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":{\"quantity\":101}}",
                   "/best_available/quantity");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":{\"quantity\":2.5}}",
                   "/best_available/quantity");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"best_available\":{\"quantity\":2,\"row\":\"A\"}}",
                   "/best_available/row");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"quantity\":2}", "/section");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"section\":\"Floor\"}", "/quantity");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"section\":\"\",\"quantity\":\"2\"}",
                   "/section /quantity");
    reserve_faults("{\"event_id\":\"" EVENT
                   "\",\"ticket_ids\":[\"1\"],\"best_available\":{\"quantity\":1}}",
                   "/best_available");
    reserve_faults("{\"event_id\":\"" EVENT "\",\"ticket_ids\":[\"1\"],\"a/b~c\":1}", "/a~1b~0c");
    reserve_faults("[]", " /event_id /ticket_ids");
}

static void book_faults(const char *source, const char *fields) {
    struct reader reader = {0};
    struct book_wish wish;
    json_t *body = json_pack("{s:s, s:s}", "reservation_id",
                             "LLHrg2ChUduYwjQJA1G4cIkLiDTua18Bpx0S6ErQ5wA", "source_id", source);
    bool valid = wish_book_read(&reader, body, &wish);
    faults_are(&reader, body, valid, fields);
}

static void test_book_takes_single_use_tokens_only(void **state) {
    (void)state;
    char text[300];
    book_faults("cnon:card-nonce-ok", "");
    memset(text, 'x', sizeof text);
    text[255] = '\0';
    book_faults(text, "");
    text[255] = 'x';
    text[256] = '\0';
    book_faults(text, "/source_id");
    book_faults("", "/source_id");
    book_faults("ccof:customer-card-id", "/source_id");
    book_faults("two words", "/source_id");
    book_faults("caf\xc3\xa9", "/source_id");
    struct reader reader = {0};
    struct book_wish wish;
    json_t *free_of_charge = parse("{\"reservation_id\":\"dd71f0f8-9b0e-4d1c-8a55-1f1a6a2f4a10\"}");
    assert_true(wish_book_read(&reader, free_of_charge, &wish)); /* nothing to pay, perhaps */
    assert_int_equal(wish.source_id.size, 0);
    json_decref(free_of_charge);
    json_t *body = parse("{\"reservation_id\":\"short\"}");
    faults_are(&reader, body, wish_book_read(&reader, body, &wish), "/reservation_id");
}

/* ---- shows ---- */

static json_t *show_body(void) {
    return parse(
        "{\"title\":\"幽霊 Ghost\",\"type\":\"film\",\"venue\":\"Pageant Theatre\","
        "\"city\":\"Chico\",\"region\":\"CA\",\"country\":\"US\","
        "\"starts_at\":\"2026-12-01T20:15:00-08:00\",\"ends_at\":\"2026-12-01T22:15:00-08:00\","
        "\"time_zone\":\"America/Los_Angeles\",\"currency\":\"USD\","
        "\"description\":\"Two lines\\nof text\","
        "\"categories\":[{\"name\":\"Standard\",\"price_minor\":1250},"
        "{\"name\":\"Floor\",\"price_minor\":0}],"
        "\"sections\":[{\"name\":\"Stalls\",\"category\":\"Standard\","
        "\"rows\":[{\"label\":\"A\",\"seats\":3},{\"label\":\"B\",\"seats\":[\"1\",\"1a\"]}]},"
        "{\"name\":\"Pit\",\"category\":\"Floor\",\"capacity\":50}]}");
}

static void test_a_show_becomes_its_details(void **state) {
    (void)state;
    struct reader reader = {0};
    struct show_details show;
    json_t *body = show_body();
    assert_true(wish_show_read(&reader, &arena, body, NOW_MS, &show));
    assert_int_equal(show.type, SHOW_TYPE_FILM);
    assert_true(show.starts_at == 1796184900000);
    assert_int_equal(show.hold_ttl_ms, 600000);
    assert_int_equal(show.seats_per_buyer_max, 10);
    assert_int_equal(show.categories.count, 2);
    assert_true(show.categories.items[0].price_minor == 1250);
    assert_int_equal(show.sections.count, 2);
    assert_int_equal(show.sections.items[0].kind, SECTION_KIND_SEATED);
    assert_int_equal(show.sections.items[0].rows.count, 2);
    assert_int_equal(show.sections.items[0].rows.items[0].seats.count, 3);
    assert_memory_equal(show.sections.items[0].rows.items[0].seats.items[2].data, "3", 1);
    assert_memory_equal(show.sections.items[0].rows.items[1].seats.items[1].data, "1a", 2);
    assert_int_equal(show.sections.items[1].kind, SECTION_KIND_GENERAL);
    assert_int_equal(show.sections.items[1].category, 1);
    assert_int_equal(show.sections.items[1].capacity, 50);
    json_decref(body);
}

/* The body with one member replaced (value NULL: taken away) has these faults. */
static void show_faults(const char *member, const char *value, const char *fields) {
    struct reader reader = {0};
    struct show_details show;
    json_t *body = show_body();
    if (value == NULL) {
        json_object_del(body, member);
    } else {
        json_object_set_new(body, member, parse(value));
    }
    bool valid = wish_show_read(&reader, &arena, body, NOW_MS, &show);
    faults_are(&reader, body, valid, fields);
}

static void test_a_show_says_what_is_wrong_with_its_details(void **state) {
    (void)state;
    static const char *const needed[] = {"title",    "type",      "venue",     "city",
                                         "country",  "starts_at", "ends_at",   "time_zone",
                                         "currency", "sections",  "categories"};
    for (size_t i = 0; i + 1 < sizeof needed / sizeof needed[0]; i++) {
        char field[32];
        snprintf(field, sizeof field, "/%s", needed[i]);
        show_faults(needed[i], NULL, field);
    }
    show_faults("categories", NULL, "/categories /sections/0/category /sections/1/category");
    show_faults("region", NULL, "");
    show_faults("title", "\"\"", "/title");
    show_faults("title", "\"a\\u0007b\"", "/title");
    show_faults("title", "\"a\\nb\"", "/title");
    show_faults("description", "\"a\\u0085b\"", "/description");
    show_faults("type", "\"opera\"", "/type");
    show_faults("type", "\"FILM\"", "");
    show_faults("country", "\"us\"", "/country");
    show_faults("country", "\"USA\"", "/country");
    show_faults("currency", "\"US\"", "/currency");
    show_faults("time_zone", "\"Pacific\"", "/time_zone");
    show_faults("starts_at", "\"tomorrow\"", "/starts_at");
    show_faults("starts_at", "1796184900000", "/starts_at");
    show_faults("starts_at", "\"2025-12-01T20:15:00Z\"", "/starts_at /ends_at");
    show_faults("starts_at", "\"2037-12-01T20:15:00Z\"", "/starts_at /ends_at");
    show_faults("ends_at", "\"2026-12-01T20:15:00-08:00\"", "/ends_at");
    show_faults("ends_at", "\"2027-01-02T20:15:00-08:00\"", "/ends_at");
    show_faults("hold_seconds", "59", "/hold_seconds");
    show_faults("hold_seconds", "3600", "");
    show_faults("seats_per_buyer_max", "0", "/seats_per_buyer_max");
    show_faults("owner_id", "\"me\"", "/owner_id");
}

static void test_a_show_says_what_is_wrong_with_its_plan(void **state) {
    (void)state;
    show_faults("categories", "[]", "/categories /sections/0/category /sections/1/category");
    show_faults("categories",
                "[{\"name\":\"Standard\",\"price_minor\":-1},{\"name\":\"Standard\"},"
                "{\"name\":\"Floor\",\"price_minor\":1000000001},7]",
                "/categories/0/price_minor /categories/1/price_minor /categories/1/name "
                "/categories/2/price_minor /categories/3");
    show_faults("sections", "[]", "/sections");
    show_faults("sections", "[{\"name\":\"A\",\"category\":\"Standard\"}]", "/sections/0");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Standard\",\"capacity\":1,\"rows\":[]}]",
                "/sections/0");
    show_faults("sections", "[{\"name\":\"A\",\"category\":\"None\",\"capacity\":0}]",
                "/sections/0/category /sections/0/capacity");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Floor\",\"capacity\":1},"
                "{\"name\":\"A\",\"category\":\"Floor\",\"capacity\":1}]",
                "/sections/1/name");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Floor\",\"capacity\":60000},"
                "{\"name\":\"B\",\"category\":\"Floor\",\"capacity\":1}]",
                "/sections");
    show_faults("sections", "[{\"name\":\"A\",\"category\":\"Floor\",\"rows\":[]}]",
                "/sections/0/rows");
    show_faults(
        "sections",
        "[{\"name\":\"A\",\"category\":\"Floor\",\"rows\":[{\"label\":\"1\",\"seats\":501}]}]",
        "/sections/0/rows/0/seats");
    show_faults(
        "sections",
        "[{\"name\":\"A\",\"category\":\"Floor\",\"rows\":[{\"label\":\"1\",\"seats\":[]}]}]",
        "/sections/0/rows/0/seats");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Floor\","
                "\"rows\":[{\"label\":\"1\",\"seats\":[\"1\",\"2\",\"1\"]}]}]",
                "/sections/0/rows/0/seats/2");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Floor\",\"rows\":[{\"label\":\"1\",\"seats\":1},"
                "{\"label\":\"1\",\"seats\":1}]}]",
                "/sections/0/rows/1/label");
    show_faults("sections",
                "[{\"name\":\"A\",\"category\":\"Floor\","
                "\"rows\":[{\"label\":\"seventeen letters\",\"seats\":1}]}]",
                "/sections/0/rows/0/label");
}

static void test_the_largest_house_is_taken_and_one_seat_more_is_not(void **state) {
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        struct reader reader = {0};
        struct show_details show;
        json_t *body = show_body();
        json_t *rows = json_array();
        for (int i = 0; i < 120; i++) {
            json_array_append_new(rows, json_pack("{s:o, s:i}", "label", json_sprintf("%d", i),
                                                  "seats", i == 0 ? 499 + extra : 500));
        }
        json_object_set_new(body, "sections",
                            json_pack("[{s:s, s:s, s:o}, {s:s, s:s, s:i}]", "name", "Bowl",
                                      "category", "Standard", "rows", rows, "name", "Pit",
                                      "category", "Floor", "capacity", 1));
        bool valid = wish_show_read(&reader, &arena, body, NOW_MS, &show);
        faults_are(&reader, body, valid, extra == 0 ? "" : "/sections");
    }
}

static void test_only_so_many_errors_are_listed(void **state) {
    (void)state;
    struct reader reader = {0};
    for (int i = 0; i < 1000; i++) {
        reader_error(&reader, NULL, "x", "is wrong");
    }
    assert_int_equal(json_array_size(reader.errors), READER_ERRORS_MAX);
    reader_deinit(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserve_takes_seats_by_their_ids),
        cmocka_unit_test(test_reserve_takes_the_best_and_the_floor),
        cmocka_unit_test(test_reserve_says_what_is_wrong),
        cmocka_unit_test(test_book_takes_single_use_tokens_only),
        cmocka_unit_test(test_a_show_becomes_its_details),
        cmocka_unit_test(test_a_show_says_what_is_wrong_with_its_details),
        cmocka_unit_test(test_a_show_says_what_is_wrong_with_its_plan),
        cmocka_unit_test(test_the_largest_house_is_taken_and_one_seat_more_is_not),
        cmocka_unit_test(test_only_so_many_errors_are_listed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
