/* SPDX-License-Identifier: Apache-2.0 */
/* Every reason for a refusal says in a sentence what happened, with the numbers that are known. */
#include "ingest-api/commands/refusal.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char sentence[REFUSAL_DETAIL_SIZE + 64];

static const char *detail_of(const struct refusal *refusal) {
    const char *field;
    char buffer[REFUSAL_DETAIL_SIZE];
    const char *detail = refusal_detail(refusal, &field, buffer);
    assert_non_null(detail);
    assert_true(strlen(detail) < REFUSAL_DETAIL_SIZE - 1);
    snprintf(sentence, sizeof sentence, "%s", detail);
    return sentence;
}

static void assert_is_sentence(const char *text) {
    size_t size = strlen(text);
    assert_true(size > 10 && (isupper((unsigned char)text[0]) || isdigit((unsigned char)text[0])) &&
                text[size - 1] == '.');
    assert_null(strstr(text, "  "));
    assert_null(strstr(text, "-1"));
}

static void test_every_reason_has_a_sentence(void **state) {
    (void)state;
    for (int reason = 0; reason < REFUSAL_REASON_COUNT; reason++) {
        struct refusal refusal = REFUSAL_NOTHING_SAID;
        refusal.reason = reason;
        assert_is_sentence(detail_of(&refusal));
    }
}

static void says(struct refusal refusal, const char *expected) {
    assert_string_equal(detail_of(&refusal), expected);
    assert_is_sentence(expected);
}

static void test_the_limit_of_a_buyer_is_said_with_what_is_held(void **state) {
    (void)state;
    struct refusal refusal = REFUSAL_NOTHING_SAID;
    refusal.reason = REFUSAL_REASON_BUYER_LIMIT;
    refusal.limit = 5;
    refusal.used = 3;
    refusal.used_unpaid = 0;
    says(refusal, "You can hold at most 5 seats for this event; you already hold 3.");
    refusal.used_unpaid = 2;
    says(refusal, "You can hold at most 5 seats for this event; you already hold 3. You can "
                  "release the ones you have not paid for.");
    refusal.limit = 1;
    refusal.used = 0;
    refusal.used_unpaid = 0;
    says(refusal, "You can hold at most 1 seat for this event.");
}

static void test_what_is_left_is_said(void **state) {
    (void)state;
    struct refusal refusal = REFUSAL_NOTHING_SAID;
    refusal.reason = REFUSAL_REASON_NOT_AVAILABLE;
    refusal.free = 6;
    refusal.quantity = 4;
    says(refusal, "6 seats are left, but no 4 of them together.");
    refusal.quantity = 8;
    says(refusal, "Only 6 seats are left here.");
    refusal.quantity = 0;
    says(refusal, "6 seats are left, but not as you asked for them.");
    refusal.free = 1;
    refusal.quantity = 2;
    says(refusal, "Only 1 seat is left here.");
    refusal.free = 0;
    says(refusal, "There are no places left here. Please try another section or price.");
}

static void test_seats_of_ones_own_are_told_from_those_of_others(void **state) {
    (void)state;
    int32_t seats[] = {3, 4, 5};
    struct refusal refusal = REFUSAL_NOTHING_SAID;
    refusal.reason = REFUSAL_REASON_SEATS_TAKEN;
    refusal.seats = (struct integers){.items = seats, .count = 3};
    says(refusal,
         "Some of these seats have been taken. Nothing was reserved; please choose other seats.");
    refusal.seats_own = (struct integers){.items = seats, .count = 2};
    says(refusal, "You already have 2 of these seats yourself, and others have been taken. Nothing "
                  "was reserved; please choose other seats.");
    refusal.seats_own.count = 3;
    says(refusal, "You already have 3 of these seats yourself. Nothing was reserved. Choose only "
                  "seats that you do not have yet, or release your hold first.");
}

static void test_the_number_of_reservations_is_the_buyers_or_everybodys(void **state) {
    (void)state;
    struct refusal refusal = REFUSAL_NOTHING_SAID;
    refusal.reason = REFUSAL_REASON_TOO_MANY_RESERVATIONS;
    refusal.limit = 50;
    says(refusal, "You can have at most 50 reservations for this event. Nothing was reserved.");
    refusal.limit_of_show = true;
    says(refusal,
         "This event has too many reservations at the moment. Nothing was reserved; please "
         "try again later.");
    refusal.reason = REFUSAL_REASON_TOO_MANY_PLACES;
    says(refusal, "One reservation has at most 50 places.");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reason_has_a_sentence),
        cmocka_unit_test(test_the_limit_of_a_buyer_is_said_with_what_is_held),
        cmocka_unit_test(test_what_is_left_is_said),
        cmocka_unit_test(test_seats_of_ones_own_are_told_from_those_of_others),
        cmocka_unit_test(test_the_number_of_reservations_is_the_buyers_or_everybodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
