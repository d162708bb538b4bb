/* SPDX-License-Identifier: Apache-2.0 */
/* Refused and its kin, for people. */
#include "ingest-api/commands/refusal.h"

#include "ingest-api/catalog/show_json.h"
#include "ingest-api/commands/reservation_json.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/request.h"
#include "runtime/base/log.h"
#include "runtime/base/uuid.h"

#include <stdio.h>

bool refusal_of_event(const struct event *event, struct refusal *out) {
    *out = (struct refusal)REFUSAL_NOTHING_SAID;
    out->show_id = event->as.head.show_id;
    switch (event->kind) {
    case EVENT_REFUSED:
        out->command = (enum command_kind)(event->as.refused.command - 1);
        out->reason = (int)event->as.refused.reason;
        out->seats = event->as.refused.seats;
        out->seats_own = event->as.refused.seats_own;
        out->limit = event->as.refused.limit;
        out->limit_of_show = event->as.refused.limit_of == LIMIT_SCOPE_SHOW;
        out->used = event->as.refused.used;
        out->used_unpaid = event->as.refused.used_unpaid;
        out->free = event->as.refused.free;
        out->state = event->as.refused.state;
        return true;
    case EVENT_REJECTED:
        out->command = (enum command_kind)(event->as.rejected.command - 1);
        out->rejected = true;
        out->reason = (int)event->as.rejected.reason;
        return true;
    case EVENT_UNDECODABLE:
        out->undecodable = true;
        return true;
    default:
        return false;
    }
}

struct refusal_words {
    enum problem problem;
    const char *field; /* NULL: none is at fault */
    const char *detail;
};

#define NO_RESERVATION "You have no reservation with this id."

/* What is said where the event says no more than the reason. */
static const struct refusal_words refusal_words[REFUSAL_REASON_COUNT] = {
    [REFUSAL_REASON_SEATS_TAKEN] = {PROBLEM_SEATS_TAKEN, NULL,
                                    "Some of these seats have been taken. Nothing was reserved; "
                                    "please choose other seats."},
    [REFUSAL_REASON_NOT_AVAILABLE] = {PROBLEM_NOT_AVAILABLE, NULL,
                                      "There are not enough places left as you asked for them. "
                                      "Please try fewer places, or another section."},
    [REFUSAL_REASON_NO_SUCH_SEAT] =
        {PROBLEM_NO_SUCH_SEAT, "/ticket_ids",
         "Some of these ids are not seats of this event. Nothing was reserved."},
    [REFUSAL_REASON_NO_SUCH_SECTION] =
        {PROBLEM_INVALID, "/section",
         "This section is not sold in this way: seats are chosen by ticket_ids or best_available, "
         "and general admission by section and quantity. Nothing was reserved."},
    [REFUSAL_REASON_NO_SUCH_CATEGORY] = {PROBLEM_INVALID, "/best_available/category",
                                         "There is no category of this name in this event."},
    [REFUSAL_REASON_NO_PLACES] = {PROBLEM_INVALID, "/quantity", "The quantity must be at least 1."},
    [REFUSAL_REASON_TOO_MANY_PLACES] = {PROBLEM_INVALID, "/quantity",
                                        "The quantity must be at most 100."},
    [REFUSAL_REASON_DUPLICATE_SEATS] = {PROBLEM_DUPLICATE_SEATS, "/ticket_ids",
                                        "The same seat is named twice. Nothing was reserved."},
    [REFUSAL_REASON_BUYER_LIMIT] = {PROBLEM_BUYER_LIMIT, NULL,
                                    "With these seats you would have more than one buyer can hold "
                                    "for this event."},
    [REFUSAL_REASON_TOO_MANY_RESERVATIONS] = {PROBLEM_TOO_MANY_RESERVATIONS, NULL,
                                              "There are too many reservations for this event. "
                                              "Please pay for yours, or release them."},
    [REFUSAL_REASON_IDEMPOTENCY_KEY_REUSED] = {PROBLEM_KEY_REUSED, "Idempotency-Key",
                                               "This Idempotency-Key was used for another request "
                                               "before. Send a new key with a new request."},
    [REFUSAL_REASON_SHOW_CANCELLED] = {PROBLEM_EVENT_CANCELLED, NULL,
                                       "This event has been cancelled. Orders that were paid are "
                                       "refunded."},
    [REFUSAL_REASON_SHOW_STARTED] = {PROBLEM_EVENT_STARTED, NULL,
                                     "This event has started, so it is too late for that. Nothing "
                                     "was changed."},
    [REFUSAL_REASON_SHOW_CLOSED] = {PROBLEM_EVENT_CLOSED, NULL,
                                    "This event is over, so it is too late for that. Nothing was "
                                    "changed."},
    [REFUSAL_REASON_SHOW_EXISTS] = {PROBLEM_KEY_REUSED, "Idempotency-Key",
                                    "This Idempotency-Key was used for another event before. Send "
                                    "a new key with a new event."},
    [REFUSAL_REASON_INVALID_SHOW] = {PROBLEM_INVALID, "", "The event is not valid."},
    [REFUSAL_REASON_NOT_OWNER] = {PROBLEM_NOT_OWNER, NULL,
                                  "Only the organizer of this event, or an operator, can do that."},
    [REFUSAL_REASON_NO_SUCH_RESERVATION] = {PROBLEM_NOT_FOUND, NULL, NO_RESERVATION},
    [REFUSAL_REASON_NOT_YOURS] = {PROBLEM_NOT_FOUND, NULL, NO_RESERVATION},
    [REFUSAL_REASON_RESERVATION_EXPIRED] = {PROBLEM_HOLD_EXPIRED, NULL,
                                            "This hold has expired. You have not been charged. If "
                                            "the seats are still free, you can reserve them "
                                            "again."},
    [REFUSAL_REASON_RESERVATION_RELEASED] = {PROBLEM_HOLD_RELEASED, NULL,
                                             "This hold has been released. You have not been "
                                             "charged."},
    [REFUSAL_REASON_PAYMENT_IN_PROGRESS] = {PROBLEM_PAYMENT_IN_PROGRESS, NULL,
                                            "A payment with another card is in progress. Please "
                                            "wait until it has been decided."},
    [REFUSAL_REASON_ATTEMPTS_EXHAUSTED] = {PROBLEM_ATTEMPTS_EXHAUSTED, NULL,
                                           "This hold has no payment attempts left. You have not "
                                           "been charged. When it ends and the seats are free, "
                                           "you can reserve them again."},
    [REFUSAL_REASON_NOT_PAYABLE] = {PROBLEM_NOT_PAYABLE, NULL,
                                    "This reservation cannot be paid, because it has been paid or "
                                    "cancelled already. You have not been charged again."},
    [REFUSAL_REASON_NOT_RELEASABLE] = {PROBLEM_NOT_RELEASABLE, NULL,
                                       "This reservation has been paid, so it cannot be released. "
                                       "Cancel the order instead."},
    [REFUSAL_REASON_NOT_CANCELLABLE] = {PROBLEM_NOT_CANCELLABLE, NULL,
                                        "This reservation has not been paid, so there is no order "
                                        "to cancel. Release the hold instead."},
    [REFUSAL_REASON_NOT_REFUNDABLE] = {PROBLEM_NOT_REFUNDABLE, NULL,
                                       "This order has no failed refund to ask for again."},
    [REFUSAL_REASON_INVALID_SOURCE] =
        {PROBLEM_INVALID, "/source_id",
         "The source must be a single-use token of the payment provider."},
    [REFUSAL_REASON_INVALID_PAYMENT] = {PROBLEM_NOT_PAYABLE, NULL,
                                        "The payment does not belong to this reservation."},
    [REFUSAL_REASON_NO_SUCH_PAYMENT] = {PROBLEM_NOT_PAYABLE, NULL,
                                        "This reservation has no such payment."},
    [REFUSAL_REASON_INVALID_REASON] = {PROBLEM_INVALID, "/reason",
                                       "The reason must be text that can be shown."},
};

