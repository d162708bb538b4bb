/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kafka/kafka.h"
#include "runtime/loop/foundation.h"
#include "ticketgen/daemon/ticketgen.h"

static const char *const outputs[] = {TOPIC_TICKETS, TOPIC_DEAD_LETTERS, NULL};
static const char *const keyed[] = {TOPIC_TICKETS, NULL};

static const struct transaction_spec transaction = {
    .input = TOPIC_EVENTS,
    .outputs = outputs,
    .keyed = keyed,
    .handle = ticketgen_handle,
    .turn = ticketgen_turn,
    .letters = ticketgen_letters,
};

static const struct daemon_spec spec = {
    .name = "ticketgen",
    .summary = "Turns sold orders into signed tickets, and makes those of cancelled orders void.",
    .options = ticketgen_options,
    .start = ticketgen_start,
    .transaction = &transaction,
    .stands_on = FOUNDATION_POSTGRESQL,
    .stop = ticketgen_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
