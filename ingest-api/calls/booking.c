/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that change a reservation or an order, each from its first step to its last. */
#include "ingest-api/calls/booking.h"

#include "ingest-api/admission/idempotency.h"
#include "ingest-api/calls/order_id.h"
#include "ingest-api/catalog/plan_need.h"
#include "ingest-api/catalog/show_json.h"
#include "ingest-api/commands/command.h"
#include "ingest-api/commands/refusal.h"
#include "ingest-api/commands/reservation_json.h"
#include "ingest-api/commands/wish.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

struct booking_state {
    struct reserve_wish wish;
    struct text source_id;
    struct order_id id;
    struct command command;
    const char *collection; /* of the address where what has changed is read */
};

/* "/reservations/<id>" or "/orders/<id>". */
static const char *location_of(struct request *request, const char *collection) {
    const struct booking_state *state = request->call->state;
    char order[PUBLIC_ORDER_ID_SIZE];
    public_order_id_format(&state->id.show_id, &state->id.reservation_id, order);
    return arena_text_format(&request->arena, "/%s/%s", collection, order).data;
}

/* The state's command is complete: publish it next. */
static void publication_prepare(struct request *request, const char *collection) {
    struct booking_state *state = request->call->state;
    state->command.as.head.show_id = state->id.show_id;
    command_prepare(request, &state->command, &state->id.reservation_id,
                    location_of(request, collection));
}

static struct reservation_document document_new(const struct request *request) {
    const struct booking_state *state = request->call->state;
    return (struct reservation_document){.show_id = state->id.show_id,
                                         .reservation_id = state->id.reservation_id,
                                         .section = -1,
                                         .now_ms = clock_now_ms(),
                                         .attempt = -1,
                                         .attempts_left = -1,
                                         .plan = plan_needed(request)};
}

