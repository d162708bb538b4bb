/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_CORE_H
#define SEATLOG_NOTIFIER_CORE_CORE_H

#include "codec/arena.h"
#include "seatlog_types.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Which mail a record leads to, if any, and what it says. Pure.
 */
enum mail_template {
    MAIL_CONFIRMATION,    /* TicketsIssued: the tickets */
    MAIL_ORDER_CANCELLED, /* OrderCancelled, whoever called it off but the organizer */
    MAIL_SHOW_CANCELLED,  /* OrderCancelled because the show is */
    MAIL_REFUNDED,        /* Refunded */
    MAIL_NOT_CHARGED,     /* VoidRequested: the payment came too late, or was one too many */
    MAIL_CAPTURE_FAILED   /* CaptureFailed: there is no order after all */
};
#define MAIL_TEMPLATE_COUNT 6

/* "confirmation", "order_cancelled", …: as in the outbox. */
const char *mail_template_name(enum mail_template template);
bool mail_template_parse(const char *name, enum mail_template *template);

/* What is said of the show and of the places: no name, no address. */
struct mail_facts {
    struct show_summary summary;
    struct place_list places;
    int64_t amount_minor;
    struct text currency;
    struct text reason; /* VoidReason or CancelReason by name, else empty */
};

struct mail {
    struct uuid mail_id; /* derived: the same fact is the same mail */
    enum mail_template template;
    struct uuid show_id;
    struct uuid order_id;
    struct uuid buyer_id;
    int64_t happened_at_ms;
    struct mail_facts facts;
};

/* false: nobody is written to. Facts point into the event. */
bool mail_core_of_event(const struct event *event, struct mail *mail);

/* The same for a record of seatlog.tickets; the list of places lives in the arena. */
bool mail_core_of_tickets(const struct ticket_record *record, struct arena *arena,
                          struct mail *mail);

/* The Message-ID of every try of a mail, with angle brackets; out has MAIL_MESSAGE_ID_SIZE bytes.
 * Returns out. */
#define MAIL_MESSAGE_ID_SIZE 320
char *mail_core_message_id(const struct mail *mail, const char *domain, char *out);

/* The id of the confirmation of an order: later mails refer to it. */
struct uuid mail_core_confirmation_id(const struct uuid *order_id);

#endif
