/* SPDX-License-Identifier: Apache-2.0 */
/* Folds events into the seat map of a show. */

#include "indexer/core/seat_map.h"

#include <assert.h>
#include <string.h>

static size_t seats_of_section(const struct section *section) {
    size_t count = 0;
    for (size_t i = 0; i < section->rows.count; i++) {
        count += section->rows.items[i].seats.count;
    }
    assert(count == 0 || section->rows.count > 0);
    return count;
}

struct seat_map *seat_map_new(struct arena *arena, const struct event_show_created *created) {
    assert(created->head.seq > 0);
    const struct section_list *sections = &created->show.sections;
    struct seat_map *map = arena_allocate(arena, sizeof *map);
    *map = (struct seat_map){.show_id = created->head.show_id,
                             .seq = created->head.seq,
                             .version = created->head.seq,
                             .section_count = sections->count};
    for (size_t i = 0; i < sections->count; i++) {
        map->seat_count += seats_of_section(&sections->items[i]);
    }
    assert(map->seat_count <= INT32_MAX); /* seats are named by int32_t */
    map->states = arena_allocate(arena, map->seat_count + 1);
    map->general_held = arena_allocate(arena, (sections->count + 1) * sizeof(int32_t));
    map->general_sold = arena_allocate(arena, (sections->count + 1) * sizeof(int32_t));
    memset(map->states, SEAT_FREE, map->seat_count);
    memset(map->general_held, 0, sections->count * sizeof(int32_t));
    memset(map->general_sold, 0, sections->count * sizeof(int32_t));
    assert(map->version == map->seq);
    return map;
}

static void seat_set(struct seat_map *map, int32_t seat, enum seat_state state, int64_t seq) {
    assert(seq == map->seq);
    assert(state <= SEAT_SOLD);
    if (seat < 0 || (size_t)seat >= map->seat_count || map->states[seat] == state) {
        return;
    }
    map->states[seat] = (uint8_t)state;
    map->version = seq;
    assert(map->version <= map->seq);
}

static void seats_set(struct seat_map *map, struct integers seats, enum seat_state state,
                      int64_t seq) {
    assert(seats.count == 0 || seats.items != NULL);
    assert(seq == map->seq);
    for (size_t i = 0; i < seats.count; i++) {
        seat_set(map, seats.items[i], state, seq);
    }
}

static void general_add(struct seat_map *map, int32_t section, int32_t held, int32_t sold,
                        int64_t seq) {
    assert(seq == map->seq);
    if (section < 0 || (size_t)section >= map->section_count) {
        return;
    }
    map->general_held[section] += held;
    map->general_sold[section] += sold;
    map->version = seq;
    assert(map->version <= map->seq);
}

/* Places of an order go back on sale. */
static void places_free(struct seat_map *map, const struct place_list *places, int64_t seq) {
    assert(seq == map->seq);
    assert(places->count == 0 || places->items != NULL);
    for (size_t i = 0; i < places->count; i++) {
        if (places->items[i].seat >= 0) {
            seat_set(map, places->items[i].seat, SEAT_FREE, seq);
        } else {
            general_add(map, places->items[i].section_index, 0, -1, seq);
        }
    }
}

static void holds_expire(struct seat_map *map, const struct event_holds_expired *expired) {
    assert(expired->head.seq == map->seq);
    assert(expired->holds.count == 0 || expired->holds.items != NULL);
    for (size_t i = 0; i < expired->holds.count; i++) {
        const struct event_expired_hold *hold = &expired->holds.items[i];
        seats_set(map, hold->seats, SEAT_FREE, expired->head.seq);
        general_add(map, hold->section, -hold->quantity, 0, expired->head.seq);
    }
}

static void places_secure(struct seat_map *map, const struct event_secured *secured) {
    assert(secured->head.seq == map->seq);
    seats_set(map, secured->seats, SEAT_SOLD, secured->head.seq);
    general_add(map, secured->section, secured->reseated ? 0 : -secured->quantity,
                secured->quantity, secured->head.seq);
}

/* What costs nothing is sold straight from the hold; else Secured has moved the places already. */
static void places_sell(struct seat_map *map, const struct event_sold *sold) {
    assert(sold->head.seq == map->seq);
    assert(sold->places.count == 0 || sold->places.items != NULL);
    if (sold->attempt != 0) {
        return;
    }
    for (size_t i = 0; i < sold->places.count; i++) {
        const struct place *place = &sold->places.items[i];
        if (place->seat >= 0) {
            seat_set(map, place->seat, SEAT_SOLD, sold->head.seq);
        } else {
            general_add(map, place->section_index, -1, 1, sold->head.seq);
        }
    }
}

/* The section a Reserved counts in: its own for general admission, none for seats. */
static int32_t reserved_section(const struct event_reserved *reserved) {
    assert((unsigned)reserved->selection < SELECTION_COUNT);
    return reserved->selection == SELECTION_GENERAL ? reserved->section : -1;
}

enum fold_result seat_map_fold(struct seat_map *map, const struct event *event) {
    int64_t seq = event->as.head.seq;
    assert(seq > 0);
    assert(map->version <= map->seq);
    assert(map->states != NULL || map->seat_count == 0); /* a show that has not been created */
    if (seq <= map->seq) {
        return FOLD_SEEN;
    }
    enum fold_result result = seq == map->seq + 1 ? FOLD_APPLIED : FOLD_GAP;
    map->seq = seq;
    switch (event->kind) {
    case EVENT_RESERVED:
        seats_set(map, event->as.reserved.seats, SEAT_HELD, seq);
        general_add(map, reserved_section(&event->as.reserved), event->as.reserved.quantity, 0,
                    seq);
        break;
    case EVENT_HOLDS_EXPIRED:
        holds_expire(map, &event->as.holds_expired);
        break;
    case EVENT_RELEASED:
        seats_set(map, event->as.released.seats, SEAT_FREE, seq);
        general_add(map, event->as.released.section, -event->as.released.quantity, 0, seq);
        break;
    case EVENT_SECURED:
        places_secure(map, &event->as.secured);
        break;
    case EVENT_SOLD:
        places_sell(map, &event->as.sold);
        break;
    case EVENT_CAPTURE_FAILED:
        places_free(map, &event->as.capture_failed.places, seq);
        break;
    case EVENT_ORDER_CANCELLED:
        places_free(map, &event->as.order_cancelled.places, seq);
        break;
    default:
        break;
    }
    assert(map->seq == seq);
    assert(map->version <= map->seq);
    return result;
}
