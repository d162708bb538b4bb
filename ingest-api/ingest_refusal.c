/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_command.h"
#include "ingest-api/ingest_request.h"
#include "ingest-api/ingest_reservation_json.h"
#include "ingest-api/ingest_show_json.h"
#include "runtime/log.h"

bool refusal_of_event(const struct event *event, struct refusal *out) {
    *out = (struct refusal){0};
    switch (event->kind) {
    case EVENT_REFUSED:
        out->command = (enum command_kind)(event->as.refused.command - 1);
        out->reason = (int)event->as.refused.reason;
        out->seats = event->as.refused.seats;
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

struct refusal_answer {
    enum problem problem;
    const char *field; /* NULL: none is at fault */
    const char *detail;
};

static const struct refusal_answer refusal_answers[REFUSAL_REASON_COUNT] = {
    [REFUSAL_REASON_SEATS_TAKEN] = {PROBLEM_SEATS_TAKEN, NULL,
                                    "Those in taken are gone; nothing was reserved."},
    [REFUSAL_REASON_NOT_AVAILABLE] = {PROBLEM_NOT_AVAILABLE, NULL,
                                      "Fewer places, or another section, may be."},
    [REFUSAL_REASON_NO_SUCH_SEAT] = {PROBLEM_NO_SUCH_SEAT, "/ticket_ids",
                                     "has ids that are no tickets of this event"},
    [REFUSAL_REASON_NO_SUCH_SECTION] = {PROBLEM_INVALID, "/section",
                                        "is no section of this event that can be reserved so"},
    [REFUSAL_REASON_NO_SUCH_CATEGORY] = {PROBLEM_INVALID, "/best_available/category",
                                         "is no category of this event"},
    [REFUSAL_REASON_NO_PLACES] = {PROBLEM_INVALID, "/quantity", "must be at least 1"},
    [REFUSAL_REASON_TOO_MANY_PLACES] = {PROBLEM_INVALID, "/quantity", "must be at most 100"},
    [REFUSAL_REASON_DUPLICATE_SEATS] = {PROBLEM_DUPLICATE_SEATS, "/ticket_ids",
                                        "names a seat twice"},
    [REFUSAL_REASON_BUYER_LIMIT] = {PROBLEM_BUYER_LIMIT, NULL,
                                    "With these it were more than seats_per_buyer_max."},
    [REFUSAL_REASON_TOO_MANY_RESERVATIONS] = {PROBLEM_TOO_MANY_RESERVATIONS, NULL,
                                              "Let some go, or pay them."},
    [REFUSAL_REASON_IDEMPOTENCY_KEY_REUSED] = {PROBLEM_KEY_REUSED, "Idempotency-Key",
                                               "was used for another request"},
    [REFUSAL_REASON_SHOW_CANCELLED] = {PROBLEM_EVENT_CANCELLED, NULL, "It is not on sale."},
    [REFUSAL_REASON_SHOW_STARTED] = {PROBLEM_EVENT_STARTED, NULL, "It is too late for that."},
    [REFUSAL_REASON_SHOW_CLOSED] = {PROBLEM_EVENT_CLOSED, NULL, "It is too late for that."},
    [REFUSAL_REASON_SHOW_EXISTS] = {PROBLEM_KEY_REUSED, "Idempotency-Key",
                                    "was used for another event"},
    [REFUSAL_REASON_INVALID_SHOW] = {PROBLEM_INVALID, "", "The event is not valid."},
    [REFUSAL_REASON_NOT_OWNER] = {PROBLEM_NOT_OWNER, NULL, "Only its organizer may do that."},
    [REFUSAL_REASON_NO_SUCH_RESERVATION] = {PROBLEM_NOT_FOUND, NULL,
                                            "You have no reservation of that id."},
    [REFUSAL_REASON_NOT_YOURS] = {PROBLEM_NOT_FOUND, NULL, "You have no reservation of that id."},
    [REFUSAL_REASON_RESERVATION_EXPIRED] = {PROBLEM_HOLD_EXPIRED, NULL,
                                            "The seats are free again. Nothing is charged."},
    [REFUSAL_REASON_RESERVATION_RELEASED] = {PROBLEM_HOLD_RELEASED, NULL,
                                             "The seats are free again. Nothing is charged."},
    [REFUSAL_REASON_PAYMENT_IN_PROGRESS] = {PROBLEM_PAYMENT_IN_PROGRESS, NULL,
                                            "With another source; wait for what becomes of it."},
    [REFUSAL_REASON_ATTEMPTS_EXHAUSTED] = {PROBLEM_ATTEMPTS_EXHAUSTED, NULL,
                                           "Reserve the seats anew when they are free again."},
    [REFUSAL_REASON_NOT_PAYABLE] = {PROBLEM_NOT_PAYABLE, NULL, "See its state."},
    [REFUSAL_REASON_NOT_RELEASABLE] = {PROBLEM_NOT_RELEASABLE, NULL,
                                       "It is paid; cancel the order instead."},
    [REFUSAL_REASON_NOT_CANCELLABLE] = {PROBLEM_NOT_CANCELLABLE, NULL,
                                        "Only what is paid is given back; let a hold go instead."},
    [REFUSAL_REASON_NOT_REFUNDABLE] = {PROBLEM_NOT_REFUNDABLE, NULL, "See its state."},
    [REFUSAL_REASON_INVALID_SOURCE] = {PROBLEM_INVALID, "/source_id", "is not a single-use token"},
    [REFUSAL_REASON_INVALID_PAYMENT] = {PROBLEM_NOT_PAYABLE, NULL, NULL},
    [REFUSAL_REASON_NO_SUCH_PAYMENT] = {PROBLEM_NOT_PAYABLE, NULL, NULL},
    [REFUSAL_REASON_INVALID_REASON] = {PROBLEM_INVALID, "/reason",
                                       "is not a text that can be shown"},
};

static void rejection_answer(struct request *request, const struct refusal *refusal) {
    if (!refusal->undecodable && refusal->reason == (int)REJECTION_REASON_NO_SUCH_SHOW) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event of that id.");
        return;
    }
    log_error("a command of ours was not understood", LOG_TEXT("path", request->path));
    problem_answer(request, PROBLEM_INTERNAL, "It is logged.");
}

void command_answer_refusal(struct request *request, const struct refusal *refusal,
                            const struct show_plan *plan) {
    if (refusal->rejected || refusal->undecodable || refusal->reason < 0 ||
        refusal->reason >= REFUSAL_REASON_COUNT) {
        rejection_answer(request, refusal);
        return;
    }
    const struct refusal_answer *answer = &refusal_answers[refusal->reason];
    json_t *document = problem_document(answer->problem, answer->detail);
    if (answer->field != NULL) {
        json_object_set_new(document, "field", json_string(answer->field));
        json_object_set_new(
            document, "errors",
            json_pack("[{s:s, s:s}]", "field", answer->field, "detail", answer->detail));
    }
    if (refusal->seats.count > 0) {
        bool taken = refusal->reason == (int)REFUSAL_REASON_SEATS_TAKEN;
        json_object_set_new(document, taken ? "taken" : "seats",
                            seats_named_json(&refusal->seats, plan));
    }
    if (refusal->state != RESERVATION_STATE_NONE &&
        refusal->reason != (int)REFUSAL_REASON_NOT_YOURS) {
        json_object_set_new(document, "state", state_json(refusal->state));
    }
    problem_answer_document(request, answer->problem, document);
}
