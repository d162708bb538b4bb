/* SPDX-License-Identifier: Apache-2.0 */
/* mail.outbox as a table of the simulator. */
#ifndef SEATLOG_TESTS_SIM_OUTBOX_H
#define SEATLOG_TESTS_SIM_OUTBOX_H

#include "tests/sim/session.h"

/*
 * notifier/daemon/outbox.h is its interface. What a sender has taken stays locked by its session
 * until it is settled, PostgreSQL goes away, or the session ends: rows are free then.
 */
void sim_outbox_session_end(struct sim_session *session);

#endif
