/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: its options, what it starts with and what it ends with. */
#ifndef SEATLOG_TICKETGEN_DAEMON_TICKETGEN_H
#define SEATLOG_TICKETGEN_DAEMON_TICKETGEN_H

#include "runtime/loop/daemon.h"

extern const struct config_option ticketgen_options[];

/* Opens PostgreSQL and the signing key; daemon->state is as handler.h wants it. */
bool ticketgen_start(struct daemon *daemon, struct error *error);
void ticketgen_stop(struct daemon *daemon);

#endif
