/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and counts what payment tells of itself. */
#include "payment/daemon/metrics.h"

#include "payment/core/names.h"
#include "runtime/base/metrics.h"

#include <stdio.h>

/* Steps that call come before PAYMENT_STEP_REPORT. */
static struct metric *calls[PAYMENT_STEP_REPORT][PAYMENT_ANSWER_COUNT];
static struct metric *durations[PAYMENT_STEP_REPORT];
static struct metric *results[PAYMENT_RESULT_COUNT];
static struct metric *open_rows[PAYMENT_KIND_COUNT];
static struct metric *oldest, *in_flight, *alarms, *unauthorized_now;
static struct metric *orphans_total, *unexplained_now, *reconciliations;

static void calls_init(void) {
    char labels[METRIC_LABELS_SIZE];
    for (int step = 0; step < PAYMENT_STEP_REPORT; step++) {
        const char *name = payment_step_name((enum payment_step)step);
        for (int answer = 0; answer < PAYMENT_ANSWER_COUNT; answer++) {
            snprintf(labels, sizeof labels, "call=\"%s\",answer=\"%s\"", name,
                     payment_answer_kind_name((enum payment_answer_kind)answer));
            calls[step][answer] = metrics_counter("seatlog_payment_calls_total", labels,
                                                  "Calls to the provider by what came back.");
        }
        snprintf(labels, sizeof labels, "call=\"%s\"", name);
        durations[step] = metrics_histogram("seatlog_payment_call_duration_seconds", labels,
                                            "How long the provider took.");
    }
}

void payment_metrics_init(void) {
    char labels[METRIC_LABELS_SIZE];
    calls_init();
    for (int result = PAYMENT_RESULT_AUTHORIZED; result < PAYMENT_RESULT_COUNT; result++) {
        snprintf(labels, sizeof labels, "result=\"%s\"",
                 payment_result_name((enum payment_result)result));
        results[result] = metrics_counter("seatlog_payment_results_total", labels,
                                          "Results the log has acknowledged.");
    }
    for (int kind = 0; kind < PAYMENT_KIND_COUNT; kind++) {
        snprintf(labels, sizeof labels, "kind=\"%s\"", payment_kind_name((enum payment_kind)kind));
        open_rows[kind] = metrics_gauge("seatlog_payment_open_work", labels, "Work not done.");
    }
    oldest = metrics_gauge("seatlog_payment_oldest_work_seconds", NULL,
                           "Age of the oldest work not done.");
    in_flight = metrics_gauge("seatlog_payment_calls_in_flight", NULL, "Calls under way.");
    alarms = metrics_counter("seatlog_payment_alarms_total", NULL,
                             "What an operator had to be told; the log says what.");
    unauthorized_now = metrics_gauge("seatlog_payment_unauthorized", NULL,
                                     "1 while the provider refuses our access token.");
    orphans_total = metrics_counter("seatlog_payment_orphans_total", NULL,
                                    "Authorizations nobody knew of, found and voided.");
    unexplained_now = metrics_gauge("seatlog_payment_unexplained_captures", NULL,
                                    "Captured payments nobody asked for, at the last comparison.");
    reconciliations = metrics_counter("seatlog_payment_reconciliations_total", NULL,
                                      "Comparisons with the provider's books.");
}

void payment_metrics_call(enum payment_step step, enum payment_answer_kind answer,
                          int64_t took_ms) {
    metric_add(calls[step][answer], 1);
    metric_observe_ms(durations[step], (double)took_ms);
}

void payment_metrics_result(enum payment_result result) { metric_add(results[result], 1); }

void payment_metrics_alarm(void) { metric_add(alarms, 1); }

void payment_metrics_unauthorized(bool unauthorized) {
    metric_set(unauthorized_now, unauthorized ? 1 : 0);
}

void payment_metrics_in_flight(int calls) { metric_set(in_flight, calls); }

void payment_metrics_open(const int64_t counts[PAYMENT_KIND_COUNT], int64_t oldest_s) {
    for (int kind = 0; kind < PAYMENT_KIND_COUNT; kind++) {
        metric_set(open_rows[kind], counts[kind]);
    }
    metric_set(oldest, oldest_s);
}

void payment_metrics_reconciled(int64_t orphans, int64_t unexplained) {
    metric_add(orphans_total, orphans);
    metric_set(unexplained_now, unexplained);
    metric_add(reconciliations, 1);
}
