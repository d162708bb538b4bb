/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_SAMPLE_SUPPORT_H
#define SEATLOG_CODEC_SAMPLE_SUPPORT_H

/*
 * Values for made-up records, for tests: what the generated seatlog_samples.c is built from. The
 * same seed gives the same values everywhere.
 */

#include <stdio.h>

#include "codec/arena.h"
#include "codec/value.h"

struct sample {
    struct arena *arena;        /* holds texts and lists */
    uint64_t state;             /* the seed */
    size_t count_max;           /* items of a list: 0 to this */
    size_t text_characters_max; /* characters of a text: 0 to this */
};

/* The next 64 random bits (SplitMix64). */
uint64_t sample_bits(struct sample *sample);
/* 0 to count - 1; count > 0. */
size_t sample_index(struct sample *sample, size_t count);
/* Items of a list. */
size_t sample_count(struct sample *sample);

/* Values of any size, the extremes among them. */
int32_t sample_int(struct sample *sample);
int64_t sample_long(struct sample *sample);
bool sample_boolean(struct sample *sample);
/* Valid text of characters of one to four bytes. */
struct text sample_text(struct sample *sample);
struct octets sample_octets(struct sample *sample);
struct uuid sample_uuid(struct sample *sample);
struct hash sample_hash(struct sample *sample);
struct nonce sample_nonce(struct sample *sample);
struct integers sample_integers(struct sample *sample);
struct longs sample_longs(struct sample *sample);
struct texts sample_texts(struct sample *sample);
struct uuids sample_uuids(struct sample *sample);
struct hashes sample_hashes(struct sample *sample);

bool sample_int_equals(int32_t left, int32_t right);
bool sample_long_equals(int64_t left, int64_t right);
bool sample_boolean_equals(bool left, bool right);
bool sample_text_equals(struct text left, struct text right);
bool sample_octets_equals(struct octets left, struct octets right);
bool sample_uuid_equals(struct uuid left, struct uuid right);
bool sample_hash_equals(struct hash left, struct hash right);
bool sample_nonce_equals(struct nonce left, struct nonce right);
bool sample_integers_equals(struct integers left, struct integers right);
bool sample_longs_equals(struct longs left, struct longs right);
bool sample_texts_equals(struct texts left, struct texts right);
bool sample_uuids_equals(struct uuids left, struct uuids right);
bool sample_hashes_equals(struct hashes left, struct hashes right);

/* As JSON. */
void sample_int_print(FILE *file, int32_t value);
void sample_long_print(FILE *file, int64_t value);
void sample_boolean_print(FILE *file, bool value);
void sample_text_print(FILE *file, struct text value);
void sample_octets_print(FILE *file, struct octets value);
void sample_uuid_print(FILE *file, struct uuid value);
void sample_hash_print(FILE *file, struct hash value);
void sample_nonce_print(FILE *file, struct nonce value);
void sample_integers_print(FILE *file, struct integers value);
void sample_longs_print(FILE *file, struct longs value);
void sample_texts_print(FILE *file, struct texts value);
void sample_uuids_print(FILE *file, struct uuids value);
void sample_hashes_print(FILE *file, struct hashes value);

#endif
