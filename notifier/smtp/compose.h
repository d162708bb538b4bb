/* SPDX-License-Identifier: Apache-2.0 */
/* A mail that is due as it goes over the wire. */
#ifndef SEATLOG_NOTIFIER_SMTP_COMPOSE_H
#define SEATLOG_NOTIFIER_SMTP_COMPOSE_H

#include "notifier/core/verdict.h"
#include "runtime/base/buffer.h"

/* Who writes. */
struct mail_writer {
    const char *from;     /* mailbox */
    const char *reply_to; /* mailbox or empty */
    const char *issuer;   /* name at the top of a mail */
};

/*
 * Appends the whole message to out. Every try of a mail gives the same bytes: nothing of what a try
 * changes (attempts, the time in the queue) is in it. Needs g_mime_init().
 */
void mail_compose(const struct mail_due *due, const struct address *to,
                  const struct mail_writer *writer, struct buffer *out);

#endif
