/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_REASON_H
#define SEATLOG_NOTIFIER_CORE_REASON_H

#include "notifier/core/core.h"

/*
 * Why a mail was not sent, as a word for programs and a sentence for the buyer: what happened, what
 * it means for the order, what to do. The view mail.order_mail tells both. Pure.
 */
enum mail_reason {
    MAIL_REASON_ADDRESS_INVALID,
    MAIL_REASON_ADDRESS_NEEDS_SMTPUTF8,
    MAIL_REASON_SERVER_REFUSED,
    MAIL_REASON_SERVER_PUT_OFF,
    MAIL_REASON_SERVER_UNREACHABLE,
    MAIL_REASON_SENDER_NOT_ALLOWED,
    MAIL_REASON_TICKETS_MISSING,
    MAIL_REASON_GAVE_UP,
    MAIL_REASON_ACCOUNT_GONE
};
#define MAIL_REASON_COUNT 9
#define MAIL_SENTENCE_SIZE 1024

/* "address-invalid", … */
const char *mail_reason_name(enum mail_reason reason);

/*
 * `final`: it will not be tried again. `detail` is what is wrong with the address, or what the
 * server said; else "". Nothing of it is trusted. out has MAIL_SENTENCE_SIZE bytes. Returns out.
 */
char *mail_reason_sentence(enum mail_reason reason, bool final, enum mail_template template,
                           const char *detail, char *out);

#endif
