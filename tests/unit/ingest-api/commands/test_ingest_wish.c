/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a body is said by naming the field; what is right becomes a command. */
#include "ingest-api/commands/wish.h"
#include "runtime/base/identity.h"

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
static struct money_taken taken;
static const struct show_rules rules = {.now_ms = NOW_MS, .taken = &taken};

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

static void named_says(const char *field, const char *detail, const char *expected) {
    struct reader reader = {0};
    reader_error_named(&reader, field, detail);
    const json_t *error = json_array_get(reader.errors, 0);
    assert_string_equal(json_string_value(json_object_get(error, "field")), field);
    assert_string_equal(json_string_value(json_object_get(error, "detail")), expected);
    reader_deinit(&reader);
}

static void test_what_is_said_of_a_field_is_one_sentence(void **state) {
    (void)state;
    named_says("page", "must be a whole number", "page must be a whole number.");
    named_says("citty", "is not known; did you mean city?",
               "citty is not known; did you mean city?");
    named_says("/section", "must be a section", "section must be a section.");
    named_says("/best_available/category", "is not a category", "category is not a category.");
    named_says("", "The body is empty", "The body is empty.");
    named_says("/source_id", "source_id is missing. Send one.", "source_id is missing. Send one.");
}

static void test_a_wish_for_nothing_is_told_what_to_wish_for(void **state) {
    (void)state;
    struct reader reader = {0};
    struct reserve_wish wish;
    json_t *body = parse("{\"event_id\":\"" EVENT "\"}");
    assert_false(wish_reserve_read(&reader, &arena, body, &wish));
    const json_t *error = json_array_get(reader.errors, 0);
    assert_string_equal(json_string_value(json_object_get(error, "detail")),
                        "Choose the places: name seats in ticket_ids, or ask for best_available, "
                        "or for a section with a quantity.");
    reader_deinit(&reader);
    json_decref(body);
    arena_reset(&arena);
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
    assert_true(wish_show_read(&reader, &arena, body, &rules, &show));
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
    bool valid = wish_show_read(&reader, &arena, body, &rules, &show);
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
                "/categories/0/price_minor /categories/1/price_minor /categories/2/price_minor "
                "/categories/3 /categories/1/name");
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
        bool valid = wish_show_read(&reader, &arena, body, &rules, &show);
        faults_are(&reader, body, valid, extra == 0 ? "" : "/sections");
    }
}

/* The body with these members replaced; what is said of its first fault, NULL: all is well. */
static void show_told(const char *members, const char *expected) {
    struct reader reader = {0};
    struct show_details show;
    json_t *body = show_body();
    json_t *changes = parse(members);
    json_object_update(body, changes);
    json_decref(changes);
    bool valid = wish_show_read(&reader, &arena, body, &rules, &show);
    const json_t *error = json_array_get(reader.errors, 0);
    const char *detail = json_string_value(json_object_get(error, "detail"));
    assert_int_equal(valid, expected == NULL);
    if (expected != NULL) {
        assert_string_equal(detail, expected);
    }
    reader_deinit(&reader);
    json_decref(body);
    arena_reset(&arena);
}

#define ZONE_WORDS                                                                                 \
    "time_zone must be the name of a zone in the IANA time zone database, such as "                \
    "America/Los_Angeles, Europe/Paris or Etc/UTC"

static void test_only_iana_names_are_zones(void **state) {
    (void)state;
    static const char *const none[] = {"GMT+9",
                                       "UTC+5",
                                       "UTC-5",
                                       "localtime",
                                       "Factory",
                                       "posixrules",
                                       "posix/Europe/Paris",
                                       "right/Europe/Paris",
                                       "Pacific",
                                       "EST5",
                                       "PDT",
                                       "CEST",
                                       "+01:00",
                                       "+01",
                                       "Mars/Olympus",
                                       "../../etc/passwd",
                                       "/etc/localtime",
                                       "/usr/share/zoneinfo/UTC",
                                       "Europe/",
                                       "Europe",
                                       " Europe/Paris",
                                       "Europe/Paris ",
                                       "tzdata.zi",
                                       "zone.tab",
                                       ":Europe/Paris",
                                       "<+03>-3",
                                       "CET-1CEST,M3.5.0,M10.5.0/3"};
    char members[160];
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        snprintf(members, sizeof members,
                 "{\"time_zone\": \"%s\", \"starts_at\": \"2026-12-01T20:15:00Z\","
                 " \"ends_at\": \"2026-12-01T22:15:00Z\"}",
                 none[i]);
        show_told(members, ZONE_WORDS ".");
    }
    show_told("{\"time_zone\": \"europe/paris\"}", ZONE_WORDS "; capitals count: Europe/Paris.");
    show_told("{\"time_zone\": \"EUROPE/PARIS\"}", ZONE_WORDS "; capitals count: Europe/Paris.");
    show_told("{\"time_zone\": \"\"}", "time_zone must not be empty.");
    show_told(
        "{\"time_zone\": \"a/234567890123456789012345678901234567890123456789012345678901234\"}",
        "time_zone must have at most 64 bytes of UTF-8.");
}

