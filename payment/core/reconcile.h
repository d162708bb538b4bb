/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's list against our work: which payments nobody knows of. */
#ifndef SEATLOG_PAYMENT_CORE_RECONCILE_H
#define SEATLOG_PAYMENT_CORE_RECONCILE_H

#include "payment/core/answer.h"
#include "payment/core/row.h"

#define PAYMENT_REFERENCE_SIZE 64

/* One payment of the provider's list. */
struct payment_listed {
    char payment_id[PAYMENT_ID_SIZE];
    char reference_id[PAYMENT_REFERENCE_SIZE]; /* ours: the reservation's id */
    enum payment_status status;
    int64_t amount_minor;
    int64_t refunded_minor;
    char currency[PAYMENT_CURRENCY_SIZE];
    int64_t created_ms;
};

/* What our work knows of a payment that the provider lists under one of our reservations. */
struct payment_knowledge {
    bool reservation; /* there is work of the reservation */
    bool authorizing; /* an attempt of it is not settled */
    bool authorized;  /* the log was told of this payment */
    bool captured;    /* there is work to capture it */
    bool voided;      /* there is work to void it */
    struct uuid show_id;
    int32_t attempt; /* the reservation's last */
};

enum payment_verdict {
    PAYMENT_VERDICT_FOREIGN,    /* not ours */
    PAYMENT_VERDICT_FINE,       /* as it should be, or somebody is at it */
    PAYMENT_VERDICT_ORPHAN,     /* set aside, and nobody will ever ask for it: void it */
    PAYMENT_VERDICT_UNEXPLAINED /* money taken that nobody asked for: an operator must look */
};

/* One comparison: of what was made from begin_ms until before end_ms. */
struct payment_comparison {
    int64_t begin_ms;
    int64_t end_ms;
    int64_t orphans;
    int64_t unexplained;
};

/*
 * From what was compared before (or the oldest unsettled attempt, whichever is earlier) less an
 * overlap, to what is settle_ms old: what is younger is left to the worker.
 */
struct payment_comparison payment_comparison_begin(int64_t checked_to_ms, int64_t overlap_ms,
                                                   int64_t settle_ms, int64_t now_ms);

/* Whether the payment stands or was taken, and has an id that SQL may be made of. */
bool payment_listed_matters(const struct payment_listed *listed);

/* The verdict on one payment of the list, which is counted. */
enum payment_verdict payment_comparison_judge(struct payment_comparison *comparison,
                                              const struct payment_listed *listed,
                                              const struct payment_knowledge *knowledge);

/* The work that voids an orphan; the log is not told of it. */
struct payment_row payment_orphan_row(const struct payment_listed *listed,
                                      const struct uuid *reservation_id,
                                      const struct payment_knowledge *knowledge, int64_t now_ms);

#endif
