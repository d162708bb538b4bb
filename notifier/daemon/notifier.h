/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: its options, what it starts with and what it ends with. */
#ifndef SEATLOG_NOTIFIER_DAEMON_NOTIFIER_H
#define SEATLOG_NOTIFIER_DAEMON_NOTIFIER_H

#include "runtime/loop/daemon.h"

/*
 * The daemon: records become rows of the outbox, in the transaction that moves the offset
 * (handler.h); threads of their own send what is due (sender.h).
 */
extern const struct config_option notifier_options[];

bool notifier_start(struct daemon *daemon, struct error *error);
void notifier_stop(struct daemon *daemon);

#endif
