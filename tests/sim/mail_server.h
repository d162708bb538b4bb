/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual mail server. */
#ifndef SEATLOG_TESTS_SIM_MAIL_SERVER_H
#define SEATLOG_TESTS_SIM_MAIL_SERVER_H

#include "notifier/core/verdict.h"
#include "tests/sim/world.h"

/*
 * Offers a message as it goes over the wire, and says what the sender hears: it is down, puts off,
 * takes it, or takes it and drops its answer. What it takes is in sim_tables.accepted.
 */
struct mail_result sim_mail_server_offer(struct sim_world *world, struct text message);

#endif
