/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold when a run has come to rest. */
#ifndef SEATLOG_TESTS_SIM_CHECK_H
#define SEATLOG_TESTS_SIM_CHECK_H

#include "tests/sim/rules.h"

/*
 * The invariants 1 to 9, over a world that has come to rest: the log itself, decided again and told
 * to the plain model; the provider's books, tables, tickets and mails against that model.
 */
void sim_check_world(struct sim_world *world);

/* Of check_books.c and check_sinks.c. */
void sim_check_money(struct sim_world *world, const struct sim_rules *rules);
void sim_check_tickets(struct sim_world *world, const struct sim_rules *rules);
void sim_check_mails(struct sim_world *world, const struct sim_rules *rules);
void sim_check_catalog(struct sim_world *world, const struct sim_rules *rules);
void sim_check_told(struct sim_world *world);

/* The step at which an event became a fact. */
uint64_t sim_committed_step(const struct sim_world *world, const struct sim_entry *entry);

#endif
