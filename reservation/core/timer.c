/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/state.h"

static bool is_before(const struct reservation *a, const struct reservation *b) {
    return a->time != b->time ? a->time < b->time : a->made < b->made;
}

/* Nearly always at the end: the search begins there. */
void reservation_timer_insert(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer) {
    struct reservation_list *list = &show->timers[timer];
    uint32_t slot = reservation->slot;
    uint32_t before = list->last;
    while (before != 0 && is_before(reservation, reservation_at(core, before))) {
        before = reservation_at(core, before)->previous_in_timer;
    }
    uint32_t behind = before == 0 ? list->first : reservation_at(core, before)->next_in_timer;
    reservation->previous_in_timer = before;
    reservation->next_in_timer = behind;
    *(before == 0 ? &list->first : &reservation_at(core, before)->next_in_timer) = slot;
    *(behind == 0 ? &list->last : &reservation_at(core, behind)->previous_in_timer) = slot;
    if (timer == TIMER_FORGET) {
        int64_t due_at = reservation->time + RESERVATION_FORGET_AFTER_MS;
        if (due_at < show->forget_due_at) {
            show->forget_due_at = due_at;
        }
        return;
    }
    if (reservation->time < show->holds_due_at) {
        show->holds_due_at = reservation->time;
    }
    reservation_timer_show_lower(core, show, reservation->time);
}

void reservation_timer_remove(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer) {
    struct reservation_list *list = &show->timers[timer];
    uint32_t before = reservation->previous_in_timer;
    uint32_t behind = reservation->next_in_timer;
    *(before == 0 ? &list->first : &reservation_at(core, before)->next_in_timer) = behind;
    *(behind == 0 ? &list->last : &reservation_at(core, behind)->previous_in_timer) = before;
    reservation->previous_in_timer = 0;
    reservation->next_in_timer = 0;
}

/* Of the holds of both lists. NULL if there are none. */
static struct reservation *hold_first(const struct reservation_core *core,
                                      const struct reservation_show *show) {
    uint32_t held = show->timers[TIMER_HELD].first;
    uint32_t moved = show->timers[TIMER_MOVED].first;
    if (held == 0 || moved == 0) {
        return held + moved == 0 ? NULL : reservation_at(core, held + moved);
    }
    struct reservation *a = reservation_at(core, held);
    struct reservation *b = reservation_at(core, moved);
    return is_before(b, a) ? b : a;
}

uint32_t reservation_timer_due(struct reservation_core *core, struct reservation_show *show,
                               int64_t now_ms, struct reservation **due, uint32_t due_max) {
    if (now_ms < show->holds_due_at) {
        return 0;
    }
    uint32_t slots[] = {show->timers[TIMER_HELD].first, show->timers[TIMER_MOVED].first};
    uint32_t count = 0;
    show->holds_due_at = RESERVATION_NEVER;
    for (;;) {
        struct reservation *a = slots[0] == 0 ? NULL : reservation_at(core, slots[0]);
        struct reservation *b = slots[1] == 0 ? NULL : reservation_at(core, slots[1]);
        bool second = a == NULL || (b != NULL && is_before(b, a));
        struct reservation *first = second ? b : a;
        if (first == NULL) {
            return count;
        }
        if (first->time > now_ms || count == due_max) {
            show->holds_due_at = first->time;
            return count;
        }
        due[count++] = first;
        slots[second] = first->next_in_timer;
    }
}

void reservation_timer_forget(struct reservation_core *core, struct reservation_show *show,
                              int64_t now_ms) {
    if (now_ms < show->forget_due_at) {
        return;
    }
    uint32_t slot = show->timers[TIMER_FORGET].first;
    while (slot != 0) {
        struct reservation *reservation = reservation_at(core, slot);
        if (now_ms < reservation->time + RESERVATION_FORGET_AFTER_MS) {
            break;
        }
        slot = reservation->next_in_timer;
        reservation_store_forget(core, show, reservation);
    }
    show->forget_due_at = slot == 0
                              ? RESERVATION_NEVER
                              : reservation_at(core, slot)->time + RESERVATION_FORGET_AFTER_MS;
}

int64_t reservation_show_closes_at(const struct reservation_show *show) {
    return show->plan->ends_at + RESERVATION_CLOSE_AFTER_MS;
}

