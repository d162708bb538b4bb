/* SPDX-License-Identifier: Apache-2.0 */
/* What tickets are signed with in a run. */
#ifndef SEATLOG_TESTS_SIM_TICKETS_H
#define SEATLOG_TESTS_SIM_TICKETS_H

#include "ticketgen/core/core.h"

/* The key that every run's tickets are signed with. */
void sim_ticket_key(struct ticket_key *key);

#endif
