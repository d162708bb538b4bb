/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_DAEMON_H
#define SEATLOG_RUNTIME_LOOP_DAEMON_H

#include "runtime/base/config.h"
#include "runtime/base/error.h"
#include "runtime/loop/process.h"

#include <stdbool.h>

/*
 * The skeleton every daemon stands on. A daemon's main.c is a struct daemon_spec and one call:
 *
 *   static const struct daemon_spec spec = {
 *       .name = "notifier", .summary = "…", .options = notifier_options,
 *       .start = notifier_start, .sink = &notifier_sink, .stop = notifier_stop,
 *   };
 *   int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
 *
 * daemon_main reads the configuration (--help prints the table, --check only judges it), starts
 * logs and the admin server, dies with its parent (PR_SET_PDEATHSIG, unless die_with_parent = no),
 * ignores SIGPIPE, turns SIGTERM and SIGINT into a graceful stop (a second one ends at once, and so
 * does drain_s_max), runs start, the loop, stop.
 */
struct sink_spec;
struct transaction_spec;

struct daemon_spec {
    const char *name;
    const char *summary;
    const struct config_option
        *options; /* beyond the common ones; ends with a NULL name; may be NULL */

    /* Makes daemon->state, opens what is needed, starts threads. false: *error; RETRY is tried
     * again. */
    bool (*start)(struct daemon *daemon, struct error *error);

    /* Exactly one loop: */
    const struct sink_spec *sink;               /* the exactly-once PostgreSQL sink */
    const struct transaction_spec *transaction; /* the Kafka consume–step–produce loop */
    int (*run)(struct daemon *daemon);          /* its own: returns the exit status when stopping */

    /*
     * What it stands on besides what its loop does (a sink: PostgreSQL and Kafka; the transaction
     * loop: Kafka), as in foundation.h: while a part is away the daemon is not ready.
     */
    unsigned stands_on;

    /* After the loop: joins threads, frees daemon->state. May be NULL. */
    void (*stop)(struct daemon *daemon);
};

int daemon_main(const struct daemon_spec *spec, int argc, char **argv);

/*
 * The common options: instance_id, admin_listen, log_level, die_with_parent, postgres_url,
 * partitions (expected count of the keyed topics), sink_batch_records_max, drain_s_max.
 */
extern const struct config_option daemon_options[];

#endif
