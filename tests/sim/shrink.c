/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for the shortest run that still fails. */
#include "tests/sim/shrink.h"

#define ROUNDS_MAX 4
#define FAULTS_MAX 100000 /* more than any run has */

static bool fails(const struct sim_options *options) {
    static struct sim_world world;
    sim_world_run(&world, options);
    bool failed = world.violations > 0;
    sim_world_free(&world);
    return failed;
}

/* Keeps what a smaller candidate has if it still fails. */
static bool keep(struct sim_options *best, const struct sim_options *candidate) {
    if (!fails(candidate)) {
        return false;
    }
    *best = *candidate;
    return true;
}

static bool number_shrink(struct sim_options *best, uint32_t *number) {
    bool smaller = false;
    uint32_t *of_best = number;
    for (uint32_t step = *of_best / 2; step > 0;) {
        struct sim_options candidate = *best;
        uint32_t *of_candidate =
            number == &best->commands ? &candidate.commands : &candidate.faults_max;
        if (step > *of_candidate) {
            step = *of_candidate;
            if (step == 0) {
                break;
            }
        }
        *of_candidate -= step;
        if (keep(best, &candidate)) {
            smaller = true;
        } else {
            step /= 2;
        }
    }
    return smaller;
}

static bool kinds_shrink(struct sim_options *best) {
    bool smaller = false;
    for (int fault = 0; fault < SIM_FAULT_COUNT; fault++) {
        struct sim_options candidate = *best;
        candidate.faults &= ~(1u << fault);
        smaller |= candidate.faults != best->faults && keep(best, &candidate);
    }
    return smaller;
}

struct sim_options sim_shrink(const struct sim_options *failing) {
    struct sim_options best = *failing;
    best.traced = false;
    best.faults_max = best.faults_max < FAULTS_MAX ? best.faults_max : FAULTS_MAX;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool smaller = number_shrink(&best, &best.commands);
        smaller |= kinds_shrink(&best);
        smaller |= number_shrink(&best, &best.faults_max);
        if (!smaller) {
            break;
        }
    }
    best.traced = true;
    return best;
}
