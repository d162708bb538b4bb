/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_BUFFER_H
#define SEATLOG_RUNTIME_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/*
 * A growing run of bytes, always followed by a NUL that does not count, so that data is a C string
 * when the contents are text. Zero-initialise, then append; dies when memory is out.
 */
struct buffer {
    char *data;
    size_t size;
    size_t capacity;
};

void buffer_append(struct buffer *buffer, const void *octets, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As hexadecimal digits (hex.h). */
void buffer_append_hex(struct buffer *buffer, const uint8_t *octets, size_t size);

/* Empties it and keeps the memory. */
void buffer_reset(struct buffer *buffer);

/* Frees the memory; the buffer may be used again. */
void buffer_deinit(struct buffer *buffer);

#endif
