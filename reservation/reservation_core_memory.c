/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/reservation_core_memory.h"

#include "reservation/reservation_core_state.h"

#define BLOCK_CHUNK_OCTETS 65536
#define SCRATCH_CHUNK_OCTETS 65536
#define ALIGNMENT 16

struct reservation_chunk {
    struct reservation_chunk *next;
    size_t octets;
};
_Static_assert(sizeof(struct reservation_chunk) % ALIGNMENT == 0, "blocks stay aligned");

void reservation_memory_init(struct reservation_memory *memory,
                             const struct reservation_allocator *allocator) {
    *memory = (struct reservation_memory){.allocator = *allocator};
}

void *reservation_memory_allocate(struct reservation_memory *memory, size_t size) {
    void *pointer = memory->allocator.allocate(memory->allocator.context, size);
    RESERVATION_ASSERT(pointer != NULL);
    memory->octets_allocated += size;
    memory->allocations++;
    return pointer;
}

void reservation_memory_release(struct reservation_memory *memory, void *pointer, size_t size) {
    if (pointer == NULL)
        return;
    RESERVATION_ASSERT(memory->octets_allocated >= size);
    memory->octets_allocated -= size;
    memory->allocator.release(memory->allocator.context, pointer, size);
}

void reservation_memory_deinit(struct reservation_memory *memory) {
    while (memory->chunks != NULL) {
        struct reservation_chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        reservation_memory_release(memory, chunk, chunk->octets);
    }
}

static unsigned block_class(size_t size) {
    unsigned size_class = 0;
    while (((size_t)16 << size_class) < size)
        size_class++;
    RESERVATION_ASSERT(size_class < RESERVATION_BLOCK_CLASSES);
    return size_class;
}

static void blocks_refill(struct reservation_memory *memory, unsigned size_class) {
    struct reservation_chunk *chunk = reservation_memory_allocate(memory, BLOCK_CHUNK_OCTETS);
    chunk->next = memory->chunks;
    chunk->octets = BLOCK_CHUNK_OCTETS;
    memory->chunks = chunk;
    size_t octets = (size_t)16 << size_class;
    uint8_t *begin = (uint8_t *)(chunk + 1);
    size_t count = (BLOCK_CHUNK_OCTETS - sizeof(*chunk)) / octets;
    for (size_t i = count; i-- > 0;) {
        struct reservation_block *block = (void *)(begin + i * octets);
        block->next = memory->blocks[size_class];
        memory->blocks[size_class] = block;
    }
}

void *reservation_block_allocate(struct reservation_memory *memory, size_t size) {
    unsigned size_class = block_class(size);
    if (memory->blocks[size_class] == NULL)
        blocks_refill(memory, size_class);
    struct reservation_block *block = memory->blocks[size_class];
    memory->blocks[size_class] = block->next;
    memory->octets_blocks += (size_t)16 << size_class;
    return block;
}

void reservation_block_release(struct reservation_memory *memory, void *block, size_t size) {
    if (block == NULL)
        return;
    unsigned size_class = block_class(size);
    struct reservation_block *freed = block;
    freed->next = memory->blocks[size_class];
    memory->blocks[size_class] = freed;
    memory->octets_blocks -= (size_t)16 << size_class;
}

void reservation_slab_init(struct reservation_slab *slab, size_t record_octets) {
    RESERVATION_ASSERT(record_octets >= sizeof(uint32_t) && record_octets % 8 == 0);
    *slab = (struct reservation_slab){.record_octets = record_octets};
}

static size_t slab_chunk_octets(const struct reservation_slab *slab) {
    return slab->record_octets * RESERVATION_SLAB_CHUNK_RECORDS;
}

void reservation_slab_deinit(struct reservation_slab *slab, struct reservation_memory *memory) {
    for (uint32_t i = 0; i < slab->chunk_count; i++)
        reservation_memory_release(memory, slab->chunks[i], slab_chunk_octets(slab));
    reservation_memory_release(memory, slab->chunks, slab->chunk_size * sizeof(*slab->chunks));
}

static void slab_grow(struct reservation_slab *slab, struct reservation_memory *memory) {
    if (slab->chunk_count == slab->chunk_size) {
        uint32_t size = slab->chunk_size == 0 ? 16 : slab->chunk_size * 2;
        uint8_t **chunks = reservation_memory_allocate(memory, size * sizeof(*chunks));
        if (slab->chunk_count > 0)
            memcpy(chunks, slab->chunks, slab->chunk_count * sizeof(*chunks));
        reservation_memory_release(memory, slab->chunks, slab->chunk_size * sizeof(*chunks));
        slab->chunks = chunks;
        slab->chunk_size = size;
    }
    slab->chunks[slab->chunk_count++] =
        reservation_memory_allocate(memory, slab_chunk_octets(slab));
}