static const char *taken_detail(const struct refusal *refusal, char *out) {
    size_t own = refusal->seats_own.count;
    if (own == 0) {
        return NULL;
    }
    snprintf(
        out, REFUSAL_DETAIL_SIZE,
        own == refusal->seats.count
            ? "You already have %zu of these seats yourself. Nothing was reserved. Choose only "
              "seats that you do not have yet, or release your hold first."
            : "You already have %zu of these seats yourself, and others have been taken. "
              "Nothing was reserved; please choose other seats.",
        own);
    return out;
}

static const char *not_available_detail(const struct refusal *refusal, char *out) {
    if (refusal->free < 0) {
        return NULL;
    }
    if (refusal->free == 0) {
        return "There are no places left here. Please try another section or price.";
    }
    const char *left = refusal->free == 1 ? "seat is" : "seats are";
    if (refusal->quantity > refusal->free) {
        snprintf(out, REFUSAL_DETAIL_SIZE, "Only %d %s left here.", (int)refusal->free, left);
    } else if (refusal->quantity > 0) {
        snprintf(out, REFUSAL_DETAIL_SIZE, "%d %s left, but no %d of them together.",
                 (int)refusal->free, left, (int)refusal->quantity);
    } else {
        snprintf(out, REFUSAL_DETAIL_SIZE, "%d %s left, but not as you asked for them.",
                 (int)refusal->free, left);
    }
    return out;
}

