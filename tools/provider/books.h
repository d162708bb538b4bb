/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_BOOKS_H
#define SEATLOG_TOOLS_PROVIDER_BOOKS_H

#include "codec/value.h"
#include "runtime/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The provider's books: every payment and refund in the order of their making, and what was
 * answered under each idempotency key. On disk they are JSON lines, appended only, one line an
 * action:
 *
 *   {"at": RFC 3339, "operation": "CreatePayment", "payment": {…}, "expired"?: true,
 *    "refund"?: {…}, "settles_at"?: RFC 3339, "settles_as"?: status,
 *    "key"?: {"operation", "idempotency_key", "body_hash", "status", "response", "payment_id"?},
 *    "key_forgotten"?: key}
 *
 * The last line that has a payment or refund says how it stands now. Nothing is answered before its
 * line is on disk: books_record gathers lines, books_flush writes them with one fdatasync. A line
 * cut short by a crash was never answered and is dropped at the next start.
 */
struct books_payment {
    json_t *payment; /* as the API shows it */
    const char *id;  /* into payment */
    int64_t created_ms;
    int64_t delayed_until_ms; /* 0: none */
    bool expired;             /* it was the delayed action that cancelled it */
};

struct books_refund {
    json_t *refund; /* as the API shows it */
    const char *id; /* into refund */
    int64_t created_ms;
    int64_t settles_ms;  /* 0: settled */
    char settles_as[16]; /* status it will have */
};

/* What was answered under a key of an operation ("CreatePayment", "RefundPayment"). */
struct books_key {
    struct hash body_hash;
    int status;
    json_t *response;
    char payment_id[64];
};

struct books;

/*
 * path: a file, or a directory, in which the file is books.jsonl; locked, so that nobody else
 * writes it. NULL: *error says why not.
 */
struct books *books_open(const char *path, struct error *error);
void books_close(struct books *books);

size_t books_payment_count(const struct books *books);
struct books_payment *books_payment_at(struct books *books, size_t index);
struct books_payment *books_payment_find(struct books *books, const char *id);
size_t books_payment_index(const struct books *books, const struct books_payment *payment);

size_t books_refund_count(const struct books *books);
struct books_refund *books_refund_at(struct books *books, size_t index);
struct books_refund *books_refund_find(struct books *books, const char *id);
size_t books_refund_index(const struct books *books, const struct books_refund *refund);

/* Adds one; takes over the reference. Pointers got earlier become invalid. */
struct books_payment *books_payment_add(struct books *books, json_t *payment, int64_t created_ms);
struct books_refund *books_refund_add(struct books *books, json_t *refund, int64_t created_ms);

/* out->response stays the books'. false: the key is not known. */
bool books_key_find(const struct books *books, const char *operation, const char *key,
                    struct books_key *out);

/* What one action changed; the pointers may be NULL. */
struct books_action {
    const char *operation;
    int64_t at_ms;
    const struct books_payment *payment;
    const struct books_refund *refund;
    const char *key; /* remembered for the operation, with the response */
    struct hash body_hash;
    int status;
    json_t *response;          /* borrowed; copied */
    const char *key_forgotten; /* of CreatePayment */
};

/* Remembers the key and gathers the line. */
void books_record(struct books *books, const struct books_action *action);

/* Writes the gathered lines; dies when the disk refuses them. Returns how many there were. */
size_t books_flush(struct books *books);

#endif
