/* SPDX-License-Identifier: Apache-2.0 */
#include "ticketgen/core/base45.h"
#include "ticketgen/core/token.h"
#include "ticketgen/daemon/key_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct text text_of(const char *text) { return (struct text){text, strlen(text)}; }

static void encode_check(const char *octets, const char *expected) {
    char out[64];
    size_t size = base45_encode((const uint8_t *)octets, strlen(octets), out);
    assert_string_equal(out, expected);
    assert_int_equal(size, strlen(expected));
    uint8_t back[64];
    assert_true(base45_decode(out, size, back, sizeof(back), &size));
    assert_int_equal(size, strlen(octets));
    assert_memory_equal(back, octets, size);
}

static void test_base45_has_the_examples_of_rfc_9285(void **state) {
    (void)state;
    encode_check("AB", "BB8");
    encode_check("Hello!!", "%69 VD92EX0");
    encode_check("base-45", "UJCLQE7W581");
    encode_check("ietf!", "QED8WEX0");
    encode_check("", "");
}

static void test_base45_refuses_what_no_octets_encode_to(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "A",         /* a length that does not occur */
        "ABCD",      /* the same */
        ":::",       /* 91124, more than two bytes hold */
        "GGW",       /* 65536 */
        "::",        /* 2024, more than an byte holds */
        "U5",        /* 255 is U5; */
        "V5",        /* 256 */
        "ab8",       /* lower case */
        "B\xc3\xa9", /* no such character */
    };
    uint8_t out[16];
    size_t size;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        bool expected = strcmp(wrong[i], "U5") == 0;
        assert_int_equal(base45_decode(wrong[i], strlen(wrong[i]), out, sizeof(out), &size),
                         expected);
    }
    assert_true(base45_decode("FGW", 3, out, sizeof(out), &size)); /* 65535 */
    assert_false(base45_decode("BB8BB8", 6, out, 3, &size));       /* no room */
    assert_false(base45_decode("B\0"
                               "8",
                               3, out, sizeof(out), &size));
}

static void key_of_counting_octets(struct ticket_key *key) {
    uint8_t seed[TICKET_SEED_SIZE];
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)i;
    }
    ticket_key_derive(seed, key);
}

static const struct ticket_claims claims_example = {
    .ticket_id = {{0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x53, 0x33, 0x84, 0x44, 0x55, 0x55, 0x55,
                   0x55, 0x55, 0x55}},
    .show_id = {{0xaa, 0xaa, 0xaa, 0xaa, 0xbb, 0xbb, 0x4c, 0xcc, 0x8d, 0xdd, 0xee, 0xee, 0xee, 0xee,
                 0xee, 0xee}},
    .valid_from_s = 1795000000,
    .valid_until_s = 1795100000,
    .ordinal = 1,
    .section_index = 2,
    .seat = 345,
};

/* Made with another implementation: OpenSSL's Ed25519 and BLAKE2b, and base45 written down in
 * Python. */
static const char token_example[] =
    "890$T4F4U472L72CF43N6XS8KZAKZAF$A+PLCQLNUNU%PO2SB9UB9UE6UC2WSEO/"
    "AW66CV50HB0100QCB:945WVQQ7M64+3"
    "N37W223:NA+FR87F+05H-8+KP6DL$$VUQK21QBXDW%T5MD%4V-38QD1F-8/G7Y10UXEG8O+LG7EEBAF40";

static void test_a_token_is_the_same_everywhere(void **state) {
    (void)state;
    struct ticket_key key;
    key_of_counting_octets(&key);
    static const uint8_t key_id[] = {0x9d, 0x24, 0xe2, 0xee};
    assert_memory_equal(key.key_id, key_id, sizeof(key_id));
    char token[TICKET_TOKEN_TEXT_SIZE];
    assert_string_equal(ticket_token_sign(&key, &claims_example, token), token_example);
    assert_int_equal(strlen(token), TICKET_TOKEN_TEXT_SIZE - 1);
}

static void test_a_genuine_token_says_what_was_signed(void **state) {
    (void)state;
    struct ticket_key key, other;
    key_of_counting_octets(&key);
    uint8_t seed[TICKET_SEED_SIZE] = {7};
    ticket_key_derive(seed, &other);
    uint8_t keys[2 * TICKET_PUBLIC_KEY_SIZE];
    memcpy(keys, other.public_key, TICKET_PUBLIC_KEY_SIZE);
    memcpy(keys + TICKET_PUBLIC_KEY_SIZE, key.public_key, TICKET_PUBLIC_KEY_SIZE);
    struct ticket_claims claims;
    assert_int_equal(ticket_token_verify(text_of(token_example), keys, 2, &claims),
                     TICKET_TOKEN_GENUINE);
    assert_memory_equal(&claims, &claims_example, sizeof(claims));
    assert_int_equal(ticket_token_verify(text_of(token_example), keys, 1, &claims),
                     TICKET_TOKEN_UNKNOWN_KEY);
    assert_int_equal(ticket_token_verify(text_of(token_example), NULL, 0, &claims),
                     TICKET_TOKEN_UNKNOWN_KEY);
}

