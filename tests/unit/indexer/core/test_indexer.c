/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indexer's folds: a seat map is drawn as text, one letter a seat (. free, h held, S sold),
 * then the general section's counts, then the version.
 */
#include "indexer/core/plan.h"
#include "indexer/core/reservation.h"
#include "indexer/core/seat_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define SEATS(...)                                                                                 \
    { (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t) }

static const struct uuid show_id = {{1}};
static const struct uuid ada = {{2}};
static const struct uuid hold = {{3}};
static const struct uuid other = {{4}};

struct house {
    struct arena arena;
    struct seat_map *map;
    struct reservation_row row;
    int64_t seq;
};

static struct event_head next_head(struct house *house) {
    return (struct event_head){.show_id = show_id, .seq = ++house->seq, .at = 1000 + house->seq};
}

/* Stalls: rows A and B of three seats; Floor: general admission of 50. */
static void house_open(struct house *house) {
    static const struct text labels[] = {{"1", 1}, {"2", 1}, {"3", 1}};
    static const struct row rows[] = {{{"A", 1}, {labels, 3}}, {{"B", 1}, {labels, 3}}};
    static const struct category categories[] = {{{"Seat", 4}, 1500}, {{"Standing", 8}, 900}};
    static const struct section sections[] = {{{"Stalls", 6}, 0, SECTION_KIND_SEATED, {rows, 2}, 0},
                                              {{"Floor", 5}, 1, SECTION_KIND_GENERAL, {0}, 50}};
    *house = (struct house){.row = {.reservation_id = hold, .reason = "", .void_reason = ""}};
    struct event_show_created created = {
        .head = next_head(house),
        .show = {.categories = {categories, 2}, .sections = {sections, 2}}};
    house->map = seat_map_new(&house->arena, &created);
}

static void house_close(struct house *house) { arena_deinit(&house->arena); }

static void fold(struct house *house, struct event *event) {
    assert_int_equal(FOLD_APPLIED, seat_map_fold(house->map, event));
    struct uuid ids[4];
    if (reservation_ids_of(event, ids, 4) > 0) {
        reservation_row_fold(&house->arena, &house->row, event);
    }
}

static void assert_house(const struct house *house, const char *expected) {
    char drawing[64];
    size_t used = 0;
    for (size_t i = 0; i < house->map->seat_count; i++) {
        drawing[used++] = ".hS"[house->map->states[i]];
    }
    snprintf(drawing + used, sizeof drawing - used, " floor %d held %d sold v%d",
             house->map->general_held[1], house->map->general_sold[1], (int)house->map->version);
    assert_string_equal(expected, drawing);
}

static void reserve_seats(struct house *house) {
    fold(house, &(struct event){EVENT_RESERVED,
                                {.reserved = {.head = next_head(house),
                                              .reservation_id = hold,
                                              .buyer_id = ada,
                                              .selection = SELECTION_NAMED,
                                              .seats = SEATS(1, 2),
                                              .section = -1,
                                              .quantity = 2,
                                              .total_minor = 3000,
                                              .currency = TEXT("USD"),
                                              .expires_at = 99}}});
}

static void reserve_floor(struct house *house) {
    fold(house, &(struct event){EVENT_RESERVED,
                                {.reserved = {.head = next_head(house),
                                              .reservation_id = hold,
                                              .selection = SELECTION_GENERAL,
                                              .section = 1,
                                              .quantity = 3,
                                              .currency = TEXT("USD")}}});
}

static void secure(struct house *house, bool reseated) {
    fold(house, &(struct event){EVENT_SECURED,
                                {.secured = {.head = next_head(house),
                                             .reservation_id = hold,
                                             .reseated = reseated,
                                             .seats = SEATS(1, 2),
                                             .section = -1,
                                             .quantity = 2}}});
}

static const struct place seat_places[] = {{.seat = 1}, {.seat = 2}};
static const struct place floor_places[] = {{.seat = -1, .section_index = 1},
                                            {.seat = -1, .section_index = 1},
                                            {.seat = -1, .section_index = 1}};

