/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_ARENA_H
#define SEATLOG_CODEC_ARENA_H

/*
 * Memory that is given back all at once: what one decoded record, or one batch, needs.
 *
 * Blocks are kept by arena_reset, so a loop that resets after every record soon allocates nothing.
 * Not thread-safe: one arena a thread. Out of memory ends the process.
 */

#include <stdbool.h>
#include <stddef.h>

#include "codec/value.h"

struct arena_block;

struct arena {
    struct arena_block *first;   /* all blocks, oldest first; NULL before the first allocation */
    struct arena_block *current; /* where the next allocation is tried */
    size_t used;                 /* bytes of the current block that are taken */
    size_t allocated;            /* bytes held from the heap, all blocks */
};

/* Holds no memory yet. An arena of all zeroes is initialised as well. */
void arena_init(struct arena *arena);

/* Gives all memory back to the heap. The arena may be used again. */
void arena_deinit(struct arena *arena);

/* Everything allocated so far becomes invalid; the memory is kept for the next round, except what
 * exceeds ARENA_KEPT_SIZE_MAX: one huge record must not cost its size forever. */
void arena_reset(struct arena *arena);

#define ARENA_KEPT_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* size bytes, aligned for any type, not cleared; never NULL (size 0 gives a pointer that must not
 * be followed). */
void *arena_allocate(struct arena *arena, size_t size);

/* count × size bytes; a product that overflows is out of memory. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size);

/* A copy of the text, followed by a NUL that is not counted: .data is also a C string, provided
 * that the text holds no NUL itself. */
struct text arena_text_copy(struct arena *arena, struct text source);

/* The same for a C string. */
struct text arena_text_copy_string(struct arena *arena, const char *source);

/* A copy of the bytes. */
struct octets arena_octets_copy(struct arena *arena, struct octets source);

/* printf into the arena; NUL-terminated, the NUL not counted. */
struct text arena_text_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
