/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once. */
#include "codec/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_SIZE ((size_t)16 * 1024)
#define ARENA_ALIGNMENT ((size_t) _Alignof(max_align_t))

struct arena_block {
    struct arena_block *next;
    size_t size; /* of memory */
    _Alignas(max_align_t) unsigned char memory[];
};

static void arena_die(void) {
    static const char message[] = "out of memory\n";
    (void)fwrite(message, 1, sizeof message - 1, stderr);
    abort();
}

void arena_init(struct arena *arena) { memset(arena, 0, sizeof *arena); }

static void arena_free_from(struct arena *arena, struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        arena->allocated -= block->size;
        free(block);
        block = next;
    }
}

void arena_deinit(struct arena *arena) {
    arena_free_from(arena, arena->first);
    assert(arena->allocated == 0);
    arena_init(arena);
}

void arena_reset(struct arena *arena) {
    size_t kept = 0;
    struct arena_block **link = &arena->first;
    while (*link != NULL) {
        struct arena_block *block = *link;
        if (kept + block->size > ARENA_KEPT_SIZE_MAX) {
            *link = block->next;
            arena->allocated -= block->size;
            free(block);
        } else {
            kept += block->size;
            link = &block->next;
        }
    }
    assert(arena->allocated == kept);
    arena->current = arena->first;
    arena->used = 0;
}

/* Moves on to a block with room for size: a kept one that is large enough, else a new one. Kept
 * blocks that are too small are skipped until the next reset. */
static void arena_advance(struct arena *arena, size_t size) {
    struct arena_block *block = arena->current != NULL ? arena->current->next : arena->first;
    while (block != NULL && block->size < size) {
        arena->current = block;
        block = block->next;
    }
    if (block == NULL) {
        size_t block_size = size > ARENA_BLOCK_SIZE ? size : ARENA_BLOCK_SIZE;
        block = malloc(sizeof *block + block_size);
        if (block == NULL) {
            arena_die();
        }
        block->next = NULL;
        block->size = block_size;
        if (arena->current != NULL) {
            arena->current->next = block;
        } else {
            arena->first = block;
        }
        arena->allocated += block_size;
    }
    arena->current = block;
    arena->used = 0;
}

void *arena_allocate(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) {
        arena_die();
    }
    size = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    if (arena->current == NULL || arena->current->size - arena->used < size) {
        arena_advance(arena, size);
    }
    void *result = arena->current->memory + arena->used;
    arena->used += size;
    assert(arena->used <= arena->current->size);
    return result;
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t size) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        arena_die();
    }
    return arena_allocate(arena, total);
}

struct text arena_text_copy(struct arena *arena, struct text source) {
    char *copy = arena_allocate(arena, source.size + 1);
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    copy[source.size] = '\0';
    return (struct text){.data = copy, .size = source.size};
}

struct text arena_text_copy_string(struct arena *arena, const char *source) {
    return arena_text_copy(arena, (struct text){.data = source, .size = strlen(source)});
}

struct octets arena_octets_copy(struct arena *arena, struct octets source) {
    uint8_t *copy = arena_allocate(arena, source.size);
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    return (struct octets){.data = copy, .size = source.size};
}

struct text arena_text_format(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    char *result = arena_allocate(arena, (size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(result, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return (struct text){.data = result, .size = (size_t)size};
}
