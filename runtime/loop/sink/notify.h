/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_NOTIFY_H
#define SEATLOG_RUNTIME_LOOP_SINK_NOTIFY_H

#include "runtime/loop/sink/state.h"

/* Carries out what the core tells. */
void sink_told(struct sink *sink, const struct sink_core_effect *effect);

/* Tells the core what is no answer, and carries out what it tells in turn. */
void sink_notify(struct sink *sink, struct sink_core_event event);

/* The words for what went wrong last, in a buffer of ERROR_MESSAGE_SIZE. */
const char *sink_fault_format(const struct sink *sink, char *buffer);

#endif
