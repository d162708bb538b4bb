/* SPDX-License-Identifier: Apache-2.0 */
/* Shows and reservations as the API answers them. */
#include "ingest-api/catalog/plan.h"
#include "ingest-api/catalog/show_json.h"
#include "ingest-api/commands/reservation_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char small_plan[] =
    "{\"categories\":[{\"name\":\"Standard\",\"price_minor\":1250},"
    "{\"name\":\"Floor\",\"price_minor\":900}],"
    "\"sections\":[{\"name\":\"Stalls "
    "\\\"L\\\"\",\"category\":0,\"kind\":\"SEATED\",\"capacity\":0,"
    "\"rows\":[{\"label\":\"A\",\"seats\":[\"1\",\"2\",\"3\"]},{\"label\":\"B\",\"seats\":[\"7\"]}]"
    "},"
    "{\"name\":\"Pit\",\"category\":1,\"kind\":\"GENERAL\",\"capacity\":50,\"rows\":[]},"
    "{\"name\":\"Balcony\",\"category\":0,\"kind\":\"SEATED\",\"capacity\":0,"
    "\"rows\":[{\"label\":\"A\",\"seats\":[\"1\",\"2\"]}]}]}";

static struct show_plan *plan_of(const char *text) {
    struct show_plan *plan = plan_new();
    struct show_details *details = &plan->details;
    plan->show_id = (struct uuid){{0x2f, 0x1b}};
    details->title = TEXT_LITERAL("Ghost \\ \"幽霊\"");
    details->type = SHOW_TYPE_FILM;
    details->description = TEXT_LITERAL("One\nTwo");
    details->venue = TEXT_LITERAL("Pageant Theatre");
    details->city = TEXT_LITERAL("Chico");
    details->region = TEXT_LITERAL("CA");
    details->country = TEXT_LITERAL("US");
    details->starts_at = 1796184900000;
    details->ends_at = 1796192100000;
    details->time_zone = TEXT_LITERAL("America/Los_Angeles");
    details->currency = TEXT_LITERAL("USD");
    details->hold_ttl_ms = 600000;
    details->seats_per_buyer_max = 10;
    snprintf(plan->starts_at_local, sizeof plan->starts_at_local, "2026-12-01T20:15:00-08:00");
    assert_true(plan_read(plan, text, strlen(text)));
    return plan;
}

static void test_seats_are_found_by_number(void **state) {
    (void)state;
    struct show_plan *plan = plan_of(small_plan);
    struct plan_seat seat;
    assert_int_equal(plan->seat_count, 6);
    assert_int_equal(plan->place_count, 56);
    assert_true(plan_seat(plan, 3, &seat));
    assert_memory_equal(seat.row.data, "B", 2);
    assert_memory_equal(seat.label.data, "7", 2);
    assert_true(plan_seat(plan, 5, &seat));
    assert_memory_equal(seat.section->name.data, "Balcony", 8);
    assert_memory_equal(seat.label.data, "2", 2);
    assert_false(plan_seat(plan, 6, &seat));
    assert_false(plan_seat(plan, -1, &seat));
    assert_int_equal(plan_section_find(plan, TEXT_LITERAL("Pit")), 1);
    assert_int_equal(plan_section_find(plan, TEXT_LITERAL("pit")), -1);
    assert_int_equal(plan_category_find(plan, TEXT_LITERAL("Floor")), 1);
    plan_release(plan);
}

static void test_a_plan_that_is_none_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "", "7", "{}", "{\"categories\":[]}",
        ("{\"categories\":[{\"name\":\"A\",\"price_minor\":1}],"
         "\"sections\":[{\"name\":\"B\",\"category\":1,\"kind\":\"GENERAL\",\"capacity\":1}]}")};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct show_plan *plan = plan_new();
        assert_false(plan_read(plan, wrong[i], strlen(wrong[i])));
        plan_release(plan);
    }
}

static json_t *page_of(const struct show_plan *plan, const struct seat_map *map) {
    struct buffer buffer = {0};
    show_json_append(&buffer, plan, map);
    json_error_t error;
    json_t *page = json_loadb(buffer.data, buffer.size, JSON_REJECT_DUPLICATES, &error);
    if (page == NULL) {
        fail_msg("not JSON: %s at %d", error.text, error.position);
    }
    buffer_deinit(&buffer);
    return page;
}

