/* SPDX-License-Identifier: Apache-2.0 */
#include "notifier/core/core.h"
#include "notifier/core/facts.h"
#include "runtime/base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct place places_example[] = {
    {.seat = 14,
     .section = {"Stalls", 6},
     .row = {"B", 1},
     .label = {"5", 1},
     .category = {"Premium \"A\"", 11},
     .price_minor = 1450},
    {.seat = -1, .section_index = 1, .section = {"立見", 6}, .price_minor = 900},
};

static const struct show_summary summary_example = {
    .title = {"Ghost", 5},
    .venue = {"Pageant", 7},
    .city = {"Chico", 5},
    .starts_at = 1795761900000,
    .ends_at = 1795769100000,
    .time_zone = {"America/Los_Angeles", 19},
};

static const struct event_head head_example = {
    .show_id = {{1}}, .owner_id = {{2}}, .seq = 9, .at = 1795000000123};

static struct event cancelled_example(enum cancel_reason reason, int64_t amount_minor) {
    return (struct event){.kind = EVENT_ORDER_CANCELLED,
                          .as.order_cancelled = {.head = head_example,
                                                 .reservation_id = {{3}},
                                                 .buyer_id = {{4}},
                                                 .reason = reason,
                                                 .amount_minor = amount_minor,
                                                 .currency = {"USD", 3},
                                                 .summary = summary_example,
                                                 .places = {places_example, 2}}};
}

static struct event void_example(const char *payment_id, int32_t attempt) {
    return (struct event){.kind = EVENT_VOID_REQUESTED,
                          .as.void_requested = {.head = head_example,
                                                .reservation_id = {{3}},
                                                .buyer_id = {{4}},
                                                .attempt = attempt,
                                                .payment_id = {payment_id, strlen(payment_id)},
                                                .reason = VOID_REASON_SEATS_TAKEN,
                                                .amount_minor = 2350,
                                                .currency = {"USD", 3},
                                                .summary = summary_example,
                                                .places = {places_example, 2}}};
}

static void assert_text(struct text value, const char *expected) {
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.data, expected, value.size);
}

static void test_a_cancelled_order_is_told_by_who_cancelled(void **state) {
    (void)state;
    struct event event = cancelled_example(CANCEL_REASON_BUYER, 2350);
    struct mail mail;
    assert_true(mail_core_of_event(&event, &mail));
    assert_int_equal(mail.template, MAIL_ORDER_CANCELLED);
    assert_memory_equal(&mail.order_id, &event.as.order_cancelled.reservation_id, 16);
    assert_memory_equal(&mail.buyer_id, &event.as.order_cancelled.buyer_id, 16);
    assert_memory_equal(&mail.show_id, &head_example.show_id, 16);
    assert_int_equal(mail.happened_at_ms, 1795000000123);
    assert_int_equal(mail.facts.amount_minor, 2350);
    assert_text(mail.facts.reason, "BUYER");
    event = cancelled_example(CANCEL_REASON_SHOW_CANCELLED, 2350);
    assert_true(mail_core_of_event(&event, &mail));
    assert_int_equal(mail.template, MAIL_SHOW_CANCELLED);
    event = cancelled_example(CANCEL_REASON_WRONG_AMOUNT, 2350);
    assert_true(mail_core_of_event(&event, &mail));
    assert_int_equal(mail.template, MAIL_ORDER_CANCELLED);
    assert_text(mail.facts.reason, "WRONG_AMOUNT");
}

static void test_a_refund_is_told_once_an_attempt_unless_it_is_of_nothing(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_REFUNDED,
                          .as.refunded = {.head = head_example,
                                          .reservation_id = {{3}},
                                          .buyer_id = {{4}},
                                          .refund_attempt = 1,
                                          .amount_minor = 2350,
                                          .currency = {"USD", 3},
                                          .summary = summary_example,
                                          .places = {places_example, 2}}};
    struct mail first, second;
    assert_true(mail_core_of_event(&event, &first));
    assert_int_equal(first.template, MAIL_REFUNDED);
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_equal(&first.mail_id, &second.mail_id, 16);
    event.as.refunded.refund_attempt = 2;
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_not_equal(&first.mail_id, &second.mail_id, 16);
    event.as.refunded.amount_minor = 0;
    assert_false(mail_core_of_event(&event, &second));
}

