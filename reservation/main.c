/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-reservation: its options and hooks. */

#include "reservation/daemon/daemon.h"
#include "reservation/daemon/kafka.h"
#include "runtime/kafka/kafka.h"

static const char *const outputs[] = {TOPIC_EVENTS, TOPIC_SNAPSHOTS, TOPIC_DEAD_LETTERS, NULL};
static const char *const keyed[] = {TOPIC_EVENTS, TOPIC_SNAPSHOTS, NULL};

static const struct transaction_spec transaction = {
    .input = TOPIC_COMMANDS,
    .outputs = outputs,
    .keyed = keyed,
    .log_append_time = true,
    .rebuild = reservation_daemon_rebuild,
    .drop = reservation_daemon_drop,
    .handle = reservation_kafka_handle,
    .committed = reservation_kafka_committed,
    .aborted = reservation_kafka_aborted,
    .turn = reservation_daemon_turn,
};

static const struct daemon_spec spec = {
    .name = "reservation",
    .summary = "Decides: one consumer a partition turns commands into events, exactly once.",
    .options = reservation_daemon_options,
    .start = reservation_daemon_start,
    .transaction = &transaction,
    .stop = reservation_daemon_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