uint32_t reservation_slab_allocate(struct reservation_slab *slab,
                                   struct reservation_memory *memory) {
    uint32_t slot = slab->free;
    if (slot != 0) {
        memcpy(&slab->free, reservation_slab_at(slab, slot), sizeof(slab->free));
    } else {
        slot = ++slab->used;
        RESERVATION_ASSERT(slot != 0);
        if ((slot >> RESERVATION_SLAB_CHUNK_SHIFT) >= slab->chunk_count)
            slab_grow(slab, memory);
    }
    memset(reservation_slab_at(slab, slot), 0, slab->record_octets);
    return slot;
}

void reservation_slab_release(struct reservation_slab *slab, uint32_t slot) {
    RESERVATION_ASSERT(slot != 0 && slot <= slab->used);
    memcpy(reservation_slab_at(slab, slot), &slab->free, sizeof(slab->free));
    slab->free = slot;
}

size_t reservation_slab_octets(const struct reservation_slab *slab) {
    return slab->chunk_count * slab_chunk_octets(slab) + slab->chunk_size * sizeof(*slab->chunks);
}

/* Chunks in a list, the current one and those after it free. */
struct reservation_scratch {
    struct reservation_memory memory;
    struct reservation_chunk *first, *current;
    size_t used; /* of the current one */
};

static struct reservation_chunk *scratch_chunk_make(struct reservation_scratch *scratch,
                                                    size_t size) {
    size_t octets = sizeof(struct reservation_chunk) + size;
    if (octets < SCRATCH_CHUNK_OCTETS)
        octets = SCRATCH_CHUNK_OCTETS;
    struct reservation_chunk *chunk = reservation_memory_allocate(&scratch->memory, octets);
    *chunk = (struct reservation_chunk){.octets = octets};
    return chunk;
}

void *reservation_scratch_allocate(struct reservation_scratch *scratch, size_t size) {
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    while (scratch->current->octets - scratch->used < size) {
        struct reservation_chunk *next = scratch->current->next;
        if (next == NULL) {
            next = scratch_chunk_make(scratch, size);
            scratch->current->next = next;
        }
        scratch->current = next;
        scratch->used = sizeof(*next);
    }
    void *pointer = (uint8_t *)scratch->current + scratch->used;
    scratch->used += size;
    return pointer;
}

void reservation_scratch_reset(struct reservation_scratch *scratch) {
    scratch->current = scratch->first;
    scratch->used = sizeof(*scratch->first);
}

struct reservation_effects *reservation_effects_new(const struct reservation_allocator *allocator) {
    struct reservation_memory memory;
    reservation_memory_init(&memory, allocator);
    struct reservation_effects *effects = reservation_memory_allocate(&memory, sizeof(*effects));
    struct reservation_scratch *scratch = reservation_memory_allocate(&memory, sizeof(*scratch));
    size_t octets = RESERVATION_EVENTS_PER_COMMAND_MAX * sizeof(struct event);
    *effects = (struct reservation_effects){.scratch = scratch};
    effects->events = reservation_memory_allocate(&memory, octets);
    memset(effects->events, 0, octets);
    *scratch = (struct reservation_scratch){.memory = memory};
    scratch->first = scratch_chunk_make(scratch, 0);
    reservation_scratch_reset(scratch);
    return effects;
}

void reservation_effects_free(struct reservation_effects *effects) {
    if (effects == NULL)
        return;
    struct reservation_scratch *scratch = effects->scratch;
    struct reservation_memory memory = scratch->memory;
    for (struct reservation_chunk *chunk = scratch->first; chunk != NULL;) {
        struct reservation_chunk *next = chunk->next;
        reservation_memory_release(&memory, chunk, chunk->octets);
        chunk = next;
    }
    reservation_memory_release(&memory, effects->events,
                               RESERVATION_EVENTS_PER_COMMAND_MAX * sizeof(struct event));
    reservation_memory_release(&memory, scratch, sizeof(*scratch));
    reservation_memory_release(&memory, effects, sizeof(*effects));
    RESERVATION_ASSERT(memory.octets_allocated == 0);
}
