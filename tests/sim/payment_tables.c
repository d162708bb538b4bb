/* SPDX-License-Identifier: Apache-2.0 */
/* payment.work and payment.answer in the simulator: what payment/daemon/pg.h promises, over sim_tables. */
#include "payment/daemon/pg.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "tests/sim/session.h"
#include "tests/sim/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool database_answers(struct sim_world *world, struct error *error) {
    return sim_database_is_up(world) || error_set_outside(error, "PostgreSQL is gone");
}

/* The table's CHECKs. */
static void row_check(struct sim_world *world, const struct payment_row *row) {
    if (!payment_work_is_sound(&row->work) ||
        (row->source_id != NULL) != payment_work_needs_source(&row->work)) {
        sim_violated(world, 4, "payment writes a row that the table does not take, step %d",
                     (int)row->work.step);
    }
}

/* Its unique indexes. */
static struct sim_work *work_find(const struct sim_tables *tables, const struct payment_row *row) {
    for (size_t i = 0; i < tables->work.count; i++) {
        const struct payment_row *known = &tables->work.items[i]->row;
        bool same = uuid_equal(&known->reservation_id, &row->reservation_id) &&
                    known->work.kind == row->work.kind;
        if (same && (row->work.kind == PAYMENT_VOID
                         ? strcmp(known->work.payment_id, row->work.payment_id) == 0
                         : known->attempt == row->attempt)) {
            return tables->work.items[i];
        }
    }
    return NULL;
}

/* ON CONFLICT: an orphan's void is reported after all. */
static void void_ask_for(struct sim_world *world, struct sim_work *known,
                         const struct payment_row *row) {
    if (row->work.kind != PAYMENT_VOID || known->row.reported || !row->reported) {
        return;
    }
    sim_tables_change(world, known, sizeof *known);
    known->row.reported = true;
    known->row.attempt = row->attempt;
    known->due_at_ms = world->now_ms;
    if (known->row.work.step == PAYMENT_STEP_DONE) {
        known->row.work.step = PAYMENT_STEP_REPORT;
    }
}

bool payment_pg_add(struct pg *pg, const struct payment_row *row, struct text source,
                    struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    if (!database_answers(world, error)) {
        return false;
    }
    struct sim_work *known = work_find(world->tables, row);
    if (known != NULL) {
        void_ask_for(world, known, row);
        return true;
    }
    struct sim_work *work = SIM_VECTOR_ADD(world, world->tables->work, struct sim_work);
    work->row = *row;
    work->row.work_id = (int64_t)world->tables->work.count;
    work->due_at_ms = world->now_ms;
    work->created_ms = world->now_ms;
    if (payment_work_needs_source(&row->work) && source.size > 0) {
        char *copy = arena_allocate(&world->memory, source.size + 1);
        memcpy(copy, source.data, source.size);
        copy[source.size] = '\0';
        work->row.source_id = copy;
    }
    row_check(world, &work->row);
    return true;
}

/* The longest due that nobody has; calls false: that has nothing but to be reported. */
static struct sim_work *work_due(struct sim_world *world, bool calls) {
    struct sim_work *due = NULL;
    for (size_t i = 0; i < world->tables->work.count; i++) {
        struct sim_work *work = world->tables->work.items[i];
        if (work->row.work.step != PAYMENT_STEP_DONE && work->due_at_ms <= world->now_ms &&
            work->lease_until_ms <= world->now_ms &&
            (calls || work->row.work.step == PAYMENT_STEP_REPORT) &&
            (due == NULL || work->due_at_ms < due->due_at_ms)) {
            due = work;
        }
    }
    return due;
}

int payment_pg_lease(struct pg *pg, const char *owner, int64_t lease_ms, int limit, bool calls,
                     int64_t now_ms, struct payment_row *rows, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    struct sim_work *work;
    int count = 0;
    if (!database_answers(world, error)) {
        return -1;
    }
    while (count < limit && (work = work_due(world, calls)) != NULL) {
        sim_tables_change(world, work, sizeof *work);
        work->row.lease_number++;
        work->lease_until_ms = world->now_ms + lease_ms;
        snprintf(work->lease_owner, sizeof work->lease_owner, "%s", owner);
        struct payment_row *row = &rows[count++];
        *row = work->row;
        row->source_id = row->source_id != NULL ? text_duplicate(row->source_id) : NULL;
        row->work.sent_at_ms = work->sent_at_ms;
        row->work.due_at_ms = now_ms;
        if (row->work.step == PAYMENT_STEP_CREATE && row->work.expires_at_ms > now_ms) {
            work->sent_at_ms = now_ms; /* from now on it may have been sent */
        }
    }
    return count;
}

bool payment_pg_save(struct pg *pg, const struct payment_save *save, bool *owned,
                     struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    const struct payment_row *row = save->row;
    if (!database_answers(world, error)) {
        return false;
    }
    struct sim_work *work = world->tables->work.items[row->work_id - 1];
    *owned = work->row.lease_number == row->lease_number;
    if (!*owned) {
        return true;
    }
    sim_tables_change(world, work, sizeof *work);
    work->row.work = row->work;
    if (row->work.step == PAYMENT_STEP_DONE && work->row.reported && !row->reported) {
        work->row.work.step = PAYMENT_STEP_REPORT;
    }
    if (!payment_work_needs_source(&row->work)) {
        work->row.source_id = NULL;
    }
    int64_t wait_ms = row->work.due_at_ms - save->now_ms;
    work->sent_at_ms = row->work.sent_at_ms;
    work->due_at_ms = world->now_ms + (wait_ms > 0 ? wait_ms : 0);
    work->lease_until_ms = save->lease_ms > 0 ? world->now_ms + save->lease_ms : 0;
    if (work->settled_step == 0 && row->work.result != PAYMENT_RESULT_NONE) {
        work->settled_step = world->steps;
    }
    row_check(world, &work->row);
    return true;
}

bool payment_pg_release(struct pg *pg, const char *owner, int64_t *released, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    *released = 0;
    if (!database_answers(world, error)) {
        return false;
    }
    for (size_t i = 0; i < world->tables->work.count; i++) {
        struct sim_work *work = world->tables->work.items[i];
        if (strcmp(work->lease_owner, owner) == 0 && work->lease_until_ms > world->now_ms &&
            work->row.work.step != PAYMENT_STEP_DONE) {
            sim_tables_change(world, work, sizeof *work);
            work->lease_until_ms = 0;
            work->row.lease_number++;
            ++*released;
        }
    }
    return true;
}

bool payment_pg_open(struct pg *pg, int64_t counts[PAYMENT_KIND_COUNT], int64_t *oldest_s,
                     struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    memset(counts, 0, PAYMENT_KIND_COUNT * sizeof counts[0]);
    *oldest_s = 0;
    if (!database_answers(world, error)) {
        return false;
    }
    for (size_t i = 0; i < world->tables->work.count; i++) {
        const struct sim_work *work = world->tables->work.items[i];
        int64_t age_s = (world->now_ms - work->created_ms) / 1000;
        if (work->row.work.step != PAYMENT_STEP_DONE) {
            counts[work->row.work.kind]++;
            *oldest_s = age_s > *oldest_s ? age_s : *oldest_s;
        }
    }
    return true;
}
