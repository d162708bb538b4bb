/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_PAYMENT_DAEMON_ROW_H
#define SEATLOG_PAYMENT_DAEMON_ROW_H

#include "codec/value.h"
#include "payment/core/core.h"

/* A row of payment.work: what the core decides about, and whose it is. */
struct payment_row {
    int64_t work_id;
    int64_t lease_number; /* the lease it was read under */
    struct uuid show_id;
    struct uuid reservation_id;
    int32_t attempt; /* of the payment; of the refund where the kind is refund */
    bool reported;   /* false: the log is not told of the result */
    char traceparent[56];
    char waiter[64];
    char *source_id; /* NULL unless the core needs it; owned */
    struct payment_work work;
};

#endif
