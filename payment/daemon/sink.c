/* SPDX-License-Identifier: Apache-2.0 */
/* Events that ask for money to move become rows of payment.work. */
#include "payment/daemon/sink.h"

#include "payment/daemon/payment.h"
#include "payment/daemon/pg.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"

#include <stdio.h>
#include <string.h>

/* Stored cards are not taken: payment by them would need no token, so that nobody need be present.
 */
#define STORED_CARD_PREFIX "ccof:"
#define STORED_CARD_CODE "UNSUPPORTED_SOURCE_TYPE"

/* The core stands on nothing of Kafka's, and so says the sizes itself. */
_Static_assert(PAYMENT_TRACEPARENT_SIZE == TRACEPARENT_TEXT_SIZE, "as on the log");
_Static_assert(PAYMENT_WAITER_SIZE == KAFKA_WAITER_SIZE, "as on the log");

static bool text_starts(struct text text, const char *prefix) {
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static struct payment_row row_of(const struct sink_record *record, enum payment_kind kind,
                                 struct uuid reservation_id, int32_t attempt, int64_t amount_minor,
                                 struct text currency) {
    struct payment_row row = {
        .show_id = record->event->as.head.show_id,
        .reservation_id = reservation_id,
        .attempt = attempt,
        .reported = true,
        .work =
            {
                .kind = kind,
                .step = payment_kind_first_step(kind),
                .amount_minor = amount_minor,
                .expires_at_ms = record->event->as.head.at,
            },
    };
    snprintf(row.work.currency, sizeof row.work.currency, "%.*s", TEXT_FORMAT(currency));
    snprintf(row.traceparent, sizeof row.traceparent, "%s", record->traceparent);
    snprintf(row.waiter, sizeof row.waiter, "%s", record->waiter);
    return row;
}

static bool authorize_add(struct pg *pg, const struct sink_record *record, struct error *error) {
    const struct event_payment_requested *event = &record->event->as.payment_requested;
    struct payment_row row = row_of(record, PAYMENT_AUTHORIZE, event->reservation_id,
                                    event->attempt, event->amount_minor, event->currency);
    row.work.expires_at_ms = event->expires_at;
    if (text_starts(event->source_id, STORED_CARD_PREFIX) || event->source_id.size == 0) {
        row.work.step = PAYMENT_STEP_REPORT;
        row.work.result = PAYMENT_RESULT_DECLINED;
        snprintf(row.work.code, sizeof row.work.code, STORED_CARD_CODE);
    }
    return payment_pg_add(pg, &row, event->source_id, error);
}

static bool payment_id_set(struct payment_row *row, struct text payment_id, struct error *error) {
    if (payment_id.size == 0 || payment_id.size >= sizeof row->work.payment_id) {
        return error_set(error, ERROR_PARK, "a payment id of %zu bytes", payment_id.size);
    }
    snprintf(row->work.payment_id, sizeof row->work.payment_id, "%.*s", TEXT_FORMAT(payment_id));
    return true;
}

static bool settle_add(struct pg *pg, const struct sink_record *record, struct payment_row row,
                       struct text payment_id, struct error *error) {
    (void)record;
    return payment_id_set(&row, payment_id, error) &&
           payment_pg_add(pg, &row, (struct text){0}, error);
}

static bool payment_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                           struct error *error) {
    const struct event *event = record->event;
    (void)daemon;
    switch (event->kind) {
    case EVENT_PAYMENT_REQUESTED:
        return authorize_add(pg, record, error);
    case EVENT_SECURED: {
        const struct event_secured *secured = &event->as.secured;
        return settle_add(pg, record,
                          row_of(record, PAYMENT_CAPTURE, secured->reservation_id, secured->attempt,
                                 secured->amount_minor, secured->currency),
                          secured->payment_id, error);
    }
    case EVENT_VOID_REQUESTED: {
        const struct event_void_requested *wanted = &event->as.void_requested;
        return settle_add(pg, record,
                          row_of(record, PAYMENT_VOID, wanted->reservation_id, wanted->attempt,
                                 wanted->amount_minor, wanted->currency),
                          wanted->payment_id, error);
    }
    case EVENT_REFUND_REQUESTED: {
        const struct event_refund_requested *wanted = &event->as.refund_requested;
        return settle_add(pg, record,
                          row_of(record, PAYMENT_REFUND, wanted->reservation_id,
                                 wanted->refund_attempt, wanted->amount_minor, wanted->currency),
                          wanted->payment_id, error);
    }
    default:
        return true;
    }
}

static void payment_committed(struct daemon *daemon) {
    struct payment *payment = daemon->state;
    payment_worker_wake(payment->worker);
}

static const char *const topics[] = {TOPIC_EVENTS, NULL};

const struct sink_spec payment_sink = {
    .topics = topics,
    .handle = payment_handle,
    .committed = payment_committed,
};
