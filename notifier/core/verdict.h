/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a mail that is due: whether a server need be asked, and what its answer means. */
#ifndef SEATLOG_NOTIFIER_CORE_VERDICT_H
#define SEATLOG_NOTIFIER_CORE_VERDICT_H

#include "notifier/core/core.h"
#include "notifier/core/reason.h"
#include "runtime/base/address.h"

#include <stdbool.h>
#include <stdint.h>

#define MAIL_ANSWER_SIZE 256

/* States of a row of the outbox. */
enum mail_state {
    MAIL_STATE_QUEUED, /* to be tried, again or for the first time */
    MAIL_STATE_SENT,
    MAIL_STATE_REFUSED,    /* the server, or the address, says no for good */
    MAIL_STATE_ERASED,     /* the account is gone */
    MAIL_STATE_SUPERSEDED, /* the order was called off before its confirmation went out */
    MAIL_STATE_EXPIRED     /* tried for too long */
};
#define MAIL_STATE_COUNT 6

/* "queued", "sent", …: as in the outbox. */
const char *mail_state_name(enum mail_state state);

/* A mail that is due, with all that is looked up when it is sent. Texts live in the caller's
 * arena. */
struct mail_due {
    int64_t outbox_id;
    struct mail mail;
    const char *message_id;
    const char *refers_to; /* Message-ID of the confirmation that was sent before; NULL: none */
    const char *address;   /* NULL: the account is gone */
    struct text organizer_reason; /* of the cancelled show */
    struct octets pdf;            /* of a confirmation; empty where there is none */
    int32_t attempts;             /* so far */
    int64_t queued_ms;            /* how long it has been in the queue */
    bool called_off;              /* the order has been cancelled */
    int32_t sent_count;           /* how often it was sent before: more than once where asked for */
};

enum mail_outcome {
    MAIL_SENT,    /* the server has taken it */
    MAIL_REFUSED, /* it never will: a permanent answer to this mail or this address */
    MAIL_RETRY    /* anything else: no server, no answer, "later", or we are not let in */
};

/* What a mail server said. */
struct mail_result {
    enum mail_outcome outcome;
    int code;                      /* SMTP reply code, 0 without an answer about the mail */
    char answer[MAIL_ANSWER_SIZE]; /* the server's words, or what went wrong; without addresses */
    bool smtputf8_missing; /* refused, since the server does not offer what the address needs */
    bool about_us;         /* the server does not let us in, whatever the mail */
};

struct mail_limits {
    int retry_ms_max;             /* longest pause after an answer such as 4xx */
    int unreachable_retry_ms_max; /* longest pause without an answer */
    int64_t give_up_ms;           /* a mail older than this is not tried any more */
};

/* Where a mail stands after a try. */
struct mail_verdict {
    enum mail_state state;             /* QUEUED: again after retry_ms */
    bool asked;                        /* a server was asked */
    bool tried;                        /* counts as an attempt */
    int64_t retry_ms;                  /* 0 unless QUEUED */
    int code;                          /* as in mail_result; see mail_outbox_wake */
    char answer[MAIL_ANSWER_SIZE];     /* what the server said, or why it was not asked */
    const char *reason;                /* a word of mail.order_mail; NULL: sent, or superseded */
    char sentence[MAIL_SENTENCE_SIZE]; /* the same for people; empty without a reason */
};

/*
 * A mail that no server need be asked about: true, with *verdict. Else *address is where it goes.
 * `random`: any 32 bits, for jitter.
 */
bool mail_verdict_unasked(const struct mail_due *due, const struct mail_limits *limits,
                          uint32_t random, struct address *address, struct mail_verdict *verdict);

/* What the server's answer means for the mail. */
void mail_verdict_answered(const struct mail_due *due, const struct mail_result *result,
                           const struct mail_limits *limits, uint32_t random,
                           struct mail_verdict *verdict);

/* Whether no server answered: other mails will find none either. */
bool mail_result_is_unreachable(const struct mail_result *result);

#endif