static struct reservation_document document_of_view(const struct request *request,
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

static void document_answer(struct request *request, unsigned status,
                            const struct reservation_document *document, const char *collection) {
    request_answer_json(request, status, reservation_json(document));
    request_header_add(request, "Location",
                       command_location_after(request, location_of(request, collection)));
}

static bool refusal_answered(struct request *request) {
    struct refusal refusal;
    const struct booking_state *state = request->call->state;
    if (!refusal_of_event(command_event(request), &refusal)) {
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
    refusal_answer(request, &refusal, plan_needed(request));
    return true;
}

static void answer_no_answer(struct request *request, const char *words) {
    log_error(words, LOG_TEXT("event", event_kind_name(command_event(request)->kind)));
    problem_answer(request, PROBLEM_INTERNAL, PROBLEM_LOGGED);
}

/* ---- POST /reserve ---- */

static void reserve_read(struct request *request) {
    struct booking_state *state = call_state_new(request, sizeof *state);
    const char *key = request->call->idempotency_key;
    struct reader reader = {0};
    if (!wish_reserve_read(&reader, &request->arena, request->body.json, &state->wish)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->id.show_id = state->wish.show_id;
    state->id.reservation_id =
        key != NULL ? reservation_id_derive(&state->id.show_id, call_user_id(request), key)
                    : uuid_random();
}

static bool wish_has_names(const struct reserve_wish *wish) {
    return wish->section.size > 0 || wish->category.size > 0;
}

/* Only where a section or a category is meant by its name: a seat's id is its number. */
static void reserve_plan_find(struct request *request) {
    const struct booking_state *state = request->call->state;
    if (wish_has_names(&state->wish)) {
        plan_need(request, &state->id.show_id, PLAN_REQUIRED);
    }
}

/* Fills in the numbers of the section and the category; false: it is answered. */
static bool names_find(struct request *request, const struct reserve_wish *wish,
                       struct command_reserve *reserve) {
    const struct show_plan *plan = plan_needed(request);
    bool best = wish->selection == SELECTION_BEST_AVAILABLE;
    const char *field = best ? "/best_available/section" : "/section";
    enum section_kind kind = best ? SECTION_KIND_SEATED : SECTION_KIND_GENERAL;
    reserve->section = wish->section.size > 0 ? plan_section_find(plan, wish->section) : -1;
    reserve->category = wish->category.size > 0 ? plan_category_find(plan, wish->category) : -1;
    if (wish->section.size > 0 && reserve->section < 0) {
        problem_answer_field(request, field, "must be the name of a section of this event");
        return false;
    }
    if (reserve->section >= 0 && plan->details.sections.items[reserve->section].kind != kind) {
        problem_answer_field(
            request, field,
            best ? "must be a section with seats: ask for general admission by section and quantity"
                 : "must be a section of general admission: choose seats by ticket_ids or "
                   "best_available");
        return false;
    }
    if (wish->category.size > 0 && reserve->category < 0) {
        problem_answer_field(request, "/best_available/category",
                             "must be the name of a category of this event");
        return false;
    }
    return true;
}

static void reserve_make(struct request *request) {
    struct booking_state *state = request->call->state;
    const struct reserve_wish *wish = &state->wish;
    struct command_reserve *reserve = &state->command.as.reserve;
    state->command.kind = COMMAND_RESERVE;
    reserve->reservation_id = state->id.reservation_id;
    reserve->buyer_id = *call_user_id(request);
    reserve->keyed = request->call->idempotency_key != NULL;
    reserve->selection = wish->selection;
    reserve->seats = wish->seats;
    reserve->quantity = wish->selection == SELECTION_NAMED ? 0 : wish->quantity;
    reserve->section = -1;
    reserve->category = -1;
    if (wish_has_names(wish)) {
        if (plan_needed(request) == NULL) {
            problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
            return;
        }
        if (!names_find(request, wish, reserve)) {
            return;
        }
    }
    publication_prepare(request, "reservations");
}

/* For the labels of the seats. */
static void reserve_labels_find(struct request *request) {
    const struct booking_state *state = request->call->state;
    plan_need(request, &state->id.show_id, PLAN_IF_CHEAP);
}

static void reserve_answer(struct request *request) {
    const struct event *event = command_event(request);
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
        struct booking_state *state = request->call->state;
        state->id.reservation_id = event->as.noted.reservation_id;
        document = document_of_view(request, &event->as.noted.view);
    }
    document_answer(request, made ? MHD_HTTP_CREATED : MHD_HTTP_OK, &document, "reservations");
}

const struct call_step booking_reserve[] = {
    STEP(reserve_read),        /* what is wished, and the reservation's id */
    STEP(reserve_plan_find),   /* only where a section or a category is named */
    STEP(reserve_make),        /* the command */
    STEP(idempotency_claim),   /* waits for PostgreSQL, not for long */
    STEP(command_publish),     /* waits for the event, or answers 202 */
    STEP(reserve_labels_find), /* only where it is cheap */
    STEP(reserve_answer),      /* 201, 200 or a refusal */
    STEPS_END,
};

/* ---- POST /book ---- */

static void book_read(struct request *request) {
    struct booking_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    struct book_wish wish;
    if (!wish_book_read(&reader, request->body.json, &wish)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->source_id = wish.source_id;
    order_id_need(request, wish.reservation_id, ORDER_ID_ONLY, &state->id);
}

static void book_make(struct request *request) {
    struct booking_state *state = request->call->state;
    state->command.kind = COMMAND_PAY;
    struct command_pay *pay = &state->command.as.pay;
    pay->reservation_id = state->id.reservation_id;
    pay->buyer_id = *call_user_id(request);
    pay->source_id = state->source_id;
    publication_prepare(request, "reservations");
}

/* Sold before: its event is not the one that has the labels. */
static void book_labels_find(struct request *request) {
    const struct booking_state *state = request->call->state;
    const struct event *event = command_event(request);
    if (event->kind == EVENT_NOTED && event->as.noted.view.state == RESERVATION_STATE_SOLD) {
        plan_need(request, &state->id.show_id, PLAN_IF_CHEAP);
    }
}

static void sold_answer(struct request *request, const struct event_sold *sold) {
    struct reservation_document document = document_new(request);
    document.state = RESERVATION_STATE_SOLD;
    document.quantity = (int32_t)sold->places.count;
    document.total_minor = sold->amount_minor;
    document.currency = sold->currency;
    document.attempt = sold->attempt;
    document.places = &sold->places;
    document.summary = &sold->summary;
    document_answer(request, MHD_HTTP_OK, &document, "orders");
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
    char lower[NAME_LOWER_SIZE];
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

static void book_noted_answer(struct request *request, const struct reservation_view *view) {
    if (view->state == RESERVATION_STATE_SOLD) {
        struct reservation_document document = document_of_view(request, view);
        document_answer(request, MHD_HTTP_OK, &document, "orders");
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

static void book_answer(struct request *request) {
    const struct event *event = command_event(request);
    if (refusal_answered(request)) {
        return;
    }
    switch (event->kind) {
    case EVENT_SOLD:
        sold_answer(request, &event->as.sold);
        return;
    case EVENT_NOTED:
        book_noted_answer(request, &event->as.noted.view);
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
        answer_no_answer(request, "an event is no answer to Pay");
    }
}

const struct call_step booking_book[] = {
    STEP(book_read),         /* which reservation, and how it is paid */
    STEP(book_make),         /* the command */
    STEP(idempotency_claim), /* waits for PostgreSQL, not for long */
    STEP(command_publish),   /* waits until it is paid or not, or answers 202 */
    STEP(book_labels_find),  /* only of what was sold before */
    STEP(book_answer),       /* 200, 402, 410 or a refusal */
    STEPS_END,
};

/* ---- release, cancel, retry: the id of the path, one command each, the same answers ---- */

static void change_read(struct request *request) {
    struct booking_state *state = call_state_new(request, sizeof *state);
    order_id_need(request, request->call->parameters[0], ORDER_ID_ONLY, &state->id);
}

static void change_read_with_buyer(struct request *request) {
    struct booking_state *state = call_state_new(request, sizeof *state);
    order_id_need(request, request->call->parameters[0], ORDER_ID_WITH_BUYER, &state->id);
}

static void change_prepare(struct request *request, const char *collection) {
    struct booking_state *state = request->call->state;
    state->collection = collection;
    publication_prepare(request, collection);
}

static void release_make(struct request *request) {
    struct booking_state *state = request->call->state;
    state->command.kind = COMMAND_RELEASE;
    state->command.as.release = (struct command_release){.reservation_id = state->id.reservation_id,
                                                         .buyer_id = *call_user_id(request)};
    change_prepare(request, "reservations");
}

static void cancel_make_for(struct request *request, const struct uuid *buyer_id,
                            const char *collection) {
    struct booking_state *state = request->call->state;
    state->command.kind = COMMAND_CANCEL;
    state->command.as.cancel =
        (struct command_cancel){.reservation_id = state->id.reservation_id, .buyer_id = *buyer_id};
    change_prepare(request, collection);
}

static void cancel_make(struct request *request) {
    cancel_make_for(request, call_user_id(request), "orders");
}

/* In the buyer's name: the log knows no other who could give an order back. */
static void operator_cancel_make(struct request *request) {
    const struct booking_state *state = request->call->state;
    log_info("an operator cancels an order", LOG_UUID("order_id", &state->id.reservation_id),
             LOG_UUID("by", call_user_id(request)));
    cancel_make_for(request, &state->id.buyer_id, "operator/orders");
}

static void retry_refund_make(struct request *request) {
    struct booking_state *state = request->call->state;
    state->command.kind = COMMAND_RETRY_REFUND;
    state->command.as.retry_refund = (struct command_retry_refund){
        .reservation_id = state->id.reservation_id, .requested_by = *call_user_id(request)};
    change_prepare(request, "operator/orders");
}

static void state_answer(struct request *request, enum reservation_state state,
                         const char *reason) {
    const struct booking_state *booking = request->call->state;
    request_answer_json(
        request, MHD_HTTP_OK,
        reservation_state_json(&booking->id.show_id, &booking->id.reservation_id, state, reason));
    request_header_add(request, "Location",
                       command_location_after(request, location_of(request, booking->collection)));
}

static void change_answer(struct request *request) {
    const struct event *event = command_event(request);
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
        answer_no_answer(request, "an event is no answer");
    }
}

const struct call_step booking_release[] = {
    STEP(change_read),       /* which order */
    STEP(release_make),      /* the command */
    STEP(idempotency_claim), /* waits for PostgreSQL, not for long */
    STEP(command_publish),   /* waits for the event, or answers 202 */
    STEP(change_answer),     /* 200 or a refusal */
    STEPS_END,
};

const struct call_step booking_cancel[] = {
    STEP(change_read),       /* which order */
    STEP(cancel_make),       /* the command */
    STEP(idempotency_claim), /* waits for PostgreSQL, not for long */
    STEP(command_publish),   /* waits for the event, or answers 202 */
    STEP(change_answer),     /* 200 or a refusal */
    STEPS_END,
};

const struct call_step booking_operator_cancel[] = {
    STEP(change_read_with_buyer), /* which order */
    STEP(operator_cancel_make),   /* the command */
    STEP(idempotency_claim),      /* waits for PostgreSQL, not for long */
    STEP(command_publish),        /* waits for the event, or answers 202 */
    STEP(change_answer),          /* 200 or a refusal */
    STEPS_END,
};

const struct call_step booking_retry_refund[] = {
    STEP(change_read),       /* which order */
    STEP(retry_refund_make), /* the command */
    STEP(idempotency_claim), /* waits for PostgreSQL, not for long */
    STEP(command_publish),   /* waits for the event, or answers 202 */
    STEP(change_answer),     /* 200 or a refusal */
    STEPS_END,
};
