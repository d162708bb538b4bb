/* SPDX-License-Identifier: Apache-2.0 */
/* The events of one step, and the memory that their texts and lists are in. */
#include "reservation/core/effects.h"

#include <string.h>

#include "reservation/core/memory.h"

#define EVENTS_OCTETS (RESERVATION_EVENTS_PER_COMMAND_MAX * sizeof(struct event))

struct reservation_effects *reservation_effects_new(const struct reservation_allocator *allocator) {
    struct reservation_memory memory;
    reservation_memory_init(&memory, allocator);
    struct reservation_effects *effects = reservation_memory_allocate(&memory, sizeof(*effects));
    struct reservation_scratch *scratch = reservation_memory_allocate(&memory, sizeof(*scratch));
    *effects = (struct reservation_effects){.scratch = scratch};
    effects->events = reservation_memory_allocate(&memory, EVENTS_OCTETS);
    memset(effects->events, 0, EVENTS_OCTETS);
    RESERVATION_ASSERT(memory.octets_allocated ==
                       sizeof(*effects) + sizeof(*scratch) + EVENTS_OCTETS);
    reservation_scratch_init(scratch, &memory);
    RESERVATION_ASSERT(effects->count == 0 && effects->show == NULL);
    return effects;
}

void reservation_effects_free(struct reservation_effects *effects) {
    if (effects == NULL) {
        return;
    }
    RESERVATION_ASSERT(effects->count <= RESERVATION_EVENTS_PER_COMMAND_MAX);
    struct reservation_scratch *scratch = effects->scratch;
    struct reservation_memory memory = reservation_scratch_deinit(scratch);
    reservation_memory_release(&memory, effects->events, EVENTS_OCTETS);
    reservation_memory_release(&memory, scratch, sizeof(*scratch));
    reservation_memory_release(&memory, effects, sizeof(*effects));
    RESERVATION_ASSERT(memory.octets_allocated == 0);
}

void reservation_effects_clear(struct reservation_effects *effects) {
    RESERVATION_ASSERT(effects->count <= RESERVATION_EVENTS_PER_COMMAND_MAX);
    effects->count = 0;
    effects->show = NULL;
    reservation_scratch_reset(effects->scratch);
    RESERVATION_ASSERT(effects->scratch->current == effects->scratch->first);
}

struct event *reservation_effects_add(struct reservation_effects *effects, enum event_kind kind) {
    RESERVATION_ASSERT(effects->count < RESERVATION_EVENTS_PER_COMMAND_MAX);
    RESERVATION_ASSERT((unsigned)kind < EVENT_KIND_COUNT);
    struct event *event = &effects->events[effects->count++];
    event->kind = kind;
    return event;
}
