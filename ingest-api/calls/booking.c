/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/calls/booking.h"

#include "ingest-api/calls/order_id.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/catalog/show_json.h"
#include "ingest-api/commands/command.h"
#include "ingest-api/commands/reservation_json.h"
#include "ingest-api/commands/time.h"
#include "ingest-api/commands/wish.h"
#include "ingest-api/http/request.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"

struct booking_state {
    struct reserve_wish wish;
    struct text source_id;
    struct order_id id;
    struct command command;
    const char *collection; /* of the address where what has changed is read */
};

static struct booking_state *state_new(struct request *request) {
    struct booking_state *state = request_allocate(request, sizeof *state);
    request->state = state;
    return state;
}

/* "/reservations/<id>" or "/orders/<id>". */
static const char *location_of(struct request *request, const char *collection) {
    struct booking_state *state = request->state;
    char order[PUBLIC_ORDER_ID_SIZE];
    public_order_id_format(&state->id.show_id, &state->id.reservation_id, order);
    return arena_text_format(&request->arena, "/%s/%s", collection, order).data;
}

/* An answer's Location says where its command stands, so that whoever follows it never reads less.
 */
static const char *location_after(struct request *request, const char *collection) {
    struct booking_state *state = request->state;
    char key[UUID_TEXT_SIZE];
    char after[COMMAND_POSITION_SIZE];
    uuid_format(&state->id.show_id, key);
    struct command_position position = {
        .known = true,
        .partition =
            kafka_partition_of(key, UUID_TEXT_SIZE - 1, request->ingest->settings.partition_count),
        .offset = request->wait->answer->event.as.head.command_offset};
    command_position_format(&position, after);
    return arena_text_format(&request->arena, "%s?after=%s", location_of(request, collection),
                             after)
        .data;
}

static struct reservation_document document_new(struct request *request) {
    struct booking_state *state = request->state;
    return (struct reservation_document){.show_id = state->id.show_id,
                                         .reservation_id = state->id.reservation_id,
                                         .section = -1,
                                         .now_ms = clock_now_ms(),
                                         .attempt = -1,
                                         .attempts_left = -1,
                                         .plan = request->plan};
}

static struct reservation_document document_of_view(struct request *request,
                                                    const struct reservation_view *view) {
    struct reservation_document document = document_new(request);
    document.state = view->state;
    document.seats = view->seats;
    document.section = view->section;
    document.quantity = view->quantity;
    document.total_minor = view->total_minor;
    document.currency = view->currency;
    document.expires_at = view->expires_at;
    document.attempt = view->attempt;
    document.code = view->code;
    return document;
}

static bool refusal_answered(struct request *request) {
    struct refusal refusal;
    const struct booking_state *state = request->state;
    if (!refusal_of_event(&request->wait->answer->event, &refusal)) {
        return false;
    }
    refusal.quantity = state->wish.quantity;
    if (state->command.kind == COMMAND_PAY && state->source_id.size == 0 &&
        refusal.reason == (int)REFUSAL_REASON_INVALID_SOURCE && !refusal.rejected) {
        problem_answer_field(
            request, "/source_id",
            "source_id is missing. This reservation is not free, so it takes a "
            "single-use token of the payment provider. You have not been charged.");
        return true;
    }
    command_answer_refusal(request, &refusal, request->plan);
    return true;
}

/* ---- POST /reserve ---- */

static void reserve_answer(struct request *request) {
    const struct event *event = &request->wait->answer->event;
    if (refusal_answered(request)) {
        return;
    }
    struct reservation_document document;
    bool made = event->kind == EVENT_RESERVED;
    if (made) {
        const struct event_reserved *reserved = &event->as.reserved;
        document = document_new(request);
        document.state = RESERVATION_STATE_HELD;
        document.seats = reserved->seats;
        document.section = reserved->selection == SELECTION_GENERAL ? reserved->section : -1;
        document.quantity = reserved->quantity;
        document.total_minor = reserved->total_minor;
        document.currency = reserved->currency;
        document.expires_at = reserved->expires_at;
        document.created_at = reserved->head.at;
    } else {
        /* The same wish again may have found the reservation that the buyer has already. */
        struct booking_state *state = request->state;
        state->id.reservation_id = event->as.noted.reservation_id;
        document = document_of_view(request, &event->as.noted.view);
    }
    request_answer_json(request, made ? MHD_HTTP_CREATED : MHD_HTTP_OK,
                        reservation_json(&document));
    request_header_add(request, "Location", location_after(request, "reservations"));
}