static json_int_t number_at(const json_t *object, const char *name) {
    assert_true(json_is_integer(json_object_get(object, name)));
    return json_integer_value(json_object_get(object, name));
}

static const char *text_at(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static void test_a_show_is_written_with_the_state_of_every_seat(void **state) {
    (void)state;
    struct show_plan *plan = plan_of(small_plan);
    static const uint8_t states[] = {0, 1, 2, 0, 2, 0};
    static const int32_t held[] = {0, 3, 0};
    static const int32_t sold[] = {0, 7, 0};
    struct seat_map map = {.seq = 9,
                           .version = 8,
                           .states = states,
                           .state_count = 6,
                           .general_held = held,
                           .general_sold = sold,
                           .section_count = 3};
    json_t *page = page_of(plan, &map);
    assert_string_equal(text_at(page, "title"), "Ghost \\ \"幽霊\"");
    assert_string_equal(text_at(page, "description"), "One\nTwo");
    assert_string_equal(text_at(page, "type"), "film");
    assert_string_equal(text_at(page, "status"), "on_sale");
    assert_string_equal(text_at(page, "starts_at"), "2026-12-02T04:15:00.000Z");
    assert_int_equal(number_at(page, "version"), 8);
    assert_int_equal(number_at(page, "available"), 3 + 40);
    assert_int_equal(number_at(json_array_get(json_object_get(page, "categories"), 0), "available"),
                     3);
    json_t *pit = json_array_get(json_object_get(page, "sections"), 1);
    assert_string_equal(text_at(pit, "kind"), "general");
    assert_int_equal(number_at(pit, "available"), 40);
    json_t *tickets = json_object_get(page, "tickets");
    assert_int_equal(json_array_size(tickets), 6);
    static const char *const expected[] = {"free", "held", "sold", "free", "sold", "free"};
    for (size_t i = 0; i < 6; i++) {
        char id[8];
        snprintf(id, sizeof id, "%zu", i);
        assert_string_equal(text_at(json_array_get(tickets, i), "id"), id);
        assert_string_equal(text_at(json_array_get(tickets, i), "state"), expected[i]);
    }
    assert_string_equal(text_at(json_array_get(tickets, 3), "section"), "Stalls \"L\"");
    assert_int_equal(number_at(json_array_get(tickets, 4), "price_minor"), 1250);
    json_decref(page);
    plan_release(plan);
}

static void test_a_cancelled_show_says_why(void **state) {
    (void)state;
    struct show_plan *plan = plan_of(small_plan);
    struct seat_map map = {.status = 1, .cancel_reason = "rain\t"};
    json_t *page = page_of(plan, &map);
    assert_string_equal(text_at(page, "status"), "cancelled");
    assert_string_equal(text_at(page, "cancel_reason"), "rain\t");
    json_decref(page);
    plan_release(plan);
}

static void test_sixty_thousand_seats_fit(void **state) {
    (void)state;
    struct buffer text = {0};
    buffer_append_text(&text, "{\"categories\":[{\"name\":\"A\",\"price_minor\":1}],\"sections\":["
                              "{\"name\":\"Bowl\",\"category\":0,\"kind\":\"SEATED\",\"rows\":[");
    for (int row = 0; row < 120; row++) {
        buffer_append_format(&text, "%s{\"label\":\"%d\",\"seats\":[", row > 0 ? "," : "", row);
        for (int seat = 0; seat < 500; seat++) {
            buffer_append_format(&text, "%s\"%d\"", seat > 0 ? "," : "", seat + 1);
        }
        buffer_append_text(&text, "]}");
    }
    buffer_append_text(&text, "]}]}");
    struct show_plan *plan = plan_of(text.data);
    struct seat_map map = {0};
    json_t *page = page_of(plan, &map);
    assert_int_equal(json_array_size(json_object_get(page, "tickets")), 60000);
    assert_int_equal(number_at(page, "available"), 60000);
    json_decref(page);
    plan_release(plan);
    buffer_deinit(&text);
}

/* ---- reservations ---- */

static void test_a_sold_reservation_names_its_tickets(void **state) {
    (void)state;
    struct show_plan *plan = plan_of(small_plan);
    static const int32_t seats[] = {2, 3};
    struct reservation_document document = {.show_id = plan->show_id,
                                            .reservation_id = {{9}},
                                            .state = RESERVATION_STATE_SOLD,
                                            .seats = {.items = seats, .count = 2},
                                            .section = -1,
                                            .quantity = 2,
                                            .total_minor = 2500,
                                            .currency = TEXT_LITERAL("USD"),
                                            .expires_at = 1,
                                            .attempt = 1,
                                            .attempts_left = 2,
                                            .plan = plan};
    json_t *body = reservation_json(&document);
    assert_string_equal(text_at(body, "state"), "sold");
    assert_string_equal(text_at(body, "order_id"), text_at(body, "reservation_id"));
    assert_int_equal(strlen(text_at(body, "order_id")), 43);
    assert_null(json_object_get(body, "expires_at")); /* of a hold only */
    json_t *tickets = json_object_get(body, "tickets");
    assert_int_equal(json_array_size(tickets), 2);
    json_t *second = json_array_get(tickets, 1);
    assert_string_equal(text_at(second, "id"), "3");
    assert_string_equal(text_at(second, "row"), "B");
    assert_string_equal(text_at(second, "seat"), "7");
    assert_int_equal(strlen(text_at(second, "ticket_id")), 36);
    assert_string_not_equal(text_at(second, "ticket_id"),
                            text_at(json_array_get(tickets, 0), "ticket_id"));
    char pdf[64];
    snprintf(pdf, sizeof pdf, "/tickets/%s.pdf", text_at(second, "ticket_id"));
    assert_string_equal(text_at(second, "pdf"), pdf);
    assert_string_equal(text_at(json_object_get(body, "event"), "starts_at_local"),
                        "2026-12-01T20:15:00-08:00");
    json_decref(body);
    plan_release(plan);
}

static void test_places_of_a_general_section_are_one_each(void **state) {
    (void)state;
    struct show_plan *plan = plan_of(small_plan);
    struct reservation_document document = {.state = RESERVATION_STATE_HELD,
                                            .section = 1,
                                            .quantity = 3,
                                            .currency = TEXT_LITERAL("USD"),
                                            .expires_at = 1796184900000,
                                            .attempt = -1,
                                            .attempts_left = -1,
                                            .plan = plan};
    json_t *body = reservation_json(&document);
    json_t *tickets = json_object_get(body, "tickets");
    assert_int_equal(json_array_size(tickets), 3);
    assert_string_equal(text_at(json_array_get(tickets, 2), "section"), "Pit");
    assert_null(json_object_get(json_array_get(tickets, 2), "id"));
    assert_null(json_object_get(json_array_get(tickets, 2), "ticket_id"));
    assert_string_equal(text_at(body, "expires_at"), "2026-12-02T04:15:00.000Z");
    json_decref(body);
    plan_release(plan);
}

static void test_without_a_plan_seats_have_their_ids_alone(void **state) {
    (void)state;
    static const int32_t seats[] = {4};
    struct integers taken = {.items = seats, .count = 1};
    json_t *list = seats_named_json(&taken, NULL);
    assert_string_equal(text_at(json_array_get(list, 0), "id"), "4");
    assert_null(json_object_get(json_array_get(list, 0), "row"));
    json_decref(list);
    struct show_plan *plan = plan_of(small_plan);
    list = seats_named_json(&taken, plan);
    assert_string_equal(text_at(json_array_get(list, 0), "section"), "Balcony");
    json_decref(list);
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seats_are_found_by_number),
        cmocka_unit_test(test_a_plan_that_is_none_is_refused),
        cmocka_unit_test(test_a_show_is_written_with_the_state_of_every_seat),
        cmocka_unit_test(test_a_cancelled_show_says_why),
        cmocka_unit_test(test_sixty_thousand_seats_fit),
        cmocka_unit_test(test_a_sold_reservation_names_its_tickets),
        cmocka_unit_test(test_places_of_a_general_section_are_one_each),
        cmocka_unit_test(test_without_a_plan_seats_have_their_ids_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