static void test_each_payment_let_go_is_told_once(void **state) {
    (void)state;
    struct event event = void_example("p1", 1);
    struct mail first, second;
    assert_true(mail_core_of_event(&event, &first));
    assert_int_equal(first.template, MAIL_NOT_CHARGED);
    assert_text(first.facts.reason, "SEATS_TAKEN");
    event = void_example("p2", 1);
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_not_equal(&first.mail_id, &second.mail_id, 16);
    event = void_example("p1", 2);
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_not_equal(&first.mail_id, &second.mail_id, 16);
    event = void_example("p1", 1);
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_equal(&first.mail_id, &second.mail_id, 16);
}

static void test_two_longest_payment_ids_are_two_mails(void **state) {
    (void)state;
    char left[193], right[193];
    memset(left, 'x', 192);
    memset(right, 'x', 192);
    left[192] = right[192] = '\0';
    right[191] = 'y';
    struct event event = void_example(left, 3);
    struct mail first, second;
    assert_true(mail_core_of_event(&event, &first));
    event = void_example(right, 3);
    assert_true(mail_core_of_event(&event, &second));
    assert_memory_not_equal(&first.mail_id, &second.mail_id, 16);
}

static void test_a_payment_of_nobody_is_told_nobody(void **state) {
    (void)state;
    struct event event = void_example("p1", 1);
    event.as.void_requested.buyer_id = (struct uuid){0};
    struct mail mail;
    assert_false(mail_core_of_event(&event, &mail));
}

static void test_a_failed_capture_is_told(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_CAPTURE_FAILED,
                          .as.capture_failed = {.head = head_example,
                                                .reservation_id = {{3}},
                                                .buyer_id = {{4}},
                                                .attempt = 1,
                                                .amount_minor = 2350,
                                                .currency = {"USD", 3},
                                                .summary = summary_example,
                                                .places = {places_example, 2}}};
    struct mail mail;
    assert_true(mail_core_of_event(&event, &mail));
    assert_int_equal(mail.template, MAIL_CAPTURE_FAILED);
}

static void test_no_other_event_is_told(void **state) {
    (void)state;
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if (kind == EVENT_ORDER_CANCELLED || kind == EVENT_REFUNDED ||
            kind == EVENT_VOID_REQUESTED || kind == EVENT_CAPTURE_FAILED) {
            continue;
        }
        struct event event = {.kind = (enum event_kind)kind, .as.head = head_example};
        struct mail mail = {0};
        assert_false(mail_core_of_event(&event, &mail));
    }
}

static void test_tickets_are_told_once_with_every_place(void **state) {
    (void)state;
    struct ticket tickets[2] = {{.place = places_example[0]},
                                {.ordinal = 1, .place = places_example[1]}};
    struct ticket_record record = {.kind = TICKET_RECORD_TICKETS_ISSUED,
                                   .as.tickets_issued = {.tickets = {tickets, 2},
                                                         .show_id = {{1}},
                                                         .order_id = {{3}},
                                                         .buyer_id = {{4}},
                                                         .at = 1795000000123,
                                                         .amount_minor = 2350,
                                                         .currency = {"USD", 3},
                                                         .summary = summary_example}};
    struct arena arena = {0};
    struct mail mail;
    assert_true(mail_core_of_tickets(&record, &arena, &mail));
    assert_int_equal(mail.template, MAIL_CONFIRMATION);
    struct uuid expected = mail_core_confirmation_id(&record.as.tickets_issued.order_id);
    assert_memory_equal(&mail.mail_id, &expected, 16);
    assert_int_equal(mail.facts.places.count, 2);
    assert_text(mail.facts.places.items[1].section, "立見");
    record.kind = TICKET_RECORD_TICKETS_REVOKED;
    assert_false(mail_core_of_tickets(&record, &arena, &mail));
    arena_deinit(&arena);
}

