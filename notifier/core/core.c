/* SPDX-License-Identifier: Apache-2.0 */
/* Which mail a record leads to, if any. */
#include "notifier/core/core.h"

#include "runtime/base/identity.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MAIL_ATTEMPT_SIZE 16  /* "-2147483648" */
#define MAIL_PAYMENT_SIZE 280 /* an attempt and a payment's id; a longer one is cut */
#define MAIL_NAME_SIZE 320    /* "mail:capture_failed:", and the detail */

static const char *const template_names[MAIL_TEMPLATE_COUNT] = {
    [MAIL_CONFIRMATION] = "confirmation",     [MAIL_ORDER_CANCELLED] = "order_cancelled",
    [MAIL_SHOW_CANCELLED] = "show_cancelled", [MAIL_REFUNDED] = "refunded",
    [MAIL_NOT_CHARGED] = "not_charged",       [MAIL_CAPTURE_FAILED] = "capture_failed",
};

const char *mail_template_name(enum mail_template template) {
    assert(template >= 0 && template <MAIL_TEMPLATE_COUNT);
    assert(template_names[template] != NULL);
    return template_names[template];
}

bool mail_template_parse(const char *name, enum mail_template *template) {
    assert(name != NULL);
    assert(template != NULL);
    for (int i = 0; i < MAIL_TEMPLATE_COUNT; i++) {
        if (strcmp(template_names[i], name) == 0) {
            *template = (enum mail_template)i;
            return true;
        }
    }
    return false;
}

/* UUIDv5(order, "mail:<template>:<detail>"): detail tells apart what may happen to an order more
 * than once. */
static struct uuid mail_id_derive(const struct uuid *order_id, enum mail_template template,
                                  const char *detail) {
    char name[MAIL_NAME_SIZE];
    int size = snprintf(name, sizeof(name), "mail:%s:%s", mail_template_name(template), detail);
    assert(size > 0 && (size_t)size < sizeof(name));
    struct uuid mail_id = uuid_named(order_id, name, (size_t)size);
    assert(!uuid_equal(&mail_id, order_id));
    return mail_id;
}

struct uuid mail_core_confirmation_id(const struct uuid *order_id) {
    assert(order_id != NULL);
    return mail_id_derive(order_id, MAIL_CONFIRMATION, "");
}

char *mail_core_message_id(const struct mail *mail, const char *domain, char *out) {
    char mail_id[UUID_TEXT_SIZE];
    assert(domain[0] != '\0');
    assert(!uuid_is_zero(&mail->mail_id));
    int size = snprintf(out, MAIL_MESSAGE_ID_SIZE, "<%s@%s>", uuid_format(&mail->mail_id, mail_id),
                        domain);
    assert(size > 0 && size < MAIL_MESSAGE_ID_SIZE); /* an address has 254 bytes at most */
    return out;
}

static struct text text_of(const char *value) {
    assert(value != NULL && value[0] != '\0');
    return (struct text){value, strlen(value)};
}

static void mail_begin(struct mail *mail, enum mail_template template,
                       const struct event_head *head, const struct uuid *order_id,
                       const struct uuid *buyer_id, const char *detail) {
    assert(template != MAIL_CONFIRMATION); /* seatlog.tickets tells of it */
    assert(detail != NULL);
    *mail = (struct mail){
        .mail_id = mail_id_derive(order_id, template, detail),
        .template = template,
        .show_id = head->show_id,
        .order_id = *order_id,
        .buyer_id = *buyer_id,
        .happened_at_ms = head->at,
    };
}

static bool cancelled_mail(const struct event_order_cancelled *event, struct mail *mail) {
    bool show = event->reason == CANCEL_REASON_SHOW_CANCELLED;
    mail_begin(mail, show ? MAIL_SHOW_CANCELLED : MAIL_ORDER_CANCELLED, &event->head,
               &event->reservation_id, &event->buyer_id, "");
    mail->facts = (struct mail_facts){event->summary, event->places, event->amount_minor,
                                      event->currency, text_of(cancel_reason_name(event->reason))};
    assert(mail->facts.amount_minor == event->amount_minor);
    assert((mail->template == MAIL_SHOW_CANCELLED) == show);
    return true;
}

