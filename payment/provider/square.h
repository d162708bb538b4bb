/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's API: Square's requests and responses. */
#ifndef SEATLOG_PAYMENT_PROVIDER_SQUARE_H
#define SEATLOG_PAYMENT_PROVIDER_SQUARE_H

#include "payment/core/answer.h"
#include "payment/core/reconcile.h"
#include "payment/core/row.h"
#include "runtime/base/buffer.h"
#include "runtime/http/client.h"

/*
 * The provider's API (Square's Payments and Refunds): a row's step as a request, and a response as
 * an answer the core understands. No I/O.
 *
 * The body of a create or refund depends on nothing but the row and these settings, so that a try
 * again under the same key says the same.
 */
struct payment_square {
    const char *url; /* without a slash at the end */
    const char *access_token;
    const char *version;        /* Square-Version */
    const char *location_id;    /* empty: the account's main one */
    const char *delay_duration; /* ISO 8601: how long an authorization stands */
    int timeout_ms;
};

#define PAYMENT_SQUARE_HEADERS_MAX 4

struct payment_square_call {
    struct http_request request; /* points into the rest */
    struct buffer url;
    struct buffer body;
    struct buffer authorization;
    struct buffer version;
    const char *headers[PAYMENT_SQUARE_HEADERS_MAX];
};

/* The call of row->work.step, which must be one that calls. Free with payment_square_call_deinit.
 */
void payment_square_call_init(struct payment_square_call *call, const struct payment_square *square,
                              const struct payment_row *row);
void payment_square_call_deinit(struct payment_square_call *call);

/* GET /v2/payments of what was made from begin_ms until before end_ms, oldest first; cursor may be
 * NULL. */
void payment_square_list_init(struct payment_square_call *call, const struct payment_square *square,
                              int64_t begin_ms, int64_t end_ms, const char *cursor);

/* What the response to the call of the step means. */
void payment_square_answer(enum payment_step step, const struct http_response *response,
                           struct payment_answer *out);

#define PAYMENT_LIST_MAX 100

struct payment_list {
    struct payment_listed items[PAYMENT_LIST_MAX];
    size_t count;
    char cursor[512]; /* empty: this was the last page */
};

/* false: the response is not a page of payments. */
bool payment_square_list_parse(const struct http_response *response, struct payment_list *out);

#endif
