/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_SKIM_H
#define SEATLOG_RUNTIME_LOOP_SINK_SKIM_H

#include "runtime/loop/sink/state.h"

/*
 * Works out sink->found for a partition whose row has kept no term, and serves the consumer
 * meanwhile. The answer to SINK_ASK_SKIM; QUIET: the partition was taken from us.
 */
struct sink_core_event sink_skim(struct sink *sink, size_t index, struct error *error);

#endif