static void a_hold_is_paid_and_sold_then_returned(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    assert_house(&house, "...... floor 0 held 0 sold v1");
    reserve_seats(&house);
    assert_house(&house, ".hh... floor 0 held 0 sold v2");
    assert_int_equal(RESERVATION_STATE_HELD, house.row.state);
    assert_string_equal("USD", house.row.currency);

    fold(&house, &(struct event){EVENT_PAYMENT_REQUESTED,
                                 {.payment_requested = {.head = next_head(&house),
                                                        .reservation_id = hold,
                                                        .attempt = 1,
                                                        .expires_at = 400}}});
    assert_int_equal(RESERVATION_STATE_PAYING, house.row.state);
    assert_int_equal(400, house.row.expires_at);
    secure(&house, false);
    assert_house(&house, ".SS... floor 0 held 0 sold v4");
    fold(&house, &(struct event){EVENT_SOLD,
                                 {.sold = {.head = next_head(&house),
                                           .reservation_id = hold,
                                           .attempt = 1,
                                           .places = {seat_places, 2}}}});
    assert_house(&house, ".SS... floor 0 held 0 sold v4");
    assert_int_equal(RESERVATION_STATE_SOLD, house.row.state);
    assert_int_equal(1005, house.row.sold_at);

    fold(&house, &(struct event){EVENT_ORDER_CANCELLED,
                                 {.order_cancelled = {.head = next_head(&house),
                                                      .reservation_id = hold,
                                                      .reason = CANCEL_REASON_BUYER,
                                                      .places = {seat_places, 2}}}});
    assert_house(&house, "...... floor 0 held 0 sold v6");
    assert_int_equal(RESERVATION_STATE_REFUNDING, house.row.state);
    assert_string_equal("BUYER", house.row.reason);
    fold(&house, &(struct event){EVENT_REFUNDED,
                                 {.refunded = {.head = next_head(&house),
                                               .reservation_id = hold,
                                               .state = RESERVATION_STATE_REFUNDED}}});
    assert_int_equal(RESERVATION_STATE_REFUNDED, house.row.state);
    house_close(&house);
}

static void an_expired_hold_gives_its_seats_back_and_a_late_payment_takes_them_again(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    reserve_seats(&house);
    static const int32_t seats[] = {1, 2};
    const struct event_expired_hold expired = {
        .reservation_id = hold, .seats = {seats, 2}, .section = -1, .quantity = 2};
    fold(&house,
         &(struct event){EVENT_HOLDS_EXPIRED,
                         {.holds_expired = {.head = next_head(&house), .holds = {&expired, 1}}}});
    assert_house(&house, "...... floor 0 held 0 sold v3");
    assert_int_equal(RESERVATION_STATE_RELEASED, house.row.state);
    assert_string_equal("EXPIRED", house.row.reason);
    secure(&house, true);
    assert_house(&house, ".SS... floor 0 held 0 sold v4");
    assert_int_equal(RESERVATION_STATE_SECURED, house.row.state);
    assert_string_equal("", house.row.reason);
    fold(&house, &(struct event){EVENT_CAPTURE_FAILED,
                                 {.capture_failed = {.head = next_head(&house),
                                                     .reservation_id = hold,
                                                     .code = TEXT("DELAYED_TRANSACTION_EXPIRED"),
                                                     .places = {seat_places, 2}}}});
    assert_house(&house, "...... floor 0 held 0 sold v5");
    assert_string_equal("CAPTURE_FAILED", house.row.reason);
    assert_string_equal("DELAYED_TRANSACTION_EXPIRED", house.row.code);
    house_close(&house);
}

static void general_places_are_counted(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    reserve_floor(&house);
    assert_house(&house, "...... floor 3 held 0 sold v2");
    fold(&house, &(struct event){EVENT_SECURED,
                                 {.secured = {.head = next_head(&house),
                                              .reservation_id = hold,
                                              .section = 1,
                                              .quantity = 3}}});
    assert_house(&house, "...... floor 0 held 3 sold v3");
    fold(&house, &(struct event){EVENT_ORDER_CANCELLED,
                                 {.order_cancelled = {.head = next_head(&house),
                                                      .reservation_id = hold,
                                                      .places = {floor_places, 3}}}});
    assert_house(&house, "...... floor 0 held 0 sold v4");
    house_close(&house);
}

static void what_costs_nothing_is_sold_from_the_hold(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    reserve_floor(&house);
    fold(&house, &(struct event){EVENT_SOLD,
                                 {.sold = {.head = next_head(&house),
                                           .reservation_id = hold,
                                           .attempt = 0,
                                           .places = {floor_places, 3}}}});
    assert_house(&house, "...... floor 0 held 3 sold v3");
    house_close(&house);
}

