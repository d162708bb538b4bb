/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_CORE_TOKEN_H
#define SEATLOG_TICKETGEN_CORE_TOKEN_H

#include "codec/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The ticket token: a signed right to one place, which anybody can verify offline with the public
 * key. The README of this folder has the layout byte by byte. All numbers are big-endian.
 *
 * Pure: no clock, no randomness (Ed25519 is deterministic), no files; libsodium computes.
 */
#define TICKET_TOKEN_VERSION 1
#define TICKET_KEY_ID_SIZE 4
#define TICKET_PUBLIC_KEY_SIZE 32
#define TICKET_SEED_SIZE 32
#define TICKET_SECRET_KEY_SIZE 64
#define TICKET_TOKEN_CLAIMS_SIZE 53
#define TICKET_SIGNATURE_SIZE 64
#define TICKET_TOKEN_SIZE (TICKET_TOKEN_CLAIMS_SIZE + TICKET_SIGNATURE_SIZE)
#define TICKET_TOKEN_TEXT_SIZE 177 /* 176 characters of base45 and the NUL */
#define TICKET_TOKEN_NO_SEAT UINT32_MAX

/* What a token says. Its key id follows from the key. */
struct ticket_claims {
    struct uuid ticket_id;
    struct uuid show_id;
    uint32_t valid_from_s;  /* seconds since the epoch, inclusive */
    uint32_t valid_until_s; /* inclusive */
    uint16_t ordinal;       /* of the ticket in its order */
    uint16_t section_index; /* in the seat plan */
    uint32_t seat;          /* seat number of the plan, TICKET_TOKEN_NO_SEAT in a general section */
};

/* A signing key. Wipe it when done (sodium_memzero). */
struct ticket_key {
    uint8_t secret[TICKET_SECRET_KEY_SIZE];
    uint8_t public_key[TICKET_PUBLIC_KEY_SIZE];
    uint8_t key_id[TICKET_KEY_ID_SIZE];
};

/* The key of a seed. */
void ticket_key_derive(const uint8_t seed[TICKET_SEED_SIZE], struct ticket_key *key);

/* The id of a public key: the first bytes of its BLAKE2b-256. */
void ticket_key_id(const uint8_t public_key[TICKET_PUBLIC_KEY_SIZE],
                   uint8_t key_id[TICKET_KEY_ID_SIZE]);

/* Signs. out has TICKET_TOKEN_TEXT_SIZE octets. Returns out. */
char *ticket_token_sign(const struct ticket_key *key, const struct ticket_claims *claims,
                        char *out);

enum ticket_token_verdict {
    TICKET_TOKEN_GENUINE,   /* signed by the key; whether it is valid now is another question */
    TICKET_TOKEN_MALFORMED, /* not base45, or of another length */
    TICKET_TOKEN_UNKNOWN_VERSION, /* a later layout */
    TICKET_TOKEN_UNKNOWN_KEY,     /* signed by none of the keys given */
    TICKET_TOKEN_FORGED           /* the signature is not that of the key it names */
};

/*
 * Judges a token by the public keys given, 32 bytes each, one after the other. *claims is filled
 * when it is genuine. Any input is safe.
 */
enum ticket_token_verdict ticket_token_verify(struct text token, const uint8_t *public_keys,
                                              size_t public_key_count,
                                              struct ticket_claims *claims);

#endif
