/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the provider's list with our work. */
#ifndef SEATLOG_PAYMENT_DAEMON_RECONCILE_H
#define SEATLOG_PAYMENT_DAEMON_RECONCILE_H

#include "payment/provider/square.h"

#include <stdint.h>

/*
 * Compares the provider's list with our work, by reference_id, on a thread of its own, at an
 * interval and by one instance at a time (payment.reconciliation says whose turn it is). An
 * authorization under one of our reservations that no work knows, and no attempt under way may yet
 * learn of, is voided by work that the log is not told of. A capture nobody asked for raises an
 * alarm.
 *
 * It looks from what was compared before, or the oldest unsettled attempt, on; less an overlap.
 * What is younger than settle_ms is left to the worker, and nothing is compared before the log has
 * been read to its end: what is not read yet would look like an orphan.
 */
struct payment_reconciler;

struct payment_reconciler_settings {
    struct payment_square square;
    const char *postgres_url;
    const char *ca_file;
    int64_t interval_ms;
    int64_t overlap_ms;
    int64_t settle_ms;
};

/* Called after work was added, from the reconciler's thread. */
typedef void payment_reconciler_added(void *context);

/* settings are copied; what they point to must outlive the reconciler. */
struct payment_reconciler *
payment_reconciler_start(const struct payment_reconciler_settings *settings,
                         payment_reconciler_added *added, void *context);

/* Joins the thread and frees. NULL is allowed. */
void payment_reconciler_stop(struct payment_reconciler *reconciler);

#endif
