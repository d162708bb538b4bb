/* SPDX-License-Identifier: Apache-2.0 */
/* Works off payment.work: the lease's hands. */
#ifndef SEATLOG_PAYMENT_DAEMON_WORKER_H
#define SEATLOG_PAYMENT_DAEMON_WORKER_H

#include "payment/core/lease.h"
#include "payment/provider/square.h"
#include "runtime/kafka/producer.h"

/*
 * Works off payment.work on a thread of its own, as payment/core/lease.h decides: leases rows that
 * are due, has their calls to the provider under way at once, writes what was answered and how the
 * row stands now in one transaction for all that came in meanwhile, then reports results as
 * commands, and marks a row done when the log has acknowledged its command.
 *
 * The result is in PostgreSQL before it is reported: a restart reports the same again, and never
 * asks the provider to undo what the log has been told.
 */
struct payment_worker;

struct payment_worker_settings {
    struct payment_square square;
    struct payment_lease_settings lease;
    const char *postgres_url;
    const char *instance;
    char source[128];    /* of the commands' headers */
    const char *ca_file; /* NULL: the system's */
};

/* settings and producer must outlive the worker. */
struct payment_worker *payment_worker_start(const struct payment_worker_settings *settings,
                                            struct producer *producer);

/* There is new work; from any thread. */
void payment_worker_wake(struct payment_worker *worker);

/* Leases no more, lets what is under way end, joins the thread. */
void payment_worker_stop(struct payment_worker *worker);

/* When the producer has ended, whose reports refer to the worker. */
void payment_worker_free(struct payment_worker *worker);

#endif