static void reserve_decided(struct request *request) {
    struct booking_state *state = request->state;
    plan_need(request, &state->id.show_id, PLAN_IF_CHEAP, reserve_answer);
}

static void reserve_publish(struct request *request) {
    struct booking_state *state = request->state;
    const struct reserve_wish *wish = &state->wish;
    state->command.kind = COMMAND_RESERVE;
    struct command_reserve *reserve = &state->command.as.reserve;
    reserve->head.show_id = state->id.show_id;
    reserve->reservation_id = state->id.reservation_id;
    reserve->buyer_id = request->session.user_id;
    reserve->keyed = request->idempotency_key != NULL;
    reserve->selection = wish->selection;
    reserve->seats = wish->seats;
    reserve->quantity = wish->selection == SELECTION_NAMED ? 0 : wish->quantity;
    reserve->section =
        wish->section.size > 0 ? plan_section_find(request->plan, wish->section) : -1;
    reserve->category =
        wish->category.size > 0 ? plan_category_find(request->plan, wish->category) : -1;
    bool best = wish->selection == SELECTION_BEST_AVAILABLE;
    if (wish->section.size > 0 && reserve->section < 0) {
        problem_answer_field(request, best ? "/best_available/section" : "/section",
                             "must be the name of a section of this event");
        return;
    }
    enum section_kind kind = best ? SECTION_KIND_SEATED : SECTION_KIND_GENERAL;
    if (reserve->section >= 0 &&
        request->plan->details.sections.items[reserve->section].kind != kind) {
        problem_answer_field(
            request, best ? "/best_available/section" : "/section",
            best ? "must be a section with seats: ask for general admission by section and quantity"
                 : "must be a section of general admission: choose seats by ticket_ids or "
                   "best_available");
        return;
    }
    if (wish->category.size > 0 && reserve->category < 0) {
        problem_answer_field(request, "/best_available/category",
                             "must be the name of a category of this event");
        return;
    }
    command_publish(request, &state->command, &state->id.reservation_id,
                    location_of(request, "reservations"), reserve_decided);
}

static void reserve_planned(struct request *request) {
    if (request->plan == NULL) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
        return;
    }
    request_next(request, reserve_publish);
}

