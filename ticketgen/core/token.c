/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket token: claims, signature, verification. */
#include "ticketgen/core/token.h"

#include "ticketgen/core/base45.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* Where the claims stand in the token. */
enum {
    AT_VERSION = 0,
    AT_KEY_ID = 1,
    AT_TICKET_ID = 5,
    AT_SHOW_ID = 21,
    AT_VALID_FROM = 37,
    AT_VALID_UNTIL = 41,
    AT_ORDINAL = 45,
    AT_SECTION_INDEX = 47,
    AT_SEAT = 49,
    AT_SIGNATURE = TICKET_TOKEN_CLAIMS_SIZE
};

#define DIGEST_SIZE 32 /* of BLAKE2b; the key's id is its beginning */

_Static_assert(DIGEST_SIZE >= crypto_generichash_BYTES_MIN, "a digest that libsodium makes");
_Static_assert(TICKET_KEY_ID_SIZE <= DIGEST_SIZE, "the key's id is its beginning");
_Static_assert(AT_KEY_ID + TICKET_KEY_ID_SIZE == AT_TICKET_ID, "the layout has no gaps");
_Static_assert(AT_TICKET_ID + sizeof(struct uuid) == AT_SHOW_ID, "the layout has no gaps");
_Static_assert(AT_SHOW_ID + sizeof(struct uuid) == AT_VALID_FROM, "the layout has no gaps");
_Static_assert(AT_SEAT + sizeof(uint32_t) == AT_SIGNATURE, "the layout has no gaps");
_Static_assert(crypto_sign_PUBLICKEYBYTES == TICKET_PUBLIC_KEY_SIZE, "Ed25519");
_Static_assert(crypto_sign_BYTES == TICKET_SIGNATURE_SIZE, "Ed25519");
_Static_assert(crypto_sign_SECRETKEYBYTES == TICKET_SECRET_KEY_SIZE, "Ed25519");
_Static_assert(crypto_sign_SEEDBYTES == TICKET_SEED_SIZE, "Ed25519");
_Static_assert(BASE45_ENCODED_SIZE(TICKET_TOKEN_SIZE) == TICKET_TOKEN_TEXT_SIZE, "base45");

static uint16_t get_16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t get_32(const uint8_t *at) { return (uint32_t)get_16(at) << 16 | get_16(at + 2); }

static void put_16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    assert(get_16(at) == value);
}

static void put_32(uint8_t *at, uint32_t value) {
    put_16(at, (uint16_t)(value >> 16));
    put_16(at + 2, (uint16_t)value);
    assert(get_32(at) == value);
}

void ticket_key_id(const uint8_t public_key[TICKET_PUBLIC_KEY_SIZE],
                   uint8_t key_id[TICKET_KEY_ID_SIZE]) {
    uint8_t digest[DIGEST_SIZE];
    crypto_generichash(digest, sizeof(digest), public_key, TICKET_PUBLIC_KEY_SIZE, NULL, 0);
    memcpy(key_id, digest, TICKET_KEY_ID_SIZE);
}

void ticket_key_derive(const uint8_t seed[TICKET_SEED_SIZE], struct ticket_key *key) {
    crypto_sign_seed_keypair(key->public_key, key->secret, seed);
    ticket_key_id(key->public_key, key->key_id);
    /* A secret key of libsodium ends with its public one. */
    assert(memcmp(key->secret + TICKET_SEED_SIZE, key->public_key, TICKET_PUBLIC_KEY_SIZE) == 0);
    assert(memcmp(key->secret, seed, TICKET_SEED_SIZE) == 0);
}

static void claims_read(const uint8_t *token, struct ticket_claims *claims) {
    assert(token[AT_VERSION] == TICKET_TOKEN_VERSION);
    memcpy(claims->ticket_id.octets, token + AT_TICKET_ID, sizeof(struct uuid));
    memcpy(claims->show_id.octets, token + AT_SHOW_ID, sizeof(struct uuid));
    claims->valid_from_s = get_32(token + AT_VALID_FROM);
    claims->valid_until_s = get_32(token + AT_VALID_UNTIL);
    claims->ordinal = get_16(token + AT_ORDINAL);
    claims->section_index = get_16(token + AT_SECTION_INDEX);
    claims->seat = get_32(token + AT_SEAT);
}

