/* SPDX-License-Identifier: Apache-2.0 */
/* A row of payment.work: what the core decides about, and whose it is. */
#ifndef SEATLOG_PAYMENT_CORE_ROW_H
#define SEATLOG_PAYMENT_CORE_ROW_H

#include "codec/value.h"
#include "payment/core/work.h"

/* A W3C traceparent and the waiting ingest's name, as on the log, with their NUL. */
#define PAYMENT_TRACEPARENT_SIZE 56
#define PAYMENT_WAITER_SIZE 64

struct payment_row {
    int64_t work_id;
    int64_t lease_number; /* the lease it was read under */
    struct uuid show_id;
    struct uuid reservation_id;
    int32_t attempt; /* of the payment; of the refund where the kind is refund */
    bool reported;   /* false: the log is not told of the result */
    char traceparent[PAYMENT_TRACEPARENT_SIZE];
    char waiter[PAYMENT_WAITER_SIZE];
    char *source_id; /* NULL unless the core needs it; owned */
    struct payment_work work;
};

#endif
