/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/decide.h"

/*
 * A command's memory hangs together: map, show, map, reservation, its neighbours. Each call takes
 * one step along that chain for each of five commands, so that no step waits for the one before it.
 * What is read here may be out of date by the time of the command: slots always name memory of the
 * slab, and nothing but a fetch comes of it.
 */
#define STAGE_DISTANCE 2

static void fetch(const void *memory, size_t lines) {
    for (size_t i = 0; i < lines; i++) {
        __builtin_prefetch((const char *)memory + 64 * i);
    }
}

static void map_fetch(const struct reservation_map *map, uint32_t hash) {
    if (map->entries != NULL) {
        fetch(&map->entries[hash & map->mask], 1);
    }
}

/* By the hash alone: nearly always right. */
static uint32_t map_guess(const struct reservation_map *map, uint32_t hash) {
    if (map->entries == NULL) {
        return 0;
    }
    uint32_t i = hash & map->mask;
    while (map->entries[i].slot != 0 && map->entries[i].hash != hash) {
        i = (i + 1) & map->mask;
    }
    return map->entries[i].slot;
}

static void hint_begin(const struct reservation_core *core, struct reservation_hint *hint,
                       const struct command *command) {
    const struct uuid *reservation_id = reservation_command_reservation_id(command);
    *hint =
        (struct reservation_hint){.show_hash = reservation_map_hash(&command->as.head.show_id, 0),
                                  .has_reservation = reservation_id != NULL,
                                  .has_buyer = command->kind == COMMAND_RESERVE,
                                  .tells_places = command->kind == COMMAND_PAYMENT_CAPTURED};
    if (hint->has_reservation) {
        hint->reservation_spread = reservation_map_spread(reservation_id);
    }
    if (hint->has_buyer) {
        hint->buyer_spread = reservation_map_spread(&command->as.reserve.buyer_id);
    }
    map_fetch(&core->map_shows, hint->show_hash);
}

static void hint_show(const struct reservation_core *core, struct reservation_hint *hint) {
    hint->show = map_guess(&core->map_shows, hint->show_hash);
    if (hint->show == 0) {
        return;
    }
    fetch(show_at(core, hint->show), sizeof(struct reservation_show) / 64);
    if (hint->has_reservation) {
        hint->reservation_hash = reservation_map_salted(hint->reservation_spread, hint->show);
        map_fetch(&core->map_reservations, hint->reservation_hash);
    }
    if (hint->has_buyer) {
        map_fetch(&core->map_buyers, reservation_map_salted(hint->buyer_spread, hint->show));
    }
}

static void slot_fetch(const struct reservation_core *core, uint32_t slot) {
    if (slot != 0) {
        fetch(reservation_at(core, slot), 2);
    }
}

static void hint_reservation(const struct reservation_core *core, struct reservation_hint *hint) {
    if (hint->show == 0) {
        return;
    }
    const struct reservation_show *show = show_at(core, hint->show);
    if (show->plan != NULL) {
        fetch(show->plan, hint->tells_places ? 10 : 5);
    }
    fetch(&core->heap[core->heap_positions[hint->show]], 1);
    slot_fetch(core, show->timers[TIMER_HELD].first); /* may be due */
    if (hint->has_reservation) {
        hint->reservation = map_guess(&core->map_reservations, hint->reservation_hash);
    }
    slot_fetch(core, hint->reservation);
    if (hint->reservation == 0 && hint->has_buyer) { /* will be put behind these */
        slot_fetch(core, show->order.last);
        slot_fetch(core, show->timers[TIMER_HELD].last);
    }
    if (!hint->has_reservation) {
        slot_fetch(core, show->timers[TIMER_FORGET].last);
    }
}

static void hint_neighbours(const struct reservation_core *core,
                            const struct reservation_hint *hint) {
    if (hint->show == 0) {
        return;
    }
    uint32_t slot = hint->reservation;
    if (slot == 0) {
        slot = show_at(core, hint->show)->timers[TIMER_HELD].first;
    }
    if (slot == 0) {
        return;
    }
    const struct reservation *reservation = reservation_at(core, slot);
    if (reservation->payments != NULL) {
        fetch(reservation->payments, 1);
    }
    slot_fetch(core, reservation->next_in_timer);
    slot_fetch(core, reservation->previous_in_timer);
}

/* The first payment is mostly the only one. Its block is memory, whatever became of the payment. */
static void hint_payment(const struct reservation_core *core, const struct reservation_hint *hint) {
    if (hint->reservation == 0) {
        return;
    }
    const struct reservation_payment *payment = reservation_at(core, hint->reservation)->payments;
    if (payment != NULL) {
        fetch(payment->payment_id, 1);
    }
}

void reservation_core_prefetch(struct reservation_core *core, const struct command *command) {
    uint32_t next = core->hints_next++;
    hint_begin(core, &core->hints[next % RESERVATION_HINTS], command);
    hint_show(core, &core->hints[(next - STAGE_DISTANCE) % RESERVATION_HINTS]);
    hint_reservation(core, &core->hints[(next - 2 * STAGE_DISTANCE) % RESERVATION_HINTS]);
    hint_neighbours(core, &core->hints[(next - 3 * STAGE_DISTANCE) % RESERVATION_HINTS]);
    hint_payment(core, &core->hints[(next - 4 * STAGE_DISTANCE) % RESERVATION_HINTS]);
}
