/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_PROCESS_H
#define SEATLOG_RUNTIME_LOOP_PROCESS_H

#include "runtime/base/config.h"

#include <stdbool.h>

/* The process that a loop runs in: who it is, whether it is to end, how long it waits. */
#define DAEMON_INSTANCE_SIZE 64

struct daemon {
    const char *name;
    const struct config *config;
    char instance
        [DAEMON_INSTANCE_SIZE]; /* instance_id: stable for this process slot, unique among instances */
    void *state;                /* the daemon's own, set by start */
};

/* Whether the process is asked to end; every loop and thread looks. */
bool daemon_stopping(void);

/* Asks the process to end, as SIGTERM does; status is what it will exit with. */
void daemon_stop(int status);

/* A descriptor that becomes readable when stopping, for poll(2); -1 before daemon_main. */
int daemon_stop_descriptor(void);

/* Sleeps, at most until stopping. Returns true when stopping. */
bool daemon_sleep_ms(int duration_ms);

/*
 * Back-off with full jitter: the next delay after `failures` in a row (1, 2, …), between half and
 * all of base_ms * 2^(failures-1), at most maximum_ms.
 */
int backoff_ms(int failures, int base_ms, int maximum_ms);

/*
 * For daemon_main: turns SIGTERM and SIGINT into a stop (a second one ends the process at once),
 * after which what is under way has drain_s_max seconds; and what daemon_stop was given.
 */
void process_begin(void);
void process_drain_s_max_set(int seconds);
int process_stop_status(void);

#endif
