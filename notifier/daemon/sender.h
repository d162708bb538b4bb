/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that send. */
#ifndef SEATLOG_NOTIFIER_DAEMON_SENDER_H
#define SEATLOG_NOTIFIER_DAEMON_SENDER_H

#include "notifier/smtp/compose.h"
#include "notifier/smtp/smtp.h"
#include "runtime/base/error.h"

/*
 * The threads that send what is due in the outbox, each with a PostgreSQL connection and an SMTP
 * session of its own: notifier/core/sender.h says what they do, they do it.
 */
struct mail_senders_options {
    const char *postgres_url;
    struct mail_relay_options relay;
    struct mail_writer writer;
    int threads;
    struct mail_limits limits;
};

struct mail_senders;

/* The options are copied; the texts must outlive it. NULL with *error (DIE): they cannot be used.
 */
struct mail_senders *mail_senders_new(const struct mail_senders_options *options,
                                      struct error *error);

/* Something may be due: looks at once. */
void mail_senders_wake(struct mail_senders *senders);

/* Waits for the mails under way and ends the threads; daemon_stopping() must be true. */
void mail_senders_free(struct mail_senders *senders);

#endif
