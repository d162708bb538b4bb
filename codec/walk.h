/* SPDX-License-Identifier: Apache-2.0 */
/* The walker: between Avro binary and structs, in one pass, driven by tables. */
#ifndef SEATLOG_CODEC_WALK_H
#define SEATLOG_CODEC_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/arena.h"
#include "codec/value.h"

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

struct codec_fault {
    const char *what;                  /* what is wrong; static */
    size_t offset;                     /* bytes before it */
    const char *path[CODEC_DEPTH_MAX]; /* field names, innermost first */
    size_t depth;
};

/* Reads exactly one value of the type into *out; its texts and lists live in the arena. On false
 * *fault says where and why, and *out is not to be looked at. */
bool codec_walk_read(const struct codec_type *type, struct octets binary, struct arena *arena,
                     void *out, struct codec_fault *fault);

/* Reads the first field of a record alone, as what it begins with tells what it is about: *out is of
 * that field's type, which is a record of numbers, enums and fixed bytes. What follows is not looked
 * at. On false *fault says where and why. */
bool codec_walk_read_first(const struct codec_type *type, struct octets binary, void *out,
                           struct codec_fault *fault);

/* Memory that grows. */
struct codec_buffer {
    uint8_t *data;
    size_t size; /* of what is written */
    size_t capacity;
};

/* Appends the value that the struct at in has for the type. Every field of the type must be one
 * that today's struct has, or an assertion fails; so it does where an enum is out of range. */
void codec_walk_write(const struct codec_type *type, const void *in, struct codec_buffer *buffer);

/* Appends bytes as they are. */
void codec_buffer_append(struct codec_buffer *buffer, const void *data, size_t size);

#endif
