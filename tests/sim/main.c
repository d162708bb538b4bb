/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-sim: runs seeds, tells a run that fails, and hunts planted bugs. */
#include "runtime/base/error.h"
#include "tests/sim/hunt.h"
#include "tests/sim/shrink.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS_DEFAULT 200
#define SEEDS_HUNT_DEFAULT 2000
#define PROGRESS_EVERY 100

struct arguments {
    uint64_t first_seed;
    uint64_t seeds;
    bool verbose;
    bool planted;
    const char *bug;   /* only this one */
    bool hunts;        /* until a run fails */
    uint32_t commands; /* 0: drawn */
    uint32_t faults, faults_max;
    bool shrink;
};

struct totals {
    uint64_t seeds, commands, faults, violated;
};

static void usage(void) {
    fputs("usage: seatlog-sim [--seeds N] [--first-seed S] [--seed S] [--verbose]\n"
          "                   [--planted[=BUG]] [--hunt] [--commands N] [--faults MASK]\n"
          "                   [--faults-max N] [--no-shrink]\n"
          "\n"
          "  --seeds N        so many runs, from --first-seed on (1)\n"
          "  --seed S         this one run, exactly as before\n"
          "  --verbose        what happens, as prose\n"
          "  --planted        plants bugs, one at a time: each must be found\n"
          "  --hunt           ends with the first run that fails, with status 3\n"
          "  --commands N     commands that buyers send in a run\n"
          "  --faults MASK    kinds of faults (hexadecimal); --faults-max N: at most so many\n"
          "  --no-shrink      a failing run is told as it was\n",
          stderr);
}

static bool value_of(const char *argument, const char *name, int *index, int count, char **values,
                     const char **value) {
    size_t size = strlen(name);
    if (strncmp(argument, name, size) != 0) {
        return false;
    }
    if (argument[size] == '=') {
        *value = argument + size + 1;
        return true;
    }
    if (argument[size] == '\0' && *index + 1 < count) {
        *value = values[++*index];
        return true;
    }
    return false;
}

static bool arguments_parse(int count, char **values, struct arguments *out) {
    *out = (struct arguments){
        .first_seed = 1, .faults = SIM_FAULTS_ALL, .faults_max = UINT32_MAX, .shrink = true};
    for (int i = 1; i < count; i++) {
        const char *value;
        if (value_of(values[i], "--seeds", &i, count, values, &value)) {
            out->seeds = strtoull(value, NULL, 10);
        } else if (value_of(values[i], "--first-seed", &i, count, values, &value)) {
            out->first_seed = strtoull(value, NULL, 10);
        } else if (value_of(values[i], "--seed", &i, count, values, &value)) {
            out->first_seed = strtoull(value, NULL, 10);
            out->seeds = 1;
        } else if (value_of(values[i], "--commands", &i, count, values, &value)) {
            out->commands = (uint32_t)strtoul(value, NULL, 10);
        } else if (value_of(values[i], "--faults-max", &i, count, values, &value)) {
            out->faults_max = (uint32_t)strtoul(value, NULL, 10);
        } else if (value_of(values[i], "--faults", &i, count, values, &value)) {
            out->faults = (uint32_t)strtoul(value, NULL, 16) & SIM_FAULTS_ALL;
        } else if (strcmp(values[i], "--planted") == 0) {
            out->planted = true;
        } else if (strncmp(values[i], "--planted=", 10) == 0) {
            out->planted = true;
            out->bug = values[i] + 10;
        } else if (strcmp(values[i], "--hunt") == 0) {
            out->hunts = true;
        } else if (strcmp(values[i], "--verbose") == 0) {
            out->verbose = true;
        } else if (strcmp(values[i], "--no-shrink") == 0) {
            out->shrink = false;
        } else {
            return false;
        }
    }
    if (out->seeds == 0) {
        out->seeds = out->hunts ? SEEDS_HUNT_DEFAULT : SEEDS_DEFAULT;
    }
    return true;
}

/* Every run is different: short and long ones, with few kinds of faults or all. */
static struct sim_options options_of(const struct arguments *arguments, uint64_t seed) {
    struct sim_random random;
    sim_random_seed(&random, seed, 0);
    struct sim_options options = {.seed = seed, .faults_max = arguments->faults_max};
    options.commands = (uint32_t)sim_random_between(&random, 40, 260);
    options.faults = SIM_FAULTS_ALL;
    if (sim_random_chance(&random, 400)) {
        options.faults = (uint32_t)sim_random_next(&random) & SIM_FAULTS_ALL;
    }
    options.faults &= arguments->faults;
    if (arguments->commands != 0) {
        options.commands = arguments->commands;
    }
    options.traced = arguments->verbose;
    return options;
}

