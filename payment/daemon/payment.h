/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's state. */
#ifndef SEATLOG_PAYMENT_DAEMON_PAYMENT_H
#define SEATLOG_PAYMENT_DAEMON_PAYMENT_H

#include "payment/daemon/reconcile.h"
#include "payment/daemon/worker.h"
#include "runtime/kafka/producer.h"

/* The daemon's state: the sink runs on the main thread, the worker and the reconciler on their own.
 */
struct payment {
    struct payment_worker_settings settings;
    struct producer *producer;
    struct payment_worker *worker;
    struct payment_reconciler *reconciler;
};

#endif
