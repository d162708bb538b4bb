/* SPDX-License-Identifier: Apache-2.0 */
/* The hunt for planted bugs: one program a bug. */
#ifndef SEATLOG_TESTS_SIM_HUNT_H
#define SEATLOG_TESTS_SIM_HUNT_H

#include <stdbool.h>

/*
 * Bugs are planted by building: each patch of tests/sim/planted gives a simulator of its own,
 * planted/seatlog-sim-NAME beside this program. A hunt starts them, as many at a time as there are
 * cores, with --hunt and the given options (NULL-terminated), and tells what each of them found.
 *
 * only: the name of one bug, or NULL for all. Returns the process' exit status: success if there
 * are bugs and all are caught.
 */
int hunt_all(const char *only, char *const options[]);

/* What a simulator that hunts prints before each run, and its exit status once a run has failed. */
#define HUNT_SEED_FORMAT "seed %llu\n"
#define HUNT_STATUS_FOUND 3

#endif
