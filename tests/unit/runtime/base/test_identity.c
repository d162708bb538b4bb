/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/identity.h"
#include "tests/unit/support/test.h"

#include <string.h>

static struct uuid parsed(const char *text) {
    struct uuid uuid;
    assert_true(uuid_parse(text, strlen(text), &uuid));
    return uuid;
}

static void assert_uuid(struct uuid uuid, const char *text) {
    char formatted[UUID_TEXT_SIZE];
    assert_string_equal(uuid_format(&uuid, formatted), text);
}

static void random_ones_are_of_version_4_and_differ(void **state) {
    (void)state;
    struct uuid last = {{0}};
    for (int i = 0; i < 1000; i++) {
        struct uuid uuid = uuid_random();
        assert_int_equal(uuid.octets[6] >> 4, 4);
        assert_int_equal(uuid.octets[8] >> 6, 2);
        assert_false(uuid_equal(&uuid, &last));
        assert_false(uuid_is_zero(&uuid));
        last = uuid;
    }
}

/* RFC 9562, appendix A.4: www.example.com in the DNS namespace; the others as Python's uuid.uuid5.
 */
static void named_ones_are_those_of_the_standard(void **state) {
    (void)state;
    struct uuid dns = parsed("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    assert_uuid(uuid_named(&dns, "www.example.com", 15), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert_uuid(uuid_named(&dns, "", 0), "4ebd0208-8328-5d69-8c44-ec50939c0967");
}

static void text_form_goes_both_ways(void **state) {
    (void)state;
    assert_uuid(parsed("01234567-89AB-cdef-FEDC-ba9876543210"),
                "01234567-89ab-cdef-fedc-ba9876543210");
    struct uuid zero = parsed("00000000-0000-0000-0000-000000000000");
    assert_true(uuid_is_zero(&zero));
}

static void nothing_but_36_characters_is_taken(void **state) {
    (void)state;
    const char *const bad[] = {
        "",
        "0123456789abcdef0123456789abcdef",
        "{1234567-89ab-cdef-fedc-ba987654321}",
        "01234567-89ab-cdef-fedc-ba987654321",
        "01234567-89ab-cdef-fedc-ba98765432100",
        "01234567_89ab_cdef_fedc_ba9876543210",
        "0123456-789ab-cdef-fedc-ba9876543210",
        "0123456g-89ab-cdef-fedc-ba9876543210",
        " 1234567-89ab-cdef-fedc-ba9876543210",
        "01234567-89ab-cdef-fedc-ba987654321\n",
        "01234567-89ab-cdef-fedc-ba98765432-0",
    };
    struct uuid out = {{7}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(uuid_parse(bad[i], strlen(bad[i]), &out));
        assert_int_equal(out.octets[0], 7);
    }
    assert_false(uuid_parse("01234567-89ab-cdef-fedc-ba98765432\0", 35, &out));
}

static void a_public_order_id_holds_both_ids(void **state) {
    (void)state;
    struct uuid show = parsed("01234567-89ab-cdef-fedc-ba9876543210");
    struct uuid reservation = parsed("ffffffff-ffff-ffff-ffff-fffffffffffe");
    char text[PUBLIC_ORDER_ID_SIZE];
    public_order_id_format(&show, &reservation, text);
    assert_string_equal(text, "ASNFZ4mrze_-3LqYdlQyEP____________________4");
    struct uuid show_back, reservation_back;
    assert_true(public_order_id_parse(text, 43, &show_back, &reservation_back));
    assert_true(uuid_equal(&show, &show_back));
    assert_true(uuid_equal(&reservation, &reservation_back));
}

static void an_order_id_that_is_none_is_refused(void **state) {
    (void)state;
    const char *const bad[] = {
        "",
        "ASNFZ4mrze_-3LqYdlQyEP____________________",   /* too short */
        "ASNFZ4mrze_-3LqYdlQyEP____________________4=", /* padded */
        "ASNFZ4mrze/+3LqYdlQyEP////////////////////4",  /* the other alphabet */
        "ASNFZ4mrze_-3LqYdlQyEP____________________5",  /* bits beyond the last byte */
        "ASNFZ4mrze_-3LqYdlQyEP___________________ 4",
        "01234567-89ab-cdef-fedc-ba9876543210",
    };
    struct uuid show, reservation;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(public_order_id_parse(bad[i], strlen(bad[i]), &show, &reservation));
    }
}

/* The values are Python's: uuid.uuid5(namespace, name). */
static void derived_ids_never_change(void **state) {
    (void)state;
    struct uuid show = parsed("01234567-89ab-cdef-fedc-ba9876543210");
    struct uuid buyer = parsed("11111111-2222-4333-8444-555555555555");
    struct uuid reservation = parsed("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
    assert_uuid(ticket_id_derive(&reservation, 0), "ea7dd790-ad21-5193-bb9f-a6712bb823c7");
    assert_uuid(ticket_id_derive(&reservation, 2147483647), "9b01a15b-eedc-5237-a9aa-3ce5816e5b94");
    assert_uuid(payment_key_derive(&reservation, "authorize", 1),
                "89affde8-b6d4-5257-9ffd-a4275e717ebd");
    assert_uuid(payment_key_derive(&reservation, "refund", 2),
                "ee0efa0a-3ff6-5458-b145-9a62bc140227");
    assert_uuid(reservation_id_derive(&show, &buyer, "key-1"),
                "140aa218-157e-5cce-a979-2f0e93c09b28");
}

static void another_buyer_or_key_is_another_reservation(void **state) {
    (void)state;
    struct uuid show = uuid_random(), one = uuid_random(), other = uuid_random();
    struct uuid first = reservation_id_derive(&show, &one, "k");
    struct uuid again = reservation_id_derive(&show, &one, "k");
    struct uuid others = reservation_id_derive(&show, &other, "k");
    struct uuid second = reservation_id_derive(&show, &one, "l");
    assert_true(uuid_equal(&first, &again));
    assert_false(uuid_equal(&first, &others));
    assert_false(uuid_equal(&first, &second));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ones_are_of_version_4_and_differ),
        cmocka_unit_test(named_ones_are_those_of_the_standard),
        cmocka_unit_test(text_form_goes_both_ways),
        cmocka_unit_test(nothing_but_36_characters_is_taken),
        cmocka_unit_test(a_public_order_id_holds_both_ids),
        cmocka_unit_test(an_order_id_that_is_none_is_refused),
        cmocka_unit_test(derived_ids_never_change),
        cmocka_unit_test(another_buyer_or_key_is_another_reservation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
