/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that drive the walk between Avro binary and structs (read.h, write.h). */
#ifndef SEATLOG_CODEC_WALK_H
#define SEATLOG_CODEC_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A table says what a writer wrote, in its order, and where each part of it stands in today's
 * struct. The tables are generated from the registered schemas, one for each definition that was
 * ever registered; nothing else knows how a record is laid out.
 *
 * Reading believes nothing: it refuses lengths and counts beyond the end, unknown enum symbols,
 * booleans other than 0 and 1, numbers out of range, and text that is not UTF-8 or holds U+0000.
 * Avro 1.11 specification, "Binary Encoding".
 */

/* Items of all arrays of one record together. Memory taken by an item is up to some 150 bytes, so
 * this bounds what a hostile record can make of its few bytes. */
#define CODEC_ITEMS_MAX ((size_t)500000)

#define CODEC_DEPTH_MAX 8

/* The offset of a field that today's struct does not have: read over, and never written. */
#define CODEC_DROPPED UINT32_MAX

enum codec_kind {
    CODEC_INT,
    CODEC_LONG,
    CODEC_BOOLEAN,
    CODEC_STRING,
    CODEC_BYTES,
    CODEC_ENUM,
    CODEC_FIXED,
    CODEC_ARRAY,
    CODEC_RECORD,
};

/* A field that the writer did not have yet. */
struct codec_default {
    uint32_t offset;
    uint32_t size;
    const void *value; /* of the field's type in C */
};

struct codec_field;

struct codec_type {
    enum codec_kind kind;
    uint32_t size;     /* enum: symbols; fixed: bytes; record: fields */
    uint32_t size_min; /* fewest bytes that a value takes; at least 1 for what may be in an array */
    uint32_t stride;   /* bytes of its value in C; 0: there is no such type any more */
    const struct codec_type *item;        /* array */
    const struct codec_field *fields;     /* record */
    const struct codec_default *defaults; /* record: what it lacks */
    uint32_t defaults_count;
    const int32_t *symbols; /* enum: today's constant of each symbol; NULL: the same number */
};

struct codec_field {
    const char *name;
    const struct codec_type *type;
    uint32_t offset; /* in the struct, or CODEC_DROPPED */
};

#endif
