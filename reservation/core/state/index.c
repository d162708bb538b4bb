/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: shows by id, reservations by show and id, a buyer's first one by show and buyer. */
#include "reservation/core/state/index.h"

#include "reservation/core/equal.h"

uint32_t reservation_index_show_find(const struct reservation_core *core, const struct uuid *id) {
    struct reservation_map_probe probe =
        reservation_map_begin(&core->map_shows, reservation_map_hash(id, 0));
    uint32_t slot;
    while ((slot = reservation_map_next(&probe)) != 0) {
        if (uuid_equal(&show_at(core, slot)->show_id, id)) {
            break;
        }
    }
    RESERVATION_ASSERT(slot <= core->shows.used);
    return slot;
}

void reservation_index_show_insert(struct reservation_core *core, uint32_t slot) {
    const struct uuid *id = &show_at(core, slot)->show_id;
    RESERVATION_SLOW_ASSERT(reservation_index_show_find(core, id) == 0);
    reservation_map_insert(&core->map_shows, &core->memory, reservation_map_hash(id, 0), slot);
    RESERVATION_ASSERT(core->map_shows.count == core->shows.used);
}

uint32_t reservation_index_find(const struct reservation_core *core, uint32_t show,
                                const struct uuid *id) {
    RESERVATION_ASSERT(show != 0 && show <= core->shows.used);
    struct reservation_map_probe probe =
        reservation_map_begin(&core->map_reservations, reservation_map_hash(id, show));
    uint32_t slot;
    while ((slot = reservation_map_next(&probe)) != 0) {
        const struct reservation *reservation = reservation_at(core, slot);
        if (reservation->show == show && uuid_equal(&reservation->reservation_id, id)) {
            break;
        }
    }
    RESERVATION_ASSERT(slot <= core->reservations.used);
    return slot;
}

static uint32_t buyer_hash(const struct uuid *buyer_id, uint32_t show) {
    RESERVATION_ASSERT(show != 0);
    return reservation_map_hash(buyer_id, show);
}

uint32_t reservation_index_buyer_find(const struct reservation_core *core, uint32_t show,
                                      const struct uuid *buyer_id) {
    struct reservation_map_probe probe =
        reservation_map_begin(&core->map_buyers, buyer_hash(buyer_id, show));
    uint32_t slot;
    while ((slot = reservation_map_next(&probe)) != 0) {
        const struct reservation *first = reservation_at(core, slot);
        if (first->show == show && uuid_equal(&first->buyer_id, buyer_id)) {
            break;
        }
    }
    RESERVATION_ASSERT(core->map_buyers.count <= core->map_reservations.count);
    return slot;
}

static void buyer_insert(struct reservation_core *core, struct reservation *reservation) {
    uint32_t hash = buyer_hash(&reservation->buyer_id, reservation->show);
    uint32_t first = reservation_index_buyer_find(core, reservation->show, &reservation->buyer_id);
    RESERVATION_ASSERT(first != reservation->slot);
    reservation->next_of_buyer = first;
    if (first == 0) {
        reservation_map_insert(&core->map_buyers, &core->memory, hash, reservation->slot);
    } else {
        reservation_map_replace(&core->map_buyers, hash, first, reservation->slot);
    }
    RESERVATION_SLOW_ASSERT(
        reservation_index_buyer_find(core, reservation->show, &reservation->buyer_id) ==
        reservation->slot);
}

static void buyer_remove(struct reservation_core *core, struct reservation *reservation) {
    uint32_t hash = buyer_hash(&reservation->buyer_id, reservation->show);
    uint32_t first = reservation_index_buyer_find(core, reservation->show, &reservation->buyer_id);
    RESERVATION_ASSERT(first != 0);
    if (first != reservation->slot) {
        struct reservation *before = reservation_at(core, first);
        while (before->next_of_buyer != reservation->slot) {
            RESERVATION_ASSERT(before->next_of_buyer != 0);
            before = reservation_at(core, before->next_of_buyer);
        }
        before->next_of_buyer = reservation->next_of_buyer;
    } else if (reservation->next_of_buyer != 0) {
        reservation_map_replace(&core->map_buyers, hash, first, reservation->next_of_buyer);
    } else {
        reservation_map_remove(&core->map_buyers, hash, first);
    }
}

void reservation_index_insert(struct reservation_core *core, struct reservation *reservation) {
    RESERVATION_SLOW_ASSERT(
        reservation_index_find(core, reservation->show, &reservation->reservation_id) == 0);
    uint32_t hash = reservation_map_hash(&reservation->reservation_id, reservation->show);
    reservation_map_insert(&core->map_reservations, &core->memory, hash, reservation->slot);
    RESERVATION_SLOW_ASSERT(
        reservation_index_find(core, reservation->show, &reservation->reservation_id) ==
        reservation->slot);
    buyer_insert(core, reservation);
    RESERVATION_ASSERT(core->map_reservations.count <= core->reservations.used);
}

void reservation_index_remove(struct reservation_core *core, struct reservation *reservation) {
    uint32_t hash = reservation_map_hash(&reservation->reservation_id, reservation->show);
    buyer_remove(core, reservation);
    reservation_map_remove(&core->map_reservations, hash, reservation->slot);
    RESERVATION_SLOW_ASSERT(
        reservation_index_find(core, reservation->show, &reservation->reservation_id) == 0);
    RESERVATION_ASSERT((core->map_buyers.count == 0) == (core->map_reservations.count == 0));
}

void reservation_index_free(struct reservation_core *core) {
    RESERVATION_ASSERT(core->map_shows.count == core->shows.used);
    RESERVATION_ASSERT(core->map_buyers.count <= core->map_reservations.count);
    reservation_map_free(&core->map_shows, &core->memory);
    reservation_map_free(&core->map_reservations, &core->memory);
    reservation_map_free(&core->map_buyers, &core->memory);
}
