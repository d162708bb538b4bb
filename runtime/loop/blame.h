/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_BLAME_H
#define SEATLOG_RUNTIME_LOOP_BLAME_H

#include "runtime/base/error.h"

#include <stdint.h>

/*
 * The net below PARK: a record that fails again and again for the same reason is put aside,
 * although the code that failed took it for something that passes. One of these for each partition.
 *
 * What counts is a RETRY that is not certainly outside (error.h): PostgreSQL or Kafka may be away
 * for a day, and nothing is put aside for that. Reasons are the same when they differ in numbers
 * only.
 */
struct blame {
    int64_t offset;
    int tries; /* 0: nobody is to blame */
    char reason[ERROR_MESSAGE_SIZE];
};

/* Counts a failure of the record at an offset. Returns whether it has been tried tries_max times.
 */
bool blame_count(struct blame *blame, int64_t offset, const struct error *error, int tries_max);

/* The option, for the table of a daemon's options. */
#define BLAME_OPTION                                                                               \
    {                                                                                              \
        "record_tries_max", CONFIG_INTEGER, "8", 2, 1000,                                          \
            "a record that failed so often for the same reason goes to the dead letters; while "   \
            "PostgreSQL or Kafka is away nothing counts"                                           \
    }

#endif