void booking_reserve(struct request *request) {
    struct booking_state *state = state_new(request);
    struct reader reader = {0};
    if (!wish_reserve_read(&reader, &request->arena, request->json, &state->wish)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->id.show_id = state->wish.show_id;
    state->id.reservation_id =
        request->idempotency_key != NULL
            ? reservation_id_derive(&state->id.show_id, &request->session.user_id,
                                    request->idempotency_key)
            : uuid_random();
    if (state->wish.section.size > 0 || state->wish.category.size > 0) {
        plan_need(request, &state->id.show_id, PLAN_REQUIRED, reserve_planned);
    } else {
        request_next(request, reserve_publish);
    }
}

/* ---- POST /book ---- */

static void sold_answer(struct request *request) {
    const struct event *event = &request->wait->answer->event;
    struct reservation_document document;
    if (event->kind == EVENT_SOLD) {
        const struct event_sold *sold = &event->as.sold;
        document = document_new(request);
        document.state = RESERVATION_STATE_SOLD;
        document.quantity = (int32_t)sold->places.count;
        document.total_minor = sold->amount_minor;
        document.currency = sold->currency;
        document.attempt = sold->attempt;
        document.places = &sold->places;
        document.summary = &sold->summary;
    } else {
        document = document_of_view(request, &event->as.noted.view);
    }
    request_answer_json(request, MHD_HTTP_OK, reservation_json(&document));
    request_header_add(request, "Location", location_after(request, "orders"));
}

static const char *declined_detail(bool held, int32_t attempts_left) {
    if (!held) {
        return "Your card was declined and your hold has ended. You have not been charged.";
    }
    if (attempts_left == 0) {
        return "Your card was declined, and this hold has no attempts left. You have not been "
               "charged.";
    }
    return "Your card was declined. You have not been charged. Your seats are still held: please "
           "try another card.";
}

static void declined_answer(struct request *request, struct text code, enum reservation_state state,
                            int32_t attempts_left, int64_t expires_at) {
    bool held = state == RESERVATION_STATE_HELD;
    json_t *document =
        problem_document(PROBLEM_PAYMENT_DECLINED, declined_detail(held, attempts_left));
    json_object_set_new(document, "code", json_stringn(code.data, code.size));
    json_object_set_new(document, "state", state_json(state));
    if (attempts_left >= 0) {
        json_object_set_new(document, "attempts_left", json_integer(attempts_left));
    }
    if (held && expires_at > 0) {
        char text[TIME_TEXT_SIZE];
        json_object_set_new(document, "expires_at", json_string(time_format(expires_at, text)));
    }
    problem_answer_document(request, PROBLEM_PAYMENT_DECLINED, document);
}

static void gone_answer(struct request *request, enum problem problem, const char *detail,
                        const char *reason, enum reservation_state state) {
    json_t *document = problem_document(problem, detail);
    char lower[32];
    json_object_set_new(document, "reason", json_string(name_lower(reason, lower, sizeof lower)));
    json_object_set_new(document, "state", state_json(state));
    problem_answer_document(request, problem, document);
}

static const char *paid_before_detail(enum reservation_state state) {
    switch (state) {
    case RESERVATION_STATE_REFUNDING:
        return "This order was paid and then cancelled. Your money is on its way back to you.";
    case RESERVATION_STATE_REFUNDED:
        return "This order was paid and then cancelled. Your money has been refunded.";
    case RESERVATION_STATE_REFUND_FAILED:
        return "This order was paid and then cancelled. The refund has not succeeded yet; an "
               "operator can see that and ask for it again.";
    default:
        return "This hold has ended. You have not been charged.";
    }
}

static void book_noted(struct request *request, const struct event_noted *noted) {
    struct booking_state *state = request->state;
    const struct reservation_view *view = &noted->view;
    if (view->state == RESERVATION_STATE_SOLD) {
        plan_need(request, &state->id.show_id, PLAN_IF_CHEAP, sold_answer);
    } else if (view->state == RESERVATION_STATE_HELD) {
        /* This source was tried before, and declined. */
        declined_answer(request, view->code, view->state, -1, view->expires_at);
    } else {
        gone_answer(request, PROBLEM_NOT_PAYABLE, paid_before_detail(view->state),
                    reservation_state_name(view->state), view->state);
    }
}

/* Released while it was being paid. */
static const char *released_detail(enum release_reason reason) {
    return reason == RELEASE_REASON_SHOW_CANCELLED
               ? "The event has been cancelled. You have not been charged."
               : "This hold has been released. You have not been charged.";
}

static void book_decided(struct request *request) {
    const struct event *event = &request->wait->answer->event;
    if (refusal_answered(request)) {
        return;
    }
    switch (event->kind) {
    case EVENT_SOLD:
        sold_answer(request);
        return;
    case EVENT_NOTED:
        book_noted(request, &event->as.noted);
        return;
    case EVENT_PAYMENT_DECLINED:
        declined_answer(request, event->as.payment_declined.code, event->as.payment_declined.state,
                        event->as.payment_declined.attempts_left,
                        event->as.payment_declined.expires_at);
        return;
    case EVENT_CAPTURE_FAILED:
        declined_answer(request, event->as.capture_failed.code, RESERVATION_STATE_RELEASED, -1, 0);
        return;
    case EVENT_VOID_REQUESTED:
        gone_answer(request, PROBLEM_NOT_CHARGED,
                    "Your hold ended before the payment was ready. You have not been charged.",
                    void_reason_name(event->as.void_requested.reason),
                    event->as.void_requested.state);
        return;
    case EVENT_RELEASED:
        gone_answer(request, PROBLEM_HOLD_RELEASED, released_detail(event->as.released.reason),
                    release_reason_name(event->as.released.reason), RESERVATION_STATE_RELEASED);
        return;
    case EVENT_ORDER_CANCELLED:
        gone_answer(request, PROBLEM_NOT_PAYABLE,
                    "This order has been cancelled. Your money is on its way back to you.",
                    cancel_reason_name(event->as.order_cancelled.reason),
                    RESERVATION_STATE_REFUNDING);
        return;
    default:
        log_error("an event is no answer to Pay", LOG_TEXT("event", event_kind_name(event->kind)));
        problem_answer(request, PROBLEM_INTERNAL, PROBLEM_LOGGED);
    }
}

static void book_publish(struct request *request) {
    struct booking_state *state = request->state;
    state->command.kind = COMMAND_PAY;
    struct command_pay *pay = &state->command.as.pay;
    pay->head.show_id = state->id.show_id;
    pay->reservation_id = state->id.reservation_id;
    pay->buyer_id = request->session.user_id;
    pay->source_id = state->source_id;
    command_publish(request, &state->command, &state->id.reservation_id,
                    location_of(request, "reservations"), book_decided);
}

void booking_book(struct request *request) {
    struct booking_state *state = state_new(request);
    struct reader reader = {0};
    struct book_wish wish;
    if (!wish_book_read(&reader, request->json, &wish)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->source_id = wish.source_id;
    order_id_need(request, wish.reservation_id, ORDER_ID_ONLY, &state->id, book_publish);
}

/* ---- release, cancel, retry ---- */

static void state_answer(struct request *request, enum reservation_state state,
                         const char *reason) {
    struct booking_state *booking = request->state;
    request_answer_json(
        request, MHD_HTTP_OK,
        reservation_state_json(&booking->id.show_id, &booking->id.reservation_id, state, reason));
    request_header_add(request, "Location", location_after(request, booking->collection));
}

static void change_decided(struct request *request) {
    const struct event *event = &request->wait->answer->event;
    if (refusal_answered(request)) {
        return;
    }
    switch (event->kind) {
    case EVENT_NOTED:
        state_answer(request, event->as.noted.view.state, NULL);
        return;
    case EVENT_RELEASED:
        state_answer(request, RESERVATION_STATE_RELEASED,
                     release_reason_name(event->as.released.reason));
        return;
    case EVENT_ORDER_CANCELLED:
        state_answer(request,
                     event->as.order_cancelled.amount_minor > 0 ? RESERVATION_STATE_REFUNDING
                                                                : RESERVATION_STATE_REFUNDED,
                     cancel_reason_name(event->as.order_cancelled.reason));
        return;
    case EVENT_CANCEL_REMEMBERED:
        state_answer(request, RESERVATION_STATE_SECURED,
                     cancel_reason_name(event->as.cancel_remembered.reason));
        return;
    case EVENT_REFUND_REQUESTED:
        state_answer(request, event->as.refund_requested.state, NULL);
        return;
    default:
        log_error("an event is no answer", LOG_TEXT("event", event_kind_name(event->kind)));
        problem_answer(request, PROBLEM_INTERNAL, PROBLEM_LOGGED);
    }
}

/* Reads the id of the path into the state and goes on with next. */
static void change_begin(struct request *request, enum order_id_need need, request_step *next) {
    struct booking_state *state = state_new(request);
    order_id_need(request, request->parameters[0], need, &state->id, next);
}

static void change_publish(struct request *request, const char *collection) {
    struct booking_state *state = request->state;
    state->collection = collection;
    command_publish(request, &state->command, &state->id.reservation_id,
                    location_of(request, collection), change_decided);
}

static void release_publish(struct request *request) {
    struct booking_state *state = request->state;
    state->command.kind = COMMAND_RELEASE;
    state->command.as.release = (struct command_release){.head.show_id = state->id.show_id,
                                                         .reservation_id = state->id.reservation_id,
                                                         .buyer_id = request->session.user_id};
    change_publish(request, "reservations");
}

void booking_release(struct request *request) {
    change_begin(request, ORDER_ID_ONLY, release_publish);
}

static void cancel_publish_for(struct request *request, const struct uuid *buyer_id,
                               const char *collection) {
    struct booking_state *state = request->state;
    state->command.kind = COMMAND_CANCEL;
    state->command.as.cancel = (struct command_cancel){.head.show_id = state->id.show_id,
                                                       .reservation_id = state->id.reservation_id,
                                                       .buyer_id = *buyer_id};
    change_publish(request, collection);
}

static void cancel_publish(struct request *request) {
    cancel_publish_for(request, &request->session.user_id, "orders");
}

void booking_cancel(struct request *request) {
    change_begin(request, ORDER_ID_ONLY, cancel_publish);
}

/* In the buyer's name: the log knows no other who could give an order back. */
static void operator_cancel_publish(struct request *request) {
    const struct booking_state *state = request->state;
    log_info("an operator cancels an order", LOG_UUID("order_id", &state->id.reservation_id),
             LOG_UUID("by", &request->session.user_id));
    cancel_publish_for(request, &state->id.buyer_id, "operator/orders");
}

void booking_operator_cancel(struct request *request) {
    change_begin(request, ORDER_ID_WITH_BUYER, operator_cancel_publish);
}

static void retry_refund_publish(struct request *request) {
    struct booking_state *state = request->state;
    state->command.kind = COMMAND_RETRY_REFUND;
    state->command.as.retry_refund =
        (struct command_retry_refund){.head.show_id = state->id.show_id,
                                      .reservation_id = state->id.reservation_id,
                                      .requested_by = request->session.user_id};
    change_publish(request, "operator/orders");
}

void booking_retry_refund(struct request *request) {
    change_begin(request, ORDER_ID_ONLY, retry_refund_publish);
}