static const char *buyer_limit_detail(const struct refusal *refusal, char *out) {
    if (refusal->limit < 0) {
        return NULL;
    }
    int size = snprintf(out, REFUSAL_DETAIL_SIZE, "You can hold at most %d seat%s for this event",
                        (int)refusal->limit, refusal->limit == 1 ? "" : "s");
    if (refusal->used > 0) {
        size += snprintf(out + size, REFUSAL_DETAIL_SIZE - (size_t)size, "; you already hold %d",
                         (int)refusal->used);
    }
    snprintf(out + size, REFUSAL_DETAIL_SIZE - (size_t)size, "%s",
             refusal->used_unpaid > 0 ? ". You can release the ones you have not paid for." : ".");
    return out;
}

static const char *too_many_detail(const struct refusal *refusal, char *out) {
    if (refusal->limit < 0) {
        return NULL;
    }
    if (refusal->limit_of_show) {
        return "This event has too many reservations at the moment. Nothing was reserved; please "
               "try again later.";
    }
    snprintf(out, REFUSAL_DETAIL_SIZE,
             "You can have at most %d reservations for this event. Nothing was reserved.",
             (int)refusal->limit);
    return out;
}

const char *refusal_detail(const struct refusal *refusal, const char **field,
                           char out[REFUSAL_DETAIL_SIZE]) {
    const struct refusal_words *answer = &refusal_words[refusal->reason];
    const char *said = NULL;
    switch (refusal->reason) {
    case REFUSAL_REASON_SEATS_TAKEN:
        said = taken_detail(refusal, out);
        break;
    case REFUSAL_REASON_NOT_AVAILABLE:
        said = not_available_detail(refusal, out);
        break;
    case REFUSAL_REASON_BUYER_LIMIT:
        said = buyer_limit_detail(refusal, out);
        break;
    case REFUSAL_REASON_TOO_MANY_RESERVATIONS:
        said = too_many_detail(refusal, out);
        break;
    case REFUSAL_REASON_TOO_MANY_PLACES:
        if (refusal->limit >= 0) {
            snprintf(out, REFUSAL_DETAIL_SIZE, "One reservation has at most %d places.",
                     (int)refusal->limit);
            said = out;
        }
        break;
    default:
        break;
    }
    *field = answer->field;
    return said != NULL ? said : answer->detail;
}

static void number_set(json_t *document, const char *name, int32_t number) {
    if (number >= 0) {
        json_object_set_new(document, name, json_integer(number));
    }
}

/* What a program makes something of: numbers, and where to find what is held already. */
static void facts_set(json_t *document, const struct refusal *refusal,
                      const struct show_plan *plan) {
    if (refusal->seats.count > 0) {
        bool taken = refusal->reason == (int)REFUSAL_REASON_SEATS_TAKEN;
        json_object_set_new(document, taken ? "taken" : "seats",
                            seats_named_json(&refusal->seats, plan));
    }
    if (refusal->seats_own.count > 0) {
        json_object_set_new(document, "yours", seats_named_json(&refusal->seats_own, plan));
    }
    number_set(document, "limit", refusal->limit);
    number_set(document, "held", refusal->used);
    number_set(document, "held_unpaid", refusal->used_unpaid);
    number_set(document, "available", refusal->free);
    bool own_in_the_way = refusal->seats_own.count > 0 ||
                          refusal->reason == (int)REFUSAL_REASON_BUYER_LIMIT ||
                          refusal->reason == (int)REFUSAL_REASON_TOO_MANY_RESERVATIONS;
    if (own_in_the_way && !uuid_is_zero(&refusal->show_id)) {
        char show[UUID_TEXT_SIZE];
        json_object_set_new(
            document, "holds",
            json_sprintf("/reservations?event_id=%s", uuid_format(&refusal->show_id, show)));
    }
    if (refusal->state != RESERVATION_STATE_NONE &&
        refusal->reason != (int)REFUSAL_REASON_NOT_YOURS) {
        json_object_set_new(document, "state", state_json(refusal->state));
    }
}

static void rejection_answer(struct request *request, const struct refusal *refusal) {
    if (!refusal->undecodable && refusal->reason == (int)REJECTION_REASON_NO_SUCH_SHOW) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
        return;
    }
    log_error("a command of ours was not understood", LOG_TEXT("path", request->path));
    problem_answer(request, PROBLEM_INTERNAL, PROBLEM_LOGGED);
}

void refusal_answer(struct request *request, const struct refusal *refusal,
                    const struct show_plan *plan) {
    if (refusal->rejected || refusal->undecodable || refusal->reason < 0 ||
        refusal->reason >= REFUSAL_REASON_COUNT) {
        rejection_answer(request, refusal);
        return;
    }
    const char *field;
    char buffer[REFUSAL_DETAIL_SIZE];
    const char *detail = refusal_detail(refusal, &field, buffer);
    enum problem problem = refusal_words[refusal->reason].problem;
    json_t *document = problem_document(problem, detail);
    if (field != NULL) {
        json_object_set_new(document, "field", json_string(field));
        json_object_set_new(document, "errors",
                            json_pack("[{s:s, s:s}]", "field", field, "detail", detail));
    }
    facts_set(document, refusal, plan);
    problem_answer_document(request, problem, document);
}
