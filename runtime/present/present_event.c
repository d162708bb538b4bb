/* SPDX-License-Identifier: Apache-2.0 */
/* Events as sentences: seats by name, money and times as people write them. */
#include "runtime/present/present_event.h"

#include "runtime/base/hex.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/present/present.h"
#include "runtime/present/present_time.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { SEATS_SHOWN_MAX = 12, HOLDS_SHOWN_MAX = 4, ID_BYTES_SHOWN = 4 };

struct prose {
    struct buffer *out;
    const struct event_show_created *show; /* may be NULL */
};

#define SAY(prose, ...) buffer_append_format((prose)->out, __VA_ARGS__)

static void id_say(const struct prose *prose, const char *what, const struct uuid *id) {
    char digits[2 * ID_BYTES_SHOWN + 1];
    SAY(prose, "%s %s", what, hex_format(id->octets, ID_BYTES_SHOWN, digits));
}

/* What somebody wrote must neither break the line nor steer the terminal. */
static void text_say(const struct prose *prose, struct text text) {
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char octet = (unsigned char)text.data[i];
        const bool c1 =
            octet == 0xc2 && i + 1 < text.size && (unsigned char)text.data[i + 1] < 0xa0;
        if (octet < 0x20 || octet == 0x7f || c1) {
            buffer_append(prose->out, " ", 1);
            i += c1;
        } else {
            buffer_append(prose->out, text.data + i, 1);
        }
    }
}

static void money_say(const struct prose *prose, int64_t minor, struct text currency) {
    char money[PRESENT_MONEY_SIZE];
    present_money(minor, currency, money);
    text_say(prose, (struct text){money, strlen(money)});
}

/* A constant's name in words: SEATS_TAKEN becomes "seats taken". */
static void name_say(const struct prose *prose, const char *name) {
    for (; *name != '\0'; name++) {
        char letter = *name == '_' ? ' ' : (char)tolower((unsigned char)*name);
        buffer_append(prose->out, &letter, 1);
    }
}

static void clock_say(const struct prose *prose, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    time_format_spaced(at_ms, text);
    SAY(prose, "%.*s", TIME_CLOCK_SIZE, text + TIME_SPACED_CLOCK_AT);
}

struct seat_name {
    const struct section *section;
    struct text row;
    struct text label;
};

/* Where the seat stands in the plan; false if it does not. */
static bool seat_find(const struct prose *prose, int32_t seat, struct seat_name *out) {
    size_t left = (size_t)seat;
    if (prose->show == NULL || seat < 0) {
        return false;
    }
    const struct section_list *sections = &prose->show->show.sections;
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->items[i];
        for (size_t j = 0; j < section->rows.count; j++) {
            const struct row *row = &section->rows.items[j];
            if (left < row->seats.count) {
                *out = (struct seat_name){section, row->label, row->seats.items[left]};
                return true;
            }
            left -= row->seats.count;
        }
    }
    return false;
}

static void section_say(const struct prose *prose, int32_t index) {
    const struct show_details *show = prose->show == NULL ? NULL : &prose->show->show;
    if (show != NULL && index >= 0 && (size_t)index < show->sections.count) {
        text_say(prose, show->sections.items[index].name);
    } else {
        SAY(prose, "section %" PRId32, index);
    }
}

/* "Middle D 9, D 10", or "4 places in Floor" in a general section. */
static void seats_say(const struct prose *prose, struct integers seats, int32_t section,
                      int32_t quantity) {
    const struct section *last = NULL;
    if (seats.count == 0 && quantity > 0) {
        SAY(prose, "%" PRId32 " place%s in ", quantity, quantity == 1 ? "" : "s");
        section_say(prose, section);
        return;
    }
    for (size_t i = 0; i < seats.count && i < SEATS_SHOWN_MAX; i++) {
        struct seat_name name;
        SAY(prose, "%s", i > 0 ? ", " : "");
        if (!seat_find(prose, seats.items[i], &name)) {
            SAY(prose, "seat %" PRId32, seats.items[i]);
            continue;
        }
        if (name.section != last) {
            text_say(prose, name.section->name);
            SAY(prose, " ");
            last = name.section;
        }
        text_say(prose, name.row);
        SAY(prose, " ");
        text_say(prose, name.label);
    }
    if (seats.count > SEATS_SHOWN_MAX) {
        SAY(prose, " and %zu more", seats.count - SEATS_SHOWN_MAX);
    }
}

