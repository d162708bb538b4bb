/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_DAEMON_SENDER_H
#define SEATLOG_NOTIFIER_DAEMON_SENDER_H

#include "notifier/smtp/smtp.h"
#include "runtime/base/error.h"

/*
 * The threads that send what is due in the outbox, each with a PostgreSQL connection and an SMTP
 * session of its own.
 */
struct mail_sender_options {
    const char *postgres_url;
    struct mail_relay_options relay;
    const char *from;     /* mailbox */
    const char *reply_to; /* mailbox or empty */
    const char *issuer;
    int threads;
    int retry_ms_max;             /* after an answer such as 4xx */
    int unreachable_retry_ms_max; /* without an answer */
    int64_t give_up_ms;           /* a mail older than this is not tried any more */
};

struct mail_sender;

/* The options are copied; the texts must outlive it. NULL with *error (DIE): they cannot be used.
 */
struct mail_sender *mail_sender_new(const struct mail_sender_options *options, struct error *error);

/* Something may be due: looks at once. */
void mail_sender_wake(struct mail_sender *sender);

/* Waits for the mails under way and ends the threads; daemon_stopping() must be true. */
void mail_sender_free(struct mail_sender *sender);

#endif
