/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap by key, HEAP_CHILDREN a node. A key may be lower than its show is due (what made it so has
 * gone); whoever looks at the first puts that right. So a change costs nothing but when something
 * becomes due earlier.
 */
#include "reservation/core/state/due.h"

#include "reservation/core/state/timer.h"

#define HEAP_CHILDREN 4
#define HEAP_SIZE_MIN 1024

int64_t reservation_show_closes_at(const struct reservation_show *show) {
    RESERVATION_ASSERT(show->status != SHOW_CLOSED);
    RESERVATION_ASSERT(show->plan != NULL);
    return show->plan->ends_at + RESERVATION_CLOSE_AFTER_MS;
}

/* When the show has work that no command may come for. */
static int64_t show_due_at(const struct reservation_core *core,
                           const struct reservation_show *show) {
    if (show->status == SHOW_CLOSED) {
        return RESERVATION_NEVER;
    }
    int64_t due_at = RESERVATION_NEVER;
    const struct reservation *hold = reservation_timer_hold_first(core, show);
    if (hold != NULL) {
        due_at = hold->time;
    }
    if (show->status == SHOW_CANCELLED && show->callable > 0 && show->clock < due_at) {
        due_at = show->clock;
    }
    if (show->unsettled == 0 && reservation_show_closes_at(show) < due_at) {
        due_at = reservation_show_closes_at(show);
    }
    RESERVATION_ASSERT(hold == NULL || due_at <= hold->time);
    return due_at > show->tick_not_before ? due_at : show->tick_not_before;
}

static void heap_place(struct reservation_core *core, size_t position,
                       struct reservation_heap_entry entry) {
    RESERVATION_ASSERT(position < core->heap_count);
    RESERVATION_ASSERT(entry.show != 0 && entry.show <= core->heap_count);
    core->heap[position] = entry;
    core->heap_positions[entry.show] = (uint32_t)position;
}

static void heap_up(struct reservation_core *core, size_t position) {
    RESERVATION_ASSERT(position < core->heap_count);
    struct reservation_heap_entry entry = core->heap[position];
    while (position > 0) {
        size_t parent = (position - 1) / HEAP_CHILDREN;
        if (core->heap[parent].key <= entry.key) {
            break;
        }
        heap_place(core, position, core->heap[parent]);
        position = parent;
    }
    heap_place(core, position, entry);
    RESERVATION_ASSERT(position == 0 ||
                       core->heap[(position - 1) / HEAP_CHILDREN].key <= entry.key);
}

static void heap_down(struct reservation_core *core, size_t position) {
    RESERVATION_ASSERT(position < core->heap_count);
    struct reservation_heap_entry entry = core->heap[position];
    for (;;) {
        size_t first = HEAP_CHILDREN * position + 1;
        size_t least = first;
        for (size_t i = first + 1; i < first + HEAP_CHILDREN && i < core->heap_count; i++) {
            if (core->heap[i].key < core->heap[least].key) {
                least = i;
            }
        }
        if (first >= core->heap_count || core->heap[least].key >= entry.key) {
            break;
        }
        RESERVATION_ASSERT(least > position);
        heap_place(core, position, core->heap[least]);
        position = least;
    }
    heap_place(core, position, entry);
}

static void heap_grow(struct reservation_core *core) {
    size_t before = core->heap_size;
    RESERVATION_ASSERT(core->heap_count == before);
    size_t size = before == 0 ? HEAP_SIZE_MIN : 2 * before;
    struct reservation_heap_entry *heap =
        reservation_memory_allocate(&core->memory, size * sizeof(*heap));
    uint32_t *positions =
        reservation_memory_allocate(&core->memory, (size + 1) * sizeof(*positions));
    if (before > 0) {
        memcpy(heap, core->heap, before * sizeof(*heap));
        memcpy(positions, core->heap_positions, (before + 1) * sizeof(*positions));
    }
    reservation_due_free(core);
    core->heap = heap;
    core->heap_positions = positions;
    core->heap_size = size;
    RESERVATION_ASSERT(core->heap_count < core->heap_size);
}

void reservation_due_free(struct reservation_core *core) {
    RESERVATION_ASSERT((core->heap == NULL) == (core->heap_size == 0));
    RESERVATION_ASSERT(core->heap_count <= core->heap_size);
    if (core->heap_size == 0) {
        return;
    }
    reservation_memory_release(&core->memory, core->heap, core->heap_size * sizeof(*core->heap));
    reservation_memory_release(&core->memory, core->heap_positions,
                               (core->heap_size + 1) * sizeof(*core->heap_positions));
}

/* Slots of shows are 1, 2, 3, …: as many as there are entries. */
void reservation_due_show_add(struct reservation_core *core, const struct reservation_show *show) {
    if (core->heap_count == core->heap_size) {
        heap_grow(core);
    }
    size_t last = core->heap_count++;
    RESERVATION_ASSERT(show->index == core->heap_count);
    heap_place(core, last,
               (struct reservation_heap_entry){.key = RESERVATION_NEVER, .show = show->index});
    RESERVATION_ASSERT(core->heap_count == core->shows.used);
}

void reservation_due_lower(struct reservation_core *core, const struct reservation_show *show,
                           int64_t due_at) {
    if (due_at < show->tick_not_before) {
        due_at = show->tick_not_before;
    }
    uint32_t position = core->heap_positions[show->index];
    RESERVATION_ASSERT(position < core->heap_count);
    RESERVATION_ASSERT(core->heap[position].show == show->index);
    if (due_at >= core->heap[position].key) {
        return;
    }
    core->heap[position].key = due_at;
    heap_up(core, position);
    RESERVATION_ASSERT(core->heap[core->heap_positions[show->index]].key == due_at);
}

int64_t reservation_core_due_next(struct reservation_core *core) {
    if (core->heap_count == 0) {
        return RESERVATION_NEVER;
    }
    for (;;) {
        int64_t due_at = show_due_at(core, show_at(core, core->heap[0].show));
        RESERVATION_ASSERT(due_at >= core->heap[0].key);
        if (due_at == core->heap[0].key) {
            RESERVATION_ASSERT(core->heap_positions[core->heap[0].show] == 0);
            return due_at;
        }
        core->heap[0].key = due_at;
        heap_down(core, 0);
    }
}

bool reservation_core_due_pop(struct reservation_core *core, int64_t now_ms, int64_t retry_at_ms,
                              struct uuid *show_id) {
    int64_t due_at = reservation_core_due_next(core);
    if (due_at == RESERVATION_NEVER || due_at > now_ms) {
        return false;
    }
    struct reservation_show *show = show_at(core, core->heap[0].show);
    *show_id = show->show_id;
    if (retry_at_ms <= now_ms) {
        retry_at_ms = now_ms + 1; /* or the caller would never see the end */
    }
    RESERVATION_ASSERT(retry_at_ms > now_ms && show->tick_not_before <= now_ms);
    show->tick_not_before = retry_at_ms;
    core->heap[0].key = retry_at_ms;
    heap_down(core, 0);
    RESERVATION_ASSERT(core->heap[core->heap_positions[show->index]].key == retry_at_ms);
    return true;
}