static void test_facts_come_back_from_the_outbox_as_they_were(void **state) {
    (void)state;
    struct mail_facts facts = {summary_example,
                               {places_example, 2},
                               INT64_C(9007199254740993), /* beyond what a double holds */
                               {"USD", 3},
                               {"SEATS_TAKEN", 11}};
    char *json = mail_facts_format(&facts);
    struct arena arena = {0};
    struct mail_facts back;
    assert_true(mail_facts_parse(json, &arena, &back));
    assert_text(back.summary.title, "Ghost");
    assert_int_equal(back.summary.starts_at, 1795761900000);
    assert_int_equal(back.summary.ends_at, 1795769100000);
    assert_text(back.summary.time_zone, "America/Los_Angeles");
    assert_int_equal(back.amount_minor, INT64_C(9007199254740993));
    assert_text(back.reason, "SEATS_TAKEN");
    assert_int_equal(back.places.count, 2);
    assert_int_equal(back.places.items[0].seat, 14);
    assert_text(back.places.items[0].category, "Premium \"A\"");
    assert_int_equal(back.places.items[1].seat, -1);
    assert_int_equal(back.places.items[1].section_index, 1);
    assert_text(back.places.items[1].section, "立見");
    assert_text(back.places.items[1].row, "");
    free(json);
    arena_deinit(&arena);
}

static void test_facts_that_are_none_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",   "null",          "[]",
        "{}", "{\"title\":1}", "{\"title\":\"a\",\"venue\":\"b\",\"city\":\"c\"}"};
    struct arena arena = {0};
    struct mail_facts facts;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(mail_facts_parse(wrong[i], &arena, &facts));
    }
    arena_deinit(&arena);
}

static void test_every_try_of_a_mail_has_its_message_id(void **state) {
    (void)state;
    struct event event = cancelled_example(CANCEL_REASON_BUYER, 2350);
    struct mail mail;
    char first[MAIL_MESSAGE_ID_SIZE], second[MAIL_MESSAGE_ID_SIZE], mail_id[UUID_TEXT_SIZE];
    char expected[MAIL_MESSAGE_ID_SIZE] = "<";
    assert_true(mail_core_of_event(&event, &mail));
    strcat(strcat(expected, uuid_format(&mail.mail_id, mail_id)), "@example.org>");
    assert_string_equal(mail_core_message_id(&mail, "example.org", first), expected);
    assert_true(mail_core_of_event(&event, &mail));
    assert_string_equal(mail_core_message_id(&mail, "example.org", second), first);
    event.as.order_cancelled.reservation_id.octets[0]++;
    assert_true(mail_core_of_event(&event, &mail));
    assert_string_not_equal(mail_core_message_id(&mail, "example.org", second), first);
}

static void test_template_names_are_those_of_the_table(void **state) {
    (void)state;
    for (int i = 0; i < MAIL_TEMPLATE_COUNT; i++) {
        enum mail_template template = MAIL_CONFIRMATION;
        assert_true(mail_template_parse(mail_template_name((enum mail_template)i), &template));
        assert_int_equal(template, i);
    }
    enum mail_template template;
    assert_false(mail_template_parse("newsletter", &template));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cancelled_order_is_told_by_who_cancelled),
        cmocka_unit_test(test_a_refund_is_told_once_an_attempt_unless_it_is_of_nothing),
        cmocka_unit_test(test_each_payment_let_go_is_told_once),
        cmocka_unit_test(test_two_longest_payment_ids_are_two_mails),
        cmocka_unit_test(test_a_payment_of_nobody_is_told_nobody),
        cmocka_unit_test(test_a_failed_capture_is_told),
        cmocka_unit_test(test_no_other_event_is_told),
        cmocka_unit_test(test_tickets_are_told_once_with_every_place),
        cmocka_unit_test(test_facts_come_back_from_the_outbox_as_they_were),
        cmocka_unit_test(test_facts_that_are_none_are_refused),
        cmocka_unit_test(test_every_try_of_a_mail_has_its_message_id),
        cmocka_unit_test(test_template_names_are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
