/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_TEXT_H
#define SEATLOG_NOTIFIER_CORE_TEXT_H

#include "notifier/core/letter.h"
#include "runtime/base/buffer.h"

/*
 * The words of a mail: subject, plain text and HTML, all UTF-8. Pure: the same letter gives the
 * same bytes.
 */

/* Subject: one line, no markup. */
void mail_text_subject(const struct mail_letter *letter, struct buffer *out);

/* The text part: lines end with \n; none is broken, the encoding takes care of long ones. */
void mail_text_plain(const struct mail_letter *letter, struct buffer *out);

/* The HTML part: tables and inline styles, nothing fetched, legible in dark mode and without
 * styles. */
void mail_text_html(const struct mail_letter *letter, struct buffer *out);

#endif
