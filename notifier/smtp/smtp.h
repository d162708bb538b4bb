/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_SMTP_SMTP_H
#define SEATLOG_NOTIFIER_SMTP_SMTP_H

#include "codec/value.h"
#include "notifier/smtp/relay.h"
#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * One mail to one SMTP server, over libesmtp 1.1. Blocks, so it has a thread of its own. Any number
 * of threads may send with the same relay at the same time.
 */
struct mail_relay;

/* The options must outlive it. NULL with *error (DIE): the CA file cannot be used. Ignores
 * SIGPIPE. */
struct mail_relay *mail_relay_new(const struct mail_relay_options *options, struct error *error);
void mail_relay_free(struct mail_relay *relay);

/*
 * Sends; with `smtputf8` over notifier/smtp/smtputf8.h. `settled` (may be NULL) is called as soon as
 * the server has answered the whole message and before the session is ended with QUIT, where a
 * server may stall for long; or at the end if it never came to that. The message's lines end with
 * CRLF.
 */
struct mail_result mail_relay_send(struct mail_relay *relay, const char *reverse_path,
                                   const char *recipient, bool smtputf8, struct text message,
                                   mail_settled *settled, void *context);

#endif