static void options_print(const struct sim_options *options, FILE *out) {
    fprintf(out, "  --seed %llu --commands %u --faults %x --faults-max %u",
            (unsigned long long)options->seed, options->commands, options->faults,
            options->faults_max);
}

static void failure_tell(const struct arguments *arguments, const struct sim_options *options) {
    static struct sim_world world;
    struct sim_options least = *options;
    if (arguments->shrink) {
        fprintf(stderr, "seed %llu fails; looking for its shortest run …\n",
                (unsigned long long)options->seed);
        least = sim_shrink(options);
    }
    least.traced = true;
    sim_world_run(&world, &least);
    printf("%.*s\n%.*s", (int)world.trace.size, world.trace.data != NULL ? world.trace.data : "",
           (int)world.violation.size, world.violation.data != NULL ? world.violation.data : "");
    printf("kinds of faults:");
    for (int fault = 0; fault < SIM_FAULT_COUNT; fault++) {
        if (world.fault_kinds[fault] > 0) {
            printf(" %s %u", sim_fault_name(fault), world.fault_kinds[fault]);
        }
    }
    printf("\nrun it again with:");
    options_print(&least, stdout);
    putchar('\n');
    sim_world_free(&world);
}

static void seed_run(const struct arguments *arguments, uint64_t seed, struct totals *totals) {
    static struct sim_world world;
    struct sim_options options = options_of(arguments, seed);
    sim_world_run(&world, &options);
    totals->seeds++;
    totals->commands += world.commands;
    totals->faults += world.faults;
    bool violated = world.violations > 0;
    if (arguments->verbose && !violated) {
        fwrite(world.trace.data, 1, world.trace.size, stdout);
    }
    sim_world_free(&world);
    if (violated) {
        totals->violated++;
        failure_tell(arguments, &options);
    }
}

static int seeds_run(const struct arguments *arguments) {
    struct totals totals = {0};
    for (uint64_t i = 0; i < arguments->seeds; i++) {
        seed_run(arguments, arguments->first_seed + i, &totals);
        if ((i + 1) % PROGRESS_EVERY == 0 && isatty(STDERR_FILENO)) {
            fprintf(stderr, "\r%llu of %llu seeds", (unsigned long long)(i + 1),
                    (unsigned long long)arguments->seeds);
        }
    }
    if (isatty(STDERR_FILENO)) {
        fputc('\r', stderr);
    }
    printf("sim: %s, seeds %llu, commands %llu, faults %llu, violated %llu\n",
           totals.violated == 0 ? "ok" : "failed", (unsigned long long)totals.seeds,
           (unsigned long long)totals.commands, (unsigned long long)totals.faults,
           (unsigned long long)totals.violated);
    return totals.violated == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Runs seeds until one fails. Each is named before, as an assertion may end the whole program. */
static int seeds_hunt(const struct arguments *arguments) {
    static struct sim_world world;
    bool found = false;
    for (uint64_t i = 0; i < arguments->seeds && !found; i++) {
        struct sim_options options = options_of(arguments, arguments->first_seed + i);
        printf(HUNT_SEED_FORMAT, (unsigned long long)options.seed);
        fflush(stdout);
        sim_world_run(&world, &options);
        found = world.violations > 0;
        if (found) {
            printf("%.*s", (int)world.violation.size, world.violation.data);
        }
        sim_world_free(&world);
        if (found && arguments->verbose) {
            failure_tell(arguments, &options);
        }
    }
    return found ? HUNT_STATUS_FOUND : EXIT_SUCCESS;
}

/* Starts the programs with a bug, with the options of this one. */
static int planted_run(const struct arguments *arguments, int count, char **values) {
    char **options = allocate_zeroed((size_t)count + 1, sizeof *options);
    for (int i = 1, kept = 0; i < count; i++) {
        if (strncmp(values[i], "--planted", sizeof "--planted" - 1) != 0) {
            options[kept++] = values[i];
        }
    }
    int status = hunt_all(arguments->bug, options);
    free(options);
    return status;
}

int main(int count, char **values) {
    struct arguments arguments;
    if (!arguments_parse(count, values, &arguments)) {
        usage();
        return 2;
    }
    if (arguments.planted) {
        return planted_run(&arguments, count, values);
    }
    if (sodium_init() < 0) {
        return 2;
    }
    return arguments.hunts ? seeds_hunt(&arguments) : seeds_run(&arguments);
}
