/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INDEXER_DAEMON_INDEXER_H
#define SEATLOG_INDEXER_DAEMON_INDEXER_H

#include "runtime/loop/daemon.h"
#include "runtime/loop/sink/sink.h"

/* The indexer's parts for its daemon_spec. */
extern const struct config_option indexer_options[];
extern const struct sink_spec indexer_sink;
bool indexer_start(struct daemon *daemon, struct error *error);
void indexer_stop(struct daemon *daemon);

#endif
