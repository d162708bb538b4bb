/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon that ships is given in the simulator: its struct daemon, and a session of PostgreSQL. */
#ifndef SEATLOG_TESTS_SIM_SESSION_H
#define SEATLOG_TESTS_SIM_SESSION_H

#include "runtime/base/config.h"
#include "runtime/loop/daemon.h"
#include "runtime/pg/pg.h"
#include "tests/sim/world.h"

/*
 * A daemon's handlers write through storage functions that get a struct pg. The simulator links
 * functions of its own in their place, which write to sim_tables; to them a struct pg is this.
 */
struct sim_session {
    struct sim_world *world;
    int32_t process;
};

/* The session as the daemon sees it, and back. The session must outlive its use. */
struct pg *sim_session_pg(struct sim_session *session);
struct sim_session *sim_session_of(struct pg *pg);
struct sim_world *sim_session_world(struct pg *pg);

/*
 * Fills *daemon for a process: name, instance ("payment-1"), the defaults of the common options and its own (a
 * table as in daemon_spec, or NULL). state is the caller's. Nothing is to be freed.
 */
void sim_daemon_init(struct daemon *daemon, const struct sim_world *world, int32_t process,
                     const struct config_option *options);

/*
 * A transaction over the tables; at most one is open, and it ends in the step it began in. Rows
 * that are added vanish with a rollback; of rows that are changed, say so before with
 * sim_tables_change. Without a transaction every change is one of its own, and a rollback does
 * nothing.
 */
void sim_tables_begin(struct sim_world *world);
void sim_tables_commit(struct sim_world *world);
void sim_tables_rollback(struct sim_world *world);

/* `size` bytes of a row, or of the tables, are about to change. */
void sim_tables_change(struct sim_world *world, void *memory, size_t size);

#endif
