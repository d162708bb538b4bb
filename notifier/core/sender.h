/* SPDX-License-Identifier: Apache-2.0 */
/* A sender of mails, as a state machine. */
#ifndef SEATLOG_NOTIFIER_CORE_SENDER_H
#define SEATLOG_NOTIFIER_CORE_SENDER_H

#include "notifier/core/verdict.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes a mail that is due under its lock, has it sent, settles what came of it, and begins anew.
 * Pure: the caller performs effects.action and tells what came of it with the next event, which
 * brings the time and random bits. One state a thread; any number of senders share one server.
 *
 *   MEASURE ► TAKE ► (judged without a server) ─────────► SETTLE ► TAKE
 *               │ └► SPEAK ► (the server has answered) ► SETTLE ► LEAVE ► TAKE, or WAKE first
 *               └► WAIT, where nothing is due; PAUSE, where the outbox failed
 */
enum mail_sender_action {
    MAIL_SENDER_MEASURE, /* count what is queued: MEASURED, even where that failed */
    MAIL_SENDER_TAKE,    /* mail_outbox_take: TAKEN, NONE_DUE, TAKE_FAILED or OUTBOX_BROKEN */
    MAIL_SENDER_WAIT,    /* until something may be due, at most wait_ms: WAITED */
    MAIL_SENDER_PAUSE,   /* for wait_ms, whatever comes: WAITED */
    MAIL_SENDER_SPEAK,   /* offer the mail to the server, for *address: ANSWERED as soon as the
                            server has answered the whole message, before the session is ended */
    MAIL_SENDER_SETTLE,  /* mail_outbox_settle with *verdict: SETTLED or SETTLE_FAILED */
    MAIL_SENDER_LEAVE,   /* end the session: LEFT */
    MAIL_SENDER_WAKE,    /* mail_outbox_wake: WOKEN or WAKE_FAILED */
    MAIL_SENDER_END      /* the process must end, and no event follows */
};

/* A sender may stop for good before these: no mail is on its way. */
#define MAIL_SENDER_MAY_STOP(action) ((action) <= MAIL_SENDER_PAUSE)

enum mail_sender_event_kind {
    MAIL_SENDER_BEGUN, /* the first */
    MAIL_SENDER_MEASURED,
    MAIL_SENDER_TAKEN, /* due */
    MAIL_SENDER_NONE_DUE,
    MAIL_SENDER_TAKE_FAILED,   /* it may work later */
    MAIL_SENDER_OUTBOX_BROKEN, /* it will not */
    MAIL_SENDER_WAITED,
    MAIL_SENDER_ANSWERED, /* result */
    MAIL_SENDER_SETTLED,
    MAIL_SENDER_SETTLE_FAILED, /* rolled back, or unknown: the mail is sent again */
    MAIL_SENDER_LEFT,
    MAIL_SENDER_WOKEN,
    MAIL_SENDER_WAKE_FAILED
};

struct mail_sender_event {
    enum mail_sender_event_kind kind;
    int64_t now_ms;                   /* of a clock that never goes back */
    uint32_t random;                  /* any 32 bits */
    const struct mail_due *due;       /* TAKEN; must outlive the mail's delivery */
    const struct mail_result *result; /* ANSWERED */
};

struct mail_sender_effects {
    enum mail_sender_action action;
    int64_t wait_ms;                    /* WAIT, PAUSE */
    const struct mail_due *due;         /* SPEAK, SETTLE, LEAVE */
    const struct address *address;      /* SPEAK */
    const struct mail_verdict *verdict; /* SETTLE; valid until the next TAKEN */
};

/* What the senders of a process know of their mail server. One step at a time may use it. */
struct mail_server {
    bool unreachable; /* somebody found no server since the last mail that went out */
};

/* As if no server had answered: a predecessor may have left mails behind. */
void mail_server_init(struct mail_server *server);

struct mail_sender {
    const struct mail_limits *limits;
    struct mail_server *server;
    enum mail_sender_action action; /* under way */
    bool asked;                     /* a server about the mail under way */
    bool sent;                      /* the server has taken it */
    bool settled;                   /* what came of it is in the outbox */
    int failures;                   /* of the outbox, in a row */
    int64_t measure_at_ms;
    const struct mail_due *due;
    struct address address;
    struct mail_verdict verdict;
};

/* limits and server must outlive it. The first event is BEGUN. */
void mail_sender_init(struct mail_sender *sender, const struct mail_limits *limits,
                      struct mail_server *server);

/* An event that does not belong to the action under way fails an assertion. */
void mail_sender_step(struct mail_sender *sender, const struct mail_sender_event *event,
                      struct mail_sender_effects *effects);

#endif
