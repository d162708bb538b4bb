/* SPDX-License-Identifier: Apache-2.0 */
/* A reservation or an order as JSON. */
#include "ingest-api/commands/reservation_json.h"

#include "ingest-api/catalog/local_time.h"
#include "ingest-api/catalog/show_json.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"

#include <stdio.h>
#include <string.h>

static json_t *text_json(struct text text) {
    json_t *json = json_stringn(text.data != NULL ? text.data : "", text.size);
    return json != NULL ? json : json_string("");
}

static void set_time(json_t *object, const char *name, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    if (at_ms > 0) {
        json_object_set_new(object, name, json_string(time_format(at_ms, text)));
    }
}

static void set_name(json_t *object, const char *name, const char *value) {
    char lower[NAME_LOWER_SIZE];
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(object, name, json_string(name_lower(value, lower, sizeof lower)));
    }
}

json_t *state_json(enum reservation_state state) {
    char lower[NAME_LOWER_SIZE];
    return json_string(name_lower(reservation_state_name(state), lower, sizeof lower));
}

static json_t *seat_id_json(int32_t seat) { return json_sprintf("%d", (int)seat); }

static void seat_labels_set(json_t *object, const struct show_plan *plan, int32_t number,
                            bool priced) {
    struct plan_seat seat;
    if (plan == NULL || !plan_seat(plan, number, &seat)) {
        return;
    }
    json_object_set_new(object, "section", text_json(seat.section->name));
    json_object_set_new(object, "row", text_json(seat.row));
    json_object_set_new(object, "seat", text_json(seat.label));
    if (priced) {
        json_object_set_new(object, "category", text_json(seat.category->name));
        json_object_set_new(object, "price_minor", json_integer(seat.category->price_minor));
    }
}

json_t *seats_named_json(const struct integers *seats, const struct show_plan *plan) {
    json_t *list = json_array();
    for (size_t i = 0; i < seats->count; i++) {
        json_t *seat = json_pack("{s:o}", "id", seat_id_json(seats->items[i]));
        seat_labels_set(seat, plan, seats->items[i], false);
        json_array_append_new(list, seat);
    }
    return list;
}

static json_t *place_json(const struct place *place) {
    json_t *object = json_object();
    if (place->seat >= 0) {
        json_object_set_new(object, "id", seat_id_json(place->seat));
    }
    json_object_set_new(object, "section", text_json(place->section));
    if (place->seat >= 0) {
        json_object_set_new(object, "row", text_json(place->row));
        json_object_set_new(object, "seat", text_json(place->label));
    }
    json_object_set_new(object, "category", text_json(place->category));
    json_object_set_new(object, "price_minor", json_integer(place->price_minor));
    return object;
}

static json_t *general_json(const struct show_plan *plan, int32_t section) {
    json_t *object = json_object();
    if (plan != NULL && section >= 0 && (size_t)section < plan->details.sections.count) {
        const struct section *found = &plan->details.sections.items[section];
        const struct category *category = &plan->details.categories.items[found->category];
        json_object_set_new(object, "section", text_json(found->name));
        json_object_set_new(object, "category", text_json(category->name));
        json_object_set_new(object, "price_minor", json_integer(category->price_minor));
    }
    return object;
}

/* The n-th place: ticket ids count the places in this order. */
static json_t *ticket_json(const struct reservation_document *document, int32_t ordinal) {
    json_t *ticket;
    if (document->places != NULL && (size_t)ordinal < document->places->count) {
        ticket = place_json(&document->places->items[ordinal]);
    } else if ((size_t)ordinal < document->seats.count) {
        int32_t seat = document->seats.items[ordinal];
        ticket = json_pack("{s:o}", "id", seat_id_json(seat));
        seat_labels_set(ticket, document->plan, seat, true);
    } else {
        ticket = general_json(document->plan, document->section);
    }
    if (document->state == RESERVATION_STATE_SOLD) {
        char text[UUID_TEXT_SIZE];
        struct uuid ticket_id = ticket_id_derive(&document->reservation_id, ordinal);
        uuid_format(&ticket_id, text);
        json_object_set_new(ticket, "ticket_id", json_string(text));
        json_object_set_new(ticket, "pdf", json_sprintf("/tickets/%s.pdf", text));
    }
    return ticket;
}