static void test_any_other_octet_anywhere_makes_it_worthless(void **state) {
    (void)state;
    struct ticket_key key;
    key_of_counting_octets(&key);
    uint8_t octets[TICKET_TOKEN_SIZE];
    size_t size;
    assert_true(base45_decode(token_example, strlen(token_example), octets, sizeof(octets), &size));
    struct ticket_claims claims;
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            octets[i] ^= (uint8_t)(1 << bit);
            char changed[TICKET_TOKEN_TEXT_SIZE];
            base45_encode(octets, size, changed);
            octets[i] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(ticket_token_verify(text_of(changed), key.public_key, 1, &claims),
                                 TICKET_TOKEN_GENUINE);
        }
    }
}

static void test_words_for_what_is_no_ticket_of_ours(void **state) {
    (void)state;
    struct ticket_key key;
    key_of_counting_octets(&key);
    struct ticket_claims claims;
    static const char *const malformed[] = {
        "", "8", "89", "hello", "https://example.org/", "890", "890$T4F4U47"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_int_equal(ticket_token_verify(text_of(malformed[i]), key.public_key, 1, &claims),
                         TICKET_TOKEN_MALFORMED);
    }
    char longer[TICKET_TOKEN_TEXT_SIZE + 3];
    snprintf(longer, sizeof(longer), "%s000", token_example);
    assert_int_equal(ticket_token_verify(text_of(longer), key.public_key, 1, &claims),
                     TICKET_TOKEN_MALFORMED);
    uint8_t later[40] = {2};
    char text[BASE45_ENCODED_SIZE(sizeof(later))];
    base45_encode(later, sizeof(later), text);
    assert_int_equal(ticket_token_verify(text_of(text), key.public_key, 1, &claims),
                     TICKET_TOKEN_UNKNOWN_VERSION);
    uint8_t forged[TICKET_TOKEN_SIZE] = {1, 0x9d, 0x24, 0xe2, 0xee};
    char forged_text[TICKET_TOKEN_TEXT_SIZE];
    base45_encode(forged, sizeof(forged), forged_text);
    assert_int_equal(ticket_token_verify(text_of(forged_text), key.public_key, 1, &claims),
                     TICKET_TOKEN_FORGED);
}

static void file_write(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_a_key_is_made_once_and_kept(void **state) {
    (void)state;
    char folder[] = "/tmp/seatlog-key-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof(path), "%s/key", folder);
    struct ticket_key first, second;
    bool created;
    struct error error = {0};
    assert_true(ticket_key_file_load(path, &first, &created, &error));
    assert_true(created);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(ticket_key_file_load(path, &second, &created, &error));
    assert_false(created);
    assert_memory_equal(&first, &second, sizeof(first));
    unlink(path);
    assert_true(ticket_key_file_load(path, &second, &created, &error));
    assert_memory_not_equal(first.public_key, second.public_key, TICKET_PUBLIC_KEY_SIZE);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no draft was left */
}

static void test_a_key_file_that_is_wrong_stops_the_start(void **state) {
    (void)state;
    char folder[] = "/tmp/seatlog-key-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof(path), "%s/key", folder);
    static const char seed[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    struct ticket_key key;
    bool created;
    struct error error = {0};
    file_write(path, seed, 0644);
    assert_false(ticket_key_file_load(path, &key, &created, &error));
    assert_int_equal(error.action, ERROR_DIE);
    assert_non_null(strstr(error.message, "others"));
    file_write(path, "00010203", 0600);
    assert_false(ticket_key_file_load(path, &key, &created, &error));
    file_write(path, "", 0600);
    assert_false(ticket_key_file_load(path, &key, &created, &error));
    assert_non_null(strstr(error.message, "64 hexadecimal digits"));
    file_write(path, seed, 0600);
    assert_true(ticket_key_file_load(path, &key, &created, &error));
    struct ticket_key expected;
    key_of_counting_octets(&expected);
    assert_memory_equal(key.public_key, expected.public_key, TICKET_PUBLIC_KEY_SIZE);
    unlink(path);
    rmdir(folder);
    assert_false(ticket_key_file_load(path, &key, &created, &error)); /* no such folder */
    assert_int_equal(error.action, ERROR_DIE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base45_has_the_examples_of_rfc_9285),
        cmocka_unit_test(test_base45_refuses_what_no_octets_encode_to),
        cmocka_unit_test(test_a_token_is_the_same_everywhere),
        cmocka_unit_test(test_a_genuine_token_says_what_was_signed),
        cmocka_unit_test(test_any_other_octet_anywhere_makes_it_worthless),
        cmocka_unit_test(test_words_for_what_is_no_ticket_of_ours),
        cmocka_unit_test(test_a_key_is_made_once_and_kept),
        cmocka_unit_test(test_a_key_file_that_is_wrong_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