/* With nothing paid there is nothing to give back: the mail about the cancellation has said all. */
static bool refunded_mail(const struct event_refunded *event, struct mail *mail) {
    char detail[MAIL_ATTEMPT_SIZE];
    int size = snprintf(detail, sizeof(detail), "%d", event->refund_attempt);
    assert(size > 0 && (size_t)size < sizeof(detail));
    mail_begin(mail, MAIL_REFUNDED, &event->head, &event->reservation_id, &event->buyer_id, detail);
    mail->facts = (struct mail_facts){
        event->summary, event->places, event->amount_minor, event->currency, {0}};
    assert(mail->template == MAIL_REFUNDED);
    return event->amount_minor > 0;
}

/* Several payments of one reservation may be let go, each is told of once. */
static bool void_mail(const struct event_void_requested *event, struct mail *mail) {
    char detail[MAIL_PAYMENT_SIZE];
    int size =
        snprintf(detail, sizeof(detail), "%d:%.*s", event->attempt, TEXT_FORMAT(event->payment_id));
    assert(size > 1);
    mail_begin(mail, MAIL_NOT_CHARGED, &event->head, &event->reservation_id, &event->buyer_id,
               detail);
    mail->facts = (struct mail_facts){event->summary, event->places, event->amount_minor,
                                      event->currency, text_of(void_reason_name(event->reason))};
    assert(mail->template == MAIL_NOT_CHARGED);
    return true;
}

static bool capture_failed_mail(const struct event_capture_failed *event, struct mail *mail) {
    char detail[MAIL_ATTEMPT_SIZE];
    int size = snprintf(detail, sizeof(detail), "%d", event->attempt);
    assert(size > 0 && (size_t)size < sizeof(detail));
    mail_begin(mail, MAIL_CAPTURE_FAILED, &event->head, &event->reservation_id, &event->buyer_id,
               detail);
    mail->facts = (struct mail_facts){
        event->summary, event->places, event->amount_minor, event->currency, {0}};
    assert(mail->template == MAIL_CAPTURE_FAILED);
    return true;
}

bool mail_core_of_event(const struct event *event, struct mail *mail) {
    bool wanted = false;
    switch (event->kind) {
    case EVENT_ORDER_CANCELLED:
        wanted = cancelled_mail(&event->as.order_cancelled, mail);
        break;
    case EVENT_REFUNDED:
        wanted = refunded_mail(&event->as.refunded, mail);
        break;
    case EVENT_VOID_REQUESTED:
        wanted = void_mail(&event->as.void_requested, mail);
        break;
    case EVENT_CAPTURE_FAILED:
        wanted = capture_failed_mail(&event->as.capture_failed, mail);
        break;
    default:
        break;
    }
    assert(!wanted || uuid_equal(&mail->show_id, &event->as.head.show_id));
    assert(!wanted || mail->happened_at_ms == event->as.head.at);
    /* A payment for a reservation that nobody made has no buyer. */
    return wanted && !uuid_is_zero(&mail->buyer_id);
}

bool mail_core_of_tickets(const struct ticket_record *record, struct arena *arena,
                          struct mail *mail) {
    if (record->kind != TICKET_RECORD_TICKETS_ISSUED) {
        return false;
    }
    const struct ticket_tickets_issued *issued = &record->as.tickets_issued;
    assert(issued->tickets.count == 0 || issued->tickets.items != NULL);
    struct place *places = arena_allocate_array(arena, issued->tickets.count, sizeof(*places));
    for (size_t i = 0; i < issued->tickets.count; i++) {
        places[i] = issued->tickets.items[i].place;
    }
    *mail = (struct mail){
        .mail_id = mail_core_confirmation_id(&issued->order_id),
        .template = MAIL_CONFIRMATION,
        .show_id = issued->show_id,
        .order_id = issued->order_id,
        .buyer_id = issued->buyer_id,
        .happened_at_ms = issued->at,
        .facts = {issued->summary,
                  {places, issued->tickets.count},
                  issued->amount_minor,
                  issued->currency,
                  {0}},
    };
    assert(mail->facts.places.count == issued->tickets.count);
    return true;
}
