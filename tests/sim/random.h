/* SPDX-License-Identifier: Apache-2.0 */
/* The chance of a run. */
#ifndef SEATLOG_TESTS_SIM_RANDOM_H
#define SEATLOG_TESTS_SIM_RANDOM_H

#include "codec/value.h"

#include <stdbool.h>
#include <stdint.h>

/* xoshiro256**, seeded by splitmix64: the only source of chance in a run. */
struct sim_random {
    uint64_t state[4];
};

/* Streams of one seed are independent of each other. */
void sim_random_seed(struct sim_random *random, uint64_t seed, uint64_t stream);

uint64_t sim_random_next(struct sim_random *random);

/* 0 … bound - 1; bound > 0. */
uint32_t sim_random_below(struct sim_random *random, uint32_t bound);

/* from … to, both included. */
int64_t sim_random_between(struct sim_random *random, int64_t from, int64_t to);

bool sim_random_chance(struct sim_random *random, uint32_t per_mille);

struct uuid sim_random_uuid(struct sim_random *random);

#endif
