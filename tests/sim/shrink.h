/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest run that still fails. */
#ifndef SEATLOG_TESTS_SIM_SHRINK_H
#define SEATLOG_TESTS_SIM_SHRINK_H

#include "tests/sim/world.h"

/*
 * Of a run that fails: fewer commands, fewer kinds of faults, fewer faults, as long as it still
 * fails. Returns the smallest options found, with the prose switched on.
 */
struct sim_options sim_shrink(const struct sim_options *failing);

#endif