/* The same from events that carry their places in full. */
static void places_say(const struct prose *prose, struct place_list places) {
    const struct place *last = NULL;
    for (size_t i = 0; i < places.count && i < SEATS_SHOWN_MAX; i++) {
        const struct place *place = &places.items[i];
        bool same = last != NULL && last->section_index == place->section_index;
        if (place->seat < 0) {
            if (!same) {
                SAY(prose, "%s%zu in ", i > 0 ? ", " : "", places.count);
                text_say(prose, place->section);
            }
        } else {
            SAY(prose, "%s", i > 0 ? ", " : "");
            if (!same) {
                text_say(prose, place->section);
                SAY(prose, " ");
            }
            text_say(prose, place->row);
            SAY(prose, " ");
            text_say(prose, place->label);
        }
        last = place;
    }
    if (places.count > SEATS_SHOWN_MAX && places.items[0].seat >= 0) {
        SAY(prose, " and %zu more", places.count - SEATS_SHOWN_MAX);
    }
}

static void show_created_say(const struct prose *prose, const struct event_show_created *event) {
    const struct show_details *show = &event->show;
    struct present_time start;
    size_t places = 0;
    int64_t cheapest = show->categories.count > 0 ? show->categories.items[0].price_minor : 0;
    for (size_t i = 0; i < show->categories.count; i++) {
        int64_t price = show->categories.items[i].price_minor;
        cheapest = price < cheapest ? price : cheapest;
    }
    for (size_t i = 0; i < show->sections.count; i++) {
        const struct section *section = &show->sections.items[i];
        places += (size_t)section->capacity;
        for (size_t j = 0; j < section->rows.count; j++) {
            places += section->rows.items[j].seats.count;
        }
    }
    present_time_at(show->starts_at, show->time_zone, &start);
    SAY(prose, "goes on sale: ");
    text_say(prose, show->venue);
    SAY(prose, ", %s %s %s %s, %zu places from ", start.weekday, start.date, start.time, start.zone,
        places);
    money_say(prose, cheapest, show->currency);
}

static void reserved_say(const struct prose *prose, const struct event_reserved *event) {
    id_say(prose, "buyer", &event->buyer_id);
    SAY(prose, " holds ");
    seats_say(prose, event->seats, event->section, event->quantity);
    SAY(prose, " for ");
    money_say(prose, event->total_minor, event->currency);
    SAY(prose, " until ");
    clock_say(prose, event->expires_at);
    id_say(prose, " (reservation", &event->reservation_id);
    SAY(prose, ")");
}

static void holds_expired_say(const struct prose *prose, const struct event_holds_expired *event) {
    SAY(prose, "%zu hold%s ran out: ", event->holds.count, event->holds.count == 1 ? "" : "s");
    for (size_t i = 0; i < event->holds.count && i < HOLDS_SHOWN_MAX; i++) {
        const struct event_expired_hold *hold = &event->holds.items[i];
        SAY(prose, "%s", i > 0 ? "; " : "");
        seats_say(prose, hold->seats, hold->section, hold->quantity);
        id_say(prose, " (reservation", &hold->reservation_id);
        SAY(prose, "%s)",
            hold->state == RESERVATION_STATE_PAYING ? ", a payment was under way" : "");
    }
    if (event->holds.count > HOLDS_SHOWN_MAX) {
        SAY(prose, "; and %zu more", event->holds.count - HOLDS_SHOWN_MAX);
    }
}

