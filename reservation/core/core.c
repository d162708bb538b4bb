/* SPDX-License-Identifier: Apache-2.0 */
/* A core's life; step and apply; what leaves no state; what adapters may know of it. */
#include "reservation/core/core.h"

#include "reservation/core/decide/judge.h"
#include "reservation/core/state/index.h"
#include "reservation/core/state/state.h"

struct reservation_core *reservation_core_new(const struct reservation_allocator *allocator) {
    struct reservation_memory memory;
    reservation_memory_init(&memory, allocator);
    struct reservation_core *core = reservation_memory_allocate(&memory, sizeof(*core));
    memset(core, 0, sizeof(*core));
    core->memory = memory;
    RESERVATION_ASSERT(core->memory.octets_allocated == sizeof(*core));
    core->decides_as = RESERVATION_LOGIC_VERSION;
    reservation_slab_init(&core->shows, sizeof(struct reservation_show));
    reservation_slab_init(&core->reservations, sizeof(struct reservation));
    return core;
}

void reservation_core_free(struct reservation_core *core) {
    if (core == NULL) {
        return;
    }
    for (struct reservation_show *show = reservation_core_show_next(core, NULL); show != NULL;
         show = reservation_core_show_next(core, show)) {
        reservation_plan_free(&core->memory, show->plan);
    }
    reservation_index_free(core);
    reservation_due_free(core);
    reservation_slab_deinit(&core->reservations, &core->memory);
    reservation_slab_deinit(&core->shows, &core->memory);
    reservation_memory_deinit(&core->memory);
    RESERVATION_ASSERT(core->memory.octets_allocated == sizeof(*core));
    struct reservation_memory memory = core->memory;
    reservation_memory_release(&memory, core, sizeof(*core));
    RESERVATION_ASSERT(memory.octets_allocated == 0);
}

static void effects_begin(struct reservation_core *core, struct reservation_effects *effects,
                          int64_t offset) {
    RESERVATION_ASSERT(offset >= 0);
    reservation_effects_clear(effects);
    reservation_core_cursor_advance(core, offset + 1);
    RESERVATION_ASSERT(core->cursor > offset);
}

void reservation_core_step(struct reservation_core *core, const struct reservation_record *record,
                           struct reservation_effects *effects) {
    const struct command *command = record->command;
    RESERVATION_ASSERT((unsigned)command->kind < COMMAND_KIND_COUNT);
    effects_begin(core, effects, record->offset);
    struct reservation_decision decision = {
        .core = core,
        .show = reservation_core_show_find(core, &command->as.head.show_id),
        .record = record,
        .command = command,
        .effects = effects,
        .now_ms = record->broker_timestamp_ms,
    };
    if (decision.show == NULL) {
        reservation_judge_without_show(&decision);
    } else {
        if (decision.now_ms < decision.show->clock) {
            decision.now_ms = decision.show->clock;
        }
        reservation_judge_of_show(&decision);
    }
    effects->show = decision.show;
    RESERVATION_ASSERT(effects->count >= 1);
    RESERVATION_ASSERT(effects->count <= RESERVATION_EVENTS_PER_COMMAND_MAX);
    RESERVATION_ASSERT(effects->show == NULL ||
                       effects->events[effects->count - 1].as.head.seq == effects->show->seq);
}

void reservation_core_rejected(struct reservation_core *core,
                               const struct reservation_record *record,
                               enum rejection_reason reason, struct reservation_effects *effects) {
    effects_begin(core, effects, record->offset);
    struct reservation_decision decision = {.core = core,
                                            .record = record,
                                            .command = record->command,
                                            .effects = effects,
                                            .now_ms = record->broker_timestamp_ms};
    reservation_emit_rejected(&decision, reason);
    RESERVATION_ASSERT(effects->count == 1 && effects->show == NULL);
    RESERVATION_ASSERT(effects->events[0].as.head.seq == 0);
}

void reservation_core_undecodable(struct reservation_core *core, const struct uuid *show_id,
                                  int64_t broker_timestamp_ms, int64_t offset,
                                  const struct hash *command_hash, struct text reason,
                                  struct reservation_effects *effects) {
    effects_begin(core, effects, offset);
    struct event *event = reservation_effects_add(effects, EVENT_UNDECODABLE);
    event->as.undecodable = (struct event_undecodable){.head = {.show_id = *show_id,
                                                                .at = broker_timestamp_ms,
                                                                .command_offset = offset,
                                                                .command_hash = *command_hash,
                                                                .logic_version = core->decides_as},
                                                       .reason = reason};
    RESERVATION_ASSERT(effects->count == 1 && effects->show == NULL);
}

