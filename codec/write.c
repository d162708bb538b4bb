/* SPDX-License-Identifier: Apache-2.0 */
/* Structs into Avro binary. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/value.h"
#include "codec/write.h"

#define CAPACITY_MIN ((size_t)4096)
#define VARINT_SIZE_MAX ((size_t)10)

/* How every generated list looks: see codec/value.h. */
struct list {
    const void *items;
    size_t count;
};

static void write_value(struct codec_buffer *buffer, const struct codec_type *type, const void *in);

static void grow(struct codec_buffer *buffer, size_t size) {
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : CAPACITY_MIN;
    while (capacity - buffer->size < size) {
        capacity *= 2;
    }
    buffer->data = realloc(buffer->data, capacity);
    if (buffer->data == NULL) {
        (void)fputs("codec: out of memory\n", stderr);
        abort();
    }
    buffer->capacity = capacity;
}

/* Where the next bytes go, of which there will be size at most. */
static inline uint8_t *room(struct codec_buffer *buffer, size_t size) {
    if (buffer->capacity - buffer->size < size) {
        grow(buffer, size);
    }
    return buffer->data + buffer->size;
}

void codec_buffer_append(struct codec_buffer *buffer, const void *data, size_t size) {
    uint8_t *at = room(buffer, size);
    if (size > 0) {
        memcpy(at, data, size);
    }
    buffer->size += size;
}

/* Zigzag, seven bits a byte, the least significant first. */
static inline void write_varint(struct codec_buffer *buffer, int64_t number) {
    uint8_t *start = room(buffer, VARINT_SIZE_MAX);
    uint8_t *at = start;
    uint64_t bits = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    while (bits > 0x7F) {
        *at++ = (uint8_t)(bits | 0x80);
        bits >>= 7;
    }
    *at++ = (uint8_t)bits;
    buffer->size += (size_t)(at - start);
}

static void write_run(struct codec_buffer *buffer, const void *data, size_t size) {
    write_varint(buffer, (int64_t)size);
    codec_buffer_append(buffer, data, size);
}

static void write_enum(struct codec_buffer *buffer, const struct codec_type *type, const void *in) {
    int32_t constant = 0;
    memcpy(&constant, in, sizeof constant);
    /* Out of range is the caller's mistake: nobody could ever read the record. */
    assert(type->symbols == NULL && constant >= 0 && (uint32_t)constant < type->size);
    write_varint(buffer, constant);
}

/* One block of all items, then the block of none. */
static void write_array(struct codec_buffer *buffer, const struct codec_type *item,
                        const void *in) {
    struct list list;
    memcpy(&list, in, sizeof list);
    if (list.count > 0) {
        assert(list.items != NULL);
        write_varint(buffer, (int64_t)list.count);
        const uint8_t *at = list.items;
        for (size_t i = 0; i < list.count; i++, at += item->stride) {
            write_value(buffer, item, at);
        }
    }
    write_varint(buffer, 0);
}

static void write_record(struct codec_buffer *buffer, const struct codec_type *type,
                         const uint8_t *in) {
    for (size_t i = 0; i < type->size; i++) {
        const struct codec_field *field = &type->fields[i];
        assert(field->offset != CODEC_DROPPED);
        write_value(buffer, field->type, in + field->offset);
    }
}

static void write_value(struct codec_buffer *buffer, const struct codec_type *type,
                        const void *in) {
    switch (type->kind) {
    case CODEC_INT:
        write_varint(buffer, *(const int32_t *)in);
        return;
    case CODEC_LONG:
        write_varint(buffer, *(const int64_t *)in);
        return;
    case CODEC_BOOLEAN:
        *room(buffer, 1) = *(const bool *)in ? 1 : 0;
        buffer->size++;
        return;
    case CODEC_STRING:
        write_run(buffer, ((const struct text *)in)->data, ((const struct text *)in)->size);
        return;
    case CODEC_BYTES:
        write_run(buffer, ((const struct octets *)in)->data, ((const struct octets *)in)->size);
        return;
    case CODEC_ENUM:
        write_enum(buffer, type, in);
        return;
    case CODEC_FIXED:
        codec_buffer_append(buffer, in, type->size);
        return;
    case CODEC_ARRAY:
        write_array(buffer, type->item, in);
        return;
    case CODEC_RECORD:
        write_record(buffer, type, in);
        return;
    }
    assert(!"a type of no kind");
}

void codec_walk_write(const struct codec_type *type, const void *in, struct codec_buffer *buffer) {
    assert(type != NULL && type->stride > 0 && in != NULL && buffer != NULL);
    write_value(buffer, type, in);
}
