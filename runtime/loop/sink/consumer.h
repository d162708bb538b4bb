/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CONSUMER_H
#define SEATLOG_RUNTIME_LOOP_SINK_CONSUMER_H

#include "runtime/loop/sink/state.h"

/* Joins the group, leaves it; both may be called again. */
bool sink_consumer_open(struct sink *sink, struct error *error);
void sink_consumer_close(struct sink *sink);

/*
 * Records come from where we are, or none do. Neither pause and resume nor seek: librdkafka may ask
 * for a logical offset again half a second later, and then goes there in spite of a seek in
 * between.
 */
bool sink_consumer_flow(struct sink *sink, bool flowing, struct error *error);

/* Waits at most timeout_ms for one message: RECORD, OTHER or QUIET. */
struct sink_core_event sink_consumer_poll(struct sink *sink, int timeout_ms);

/* Whether the topics are as they should be; waits until they are there. Else sink->broken. */
void sink_topics_await(struct sink *sink);

#endif
