/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_INGEST_H
#define SEATLOG_INGEST_API_INGEST_H

#include "runtime/base/config.h"
#include "runtime/loop/daemon.h"

/*
 * The daemon: its options, and its parts (ingest-api/instance.h) made, run and ended in the order of
 * who needs whom.
 */
extern const struct config_option ingest_options[];

bool ingest_start(struct daemon *daemon, struct error *error);
int ingest_run(struct daemon *daemon);
void ingest_stop(struct daemon *daemon);

#endif