/* When the show has work that no command may come for. */
static int64_t show_due_at(const struct reservation_core *core,
                           const struct reservation_show *show) {
    if (show->status == SHOW_CLOSED) {
        return RESERVATION_NEVER;
    }
    int64_t due_at = RESERVATION_NEVER;
    const struct reservation *hold = hold_first(core, show);
    if (hold != NULL) {
        due_at = hold->time;
    }
    if (show->status == SHOW_CANCELLED && show->callable > 0 && show->clock < due_at) {
        due_at = show->clock;
    }
    if (show->unsettled == 0 && reservation_show_closes_at(show) < due_at) {
        due_at = reservation_show_closes_at(show);
    }
    return due_at > show->tick_not_before ? due_at : show->tick_not_before;
}

/*
 * A heap, four children a node, by key. A key may be lower than its show is due (what made it so
 * has gone); whoever looks at the first puts that right. So a change costs nothing but when
 * something becomes due earlier.
 */
static void heap_place(struct reservation_core *core, size_t position,
                       struct reservation_heap_entry entry) {
    core->heap[position] = entry;
    core->heap_positions[entry.show] = (uint32_t)position;
}

static void heap_up(struct reservation_core *core, size_t position) {
    struct reservation_heap_entry entry = core->heap[position];
    while (position > 0) {
        size_t parent = (position - 1) / 4;
        if (core->heap[parent].key <= entry.key) {
            break;
        }
        heap_place(core, position, core->heap[parent]);
        position = parent;
    }
    heap_place(core, position, entry);
}

static void heap_down(struct reservation_core *core, size_t position) {
    struct reservation_heap_entry entry = core->heap[position];
    for (;;) {
        size_t first = 4 * position + 1;
        size_t least = first;
        for (size_t i = first + 1; i < first + 4 && i < core->heap_count; i++) {
            if (core->heap[i].key < core->heap[least].key) {
                least = i;
            }
        }
        if (first >= core->heap_count || core->heap[least].key >= entry.key) {
            break;
        }
        heap_place(core, position, core->heap[least]);
        position = least;
    }
    heap_place(core, position, entry);
}

static void heap_grow(struct reservation_core *core) {
    size_t before = core->heap_size;
    size_t size = before == 0 ? 1024 : 2 * before;
    struct reservation_heap_entry *heap =
        reservation_memory_allocate(&core->memory, size * sizeof(*heap));
    uint32_t *positions =
        reservation_memory_allocate(&core->memory, (size + 1) * sizeof(*positions));
    if (before > 0) {
        memcpy(heap, core->heap, before * sizeof(*heap));
        memcpy(positions, core->heap_positions, (before + 1) * sizeof(*positions));
    }
    reservation_timer_deinit(core);
    core->heap = heap;
    core->heap_positions = positions;
    core->heap_size = size;
}

void reservation_timer_deinit(struct reservation_core *core) {
    if (core->heap_size == 0) {
        return;
    }
    reservation_memory_release(&core->memory, core->heap, core->heap_size * sizeof(*core->heap));
    reservation_memory_release(&core->memory, core->heap_positions,
                               (core->heap_size + 1) * sizeof(*core->heap_positions));
}

/* Slots of shows are 1, 2, 3, …: as many as there are entries. */
void reservation_timer_show_add(struct reservation_core *core,
                                const struct reservation_show *show) {
    if (core->heap_count == core->heap_size) {
        heap_grow(core);
    }
    RESERVATION_ASSERT(show->index == core->heap_count + 1);
    heap_place(core, core->heap_count++,
               (struct reservation_heap_entry){.key = RESERVATION_NEVER, .show = show->index});
}

void reservation_timer_show_lower(struct reservation_core *core,
                                  const struct reservation_show *show, int64_t due_at) {
    if (due_at < show->tick_not_before) {
        due_at = show->tick_not_before;
    }
    uint32_t position = core->heap_positions[show->index];
    if (due_at >= core->heap[position].key) {
        return;
    }
    core->heap[position].key = due_at;
    heap_up(core, position);
}

int64_t reservation_core_due_next(struct reservation_core *core) {
    if (core->heap_count == 0) {
        return RESERVATION_NEVER;
    }
    for (;;) {
        int64_t due_at = show_due_at(core, show_at(core, core->heap[0].show));
        RESERVATION_ASSERT(due_at >= core->heap[0].key);
        if (due_at == core->heap[0].key) {
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
    show->tick_not_before = retry_at_ms;
    core->heap[0].key = retry_at_ms;
    heap_down(core, 0);
    return true;
}
