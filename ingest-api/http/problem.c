/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what can be wrong, and answers made of it. */
#include "ingest-api/http/problem.h"

#include "ingest-api/http/reader.h"
#include "ingest-api/http/request.h"

#include <stdarg.h>
#include <stdio.h>

#define PROBLEM_DETAIL_SIZE 512

struct problem_kind {
    const char *slug;
    unsigned status;
    const char *title;
};

static const struct problem_kind problem_kinds[] = {
    [PROBLEM_BAD_REQUEST] = {"bad-request", 400, "The request is not understood"},
    [PROBLEM_LOGIN_REQUIRED] = {"login-required", 401, "Please log in"},
    [PROBLEM_LOGIN_FAILED] = {"login-failed", 401, "The username or the password is wrong"},
    [PROBLEM_FORBIDDEN] = {"forbidden", 403, "This account may not do that"},
    [PROBLEM_CROSS_SITE] = {"cross-site", 403, "The request came from another site"},
    [PROBLEM_NOT_FOUND] = {"not-found", 404, "Not found"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405,
                                    "This address does not take this method"},
    [PROBLEM_NOT_IMPLEMENTED] = {"not-implemented", 501, "There is no such method"},
    [PROBLEM_TARGET_TOO_LONG] = {"target-too-long", 414, "The address is too long"},
    [PROBLEM_HEADERS_TOO_LARGE] = {"headers-too-large", 431, "The headers are too large"},
    [PROBLEM_TOO_LARGE] = {"too-large", 413, "The body is too large"},
    [PROBLEM_NOT_JSON] = {"not-json", 415, "The body must be application/json"},
    [PROBLEM_INVALID] = {"invalid", 422, "A field is not valid"},
    [PROBLEM_RATE_LIMITED] = {"rate-limited", 429, "Too many requests"},
    [PROBLEM_UNAVAILABLE] = {"unavailable", 503, "The service is not available right now"},
    [PROBLEM_INTERNAL] = {"internal", 500, "Something went wrong here"},
    [PROBLEM_USERNAME_TAKEN] = {"username-taken", 409, "This username already has an account"},
    [PROBLEM_API_KEY_EXISTS] = {"api-key-exists", 409, "This API key exists already"},
    [PROBLEM_SEATS_TAKEN] = {"seats-taken", 409, "These seats are taken"},
    [PROBLEM_NOT_AVAILABLE] = {"not-available", 409, "There is no such choice of places left"},
    [PROBLEM_NO_SUCH_SEAT] = {"no-such-seat", 422, "There is no such seat"},
    [PROBLEM_DUPLICATE_SEATS] = {"duplicate-seats", 422, "The same seat was named twice"},
    [PROBLEM_BUYER_LIMIT] = {"buyer-limit", 409, "This is more than one buyer can hold"},
    [PROBLEM_TOO_MANY_RESERVATIONS] = {"too-many-reservations", 409,
                                       "There are too many reservations"},
    [PROBLEM_KEY_REUSED] = {"idempotency-key-reused", 422,
                            "The Idempotency-Key was used for another request"},
    [PROBLEM_EVENT_CANCELLED] = {"event-cancelled", 409, "The event has been cancelled"},
    [PROBLEM_EVENT_STARTED] = {"event-started", 409, "The event has started"},
    [PROBLEM_EVENT_CLOSED] = {"event-closed", 409, "The event is over"},
    [PROBLEM_NOT_OWNER] = {"not-owner", 403, "The event belongs to another organizer"},
    [PROBLEM_HOLD_EXPIRED] = {"hold-expired", 410, "The hold has expired"},
    [PROBLEM_HOLD_RELEASED] = {"hold-released", 410, "The hold has been released"},
    [PROBLEM_NOT_CHARGED] = {"not-charged", 410,
                             "The hold ended before the payment; you have not been charged"},
    [PROBLEM_PAYMENT_DECLINED] = {"payment-declined", 402, "The payment was declined"},
    [PROBLEM_PAYMENT_IN_PROGRESS] = {"payment-in-progress", 409, "A payment is in progress"},
    [PROBLEM_ATTEMPTS_EXHAUSTED] = {"attempts-exhausted", 409, "No payment attempts are left"},
    [PROBLEM_NOT_PAYABLE] = {"not-payable", 409, "This cannot be paid now"},
    [PROBLEM_NOT_RELEASABLE] = {"not-releasable", 409, "This cannot be released now"},
    [PROBLEM_NOT_CANCELLABLE] = {"not-cancellable", 409, "This cannot be cancelled now"},
    [PROBLEM_NOT_REFUNDABLE] = {"not-refundable", 409, "There is no failed refund"},
    [PROBLEM_NO_MAIL] = {"no-mail", 409, "There is no email to send again"},
    [PROBLEM_TICKET_GONE] = {"ticket-gone", 410, "The ticket is no longer valid"},
};

json_t *problem_document(enum problem problem, const char *detail) {
    const struct problem_kind *kind = &problem_kinds[problem];
    json_t *document = json_object();
    json_object_set_new(document, "type", json_sprintf("urn:seatlog:problem:%s", kind->slug));
    json_object_set_new(document, "title", json_string(kind->title));
    json_object_set_new(document, "status", json_integer(kind->status));
    if (detail != NULL) {
        json_object_set_new(document, "detail", json_string(detail));
    }
    return document;
}

void problem_answer_document(struct request *request, enum problem problem, json_t *document) {
    request_answer_json(request, problem_kinds[problem].status, document);
    request->answer.content_type = "application/problem+json";
    if (problem_kinds[problem].status == 401) {
        request_header_add(request, "WWW-Authenticate", "Bearer realm=\"seatlog\"");
    }
}

void problem_answer(struct request *request, enum problem problem, const char *format, ...) {
    char detail[PROBLEM_DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    problem_answer_document(request, problem, problem_document(problem, detail));
}

void problem_answer_reader(struct request *request, struct reader *reader) {
    json_t *first = json_array_get(reader->errors, 0);
    json_t *document =
        problem_document(PROBLEM_INVALID, json_string_value(json_object_get(first, "detail")));
    json_object_set(document, "field", json_object_get(first, "field"));
    json_object_set(document, "errors", reader->errors);
    problem_answer_document(request, PROBLEM_INVALID, document);
    reader_deinit(reader);
}

void problem_answer_field(struct request *request, const char *field, const char *format, ...) {
    char detail[PROBLEM_DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    struct reader reader = {0};
    reader_error_named(&reader, field, detail);
    problem_answer_reader(request, &reader);
}

void problem_answer_key_reused(struct request *request, const char *detail) {
    json_t *document = problem_document(PROBLEM_KEY_REUSED, detail);
    json_object_set_new(document, "field", json_string("Idempotency-Key"));
    json_object_set_new(document, "errors",
                        json_pack("[{s:s, s:s}]", "field", "Idempotency-Key", "detail", detail));
    problem_answer_document(request, PROBLEM_KEY_REUSED, document);
}

void problem_answer_unavailable(struct request *request, const char *what) {
    problem_answer(request, PROBLEM_UNAVAILABLE, "%s. Nothing was changed; please try again.",
                   what);
    request_header_add(request, "Retry-After", "1");
}