/* Python knows the names that its own list has; the database's files that are none are not in it.
 */
static void test_every_name_that_python_knows_is_a_zone(void **state) {
    (void)state;
    FILE *names = popen("/usr/bin/python3 -c \"import zoneinfo; print('\\n'.join(sorted(n for n in "
                        "zoneinfo.available_timezones() if n not in ('Factory', 'localtime'))))\"",
                        "r");
    assert_non_null(names);
    char name[80];
    int count = 0;
    for (; fgets(name, sizeof name, names) != NULL; count++) {
        char members[240];
        name[strcspn(name, "\n")] = '\0';
        snprintf(members, sizeof members,
                 "{\"time_zone\": \"%s\", \"starts_at\": \"2026-12-01T20:15:00Z\","
                 " \"ends_at\": \"2026-12-01T22:15:00Z\"}",
                 name);
        show_told(members, NULL);
    }
    assert_int_equal(pclose(names), 0);
    assert_true(count > 590);
}

static void starts_told(const char *zone, const char *starts_at, const char *expected) {
    char members[300];
    snprintf(
        members, sizeof members,
        "{\"time_zone\": \"%s\", \"starts_at\": \"%s\", \"ends_at\": \"2027-12-30T00:00:00Z\"}",
        zone, starts_at);
    /* The end is too late in most of these: only what is said of the start counts. */
    struct reader reader = {0};
    struct show_details show;
    json_t *body = show_body();
    json_t *changes = parse(members);
    json_object_update(body, changes);
    json_decref(changes);
    wish_show_read(&reader, &arena, body, &rules, &show);
    const json_t *error = json_array_get(reader.errors, 0);
    const char *field = json_string_value(json_object_get(error, "field"));
    if (expected == NULL) {
        assert_true(field == NULL || strcmp(field, "/ends_at") == 0);
    } else {
        assert_string_equal(field, "/starts_at");
        assert_string_equal(json_string_value(json_object_get(error, "detail")), expected);
    }
    reader_deinit(&reader);
    json_decref(body);
    arena_reset(&arena);
}

#define OFFSET_WORDS(said, zone, offset)                                                           \
    "starts_at has the offset " said ", but " zone " is at " offset                                \
    " at that moment; end it in " offset " for local time there, or in Z for UTC."

static void test_an_offset_must_be_that_of_the_zone(void **state) {
    (void)state;
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00-08:00", NULL);
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00Z", NULL);
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00-00:00", NULL);
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00+02:00",
                OFFSET_WORDS("+02:00", "America/Los_Angeles", "-08:00"));
    starts_told("America/Los_Angeles", "2027-07-01T20:15:00-08:00",
                OFFSET_WORDS("-08:00", "America/Los_Angeles", "-07:00"));
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00+00:00",
                OFFSET_WORDS("+00:00", "America/Los_Angeles", "-08:00"));
    starts_told("Europe/London", "2026-12-01T20:15:00+00:00", NULL);
    starts_told("Asia/Kathmandu", "2026-12-01T20:15:00+05:45", NULL);
    starts_told("Asia/Kathmandu", "2026-12-01T20:15:00+05:30",
                OFFSET_WORDS("+05:30", "Asia/Kathmandu", "+05:45"));
    starts_told("Etc/GMT+9", "2026-12-01T20:15:00-09:00", NULL);
    /* An hour that there is not, and one that there is twice. */
    starts_told("America/Los_Angeles", "2027-03-14T02:30:00-08:00",
                OFFSET_WORDS("-08:00", "America/Los_Angeles", "-07:00"));
    starts_told("America/Los_Angeles", "2027-03-14T02:30:00-07:00",
                OFFSET_WORDS("-07:00", "America/Los_Angeles", "-08:00"));
    starts_told("America/Los_Angeles", "2027-11-07T01:30:00-07:00", NULL);
    starts_told("America/Los_Angeles", "2027-11-07T01:30:00-08:00", NULL);
}

