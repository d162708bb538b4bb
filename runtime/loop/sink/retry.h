/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_RETRY_H
#define SEATLOG_RUNTIME_LOOP_SINK_RETRY_H

#include "runtime/loop/sink/state.h"

/*
 * Handles a record that was set aside and is asked for again, if there is one. Between batches.
 * false: *error, to back off from; *fenced: another instance owns the partition.
 */
bool sink_retry(struct sink *sink, bool *fenced, struct error *error);

#endif
