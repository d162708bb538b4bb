/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail says, before it is put into words. */
#ifndef SEATLOG_NOTIFIER_CORE_LETTER_H
#define SEATLOG_NOTIFIER_CORE_LETTER_H

#include "notifier/core/core.h"

struct mail_letter {
    enum mail_template template;
    struct uuid show_id;
    struct uuid order_id;
    struct mail_facts facts;
    struct text organizer_reason; /* why the organizer called the show off; may be empty */
    const char *issuer;           /* who writes */
};

#endif
