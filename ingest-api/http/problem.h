/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_PROBLEM_H
#define SEATLOG_INGEST_API_HTTP_PROBLEM_H

#include <jansson.h>

/*
 * What can be wrong, as RFC 9457 problem documents: type urn:seatlog:problem:SLUG, title, status.
 */
struct request;
struct reader;

enum problem {
    PROBLEM_BAD_REQUEST,
    PROBLEM_LOGIN_REQUIRED,
    PROBLEM_LOGIN_FAILED,
    PROBLEM_FORBIDDEN,
    PROBLEM_CROSS_SITE,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_NOT_IMPLEMENTED,
    PROBLEM_TOO_LARGE,
    PROBLEM_TARGET_TOO_LONG,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_NOT_JSON,
    PROBLEM_INVALID,
    PROBLEM_RATE_LIMITED,
    PROBLEM_UNAVAILABLE,
    PROBLEM_INTERNAL,
    PROBLEM_USERNAME_TAKEN,
    PROBLEM_API_KEY_EXISTS,
    PROBLEM_SEATS_TAKEN,
    PROBLEM_NOT_AVAILABLE,
    PROBLEM_NO_SUCH_SEAT,
    PROBLEM_DUPLICATE_SEATS,
    PROBLEM_BUYER_LIMIT,
    PROBLEM_TOO_MANY_RESERVATIONS,
    PROBLEM_KEY_REUSED,
    PROBLEM_EVENT_CANCELLED,
    PROBLEM_EVENT_STARTED,
    PROBLEM_EVENT_CLOSED,
    PROBLEM_NOT_OWNER,
    PROBLEM_HOLD_EXPIRED,
    PROBLEM_HOLD_RELEASED,
    PROBLEM_NOT_CHARGED,
    PROBLEM_PAYMENT_DECLINED,
    PROBLEM_PAYMENT_IN_PROGRESS,
    PROBLEM_ATTEMPTS_EXHAUSTED,
    PROBLEM_NOT_PAYABLE,
    PROBLEM_NOT_RELEASABLE,
    PROBLEM_NOT_CANCELLABLE,
    PROBLEM_NOT_REFUNDABLE,
    PROBLEM_TICKET_GONE,
    PROBLEM_NO_MAIL
};

/* What is said where the fault is ours. */
#define PROBLEM_LOGGED                                                                             \
    "Something went wrong on our side. It has been logged; please try again later."

/* The document, without detail where detail is NULL. The caller owns it. */
json_t *problem_document(enum problem problem, const char *detail);

/* Answers with it. */
void problem_answer(struct request *request, enum problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answers with a document made by problem_document and added to; takes it. */
void problem_answer_document(struct request *request, enum problem problem, json_t *document);

/* PROBLEM_INVALID with one field. */
void problem_answer_field(struct request *request, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* PROBLEM_INVALID with all that the reader has found. */
void problem_answer_reader(struct request *request, struct reader *reader);

/* The Idempotency-Key belongs to another request, which detail says in a sentence. */
void problem_answer_key_reused(struct request *request, const char *detail);

/* 503 with Retry-After: what is it that is not there. */
void problem_answer_unavailable(struct request *request, const char *what);

#endif
