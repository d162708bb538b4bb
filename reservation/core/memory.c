/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of the host's memory, cut into slabs, blocks and scratch. */
#include "reservation/core/memory.h"

#include <string.h>

#define BLOCK_CHUNK_OCTETS 65536
#define SCRATCH_CHUNK_OCTETS 65536
#define SLAB_DIRECTORY_SIZE_MIN 16

struct reservation_chunk {
    struct reservation_chunk *next;
    size_t octets;
};
_Static_assert(sizeof(struct reservation_chunk) % RESERVATION_ALIGNMENT == 0,
               "blocks stay aligned");
_Static_assert(RESERVATION_BLOCK_OCTETS_MIN << (RESERVATION_BLOCK_CLASSES - 1) ==
                   RESERVATION_BLOCK_OCTETS_MAX,
               "the largest class is the largest block");
_Static_assert(sizeof(struct reservation_block) <= RESERVATION_BLOCK_OCTETS_MIN,
               "a free block holds its link");

void reservation_memory_init(struct reservation_memory *memory,
                             const struct reservation_allocator *allocator) {
    RESERVATION_ASSERT(allocator->allocate != NULL);
    RESERVATION_ASSERT(allocator->release != NULL);
    *memory = (struct reservation_memory){.allocator = *allocator};
}

void *reservation_memory_allocate(struct reservation_memory *memory, size_t size) {
    void *pointer = memory->allocator.allocate(memory->allocator.context, size);
    RESERVATION_ASSERT(pointer != NULL);
    RESERVATION_ASSERT((uintptr_t)pointer % RESERVATION_ALIGNMENT == 0);
    memory->octets_allocated += size;
    memory->allocations++;
    return pointer;
}

void reservation_memory_release(struct reservation_memory *memory, void *pointer, size_t size) {
    if (pointer == NULL) {
        RESERVATION_ASSERT(size == 0);
        return;
    }
    RESERVATION_ASSERT(memory->octets_allocated >= size);
    memory->octets_allocated -= size;
    memory->allocator.release(memory->allocator.context, pointer, size);
}

void reservation_memory_deinit(struct reservation_memory *memory) {
    size_t octets = 0;
    while (memory->chunks != NULL) {
        struct reservation_chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        RESERVATION_ASSERT(chunk->octets == BLOCK_CHUNK_OCTETS);
        octets += chunk->octets;
        reservation_memory_release(memory, chunk, chunk->octets);
    }
    RESERVATION_ASSERT(memory->octets_blocks <= octets);
}

static unsigned block_class(size_t size) {
    RESERVATION_ASSERT(size >= 1);
    unsigned size_class = 0;
    while (((size_t)RESERVATION_BLOCK_OCTETS_MIN << size_class) < size) {
        size_class++;
    }
    RESERVATION_ASSERT(size <= RESERVATION_BLOCK_OCTETS_MAX);
    RESERVATION_ASSERT(size_class < RESERVATION_BLOCK_CLASSES);
    return size_class;
}

static void blocks_refill(struct reservation_memory *memory, unsigned size_class) {
    RESERVATION_ASSERT(size_class < RESERVATION_BLOCK_CLASSES);
    RESERVATION_ASSERT(memory->blocks[size_class] == NULL);
    struct reservation_chunk *chunk = reservation_memory_allocate(memory, BLOCK_CHUNK_OCTETS);
    chunk->next = memory->chunks;
    chunk->octets = BLOCK_CHUNK_OCTETS;
    memory->chunks = chunk;
    size_t octets = (size_t)RESERVATION_BLOCK_OCTETS_MIN << size_class;
    uint8_t *begin = (uint8_t *)(chunk + 1);
    size_t count = (BLOCK_CHUNK_OCTETS - sizeof(*chunk)) / octets;
    for (size_t i = count; i-- > 0;) {
        struct reservation_block *block = (void *)(begin + i * octets);
        block->next = memory->blocks[size_class];
        memory->blocks[size_class] = block;
    }
    RESERVATION_ASSERT((uint8_t *)memory->blocks[size_class] == begin);
}

