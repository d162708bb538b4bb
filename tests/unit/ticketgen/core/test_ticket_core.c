/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/identity.h"
#include "seatlog_codec.h"
#include "ticketgen/core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct place places_example[] = {
    {.seat = 14,
     .section_index = 0,
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
};

static struct event_sold sold_example(void) {
    struct event_sold sold = {
        .head = {.show_id = {{1}}, .owner_id = {{2}}, .seq = 17, .at = 1795000000123},
        .reservation_id = {{3}},
        .buyer_id = {{4}},
        .attempt = 1,
        .amount_minor = 2350,
        .currency = {"USD", 3},
        .summary = {.title = {"Ghost", 5},
                    .venue = {"Pageant", 7},
                    .city = {"Chico", 5},
                    .starts_at = 1795100000000,
                    .ends_at = 1795107200000,
                    .time_zone = {"America/Los_Angeles", 19}},
        .places = {places_example, 2},
    };
    return sold;
}

static void key_example(struct ticket_key *key) {
    static const uint8_t seed[TICKET_SEED_SIZE] = {42};
    ticket_key_derive(seed, key);
}

static void test_a_sold_order_becomes_a_ticket_a_place(void **state) {
    (void)state;
    struct ticket_key key;
    key_example(&key);
    struct event_sold sold = sold_example();
    struct arena arena = {0};
    struct ticket_tickets_issued issued;
    const char *reason = NULL;
    assert_true(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    assert_int_equal(issued.tickets.count, 2);
    assert_memory_equal(&issued.order_id, &sold.reservation_id, 16);
    assert_memory_equal(&issued.buyer_id, &sold.buyer_id, 16);
    assert_memory_equal(&issued.owner_id, &sold.head.owner_id, 16);
    assert_int_equal(issued.event_seq, 17);
    assert_int_equal(issued.at, 1795000000123);
    assert_int_equal(issued.amount_minor, 2350);
    for (int32_t i = 0; i < 2; i++) {
        const struct ticket *ticket = &issued.tickets.items[i];
        struct uuid expected = ticket_id_derive(&sold.reservation_id, i);
        assert_memory_equal(&ticket->ticket_id, &expected, 16);
        assert_int_equal(ticket->ordinal, i);
        struct ticket_claims claims;
        assert_int_equal(ticket_token_verify(ticket->token, key.public_key, 1, &claims),
                         TICKET_TOKEN_GENUINE);
        assert_memory_equal(&claims.ticket_id, &expected, 16);
        assert_memory_equal(&claims.show_id, &sold.head.show_id, 16);
        assert_int_equal(claims.valid_from_s, 1795000000);
        assert_int_equal(claims.valid_until_s, 1795107200 + 6 * 3600);
        assert_int_equal(claims.ordinal, i);
        assert_int_equal(claims.section_index, i);
        assert_int_equal(claims.seat, i == 0 ? 14 : TICKET_TOKEN_NO_SEAT);
    }
    arena_deinit(&arena);
}

static void test_the_record_is_the_same_octets_every_time(void **state) {
    (void)state;
    struct ticket_key key;
    key_example(&key);
    struct event_sold sold = sold_example();
    struct arena arena = {0};
    struct codec *first_codec = codec_new(), *second_codec = codec_new();
    const char *reason;
    struct ticket_record first = {.kind = TICKET_RECORD_TICKETS_ISSUED}, second = first;
    assert_true(ticket_core_issue(&sold, &key, &arena, &first.as.tickets_issued, &reason));
    assert_true(ticket_core_issue(&sold, &key, &arena, &second.as.tickets_issued, &reason));
    struct octets left = codec_ticket_record_encode(first_codec, &first);
    struct octets right = codec_ticket_record_encode(second_codec, &second);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    struct ticket_record back;
    struct text why;
    assert_true(codec_ticket_record_decode(first_codec, &arena, right, &back, &why));
    assert_int_equal(back.as.tickets_issued.tickets.count, 2);
    assert_memory_equal(back.as.tickets_issued.tickets.items[1].token.data,
                        first.as.tickets_issued.tickets.items[1].token.data, 176);
    codec_free(first_codec);
    codec_free(second_codec);
    arena_deinit(&arena);
}

static void test_a_show_without_an_end_is_valid_from_its_start(void **state) {
    (void)state;
    struct ticket_key key;
    key_example(&key);
    struct event_sold sold = sold_example();
    sold.summary.ends_at = 0;
    struct arena arena = {0};
    struct ticket_tickets_issued issued;
    const char *reason;
    struct ticket_claims claims;
    assert_true(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    assert_int_equal(ticket_token_verify(issued.tickets.items[0].token, key.public_key, 1, &claims),
                     TICKET_TOKEN_GENUINE);
    assert_int_equal(claims.valid_until_s, 1795100000 + 6 * 3600);
    assert_int_equal(ticket_core_purge_at_ms(&sold.summary), 1795100000000 + 90LL * 86400 * 1000);
    sold.summary.ends_at = INT64_MAX;
    assert_true(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    ticket_token_verify(issued.tickets.items[0].token, key.public_key, 1, &claims);
    assert_int_equal(claims.valid_until_s, UINT32_MAX);
    arena_deinit(&arena);
}

static void test_an_order_that_can_not_be_is_refused_with_the_reason(void **state) {
    (void)state;
    struct ticket_key key;
    key_example(&key);
    struct event_sold sold = sold_example();
    struct arena arena = {0};
    struct ticket_tickets_issued issued;
    const char *reason = NULL;
    sold.places.count = 0;
    assert_false(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    assert_string_equal(reason, "the order has no places");
    struct place odd = places_example[0];
    sold.places = (struct place_list){&odd, 1};
    odd.seat = -2;
    assert_false(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    assert_string_equal(reason, "a place is out of range");
    odd.seat = 0;
    odd.section_index = 65536;
    assert_false(ticket_core_issue(&sold, &key, &arena, &issued, &reason));
    arena_deinit(&arena);
}

static void test_a_cancelled_order_revokes_the_very_tickets(void **state) {
    (void)state;
    struct event_order_cancelled cancelled = {
        .head = {.show_id = {{1}}, .owner_id = {{2}}, .seq = 18, .at = 1795000005000},
        .reservation_id = {{3}},
        .buyer_id = {{4}},
        .reason = CANCEL_REASON_SHOW_CANCELLED,
        .places = {places_example, 2},
    };
    struct arena arena = {0};
    struct ticket_tickets_revoked revoked;
    ticket_core_revoke(&cancelled, &arena, &revoked);
    assert_int_equal(revoked.ticket_ids.count, 2);
    for (int32_t i = 0; i < 2; i++) {
        struct uuid expected = ticket_id_derive(&cancelled.reservation_id, i);
        assert_memory_equal(&revoked.ticket_ids.items[i], &expected, 16);
    }
    assert_int_equal(revoked.reason, CANCEL_REASON_SHOW_CANCELLED);
    assert_int_equal(revoked.event_seq, 18);
    assert_memory_equal(&revoked.order_id, &cancelled.reservation_id, 16);
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sold_order_becomes_a_ticket_a_place),
        cmocka_unit_test(test_the_record_is_the_same_octets_every_time),
        cmocka_unit_test(test_a_show_without_an_end_is_valid_from_its_start),
        cmocka_unit_test(test_an_order_that_can_not_be_is_refused_with_the_reason),
        cmocka_unit_test(test_a_cancelled_order_revokes_the_very_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
