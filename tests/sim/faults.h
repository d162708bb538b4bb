/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that come from outside. */
#ifndef SEATLOG_TESTS_SIM_FAULTS_H
#define SEATLOG_TESTS_SIM_FAULTS_H

#include "tests/sim/world.h"

/* One of the faults that come from outside: kill, pause, a broker, PostgreSQL, … */
void sim_faults_step(struct sim_world *world);

/* Ends all of them for good. */
void sim_faults_heal(struct sim_world *world);

/* Of world.c. */
void sim_process_start(struct sim_world *world, enum sim_daemon daemon, int32_t instance);
void sim_process_stop(struct sim_world *world, int32_t index);

#endif