static void released_say(const struct prose *prose, const struct event_released *event) {
    if (event->reason == RELEASE_REASON_BUYER) {
        id_say(prose, "buyer", &event->buyer_id);
        SAY(prose, " lets go of ");
    } else {
        SAY(prose, "the hold is released (");
        name_say(prose, release_reason_name(event->reason));
        SAY(prose, "): ");
    }
    if (event->seats.count == 0 && event->quantity == 0) {
        SAY(prose, "what had run out already");
    } else {
        seats_say(prose, event->seats, event->section, event->quantity);
    }
    id_say(prose, " (reservation", &event->reservation_id);
    SAY(prose, ")");
}

static void payment_requested_say(const struct prose *prose,
                                  const struct event_payment_requested *event) {
    id_say(prose, "buyer", &event->buyer_id);
    SAY(prose, " pays ");
    money_say(prose, event->amount_minor, event->currency);
    id_say(prose, " for reservation", &event->reservation_id);
    SAY(prose, ", attempt %" PRId32, event->attempt);
}

static void secured_say(const struct prose *prose, const struct event_secured *event) {
    money_say(prose, event->amount_minor, event->currency);
    id_say(prose, " is authorized, so reservation", &event->reservation_id);
    SAY(prose, " %s ", event->reseated ? "gets back" : "keeps");
    seats_say(prose, event->seats, event->section, event->quantity);
}

static void payment_declined_say(const struct prose *prose,
                                 const struct event_payment_declined *event) {
    id_say(prose, "the card is declined for reservation", &event->reservation_id);
    SAY(prose, " (");
    text_say(prose, event->code);
    SAY(prose, "); %" PRId32 " attempt%s left", event->attempts_left,
        event->attempts_left == 1 ? "" : "s");
}

static void sold_say(const struct prose *prose, const struct event_sold *event) {
    SAY(prose, "sold to ");
    id_say(prose, "buyer", &event->buyer_id);
    SAY(prose, ": ");
    places_say(prose, event->places);
    SAY(prose, " for ");
    money_say(prose, event->amount_minor, event->currency);
    id_say(prose, " (order", &event->reservation_id);
    SAY(prose, ")");
}

static void order_cancelled_say(const struct prose *prose,
                                const struct event_order_cancelled *event) {
    id_say(prose, "order", &event->reservation_id);
    SAY(prose, " is called off (");
    name_say(prose, cancel_reason_name(event->reason));
    SAY(prose, "), free again: ");
    places_say(prose, event->places);
}

/* "$29.00 of order 1f0c2a9b" */
static void amount_say(const struct prose *prose, int64_t minor, struct text currency,
                       const struct uuid *reservation_id) {
    money_say(prose, minor, currency);
    id_say(prose, " of reservation", reservation_id);
}

static void refused_say(const struct prose *prose, const struct event_refused *event) {
    SAY(prose, "refused: ");
    name_say(prose, command_type_name(event->command));
    if (!uuid_is_zero(&event->buyer_id)) {
        id_say(prose, " by buyer", &event->buyer_id);
    }
    SAY(prose, ", ");
    name_say(prose, refusal_reason_name(event->reason));
    if (event->seats.count > 0) {
        SAY(prose, ": ");
        seats_say(prose, event->seats, 0, 0);
    }
}

static void noted_say(const struct prose *prose, const struct event_noted *event) {
    SAY(prose, "nothing new: ");
    name_say(prose, command_type_name(event->command));
    if (!uuid_is_zero(&event->reservation_id)) {
        id_say(prose, ", reservation", &event->reservation_id);
        SAY(prose, " is ");
        name_say(prose, reservation_state_name(event->view.state));
    }
}