/* What is read from a token is what was written into it. */
static bool claims_are(const uint8_t *token, const struct ticket_claims *claims) {
    struct ticket_claims read;
    claims_read(token, &read);
    assert(memcmp(&read.ticket_id, &claims->ticket_id, sizeof read.ticket_id) == 0);
    assert(memcmp(&read.show_id, &claims->show_id, sizeof read.show_id) == 0);
    assert(read.valid_from_s == claims->valid_from_s);
    assert(read.valid_until_s == claims->valid_until_s);
    return read.ordinal == claims->ordinal && read.section_index == claims->section_index &&
           read.seat == claims->seat;
}

char *ticket_token_sign(const struct ticket_key *key, const struct ticket_claims *claims,
                        char *out) {
    uint8_t token[TICKET_TOKEN_SIZE];
    token[AT_VERSION] = TICKET_TOKEN_VERSION;
    memcpy(token + AT_KEY_ID, key->key_id, TICKET_KEY_ID_SIZE);
    memcpy(token + AT_TICKET_ID, claims->ticket_id.octets, sizeof(struct uuid));
    memcpy(token + AT_SHOW_ID, claims->show_id.octets, sizeof(struct uuid));
    put_32(token + AT_VALID_FROM, claims->valid_from_s);
    put_32(token + AT_VALID_UNTIL, claims->valid_until_s);
    put_16(token + AT_ORDINAL, claims->ordinal);
    put_16(token + AT_SECTION_INDEX, claims->section_index);
    put_32(token + AT_SEAT, claims->seat);
    assert(claims_are(token, claims));
    crypto_sign_detached(token + AT_SIGNATURE, NULL, token, TICKET_TOKEN_CLAIMS_SIZE, key->secret);
    size_t size = base45_encode(token, sizeof(token), out);
    assert(size == TICKET_TOKEN_TEXT_SIZE - 1);
    return out;
}

enum ticket_token_verdict ticket_token_verify(struct text token, const uint8_t *public_keys,
                                              size_t public_key_count,
                                              struct ticket_claims *claims) {
    uint8_t octets[TICKET_TOKEN_SIZE];
    size_t size = 0;
    /* The version comes first: a later layout may have another length. */
    uint8_t begin[2];
    if (token.size < 3 || !base45_decode(token.data, 3, begin, sizeof(begin), &size)) {
        return TICKET_TOKEN_MALFORMED;
    }
    if (begin[AT_VERSION] != TICKET_TOKEN_VERSION) {
        return TICKET_TOKEN_UNKNOWN_VERSION;
    }
    if (!base45_decode(token.data, token.size, octets, sizeof(octets), &size) ||
        size != TICKET_TOKEN_SIZE) {
        return TICKET_TOKEN_MALFORMED;
    }
    assert(octets[AT_VERSION] == TICKET_TOKEN_VERSION);
    assert(public_key_count == 0 || public_keys != NULL);
    bool key_known = false;
    for (size_t i = 0; i < public_key_count; i++) {
        const uint8_t *public_key = public_keys + i * TICKET_PUBLIC_KEY_SIZE;
        uint8_t key_id[TICKET_KEY_ID_SIZE];
        ticket_key_id(public_key, key_id);
        if (memcmp(key_id, octets + AT_KEY_ID, TICKET_KEY_ID_SIZE) != 0) {
            continue;
        }
        key_known = true;
        if (crypto_sign_verify_detached(octets + AT_SIGNATURE, octets, TICKET_TOKEN_CLAIMS_SIZE,
                                        public_key) == 0) {
            claims_read(octets, claims);
            return TICKET_TOKEN_GENUINE;
        }
    }
    return key_known ? TICKET_TOKEN_FORGED : TICKET_TOKEN_UNKNOWN_KEY;
}
