/* SPDX-License-Identifier: Apache-2.0 */
/* A run of bytes that grows by doubling. */
#include "runtime/base/buffer.h"

#include "runtime/base/error.h"
#include "runtime/base/hex.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for size more bytes and the NUL. */
static void buffer_reserve(struct buffer *buffer, size_t size) {
    if (size > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) {
        die("a buffer would exceed the address space");
    }
    size_t needed = buffer->size + size + 1;
    if (needed <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
    while (capacity < needed) {
        capacity *= 2;
    }
    buffer->data = reallocate(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *octets, size_t size) {
    buffer_reserve(buffer, size);
    if (size > 0) {
        memcpy(buffer->data + buffer->size, octets, size);
    }
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_format(struct buffer *buffer, const char *format, ...) {
    buffer_reserve(buffer, 127);
    size_t room = buffer->capacity - buffer->size;

    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(buffer->data + buffer->size, room, format, arguments);
    if (size < 0) {
        die("invalid format: %s", format);
    }
    if ((size_t)size >= room) {
        buffer_reserve(buffer, (size_t)size);
        vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, again);
    }
    buffer->size += (size_t)size;
    va_end(again);
    va_end(arguments);
}

void buffer_append_hex(struct buffer *buffer, const uint8_t *octets, size_t size) {
    buffer_reserve(buffer, 2 * size);
    hex_format(octets, size, buffer->data + buffer->size);
    buffer->size += 2 * size;
}

void buffer_reset(struct buffer *buffer) {
    buffer->size = 0;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

void buffer_deinit(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}
