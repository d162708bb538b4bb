/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_CONTEXT_H
#define SEATLOG_REPLAY_CONTEXT_H

#include "replay/log/log.h"
#include "runtime/base/config.h"
#include "runtime/pg/pg.h"

/*
 * What every command is given. A command prints to standard output and returns the exit status: 0
 * all is well, 1 it is not, 2 it could not be found out.
 */
struct replay_context {
    const struct config *config;
    struct replay_log *log;
    const char *argument; /* what follows the command's name, or NULL */
};

/* To the database that the configuration names; its long queries may take as long as they like. */
struct pg *replay_pg_new(const struct replay_context *context);

#endif
