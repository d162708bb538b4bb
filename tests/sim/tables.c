/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PostgreSQL: rows are found and given back. */
#include "tests/sim/tables.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "tests/sim/session.h"

#include <stdlib.h>
#include <string.h>

#define RECONCILE_FIRST_MS 30000

void sim_tables_init(struct sim_world *world) {
    world->tables = allocate_zeroed(1, sizeof *world->tables);
    world->tables->gaps_before = sim_indexer_gaps();
    for (int daemon = 0; daemon < SIM_DAEMON_COUNT; daemon++) {
        for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
            for (int partition = 0; partition < SIM_PARTITIONS_MAX; partition++) {
                world->tables->offsets[daemon][topic][partition] = term_position_of_beginning();
            }
        }
    }
    world->tables->reconcile_due_ms = world->now_ms + RECONCILE_FIRST_MS;
    world->tables->reconciled_to_ms = world->now_ms;
}

void sim_tables_deinit(struct sim_world *world) {
    struct sim_tables *tables = world->tables;
    if (tables == NULL) {
        return;
    }
    if (tables->transaction) { /* the run has ended in the middle of one */
        sim_tables_rollback(world);
    }
    free(tables->work.items);
    free(tables->issues.items);
    free(tables->called_off.items);
    free(tables->mails.items);
    free(tables->cancelled_shows.items);
    free(tables->accepted.items);
    free(tables->maps.items);
    free(tables->reservations.items);
    free(tables->order_tickets.items);
    free(tables);
    world->tables = NULL;
}

void *sim_vector_add(struct sim_world *world, void ***items, size_t *count, size_t *capacity,
                     size_t size) {
    if (*count == *capacity) {
        *capacity = *capacity == 0 ? 32 : 2 * *capacity;
        *items = reallocate(*items, *capacity * sizeof **items);
    }
    void *row = arena_allocate(&world->memory, size);
    memset(row, 0, size);
    sim_tables_change(world, count, sizeof *count);
    (*items)[(*count)++] = row;
    return row;
}

struct sim_issue *sim_issue_find(const struct sim_tables *tables, const struct uuid *order_id) {
    for (size_t i = 0; i < tables->issues.count; i++) {
        if (uuid_equal(&tables->issues.items[i]->order_id, order_id)) {
            return tables->issues.items[i];
        }
    }
    return NULL;
}

struct seat_map *sim_map_find(const struct sim_tables *tables, const struct uuid *show_id) {
    for (size_t i = 0; i < tables->maps.count; i++) {
        if (uuid_equal(&tables->maps.items[i]->show_id, show_id)) {
            return tables->maps.items[i];
        }
    }
    return NULL;
}

struct reservation_row *sim_reservation_row_find(const struct sim_tables *tables,
                                                 const struct uuid *reservation_id) {
    for (size_t i = 0; i < tables->reservations.count; i++) {
        if (uuid_equal(&tables->reservations.items[i]->reservation_id, reservation_id)) {
            return tables->reservations.items[i];
        }
    }
    return NULL;
}

struct sim_tickets_row *sim_tickets_row_find(const struct sim_tables *tables,
                                             const struct uuid *order_id) {
    for (size_t i = 0; i < tables->order_tickets.count; i++) {
        if (uuid_equal(&tables->order_tickets.items[i]->order_id, order_id)) {
            return tables->order_tickets.items[i];
        }
    }
    return NULL;
}