static void test_a_local_time_needs_its_offset(void **state) {
    (void)state;
    starts_told("America/Los_Angeles", "2026-12-01T20:15:00",
                "starts_at must end in Z or in the offset from UTC; on the clocks of "
                "America/Los_Angeles it is 2026-12-01T20:15:00-08:00.");
    starts_told("America/Los_Angeles", "2027-11-07T01:30:00",
                "starts_at must end in Z or in the offset from UTC, such as "
                "2026-12-01T20:15:00-08:00.");
    starts_told("America/Los_Angeles", "2026-12-01",
                "starts_at must have a time of day, such as 2026-12-01T20:15:00-08:00.");
    starts_told("America/Los_Angeles", "2027-02-30T20:15:00Z",
                "starts_at must be a date and a time that exist, with Z or the offset from UTC, "
                "such as 2026-12-01T20:15:00-08:00.");
}

static void test_money_is_what_the_provider_takes(void **state) {
    (void)state;
    static const char *const none[] = {"ABC", "XXX", "XTS", "XAU", "CHE", "usd", "US$", "DEM"};
    char members[64];
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        snprintf(members, sizeof members, "{\"currency\": \"%s\"}", none[i]);
        show_told(members, "currency must be the code of a currency in use (ISO 4217), such as "
                           "USD.");
    }
    show_told("{\"currency\": \"KWD\"}", "currency must be one that payments can be taken in: AUD, "
                                         "CAD, EUR, GBP, JPY or USD.");
    show_told("{\"currency\": \"JPY\"}", NULL);
    show_told(
        "{\"categories\": [{\"name\": \"Standard\", \"price_minor\": 0}, {\"name\": \"Floor\","
        " \"price_minor\": 0}]}",
        NULL);
    show_told("{\"categories\": [{\"name\": \"Standard\", \"price_minor\": 12.5}, {\"name\":"
              " \"Floor\", \"price_minor\": 0}]}",
              "price_minor must be an integer from 0 to 1000000000. It is in minor units: 1250 is "
              "12.50 USD.");
    show_told(
        "{\"currency\": \"JPY\", \"categories\": [{\"name\": \"Standard\", \"price_minor\": -1},"
        " {\"name\": \"Floor\", \"price_minor\": 0}]}",
        "price_minor must be an integer from 0 to 1000000000. It is in minor units: 1250 is "
        "1250 JPY.");
}

static void test_the_currencies_are_a_setting(void **state) {
    (void)state;
    struct money_taken parsed;
    struct error error;
    char list[MONEY_LIST_SIZE];
    assert_true(money_taken_parse(" KWD, JPY,JPY ,USD", &parsed, &error));
    assert_string_equal(money_taken_list(&parsed, list), "KWD, JPY or USD");
    assert_non_null(money_taken_find(&parsed, TEXT_LITERAL("KWD")));
    assert_null(money_taken_find(&parsed, TEXT_LITERAL("EUR")));
    assert_false(money_taken_parse("USD,XXX", &parsed, &error));
    assert_string_equal(error.message, "currencies: XXX is not an active currency of ISO 4217");
    assert_false(money_taken_parse(" , ", &parsed, &error));
}

