/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_SMTP_REDACT_H
#define SEATLOG_NOTIFIER_SMTP_REDACT_H

#include <stddef.h>

/*
 * What a mail server says may name the person: "550 <ann@example.com>: no such user". Copies text
 * into out (size bytes, NUL included; cut if need be) with every address, and the recipient's name
 * before the @ where it stands alone, replaced by "(address)": outbox and logs keep no address.
 * Pure.
 */
void mail_redact(const char *text, const char *recipient, char *out, size_t size);

#endif
