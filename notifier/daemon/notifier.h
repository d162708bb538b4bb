/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: options, start, stop, and the hooks of the sink. */
#ifndef SEATLOG_NOTIFIER_DAEMON_NOTIFIER_H
#define SEATLOG_NOTIFIER_DAEMON_NOTIFIER_H

#include "runtime/loop/daemon.h"
#include "runtime/loop/sink/sink.h"

/*
 * The daemon: records become rows of the outbox, in the transaction that moves the offset; threads
 * of their own send what is due (sender.h).
 */
extern const struct config_option notifier_options[];
extern const struct sink_spec notifier_sink;

bool notifier_start(struct daemon *daemon, struct error *error);
void notifier_stop(struct daemon *daemon);

#endif