static void test_labels_are_unique_in_form(void **state) {
    (void)state;
    show_told("{\"sections\": [{\"name\": \"S\", \"category\": \"Standard\", \"rows\": ["
              "{\"label\": \" A\", \"seats\": 1}, {\"label\": \"B\", \"seats\": 1},"
              "{\"label\": \"A\", \"seats\": 1}]}]}",
              "label must be unique: /sections/0/rows/0/label is \"A\" already.");
    show_told("{\"sections\": [{\"name\": \"S\", \"category\": \"Standard\", \"rows\": ["
              "{\"label\": \"A\", \"seats\": [\"\\u00e9\", \"1\", \"e\\u0301\"]}]}]}",
              "seats[2] must be unique: /sections/0/rows/0/seats/0 is \"é\" already.");
    show_told("{\"sections\": [{\"name\": \"S\", \"category\": \"Standard\", \"capacity\": 1},"
              "{\"name\": \"S\\n\", \"category\": \"Standard\", \"capacity\": 1}]}",
              "name must be unique: /sections/0/name is \"S\" already.");
    show_told("{\"sections\": [{\"name\": \"S\", \"category\": \"Standard\", \"rows\": ["
              "{\"label\": \" \", \"seats\": 1}]}]}",
              "label must contain at least one visible character.");
    /* A category is found in whichever form it is written. */
    show_told("{\"categories\": [{\"name\": \"Caf\\u00e9 \", \"price_minor\": 1}], \"sections\": ["
              "{\"name\": \"S\", \"category\": \"Cafe\\u0301\", \"capacity\": 1}]}",
              NULL);
}

static void test_a_plan_that_is_too_large_is_told_before_its_labels(void **state) {
    (void)state;
    struct reader reader = {0};
    struct show_details show;
    json_t *body = show_body();
    json_t *rows = json_array();
    for (int i = 0; i < 4097; i++) {
        json_array_append_new(rows, json_pack("{s:s, s:i}", "label", "same", "seats", 20));
    }
    json_object_set_new(
        body, "sections",
        json_pack("[{s:s, s:s, s:o}]", "name", "Bowl", "category", "Standard", "rows", rows));
    assert_false(wish_show_read(&reader, &arena, body, &rules, &show));
    assert_int_equal(json_array_size(reader.errors), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(reader.errors, 0), "detail")),
        "sections must have at most 60000 places in at most 4096 rows; these are 81940 places in "
        "4097 rows.");
    reader_deinit(&reader);
    json_decref(body);
    arena_reset(&arena);
}

static void test_a_reason_may_have_lines(void **state) {
    (void)state;
    struct reader reader = {0};
    struct text reason;
    json_t *body = parse("{\"reason\": \" Two\\r\\nlines \"}");
    assert_true(wish_cancel_show_read(&reader, &arena, body, &reason));
    assert_int_equal(reason.size, 9);
    assert_memory_equal(reason.data, "Two\nlines", 9);
    json_decref(body);
    body = parse("{\"reason\": \"a\\u0007b\"}");
    assert_false(wish_cancel_show_read(&reader, &arena, body, &reason));
    reader_deinit(&reader);
    json_decref(body);
    assert_true(wish_cancel_show_read(&reader, &arena, NULL, &reason));
    assert_int_equal(reason.size, 0);
    arena_reset(&arena);
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
    if (!money_taken_parse(MONEY_TAKEN_DEFAULT, &taken, NULL)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserve_takes_seats_by_their_ids),
        cmocka_unit_test(test_reserve_takes_the_best_and_the_floor),
        cmocka_unit_test(test_reserve_says_what_is_wrong),
        cmocka_unit_test(test_what_is_said_of_a_field_is_one_sentence),
        cmocka_unit_test(test_a_wish_for_nothing_is_told_what_to_wish_for),
        cmocka_unit_test(test_book_takes_single_use_tokens_only),
        cmocka_unit_test(test_a_show_becomes_its_details),
        cmocka_unit_test(test_a_show_says_what_is_wrong_with_its_details),
        cmocka_unit_test(test_a_show_says_what_is_wrong_with_its_plan),
        cmocka_unit_test(test_the_largest_house_is_taken_and_one_seat_more_is_not),
        cmocka_unit_test(test_only_iana_names_are_zones),
        cmocka_unit_test(test_every_name_that_python_knows_is_a_zone),
        cmocka_unit_test(test_an_offset_must_be_that_of_the_zone),
        cmocka_unit_test(test_a_local_time_needs_its_offset),
        cmocka_unit_test(test_money_is_what_the_provider_takes),
        cmocka_unit_test(test_the_currencies_are_a_setting),
        cmocka_unit_test(test_labels_are_unique_in_form),
        cmocka_unit_test(test_a_plan_that_is_too_large_is_told_before_its_labels),
        cmocka_unit_test(test_a_reason_may_have_lines),
        cmocka_unit_test(test_only_so_many_errors_are_listed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
