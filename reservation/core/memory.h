/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_MEMORY_H
#define SEATLOG_RESERVATION_CORE_MEMORY_H

/*
 * Where the core's memory comes from: chunks that are kept until the core is freed.
 *
 * A slab holds records of one size, found by slot (1, 2, 3, …; 0 is none), which never move.
 * Blocks are small pieces of any size up to RESERVATION_BLOCK_OCTETS_MAX. A scratch is memory that
 * is given back all at once.
 */

#include <stddef.h>
#include <stdint.h>

#include "reservation/core/host.h"

#define RESERVATION_BLOCK_OCTETS_MIN 16
#define RESERVATION_BLOCK_CLASSES 5 /* 16, 32, 64, 128, 256 bytes */
#define RESERVATION_BLOCK_OCTETS_MAX 256
#define RESERVATION_ALIGNMENT 16
#define RESERVATION_CACHE_LINE_OCTETS 64
#define RESERVATION_SLAB_CHUNK_SHIFT 10
#define RESERVATION_SLAB_CHUNK_RECORDS (1u << RESERVATION_SLAB_CHUNK_SHIFT)

struct reservation_block {
    struct reservation_block *next;
};

struct reservation_memory {
    struct reservation_allocator allocator;
    struct reservation_block *blocks[RESERVATION_BLOCK_CLASSES]; /* free ones */
    struct reservation_chunk *chunks;                            /* they come from */
    size_t octets_allocated;
    size_t octets_blocks;
    uint64_t allocations;
};

struct reservation_slab {
    uint8_t **chunks; /* each begins at a line of the cache within its allocation */
    void **allocations;
    size_t record_octets;
    uint32_t chunk_count, chunk_size; /* in use; room in chunks */
    uint32_t used;                    /* slots ever given out; the highest slot */
    uint32_t free;                    /* first free slot; its first 4 bytes name the next */
};

void reservation_memory_init(struct reservation_memory *memory,
                             const struct reservation_allocator *allocator);
void reservation_memory_deinit(struct reservation_memory *memory);
/* Never NULL. */
void *reservation_memory_allocate(struct reservation_memory *memory, size_t size);
void reservation_memory_release(struct reservation_memory *memory, void *pointer, size_t size);

void *reservation_block_allocate(struct reservation_memory *memory, size_t size);
void reservation_block_release(struct reservation_memory *memory, void *block, size_t size);

void reservation_slab_init(struct reservation_slab *slab, size_t record_octets);
void reservation_slab_deinit(struct reservation_slab *slab, struct reservation_memory *memory);
/* The record holds nonsense. */
uint32_t reservation_slab_allocate(struct reservation_slab *slab,
                                   struct reservation_memory *memory);
void reservation_slab_release(struct reservation_slab *slab, uint32_t slot);
size_t reservation_slab_octets(const struct reservation_slab *slab);

static inline void *reservation_slab_at(const struct reservation_slab *slab, uint32_t slot) {
    RESERVATION_ASSERT(slot != 0);
    RESERVATION_ASSERT(slot <= slab->used);
    return slab->chunks[slot >> RESERVATION_SLAB_CHUNK_SHIFT] +
           (size_t)(slot & (RESERVATION_SLAB_CHUNK_RECORDS - 1)) * slab->record_octets;
}

/* Chunks in a list, the current one and those after it free. */
struct reservation_scratch {
    struct reservation_memory memory;
    struct reservation_chunk *first, *current;
    uint8_t *next, *end; /* what is free of the current one */
};

/* One chunk to begin with; takes over what the memory has counted so far. */
void reservation_scratch_init(struct reservation_scratch *scratch,
                              const struct reservation_memory *memory);
/* Gives its chunks back; returns the memory that init was given, with what is still allocated. */
struct reservation_memory reservation_scratch_deinit(struct reservation_scratch *scratch);
/* Goes on to another chunk. */
void *reservation_scratch_extend(struct reservation_scratch *scratch, size_t size);
void reservation_scratch_reset(struct reservation_scratch *scratch);

/* Aligned for any type, not initialised; valid until reset. */
static inline void *reservation_scratch_allocate(struct reservation_scratch *scratch, size_t size) {
    size = (size + RESERVATION_ALIGNMENT - 1) / RESERVATION_ALIGNMENT * RESERVATION_ALIGNMENT;
    RESERVATION_ASSERT(scratch->next <= scratch->end);
    RESERVATION_ASSERT((uintptr_t)scratch->next % RESERVATION_ALIGNMENT == 0);
    if (__builtin_expect((size_t)(scratch->end - scratch->next) < size, 0)) {
        return reservation_scratch_extend(scratch, size);
    }
    void *pointer = scratch->next;
    scratch->next += size;
    return pointer;
}

#endif
