/* SPDX-License-Identifier: Apache-2.0 */
/* Records become rows of the outbox. */
#ifndef SEATLOG_NOTIFIER_DAEMON_HANDLER_H
#define SEATLOG_NOTIFIER_DAEMON_HANDLER_H

#include "codec/arena.h"
#include "notifier/daemon/sender.h"
#include "runtime/loop/sink/sink.h"

/* daemon->state of whoever runs notifier_sink. */
struct notifier {
    struct mail_senders *senders; /* woken when rows are committed */
    char *domain;                 /* of Message-IDs */
    struct arena arena;           /* of the record being handled */
};

/* Adds a row for each record that leads to a mail, in the transaction that moves the offset. */
extern const struct sink_spec notifier_sink;

#endif
