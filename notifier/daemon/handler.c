/* SPDX-License-Identifier: Apache-2.0 */
/* Records become rows of the outbox. */
#include "notifier/daemon/handler.h"

#include "notifier/core/core.h"
#include "notifier/daemon/outbox.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"

#include <assert.h>

static bool notifier_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                            struct error *error) {
    struct notifier *notifier = daemon->state;
    struct mail mail;
    assert((record->event != NULL) != (record->tickets != NULL));
    arena_reset(&notifier->arena);
    if (record->event != NULL && record->event->kind == EVENT_SHOW_CANCELLED) {
        return mail_outbox_show_cancelled(pg, &record->event->as.head.show_id,
                                          record->event->as.show_cancelled.reason, error);
    }
    bool wanted = record->event != NULL
                      ? mail_core_of_event(record->event, &mail)
                      : mail_core_of_tickets(record->tickets, &notifier->arena, &mail);
    if (!wanted) {
        return true;
    }
    log_trace_set(record->traceparent);
    bool added = mail_outbox_add(pg, &mail, notifier->domain, error);
    log_trace_set(NULL);
    return added;
}

static void notifier_committed(struct daemon *daemon) {
    struct notifier *notifier = daemon->state;
    mail_senders_wake(notifier->senders);
}

static const char *const topics[] = {TOPIC_EVENTS, TOPIC_TICKETS, NULL};

const struct sink_spec notifier_sink = {
    .topics = topics,
    .handle = notifier_handle,
    .committed = notifier_committed,
};