/* Events about money on its way back, or not at all. */
static void money_back_say(const struct prose *prose, const struct event *event) {
    switch (event->kind) {
    case EVENT_VOID_REQUESTED:
        SAY(prose, "an authorization is to be voided (");
        name_say(prose, void_reason_name(event->as.void_requested.reason));
        SAY(prose, "): ");
        amount_say(prose, event->as.void_requested.amount_minor, event->as.void_requested.currency,
                   &event->as.void_requested.reservation_id);
        break;
    case EVENT_VOIDED:
        SAY(prose, "voided, nothing was charged: ");
        amount_say(prose, event->as.voided.amount_minor, event->as.voided.currency,
                   &event->as.voided.reservation_id);
        break;
    case EVENT_CAPTURE_FAILED:
        SAY(prose, "the capture failed for good (");
        text_say(prose, event->as.capture_failed.code);
        SAY(prose, "), free again: ");
        places_say(prose, event->as.capture_failed.places);
        id_say(prose, " (reservation", &event->as.capture_failed.reservation_id);
        SAY(prose, ")");
        break;
    case EVENT_REFUND_REQUESTED:
        SAY(prose, "a refund is asked for, attempt %" PRId32 ": ",
            event->as.refund_requested.refund_attempt);
        amount_say(prose, event->as.refund_requested.amount_minor,
                   event->as.refund_requested.currency, &event->as.refund_requested.reservation_id);
        break;
    case EVENT_REFUNDED:
        SAY(prose, "refunded: ");
        amount_say(prose, event->as.refunded.amount_minor, event->as.refunded.currency,
                   &event->as.refunded.reservation_id);
        break;
    case EVENT_REFUND_FAILED:
        SAY(prose, "the refund failed (");
        text_say(prose, event->as.refund_failed.code);
        SAY(prose, "), an operator has to look: ");
        amount_say(prose, event->as.refund_failed.amount_minor, event->as.refund_failed.currency,
                   &event->as.refund_failed.reservation_id);
        break;
    default:
        SAY(prose, "%s", event_kind_name(event->kind));
    }
}

static void event_say(const struct prose *prose, const struct event *event) {
    switch (event->kind) {
    case EVENT_SHOW_CREATED:
        show_created_say(prose, &event->as.show_created);
        break;
    case EVENT_SHOW_CANCELLED:
        SAY(prose, "the show is cancelled: ");
        text_say(prose, event->as.show_cancelled.reason);
        break;
    case EVENT_SHOW_CLOSED:
        SAY(prose, "the show is over and closed for good");
        break;
    case EVENT_RESERVED:
        reserved_say(prose, &event->as.reserved);
        break;
    case EVENT_HOLDS_EXPIRED:
        holds_expired_say(prose, &event->as.holds_expired);
        break;
    case EVENT_RELEASED:
        released_say(prose, &event->as.released);
        break;
    case EVENT_PAYMENT_REQUESTED:
        payment_requested_say(prose, &event->as.payment_requested);
        break;
    case EVENT_SECURED:
        secured_say(prose, &event->as.secured);
        break;
    case EVENT_PAYMENT_DECLINED:
        payment_declined_say(prose, &event->as.payment_declined);
        break;
    case EVENT_SOLD:
        sold_say(prose, &event->as.sold);
        break;
    case EVENT_ORDER_CANCELLED:
        order_cancelled_say(prose, &event->as.order_cancelled);
        break;
    case EVENT_CANCEL_REMEMBERED:
        id_say(prose, "order", &event->as.cancel_remembered.reservation_id);
        SAY(prose, " will be called off once its payment is settled");
        break;
    case EVENT_REFUSED:
        refused_say(prose, &event->as.refused);
        break;
    case EVENT_NOTED:
        noted_say(prose, &event->as.noted);
        break;
    case EVENT_REJECTED:
        SAY(prose, "rejected: ");
        name_say(prose, command_type_name(event->as.rejected.command));
        SAY(prose, ", ");
        name_say(prose, rejection_reason_name(event->as.rejected.reason));
        break;
    case EVENT_UNDECODABLE:
        SAY(prose, "a command that nobody can decode: ");
        text_say(prose, event->as.undecodable.reason);
        break;
    default:
        money_back_say(prose, event);
    }
}

void present_event(struct buffer *out, const struct event *event,
                   const struct event_show_created *show) {
    const struct prose prose = {out,
                                event->kind == EVENT_SHOW_CREATED ? &event->as.show_created : show};
    if (prose.show != NULL) {
        text_say(&prose, prose.show->show.title);
        SAY(&prose, ", ");
        text_say(&prose, prose.show->show.city);
    } else {
        id_say(&prose, "show", &event->as.head.show_id);
    }
    SAY(&prose, " · ");
    event_say(&prose, event);
}
