/* SPDX-License-Identifier: Apache-2.0 */
/* From structs to Avro binary, in one pass. */
#ifndef SEATLOG_CODEC_WRITE_H
#define SEATLOG_CODEC_WRITE_H

#include "codec/walk.h"

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
