/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's payments and refunds against ours. */
#include "replay/verify/check_payments.h"

#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/base/table.h"
#include "runtime/http/client.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIMEOUT_MS 30000
#define ANSWER_SIZE_MAX ((size_t)16 * 1024 * 1024)

/* What the provider has of one of our payments. */
struct provider_payment {
    struct uuid key; /* replay_ledger_payment_key */
    char status[16];
    int64_t amount_minor;
    int64_t refunded_minor;
};

struct answer {
    json_t *body;
    int status;
    char failure[256];
};

static void answered(void *context, const struct http_response *response) {
    struct answer *answer = context;
    answer->status = response->status;
    if (response->status == 200) {
        answer->body = json_loadb(response->body, response->body_size, 0, NULL);
    }
    snprintf(answer->failure, sizeof answer->failure, "%s",
             response->failure != NULL ? response->failure : "not the answer expected");
}

/* One page of the provider's list; NULL and *error when it cannot be had. */
static json_t *page_get(const struct replay_books *books, struct http_client *client,
                        const char *cursor, struct error *error) {
    const struct config *config = books->context->config;
    struct buffer url = {0};
    struct buffer authorization = {0};
    struct answer answer = {0};
    buffer_append_format(&url, "%s/v2/payments?limit=100&sort_order=ASC%s%s",
                         config_text(config, "payments_url"), cursor != NULL ? "&cursor=" : "",
                         cursor != NULL ? cursor : "");
    buffer_append_format(&authorization, "Authorization: Bearer %s",
                         config_text(config, "payments_token"));
    const char *headers[] = {authorization.data, NULL};
    const struct http_request request = {
        .method = "GET", .url = url.data, .headers = headers, .timeout_ms = ANSWER_TIMEOUT_MS};
    http_client_start(client, &request, answered, &answer);
    while (http_client_active(client) > 0) {
        http_client_poll(client, 1000);
    }
    if (answer.body == NULL) {
        error_set(error, ERROR_RETRY, "the provider's list of payments: status %d, %s",
                  answer.status, answer.failure);
    }
    buffer_deinit(&url);
    buffer_deinit(&authorization);
    return answer.body;
}

static int64_t amount_of(const json_t *payment, const char *name) {
    return json_integer_value(json_object_get(json_object_get(payment, name), "amount"));
}

static void payments_keep(struct uuid_table *table, const json_t *page) {
    size_t index;
    json_t *payment;
    json_array_foreach(json_object_get(page, "payments"), index, payment) {
        const char *id = json_string_value(json_object_get(payment, "id"));
        const char *status = json_string_value(json_object_get(payment, "status"));
        if (id == NULL || status == NULL) {
            continue;
        }
        struct uuid key = replay_ledger_payment_key((struct text){id, strlen(id)});
        if (uuid_table_find(table, &key) != NULL) {
            continue;
        }
        struct provider_payment *kept = allocate_zeroed(1, sizeof *kept);
        kept->key = key;
        snprintf(kept->status, sizeof kept->status, "%s", status);
        kept->amount_minor = amount_of(payment, "amount_money");
        kept->refunded_minor = amount_of(payment, "refunded_money");
        uuid_table_add(table, kept);
    }
}

static bool payments_get(const struct replay_books *books, struct uuid_table *table,
                         struct error *error) {
    struct http_client *client = http_client_new(1, NULL, ANSWER_SIZE_MAX);
    char *cursor = NULL;
    bool more = true;
    bool got = true;
    while (more && got) {
        json_t *page = page_get(books, client, cursor, error);
        got = page != NULL;
        if (got) {
            payments_keep(table, page);
            const char *next = json_string_value(json_object_get(page, "cursor"));
            free(cursor);
            cursor = next != NULL ? text_duplicate(next) : NULL;
            more = cursor != NULL;
            json_decref(page);
        }
    }
    free(cursor);
    http_client_free(client);
    return got;
}

static void payment_find(struct replay_books *books, const struct ledger_payment *ours,
                         const char *what) {
    char reservation[UUID_TEXT_SIZE];
    replay_books_find(books, "payment %.*s of reservation %s: %s", (int)ours->payment_id.size,
                      ours->payment_id.data, uuid_format(&ours->reservation_id, reservation), what);
}

/* What the log says of a payment, against what the provider says. */
static void payment_compare(struct replay_books *books, const struct ledger_payment *ours,
                            const struct provider_payment *theirs) {
    bool completed = theirs != NULL && strcmp(theirs->status, "COMPLETED") == 0;
    bool authorized = theirs != NULL && strcmp(theirs->status, "APPROVED") == 0;
    if (ours->captures > 1) {
        payment_find(books, ours, "captured more than once");
    }
    if (ours->captures > 0 && !completed) {
        payment_find(books, ours, "the log has it captured, the provider has not");
    }
    if (ours->captures == 0 && completed && !ours->secured) {
        payment_find(books, ours, "the provider has the money, and the log sold nothing for it");
    }
    if (ours->captures == 0 && completed && ours->secured) {
        payment_find(books, ours, "it was captured, and the log does not say so yet");
    }
    if (authorized && (ours->void_asked || ours->voided || ours->capture_failed)) {
        payment_find(books, ours, "it was to be let go, and the provider still holds the amount");
    }
    if (ours->voided && completed) {
        payment_find(books, ours, "it was let go, and the provider has taken it");
    }
    if (ours->captures > 0 && completed && theirs->amount_minor != ours->captured_minor) {
        payment_find(books, ours, "the provider took another amount");
    }
    if (theirs != NULL && !ours->refund_asked && theirs->refunded_minor != ours->refunded_minor) {
        payment_find(books, ours, "the provider gave back another amount");
    }
    if (ours->refunds > 1) {
        payment_find(books, ours, "refunded more than once");
    }
}

static void ours_check(struct replay_books *books, const struct uuid_table *provider) {
    for (int32_t i = 0; i < books->count; i++) {
        const struct uuid_table *payments = &books->ledgers[i].payments;
        for (size_t j = 0; j < payments->capacity; j++) {
            const struct ledger_payment *ours = payments->entries[j];
            if (ours != NULL) {
                books->checked++;
                payment_compare(books, ours, uuid_table_find(provider, &ours->key));
            }
        }
    }
}

/* Money the provider holds or has that no event speaks of. */
static void theirs_check(struct replay_books *books, const struct uuid_table *provider) {
    uint64_t completed = 0;
    uint64_t held = 0;
    for (size_t i = 0; i < provider->capacity; i++) {
        const struct provider_payment *theirs = provider->entries[i];
        if (theirs == NULL) {
            continue;
        }
        bool known = false;
        for (int32_t j = 0; j < books->count && !known; j++) {
            known = uuid_table_find(&books->ledgers[j].payments, &theirs->key) != NULL;
        }
        completed += !known && strcmp(theirs->status, "COMPLETED") == 0;
        held += !known && strcmp(theirs->status, "APPROVED") == 0;
    }
    if (completed > 0) {
        replay_books_find(
            books, "the provider took %" PRIu64 " payments that the log never heard of", completed);
    }
    if (held > 0) {
        replay_books_find(
            books, "the provider holds %" PRIu64 " authorizations that the log never heard of",
            held);
    }
}

bool replay_check_payments(struct replay_books *books, struct error *error) {
    struct uuid_table provider = {0};
    bool got = payments_get(books, &provider, error);
    if (got) {
        ours_check(books, &provider);
        theirs_check(books, &provider);
    }
    uuid_table_clear(&provider, free);
    return got;
}
