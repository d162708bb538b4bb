/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_SMTP_SMTPUTF8_H
#define SEATLOG_NOTIFIER_SMTP_SMTPUTF8_H

#include "codec/value.h"
#include "notifier/smtp/relay.h"
#include "runtime/base/error.h"

/*
 * As mail_relay_send, for a recipient whose part before the @ is not ASCII (RFC 6531): over
 * libcurl, since libesmtp 1.1 cannot say SMTPUTF8. Where the server does not offer it nothing is
 * sent, and the result is MAIL_REFUSED with smtputf8_missing. Safe from any thread, after
 * mail_smtputf8_start.
 */
bool mail_smtputf8_start(struct error *error);
struct mail_result mail_smtputf8_send(const struct mail_relay_options *options,
                                      const char *reverse_path, const char *recipient,
                                      struct text message, mail_settled *settled, void *context);

#endif
