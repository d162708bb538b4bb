/* SPDX-License-Identifier: Apache-2.0 */
/* A list through the shows themselves. */
#include "reservation/core/state/changed.h"

#include "reservation/core/state/state.h"

size_t reservation_core_changed_count(const struct reservation_core *core) {
    RESERVATION_ASSERT(core->changed_count <= core->shows.used);
    RESERVATION_ASSERT((core->changed_count == 0) == (core->changed.first == 0));
    return core->changed_count;
}

void reservation_core_changed_push(struct reservation_core *core, struct reservation_show *show) {
    RESERVATION_ASSERT(show_at(core, show->index) == show);
    if (show->changed) {
        RESERVATION_ASSERT(core->changed_count > 0);
        return;
    }
    show->changed = true;
    show->changed_next = 0;
    uint32_t last = core->changed.last;
    RESERVATION_ASSERT(last == 0 || show_at(core, last)->changed_next == 0);
    *(last == 0 ? &core->changed.first : &show_at(core, last)->changed_next) = show->index;
    core->changed.last = show->index;
    core->changed_count++;
}

struct reservation_show *reservation_core_changed_pop(struct reservation_core *core) {
    if (core->changed.first == 0) {
        RESERVATION_ASSERT(core->changed_count == 0);
        return NULL;
    }
    struct reservation_show *show = show_at(core, core->changed.first);
    RESERVATION_ASSERT(show->changed);
    core->changed.first = show->changed_next;
    if (core->changed.first == 0) {
        RESERVATION_ASSERT(core->changed.last == show->index);
        core->changed.last = 0;
    }
    show->changed = false;
    core->changed_count--;
    return show;
}