enum reservation_apply_result reservation_core_apply(struct reservation_core *core,
                                                     const struct event *event) {
    const struct event_head *head = &event->as.head;
    reservation_core_cursor_advance(core, head->command_offset + 1);
    if (head->seq == 0) {
        return RESERVATION_APPLY_STATELESS;
    }
    struct reservation_show *show = reservation_core_show_find(core, &head->show_id);
    int64_t seq = show != NULL ? show->seq : 0;
    if (head->seq <= seq) {
        return head->seq < 0 ? RESERVATION_APPLY_BROKEN : RESERVATION_APPLY_SEEN;
    }
    if (head->seq > seq + 1) {
        return RESERVATION_APPLY_GAP;
    }
    enum reservation_apply_result result = reservation_apply_event(core, &show, event);
    if (result == RESERVATION_APPLY_APPLIED) {
        RESERVATION_ASSERT(show->seq == seq + 1);
        RESERVATION_ASSERT(show->clock == head->at);
        show->chain = head->hash;
    }
    return result;
}

int64_t reservation_core_cursor(const struct reservation_core *core) {
    RESERVATION_ASSERT(core->cursor >= 0);
    return core->cursor;
}

void reservation_core_cursor_advance(struct reservation_core *core, int64_t cursor) {
    if (cursor > core->cursor) {
        core->cursor = cursor;
    }
    RESERVATION_ASSERT(core->cursor >= cursor);
}

void reservation_core_decide_as(struct reservation_core *core, int32_t logic_version) {
    RESERVATION_ASSERT(logic_version >= 1);
    RESERVATION_ASSERT(logic_version <= RESERVATION_LOGIC_VERSION);
    core->decides_as = logic_version;
}

int32_t reservation_core_logic_version(const struct reservation_core *core) {
    RESERVATION_ASSERT(core->logic_version >= 0);
    return core->logic_version;
}

struct reservation_show *reservation_core_show_find(struct reservation_core *core,
                                                    const struct uuid *show_id) {
    uint32_t slot = reservation_index_show_find(core, show_id);
    return slot == 0 ? NULL : show_at(core, slot);
}

/* Shows are never taken away: slots 1 … used. */
struct reservation_show *reservation_core_show_next(struct reservation_core *core,
                                                    struct reservation_show *previous) {
    uint32_t slot = previous == NULL ? 1 : previous->index + 1;
    RESERVATION_ASSERT(slot <= core->shows.used + 1);
    return slot <= core->shows.used ? show_at(core, slot) : NULL;
}

struct uuid reservation_show_id(const struct reservation_show *show) { return show->show_id; }

struct hash reservation_core_chain_get(const struct reservation_core *core,
                                       const struct reservation_show *show) {
    RESERVATION_ASSERT(show_at(core, show->index) == show);
    RESERVATION_ASSERT(show->seq >= 1);
    return show->chain;
}

void reservation_core_chain_set(struct reservation_core *core, struct reservation_show *show,
                                const struct hash *chain) {
    RESERVATION_ASSERT(show_at(core, show->index) == show);
    RESERVATION_ASSERT(show->seq >= 1);
    show->chain = *chain;
}

void reservation_core_statistics_get(const struct reservation_core *core,
                                     struct reservation_statistics *out) {
    size_t octets_shows = core->octets_plans + reservation_slab_octets(&core->shows) +
                          reservation_map_octets(&core->map_shows) +
                          core->heap_size * (sizeof(*core->heap) + sizeof(*core->heap_positions));
    RESERVATION_ASSERT(octets_shows <= core->memory.octets_allocated);
    RESERVATION_ASSERT(core->map_reservations.count <= core->reservations.used);
    *out = (struct reservation_statistics){.shows = core->shows.used,
                                           .seats = core->seats,
                                           .reservations = core->map_reservations.count,
                                           .payments = core->payments,
                                           .octets_shows = octets_shows,
                                           .octets_reservations =
                                               core->memory.octets_allocated - octets_shows,
                                           .octets_allocated = core->memory.octets_allocated,
                                           .allocations = core->memory.allocations};
}
