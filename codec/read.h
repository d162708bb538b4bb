/* SPDX-License-Identifier: Apache-2.0 */
/* From Avro binary to structs, in one pass. */
#ifndef SEATLOG_CODEC_READ_H
#define SEATLOG_CODEC_READ_H

#include "codec/arena.h"
#include "codec/value.h"
#include "codec/walk.h"

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

#endif
