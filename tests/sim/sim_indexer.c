/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "tests/sim/sim_sink.h"

#include <stdlib.h>
#include <string.h>

/* indexer: the sink of indexer.c with the real folds; rows live in the tables. */
#define IDLE_MS 60
#define IDS_MAX 512

static void reservations_fold(struct sim_world *world, const struct event *event) {
    struct uuid ids[IDS_MAX];
    size_t count = reservation_ids_of(event, ids, IDS_MAX);
    for (size_t i = 0; i < count && i < IDS_MAX; i++) {
        struct reservation_row *row = sim_reservation_row_find(world->tables, &ids[i]);
        struct reservation_row fresh = {.reservation_id = ids[i], .reason = "", .void_reason = ""};
        if (row == NULL) {
            reservation_row_fold(&world->memory, &fresh, event);
            if (fresh.seq == 0) {
                continue; /* an event of a reservation that was never held */
            }
            row = SIM_VECTOR_ADD(world, world->tables->reservations, struct reservation_row);
            *row = fresh;
        } else {
            reservation_row_fold(&world->memory, row, event);
        }
    }
}

static void map_fold(struct sim_world *world, const struct event *event) {
    struct seat_map *map = sim_map_find(world->tables, &event->as.head.show_id);
    if (event->kind == EVENT_SHOW_CREATED) {
        if (map == NULL) {
            map = SIM_VECTOR_ADD(world, world->tables->maps, struct seat_map);
            *map = *seat_map_new(&world->memory, &event->as.show_created);
        }
        return;
    }
    if (map == NULL || seat_map_fold(map, event) == FOLD_GAP) {
        world->tables->gaps++;
    }
}

static void tickets_fold(struct sim_world *world, const struct ticket_record *record) {
    bool issued = record->kind == TICKET_RECORD_TICKETS_ISSUED;
    const struct uuid *order_id =
        issued ? &record->as.tickets_issued.order_id : &record->as.tickets_revoked.order_id;
    struct sim_tickets_row *row = sim_tickets_row_find(world->tables, order_id);
    if (row == NULL) {
        row = SIM_VECTOR_ADD(world, world->tables->order_tickets, struct sim_tickets_row);
        row->order_id = *order_id;
    }
    size_t count = issued ? record->as.tickets_issued.tickets.count
                          : record->as.tickets_revoked.ticket_ids.count;
    row->ticket_ids = arena_allocate_array(&world->memory, count, sizeof *row->ticket_ids);
    row->ticket_count = count;
    for (size_t i = 0; i < count; i++) {
        row->ticket_ids[i] = issued ? record->as.tickets_issued.tickets.items[i].ticket_id
                                    : record->as.tickets_revoked.ticket_ids.items[i];
    }
    *(issued ? &row->issued : &row->revoked) = true;
}

static void indexer_handle(struct sim_world *world, const struct sim_sink_record *record) {
    struct event event;
    struct ticket_record tickets;
    if (record->topic == SIM_TICKETS) {
        if (sim_tickets_decode(world, record->value, &tickets)) {
            tickets_fold(world, &tickets);
        }
        return;
    }
    if (!sim_event_decode(world, record->value, &event) || event.as.head.seq == 0) {
        return;
    }
    map_fold(world, &event);
    reservations_fold(world, &event);
}

/* --- life
 * ------------------------------------------------------------------------------------------ */

static void *indexer_start(struct sim_world *world, int32_t process) {
    struct sim_sink *sink = allocate_zeroed(1, sizeof *sink);
    sim_sink_start(sink, world, process, 1u << SIM_EVENTS | 1u << SIM_TICKETS, indexer_handle);
    return sink;
}

static void indexer_step(struct sim_world *world, int32_t process) {
    if (!sim_sink_step(world->processes[process].state)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void indexer_stop(struct sim_world *world, int32_t process) {
    free(world->processes[process].state);
}

static bool indexer_rests(struct sim_world *world, int32_t process) {
    return sim_sink_rests(world->processes[process].state);
}

const struct sim_daemon_model sim_indexer_model = {
    .start = indexer_start,
    .step = indexer_step,
    .stop = indexer_stop,
    .rests = indexer_rests,
};