static void a_released_hold_and_a_decline(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    reserve_seats(&house);
    fold(&house, &(struct event){EVENT_PAYMENT_DECLINED,
                                 {.payment_declined = {.head = next_head(&house),
                                                       .reservation_id = hold,
                                                       .code = TEXT("CVV_FAILURE"),
                                                       .state = RESERVATION_STATE_HELD,
                                                       .attempts_left = 2}}});
    assert_string_equal("CVV_FAILURE", house.row.code);
    assert_int_equal(2, house.row.attempts_left);
    fold(&house, &(struct event){EVENT_RELEASED,
                                 {.released = {.head = next_head(&house),
                                               .reservation_id = hold,
                                               .reason = RELEASE_REASON_BUYER,
                                               .seats = SEATS(1, 2),
                                               .section = -1,
                                               .quantity = 2}}});
    assert_house(&house, "...... floor 0 held 0 sold v4");
    assert_string_equal("BUYER", house.row.reason);
    house_close(&house);
}

static void an_event_seen_before_changes_nothing_and_a_gap_is_told(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    reserve_seats(&house);
    struct event again = {EVENT_RELEASED,
                          {.released = {.head = {.seq = 2}, .seats = SEATS(1, 2), .section = -1}}};
    assert_int_equal(FOLD_SEEN, seat_map_fold(house.map, &again));
    assert_int_equal(FOLD_SEEN, reservation_row_fold(&house.arena, &house.row, &again));
    assert_house(&house, ".hh... floor 0 held 0 sold v2");
    again.as.head.seq = 9;
    assert_int_equal(FOLD_GAP, seat_map_fold(house.map, &again));
    house_close(&house);
}

static void a_stray_payment_leaves_no_row(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    house.row.reservation_id = other;
    fold(&house, &(struct event){EVENT_VOID_REQUESTED,
                                 {.void_requested = {.head = next_head(&house),
                                                     .reservation_id = other,
                                                     .reason = VOID_REASON_UNKNOWN_ATTEMPT}}});
    assert_int_equal(0, house.row.seq);
    house_close(&house);
}

static void hostile_seats_are_ignored(void **state) {
    (void)state;
    struct house house;
    house_open(&house);
    fold(&house, &(struct event){EVENT_RESERVED,
                                 {.reserved = {.head = next_head(&house),
                                               .reservation_id = hold,
                                               .selection = SELECTION_NAMED,
                                               .seats = SEATS(-1, 6, 2147483647),
                                               .section = 7,
                                               .currency = TEXT("USD")}}});
    assert_house(&house, "...... floor 0 held 0 sold v1");
    house_close(&house);
}

static void the_plan_is_json_and_prices_have_a_range(void **state) {
    (void)state;
    static const struct category categories[] = {
        {{"Seat", 4}, 1500}, {{"Standing", 8}, 900}, {{"Unused", 6}, 1}};
    static const struct section sections[] = {
        {{"Parkett \"links\"", 15}, 0, SECTION_KIND_SEATED, {0}, 0},
        {{"Floor", 5}, 1, SECTION_KIND_GENERAL, {0}, 50}};
    const struct show_details show = {.categories = {categories, 3}, .sections = {sections, 2}};
    char *plan = seat_plan_format(&show);
    assert_string_equal(
        "{\"categories\":[{\"name\":\"Seat\",\"price_minor\":1500},{\"name\":\"Standing\","
        "\"price_minor\":900},{\"name\":\"Unused\",\"price_minor\":1}],\"sections\":[{\"name\":"
        "\"Parkett \\\"links\\\"\",\"category\":0,\"kind\":\"SEATED\",\"capacity\":0,\"rows\":[]},"
        "{\"name\":\"Floor\",\"category\":1,\"kind\":\"GENERAL\",\"capacity\":50,\"rows\":[]}]}",
        plan);
    free(plan);
    int64_t minimum;
    int64_t maximum;
    show_price_range(&show, &minimum, &maximum);
    assert_int_equal(900, minimum);
    assert_int_equal(1500, maximum);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_is_paid_and_sold_then_returned),
        cmocka_unit_test(an_expired_hold_gives_its_seats_back_and_a_late_payment_takes_them_again),
        cmocka_unit_test(general_places_are_counted),
        cmocka_unit_test(what_costs_nothing_is_sold_from_the_hold),
        cmocka_unit_test(a_released_hold_and_a_decline),
        cmocka_unit_test(an_event_seen_before_changes_nothing_and_a_gap_is_told),
        cmocka_unit_test(a_stray_payment_leaves_no_row),
        cmocka_unit_test(hostile_seats_are_ignored),
        cmocka_unit_test(the_plan_is_json_and_prices_have_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
