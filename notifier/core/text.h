/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_TEXT_H
#define SEATLOG_NOTIFIER_CORE_TEXT_H

#include "notifier/core/core.h"
#include "runtime/base/buffer.h"

/*
 * The words of a mail: subject, plain text and HTML, all UTF-8. Pure: the same letter gives the
 * same octets.
 */
struct mail_letter {
    enum mail_template template;
    struct uuid show_id;
    struct uuid order_id;
    struct mail_facts facts;
    struct text organizer_reason; /* why the organizer called the show off; may be empty */
    const char *issuer;           /* who writes */
};

/* Subject: one line, no markup. */
void mail_text_subject(const struct mail_letter *letter, struct buffer *out);

/* The text part: lines end with \n; none is broken, the encoding takes care of long ones. */
void mail_text_plain(const struct mail_letter *letter, struct buffer *out);

/* The HTML part: tables and inline styles, nothing fetched, legible in dark mode and without
 * styles. */
void mail_text_html(const struct mail_letter *letter, struct buffer *out);

#endif
