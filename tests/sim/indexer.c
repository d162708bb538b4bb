/* SPDX-License-Identifier: Apache-2.0 */
/* indexer: its handlers as they ship, over a catalog in the tables. */
#include "indexer/daemon/indexer.h"

#include "indexer/daemon/pg_load.h"
#include "indexer/daemon/pg_store.h"
#include "runtime/base/error.h"
#include "runtime/base/metrics.h"
#include "tests/sim/sink.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_MS 60

struct projector {
    struct daemon daemon;
    struct sim_sink sink;
};

/* --- the catalog: what indexer/daemon/pg_load.h and pg_store.h ask for --- */

bool indexer_pg_load(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    const struct sim_tables *tables = sim_session_world(pg)->tables;
    (void)error;
    for (size_t i = 0; i < batch->map_count; i++) {
        const struct seat_map *stored = sim_map_find(tables, &batch->maps[i]->show_id);
        struct seat_map *map = batch->maps[i];
        if (stored == NULL) {
            continue;
        }
        size_t sections_size = stored->section_count * sizeof(int32_t);
        *map = *stored;
        map->states = arena_allocate(&batch->arena, stored->seat_count + 1);
        map->general_held = arena_allocate(&batch->arena, sections_size + 1);
        map->general_sold = arena_allocate(&batch->arena, sections_size + 1);
        memcpy(map->states, stored->states, stored->seat_count);
        memcpy(map->general_held, stored->general_held, sections_size);
        memcpy(map->general_sold, stored->general_sold, sections_size);
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct reservation_row *stored =
            sim_reservation_row_find(tables, &batch->rows[i]->reservation_id);
        if (stored != NULL) {
            *batch->rows[i] = *stored;
        }
    }
    return true;
}

static void map_store(struct sim_world *world, const struct seat_map *map) {
    struct seat_map *stored = sim_map_find(world->tables, &map->show_id);
    size_t sections_size = map->section_count * sizeof(int32_t);
    if (stored == NULL) {
        stored = SIM_VECTOR_ADD(world, world->tables->maps, struct seat_map);
        *stored = *map;
        stored->states = arena_allocate(&world->memory, map->seat_count + 1);
        stored->general_held = arena_allocate(&world->memory, sections_size + 1);
        stored->general_sold = arena_allocate(&world->memory, sections_size + 1);
    } else {
        sim_tables_change(world, stored, sizeof *stored);
        sim_tables_change(world, stored->states, map->seat_count);
        sim_tables_change(world, stored->general_held, sections_size);
        sim_tables_change(world, stored->general_sold, sections_size);
        stored->seq = map->seq;
        stored->version = map->version;
    }
    memcpy(stored->states, map->states, map->seat_count);
    memcpy(stored->general_held, map->general_held, sections_size);
    memcpy(stored->general_sold, map->general_sold, sections_size);
}

static void row_store(struct sim_world *world, const struct reservation_row *row) {
    struct reservation_row *stored = sim_reservation_row_find(world->tables, &row->reservation_id);
    if (stored == NULL) {
        stored = SIM_VECTOR_ADD(world, world->tables->reservations, struct reservation_row);
    } else {
        sim_tables_change(world, stored, sizeof *stored);
    }
    int32_t *seats = arena_allocate(&world->memory, (row->seat_count + 1) * sizeof *seats);
    if (row->seat_count > 0) {
        memcpy(seats, row->seats, row->seat_count * sizeof *seats);
    }
    *stored = *row;
    stored->seats = seats;
    stored->reason = arena_text_copy_string(&world->memory, row->reason).data;
    stored->void_reason = arena_text_copy_string(&world->memory, row->void_reason).data;
}

static void tickets_store(struct sim_world *world, const struct ticket_record *record) {
    bool issued = record->kind == TICKET_RECORD_TICKETS_ISSUED;
    const struct uuid *order_id =
        issued ? &record->as.tickets_issued.order_id : &record->as.tickets_revoked.order_id;
    struct sim_tickets_row *row = sim_tickets_row_find(world->tables, order_id);
    if (row == NULL) {
        row = SIM_VECTOR_ADD(world, world->tables->order_tickets, struct sim_tickets_row);
        row->order_id = *order_id;
    } else {
        sim_tables_change(world, row, sizeof *row);
    }
    *(issued ? &row->issued : &row->revoked) = true;
}

bool indexer_pg_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    (void)error;
    for (size_t i = 0; i < batch->map_count; i++) {
        map_store(world, batch->maps[i]);
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        if (batch->rows[i]->seq > 0) {
            row_store(world, batch->rows[i]);
        }
    }
    for (size_t i = 0; i < batch->ticket_count; i++) {
        tickets_store(world, batch->tickets[i]->tickets);
    }
    return true;
}

bool indexer_pg_map_seq(struct pg *pg, const struct uuid *show_id, int64_t *seq,
                        struct error *error) {
    const struct seat_map *map = sim_map_find(sim_session_world(pg)->tables, show_id);
    (void)error;
    *seq = map != NULL ? map->seq : -1;
    return true;
}

/* Refusals are in no table here. */
bool indexer_pg_refusals_purge(struct pg *pg, int64_t before_ms, struct error *error) {
    (void)pg;
    (void)before_ms;
    (void)error;
    return true;
}

int64_t sim_indexer_gaps(void) {
    return metric_value(metrics_counter("seatlog_sequence_gaps_total", NULL, ""));
}

/* --- life --- */

static void *projector_start(struct sim_world *world, int32_t process) {
    struct projector *projector = allocate_zeroed(1, sizeof *projector);
    struct error error = {0};
    sim_daemon_init(&projector->daemon, world, process, indexer_options);
    if (!indexer_start(&projector->daemon, &error)) {
        die("the indexer does not start: %s", error.message);
    }
    sim_sink_start(&projector->sink, world, process, &projector->daemon, &indexer_sink);
    return projector;
}

static void projector_step(struct sim_world *world, int32_t process) {
    struct projector *projector = world->processes[process].state;
    if (!sim_sink_step(&projector->sink)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void projector_stop(struct sim_world *world, int32_t process) {
    struct projector *projector = world->processes[process].state;
    sim_sink_stop(&projector->sink);
    indexer_stop(&projector->daemon);
    free(projector);
}

static bool projector_rests(struct sim_world *world, int32_t process) {
    struct projector *projector = world->processes[process].state;
    return sim_sink_rests(&projector->sink);
}

const struct sim_daemon_model sim_indexer_model = {
    .start = projector_start,
    .step = projector_step,
    .stop = projector_stop,
    .rests = projector_rests,
};
