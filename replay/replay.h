/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_REPLAY_H
#define SEATLOG_REPLAY_REPLAY_H

#include "replay/log/log.h"
#include "runtime/base/config.h"
#include "runtime/pg/pg.h"

/*
 * The auditor's commands. Each prints to standard output and returns the exit status: 0 all is
 * well, 1 it is not, 2 it could not be found out.
 */
struct replay_context {
    const struct config *config;
    struct replay_log *log;
    const char *argument; /* what follows the command's name, or NULL */
};

/* To the database that the configuration names; its long queries may take as long as they like. */
struct pg *replay_pg_new(const struct replay_context *context);

int replay_verify(const struct replay_context *context);
int replay_seal(const struct replay_context *context);
int replay_show(const struct replay_context *context);
int replay_export(const struct replay_context *context);
int replay_import(const struct replay_context *context);
int replay_rebuild(const struct replay_context *context);

extern const struct config_option replay_options[];

#endif
