/* SPDX-License-Identifier: Apache-2.0 */
/* What payment does with events. */
#ifndef SEATLOG_PAYMENT_DAEMON_SINK_H
#define SEATLOG_PAYMENT_DAEMON_SINK_H

#include "runtime/loop/sink/sink.h"

/* seatlog.events → payment.work; wakes the worker (daemon->state is a struct payment) after the
 * commit. */
extern const struct sink_spec payment_sink;

#endif