void *reservation_block_allocate(struct reservation_memory *memory, size_t size) {
    unsigned size_class = block_class(size);
    if (memory->blocks[size_class] == NULL) {
        blocks_refill(memory, size_class);
    }
    struct reservation_block *block = memory->blocks[size_class];
    RESERVATION_ASSERT((uintptr_t)block % RESERVATION_ALIGNMENT == 0);
    RESERVATION_ASSERT(block->next != block);
    memory->blocks[size_class] = block->next;
    memory->octets_blocks += (size_t)RESERVATION_BLOCK_OCTETS_MIN << size_class;
    return block;
}

void reservation_block_release(struct reservation_memory *memory, void *block, size_t size) {
    if (block == NULL) {
        return;
    }
    unsigned size_class = block_class(size);
    struct reservation_block *freed = block;
    RESERVATION_ASSERT(freed != memory->blocks[size_class]);
    RESERVATION_ASSERT(memory->octets_blocks >= (size_t)RESERVATION_BLOCK_OCTETS_MIN << size_class);
    freed->next = memory->blocks[size_class];
    memory->blocks[size_class] = freed;
    memory->octets_blocks -= (size_t)RESERVATION_BLOCK_OCTETS_MIN << size_class;
}

void reservation_slab_init(struct reservation_slab *slab, size_t record_octets) {
    RESERVATION_ASSERT(record_octets >= sizeof(uint32_t));
    RESERVATION_ASSERT(record_octets % sizeof(uint64_t) == 0);
    *slab = (struct reservation_slab){.record_octets = record_octets};
}

static size_t slab_chunk_octets(const struct reservation_slab *slab) {
    return slab->record_octets * RESERVATION_SLAB_CHUNK_RECORDS + RESERVATION_CACHE_LINE_OCTETS;
}

static void slab_directory_free(struct reservation_slab *slab, struct reservation_memory *memory) {
    RESERVATION_ASSERT((slab->chunks == NULL) == (slab->chunk_size == 0));
    RESERVATION_ASSERT((slab->allocations == NULL) == (slab->chunk_size == 0));
    reservation_memory_release(memory, slab->chunks, slab->chunk_size * sizeof(*slab->chunks));
    reservation_memory_release(memory, slab->allocations,
                               slab->chunk_size * sizeof(*slab->allocations));
}

void reservation_slab_deinit(struct reservation_slab *slab, struct reservation_memory *memory) {
    RESERVATION_ASSERT(slab->chunk_count <= slab->chunk_size);
    RESERVATION_ASSERT(slab->used == 0 ||
                       slab->used >> RESERVATION_SLAB_CHUNK_SHIFT == slab->chunk_count - 1);
    for (uint32_t i = 0; i < slab->chunk_count; i++) {
        reservation_memory_release(memory, slab->allocations[i], slab_chunk_octets(slab));
    }
    slab_directory_free(slab, memory);
}

static void slab_directory_grow(struct reservation_slab *slab, struct reservation_memory *memory) {
    struct reservation_slab old = *slab;
    RESERVATION_ASSERT(old.chunk_count == old.chunk_size);
    uint32_t size = old.chunk_size == 0 ? SLAB_DIRECTORY_SIZE_MIN : old.chunk_size * 2;
    slab->chunks = reservation_memory_allocate(memory, size * sizeof(*slab->chunks));
    slab->allocations = reservation_memory_allocate(memory, size * sizeof(*slab->allocations));
    slab->chunk_size = size;
    RESERVATION_ASSERT(slab->chunk_size > slab->chunk_count);
    if (old.chunk_count > 0) {
        memcpy(slab->chunks, old.chunks, old.chunk_count * sizeof(*slab->chunks));
        memcpy(slab->allocations, old.allocations, old.chunk_count * sizeof(*slab->allocations));
    }
    slab_directory_free(&old, memory);
}

static void slab_grow(struct reservation_slab *slab, struct reservation_memory *memory) {
    if (slab->chunk_count == slab->chunk_size) {
        slab_directory_grow(slab, memory);
    }
    RESERVATION_ASSERT(slab->chunk_count < slab->chunk_size);
    uint8_t *allocation = reservation_memory_allocate(memory, slab_chunk_octets(slab));
    slab->allocations[slab->chunk_count] = allocation;
    slab->chunks[slab->chunk_count++] =
        allocation +
        (RESERVATION_CACHE_LINE_OCTETS - (uintptr_t)allocation % RESERVATION_CACHE_LINE_OCTETS);
    RESERVATION_ASSERT(
        (uintptr_t)slab->chunks[slab->chunk_count - 1] % RESERVATION_CACHE_LINE_OCTETS == 0);
}

