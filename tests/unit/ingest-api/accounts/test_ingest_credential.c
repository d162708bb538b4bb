/* SPDX-License-Identifier: Apache-2.0 */
/* Usernames and passwords as they are typed, and which buckets a try of a login comes from. */
#include "ingest-api/accounts/credential.h"
#include "ingest-api/accounts/login_limit.h"
#include "tests/unit/support/test.h"

#include <string.h>

static bool read_username(const char *text, struct username *out) {
    return username_read((struct text){text, strlen(text)}, out);
}

static void a_username_has_two_spellings(void **state) {
    (void)state;
    struct username username;
    assert_true(read_username("JOSE\u0301@Example.COM", &username));
    assert_int_equal(username.fault, ADDRESS_GOOD);
    assert_string_equal(username.spelled, "jose\u0301@example.com");
    assert_string_equal(username.address.normal, "josé@example.com");
    assert_string_equal(username.address.text, "josé@example.com");
}

static void what_is_no_address_is_looked_up_whole_or_not_at_all(void **state) {
    (void)state;
    static const char *const names[] = {"user@example.com,other@example.com",
                                        "user@example.com;--",
                                        "user@example.com[",
                                        "user@example.com ",
                                        "user",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct username username;
        assert_true(read_username(names[i], &username));
        assert_int_not_equal(username.fault, ADDRESS_GOOD);
        assert_string_equal(username.spelled, names[i]);
        assert_string_equal(username.address.normal, "");
        assert_string_equal(username.address.text, "");
        assert_string_equal(username.address.wire, "");
    }
}

static void a_username_has_254_characters(void **state) {
    (void)state;
    struct username username;
    char text[2048];
    size_t size = 0;
    for (int i = 0; i < 254; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "😀");
    }
    assert_true(username_read((struct text){text, size}, &username));
    size += (size_t)snprintf(text + size, sizeof text - size, "x");
    assert_false(username_read((struct text){text, size}, &username));
    assert_int_equal(username.fault, ADDRESS_TOO_LONG);
    assert_false(username_read((struct text){"user@example.com\0x", 18}, &username));
}

static size_t normalized(const char *text, size_t size, char *out) {
    size_t normal_size = 0;
    return password_normalize((struct text){text, size}, out, &normal_size) ? normal_size : 0;
}

static void a_password_is_counted_and_hashed_in_nfc(void **state) {
    (void)state;
    char out[PASSWORD_SIZE_MAX];
    assert_int_equal(normalized("e\u0301", 3, out), 2);
    assert_memory_equal(out, "é", 2);
    assert_int_equal(normalized("plain", 5, out), 5);
    assert_int_equal(normalized("\u1112\u1161\u11ab", 9, out), 3); /* jamo of one syllable */
    assert_memory_equal(out, "한", 3);
    assert_int_equal(characters_count(TEXT_LITERAL("😀😀")), 2);
    assert_int_equal(characters_count(TEXT_LITERAL("")), 0);
}

static void a_password_has_256_characters_of_any_size(void **state) {
    (void)state;
    char out[PASSWORD_SIZE_MAX];
    char text[8192];
    size_t size = 0;
    for (int i = 0; i < 256; i++) {
        memcpy(text + size, "😀", 4);
        size += 4;
    }
    assert_int_equal(normalized(text, size, out), PASSWORD_SIZE_MAX);
    text[size] = 'x';
    assert_int_equal(normalized(text, size + 1, out), 0);
    memset(text, 'x', 257);
    assert_int_equal(normalized(text, 256, out), 256);
    assert_int_equal(normalized(text, 257, out), 0);
    size = 0;
    for (int i = 0; i < 256; i++) { /* the longest there is in NFD */
        memcpy(text + size, "\u03b9\u0308\u0301", 6);
        size += 6;
    }
    assert_int_equal(normalized(text, size, out), 512);
    memset(text, 'x', sizeof text);
    assert_int_equal(normalized(text, sizeof text, out), 0);
}

static void tries_are_told_apart_by_name_and_by_network(void **state) {
    (void)state;
    struct login_limit one;
    struct login_limit other;
    login_limit_begin(&one, "a@example.com", "192.0.2.1");
    login_limit_begin(&other, "a@example.com", "192.0.2.1");
    assert_memory_equal(&one, &other, sizeof one);
    login_limit_begin(&other, "a@example.com", "192.0.2.2");
    assert_memory_equal(one.name_hash, other.name_hash, LOGIN_KEY_SIZE);
    assert_memory_not_equal(one.pair_key, other.pair_key, LOGIN_KEY_SIZE);
    login_limit_begin(&other, "b@example.com", "192.0.2.1");
    assert_memory_equal(one.address_hash, other.address_hash, LOGIN_KEY_SIZE);
    assert_memory_not_equal(one.pair_key, other.pair_key, LOGIN_KEY_SIZE);

    login_limit_begin(&one, "a@example.com", "2001:db8:1:2::1");
    login_limit_begin(&other, "a@example.com", "2001:db8:1:2:ffff::9");
    assert_memory_equal(one.pair_key, other.pair_key, LOGIN_KEY_SIZE);
    login_limit_begin(&other, "a@example.com", "2001:db8:1:3::1");
    assert_memory_not_equal(one.pair_key, other.pair_key, LOGIN_KEY_SIZE);
    login_limit_begin(&other, "a@example.com", ""); /* nobody knows */
    assert_memory_not_equal(one.pair_key, other.pair_key, LOGIN_KEY_SIZE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_username_has_two_spellings),
        cmocka_unit_test(what_is_no_address_is_looked_up_whole_or_not_at_all),
        cmocka_unit_test(a_username_has_254_characters),
        cmocka_unit_test(a_password_is_counted_and_hashed_in_nfc),
        cmocka_unit_test(a_password_has_256_characters_of_any_size),
        cmocka_unit_test(tries_are_told_apart_by_name_and_by_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