static json_t *event_json(const struct reservation_document *document) {
    struct show_summary summary;
    if (document->summary != NULL) {
        summary = *document->summary;
    } else if (document->plan != NULL) {
        const struct show_details *details = &document->plan->details;
        summary = (struct show_summary){.title = details->title,
                                        .venue = details->venue,
                                        .city = details->city,
                                        .starts_at = details->starts_at,
                                        .time_zone = details->time_zone};
    } else {
        return NULL;
    }
    char local[TIME_TEXT_SIZE];
    json_t *event = json_object();
    json_object_set_new(event, "title", text_json(summary.title));
    json_object_set_new(event, "venue", text_json(summary.venue));
    json_object_set_new(event, "city", text_json(summary.city));
    set_time(event, "starts_at", summary.starts_at);
    json_object_set_new(
        event, "starts_at_local",
        json_string(time_format_local(summary.starts_at, summary.time_zone, local)));
    json_object_set_new(event, "time_zone", text_json(summary.time_zone));
    return event;
}

json_t *reservation_state_json(const struct uuid *show_id, const struct uuid *reservation_id,
                               enum reservation_state state, const char *reason) {
    char order[PUBLIC_ORDER_ID_SIZE];
    char show[UUID_TEXT_SIZE];
    public_order_id_format(show_id, reservation_id, order);
    json_t *body = json_pack("{s:s, s:s, s:s, s:o}", "reservation_id", order, "order_id", order,
                             "event_id", uuid_format(show_id, show), "state", state_json(state));
    set_name(body, "reason", reason);
    return body;
}

/* The mail about the order, in words for its buyer. */
static json_t *mail_json(const struct reservation_document *document) {
    const char *detail = document->mail_detail;
    if (detail == NULL) {
        detail = strcmp(document->mail_state, "sent") == 0 ? "The email has been sent."
                                                           : "The email will be sent shortly.";
    }
    json_t *mail = json_pack("{s:s, s:s}", "state", document->mail_state, "detail", detail);
    if (document->mail_reason != NULL) {
        json_object_set_new(mail, "reason", json_string(document->mail_reason));
    }
    return mail;
}

/* A hold that has run out may be called one until the log says that it is over. */
static void hold_set(json_t *body, const struct reservation_document *document) {
    bool unpaid = document->state == RESERVATION_STATE_HELD;
    if (!unpaid && document->state != RESERVATION_STATE_PAYING) {
        return;
    }
    set_time(body, "expires_at", document->expires_at);
    if (unpaid && document->now_ms > 0 && document->expires_at > 0) {
        int64_t left_ms = document->expires_at - document->now_ms;
        json_object_set_new(body, "seconds_left", json_integer(left_ms > 0 ? left_ms / 1000 : 0));
    }
}

json_t *reservation_json(const struct reservation_document *document) {
    json_t *body = reservation_state_json(&document->show_id, &document->reservation_id,
                                          document->state, document->reason);
    json_object_set_new(body, "quantity", json_integer(document->quantity));
    json_object_set_new(body, "total_minor", json_integer(document->total_minor));
    json_object_set_new(body, "currency", text_json(document->currency));
    hold_set(body, document);
    if (document->attempt >= 0) {
        json_object_set_new(body, "attempt", json_integer(document->attempt));
    }
    if (document->attempts_left >= 0) {
        json_object_set_new(body, "attempts_left", json_integer(document->attempts_left));
    }
    if (document->code.size > 0) {
        json_object_set_new(body, "code", text_json(document->code));
    }
    if (document->void_reason.size > 0) {
        char name[NAME_LOWER_SIZE];
        snprintf(name, sizeof name, "%.*s", TEXT_FORMAT(document->void_reason));
        set_name(body, "void_reason", name);
    }
    set_time(body, "created_at", document->created_at);
    set_time(body, "updated_at", document->updated_at);
    if (document->mail_state != NULL) {
        json_object_set_new(body, "mail", mail_json(document));
    }
    json_t *event = event_json(document);
    if (event != NULL) {
        json_object_set_new(body, "event", event);
    }
    json_t *tickets = json_array();
    for (int32_t i = 0; i < document->quantity; i++) {
        json_array_append_new(tickets, ticket_json(document, i));
    }
    json_object_set_new(body, "tickets", tickets);
    return body;
}
