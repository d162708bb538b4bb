/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_SMTP_MESSAGE_H
#define SEATLOG_NOTIFIER_SMTP_MESSAGE_H

#include "codec/value.h"
#include "runtime/base/buffer.h"
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A mail as it goes over the wire (RFC 5322, MIME). The same parts give the same bytes, so that
 * every try is the same mail. Needs g_mime_init().
 */
struct mail_message {
    struct uuid mail_id;    /* boundaries are made of it */
    const char *message_id; /* with angle brackets */
    const char *refers_to;  /* Message-ID of an earlier mail about the order; NULL: none */
    const char *from;       /* mailbox: Seatlog <tickets@example.org> */
    const char *reply_to;   /* mailbox; empty: none */
    const char *to;         /* address as it goes over the wire (address.h) */
    int64_t date_ms;        /* milliseconds since the epoch */
    struct text subject;    /* UTF-8, one line */
    struct text plain;      /* UTF-8 */
    struct text html;       /* UTF-8 */
    struct octets pdf;      /* empty: nothing is attached */
    const char *pdf_name;
};

/* Appends the message to out, lines ended with CRLF. */
void mail_message_write(const struct mail_message *from, struct buffer *out);

/* The address of a mailbox of ours ("tickets@example.org"), or NULL where it is not exactly one
 * that is ASCII without quotes; a domain of one label will do. The caller frees. */
char *mail_mailbox_address(const char *mailbox);

#endif