uint32_t reservation_slab_allocate(struct reservation_slab *slab,
                                   struct reservation_memory *memory) {
    uint32_t slot = slab->free;
    if (slot != 0) {
        memcpy(&slab->free, reservation_slab_at(slab, slot), sizeof(slab->free));
        RESERVATION_ASSERT(slab->free <= slab->used && slab->free != slot);
    } else {
        slot = ++slab->used;
        RESERVATION_ASSERT(slot != 0);
        if ((slot >> RESERVATION_SLAB_CHUNK_SHIFT) >= slab->chunk_count) {
            slab_grow(slab, memory);
        }
    }
    return slot;
}

void reservation_slab_release(struct reservation_slab *slab, uint32_t slot) {
    RESERVATION_ASSERT(slot != slab->free);
    RESERVATION_ASSERT(slab->free <= slab->used);
    memcpy(reservation_slab_at(slab, slot), &slab->free, sizeof(slab->free));
    slab->free = slot;
}

size_t reservation_slab_octets(const struct reservation_slab *slab) {
    RESERVATION_ASSERT(slab->chunk_count <= slab->chunk_size);
    return slab->chunk_count * slab_chunk_octets(slab) +
           slab->chunk_size * (sizeof(*slab->chunks) + sizeof(*slab->allocations));
}

static struct reservation_chunk *scratch_chunk_make(struct reservation_scratch *scratch,
                                                    size_t size) {
    size_t octets = sizeof(struct reservation_chunk) + size;
    if (octets < SCRATCH_CHUNK_OCTETS) {
        octets = SCRATCH_CHUNK_OCTETS;
    }
    struct reservation_chunk *chunk = reservation_memory_allocate(&scratch->memory, octets);
    *chunk = (struct reservation_chunk){.octets = octets};
    RESERVATION_ASSERT(chunk->octets >= sizeof(*chunk) + size);
    return chunk;
}

static void scratch_enter(struct reservation_scratch *scratch, struct reservation_chunk *chunk) {
    scratch->current = chunk;
    scratch->next = (uint8_t *)(chunk + 1);
    scratch->end = (uint8_t *)chunk + chunk->octets;
    RESERVATION_ASSERT(scratch->next <= scratch->end);
    RESERVATION_ASSERT((uintptr_t)scratch->next % RESERVATION_ALIGNMENT == 0);
}

void *reservation_scratch_extend(struct reservation_scratch *scratch, size_t size) {
    RESERVATION_ASSERT(size % RESERVATION_ALIGNMENT == 0);
    while ((size_t)(scratch->end - scratch->next) < size) {
        if (scratch->current->next == NULL) {
            scratch->current->next = scratch_chunk_make(scratch, size);
        }
        scratch_enter(scratch, scratch->current->next);
    }
    void *pointer = scratch->next;
    scratch->next += size;
    RESERVATION_ASSERT(scratch->next <= scratch->end);
    return pointer;
}

void reservation_scratch_reset(struct reservation_scratch *scratch) {
    RESERVATION_ASSERT(scratch->first != NULL);
    scratch_enter(scratch, scratch->first);
}

void reservation_scratch_init(struct reservation_scratch *scratch,
                              const struct reservation_memory *memory) {
    *scratch = (struct reservation_scratch){.memory = *memory};
    scratch->first = scratch_chunk_make(scratch, 0);
    reservation_scratch_reset(scratch);
    RESERVATION_ASSERT(scratch->memory.octets_allocated ==
                       memory->octets_allocated + scratch->first->octets);
    RESERVATION_ASSERT(scratch->first->next == NULL);
}

struct reservation_memory reservation_scratch_deinit(struct reservation_scratch *scratch) {
    struct reservation_memory memory = scratch->memory;
    RESERVATION_ASSERT(scratch->first != NULL);
    RESERVATION_ASSERT(memory.octets_blocks == 0 && memory.chunks == NULL);
    for (struct reservation_chunk *chunk = scratch->first; chunk != NULL;) {
        struct reservation_chunk *next = chunk->next;
        reservation_memory_release(&memory, chunk, chunk->octets);
        chunk = next;
    }
    *scratch = (struct reservation_scratch){.first = NULL};
    return memory;
}
