/* SPDX-License-Identifier: Apache-2.0 */
/* A mail that is due as it goes over the wire. */
#include "notifier/smtp/compose.h"

#include "notifier/core/text.h"
#include "notifier/smtp/message.h"
#include "runtime/base/uuid.h"

#include <stdio.h>

#define PDF_NAME_SIZE 32 /* tickets-0123abcd.pdf */

void mail_compose(const struct mail_due *due, const struct address *to,
                  const struct mail_writer *writer, struct buffer *out) {
    const struct mail_letter letter = {
        .template = due->mail.template,
        .show_id = due->mail.show_id,
        .order_id = due->mail.order_id,
        .facts = due->mail.facts,
        .organizer_reason = due->organizer_reason,
        .issuer = writer->issuer,
    };
    struct buffer subject = {0}, plain = {0}, html = {0};
    char order_id[UUID_TEXT_SIZE], pdf_name[PDF_NAME_SIZE];
    mail_text_subject(&letter, &subject);
    mail_text_plain(&letter, &plain);
    mail_text_html(&letter, &html);
    snprintf(pdf_name, sizeof(pdf_name), "tickets-%.8s.pdf",
             uuid_format(&due->mail.order_id, order_id));
    const struct mail_message message = {
        .mail_id = due->mail.mail_id,
        .message_id = due->message_id,
        .refers_to = due->refers_to,
        .from = writer->from,
        .reply_to = writer->reply_to,
        .to = to->wire,
        .date_ms = due->mail.happened_at_ms,
        .subject = {subject.data, subject.size},
        .plain = {plain.data, plain.size},
        .html = {html.data, html.size},
        .pdf = due->pdf,
        .pdf_name = pdf_name,
    };
    mail_message_write(&message, out);
    buffer_deinit(&subject);
    buffer_deinit(&plain);
    buffer_deinit(&html);
}
