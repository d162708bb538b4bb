/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_VALUE_H
#define SEATLOG_CODEC_VALUE_H

/*
 * The values that commands, events and tickets are made of.
 *
 * All of them are views: none owns what it points to. What a decoder returns lives in the arena it
 * was given; what an encoder is given must live until the call returns. An empty text, bytes or
 * list may have a NULL pointer.
 *
 * Pure: this header pulls in nothing but the C library's type definitions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8, not NUL-terminated; size in bytes. */
struct text {
    const char *data;
    size_t size;
};

/* Any bytes. */
struct octets {
    const uint8_t *data;
    size_t size;
};

/* An RFC 4122 UUID in network order; all zero where there is none. */
struct uuid {
    uint8_t octets[16];
};

/* A BLAKE2b-256 digest. */
struct hash {
    uint8_t octets[32];
};

/* What tells a claim from all others. */
struct nonce {
    uint8_t octets[8];
};

/* Avro array<int>. */
struct integers {
    const int32_t *items;
    size_t count;
};

/* Avro array<long>. */
struct longs {
    const int64_t *items;
    size_t count;
};

/* Avro array<string>. */
struct texts {
    const struct text *items;
    size_t count;
};

/* Avro array<seatlog.Uuid>. */
struct uuids {
    const struct uuid *items;
    size_t count;
};

/* Avro array<seatlog.Hash>. */
struct hashes {
    const struct hash *items;
    size_t count;
};

/* The text of a string literal: no strlen at run time. */
#define TEXT_LITERAL(literal) ((struct text){.data = (literal), .size = sizeof(literal) - 1})

/* For printf: printf("%.*s", TEXT_FORMAT(title)). Texts are far below INT_MAX bytes. */
#define TEXT_FORMAT(value) (int)(value).size, ((value).data != NULL ? (value).data : "")

#endif
