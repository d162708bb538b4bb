/* SPDX-License-Identifier: Apache-2.0 */
/* What payment tells of itself: calls, results, open work, alarms, comparisons. */
#ifndef SEATLOG_PAYMENT_DAEMON_METRICS_H
#define SEATLOG_PAYMENT_DAEMON_METRICS_H

#include "payment/core/answer.h"

/* The daemon's own metrics; from any thread, after payment_metrics_init. */
void payment_metrics_init(void);

void payment_metrics_call(enum payment_step step, enum payment_answer_kind answer, int64_t took_ms);
void payment_metrics_result(enum payment_result result);
void payment_metrics_alarm(void);
void payment_metrics_unauthorized(bool unauthorized);
void payment_metrics_in_flight(int calls);

/* Rows not done by enum payment_kind; age of the oldest. */
void payment_metrics_open(const int64_t counts[PAYMENT_KIND_COUNT], int64_t oldest_s);

/* A run of the reconciliation: authorizations nobody knew of, captures nobody asked for. */
void payment_metrics_reconciled(int64_t orphans, int64_t unexplained);

#endif
