/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-ticketgen: turns sold orders into tickets. */
#include "runtime/loop/foundation.h"
#include "ticketgen/daemon/handler.h"
#include "ticketgen/daemon/ticketgen.h"

static const struct daemon_spec spec = {
    .name = "ticketgen",
    .summary = "Turns sold orders into signed tickets, and makes those of cancelled orders void.",
    .options = ticketgen_options,
    .start = ticketgen_start,
    .transaction = &ticketgen_transaction,
    .stands_on = FOUNDATION_POSTGRESQL,
    .stop = ticketgen_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
