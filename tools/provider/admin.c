/* SPDX-License-Identifier: Apache-2.0 */
/* What no real provider has: its behaviour changed, its clock skipped, its books summed up. */
#include "tools/provider/admin.h"

#include "tools/provider/payments.h"
#include "tools/provider/refunds.h"
#include "tools/provider/reply.h"

#include <stdio.h>
#include <string.h>

#define ID_SIZE_MAX 128

static struct reply not_found(void) {
    return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found.", NULL);
}

static struct reply behaviour_reply(struct simulator *simulator) {
    return (struct reply){.status = 200, .body = behaviour_describe(simulator->behaviour)};
}

static struct reply behaviour_put(struct simulator *simulator, const struct request *request) {
    struct error error;
    json_t *body = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES, NULL);
    bool good = behaviour_change(simulator->behaviour, body, &error);
    json_decref(body);
    return good ? behaviour_reply(simulator)
                : reply_error(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", error.message, NULL);
}

static void sum_add(json_t *sums, const char *name, json_int_t amount) {
    json_int_t before = json_integer_value(json_object_get(sums, name));
    json_object_set_new(sums, name, json_integer(before + amount));
}

static json_int_t amount_of(const json_t *object, const char *field) {
    return json_integer_value(json_object_get(json_object_get(object, field), "amount"));
}

static struct reply summary_reply(struct simulator *simulator) {
    json_t *payments = json_object(), *refunds = json_object();
    json_int_t captured = 0, refunded = 0;
    for (size_t i = 0; i < books_payment_count(simulator->books); i++) {
        const json_t *payment = books_payment_at(simulator->books, i)->payment;
        const char *status = json_string_value(json_object_get(payment, "status"));
        sum_add(payments, status, 1);
        captured += strcmp(status, "COMPLETED") == 0 ? amount_of(payment, "amount_money") : 0;
    }
    for (size_t i = 0; i < books_refund_count(simulator->books); i++) {
        const json_t *refund = books_refund_at(simulator->books, i)->refund;
        const char *status = json_string_value(json_object_get(refund, "status"));
        sum_add(refunds, status, 1);
        refunded += strcmp(status, "COMPLETED") == 0 ? amount_of(refund, "amount_money") : 0;
    }
    return (struct reply){
        .status = 200,
        .body = json_pack("{s:o, s:o, s:I, s:I, s:O}", "payments", payments, "refunds", refunds,
                          "captured_minor", captured, "refunded_minor", refunded, "requests",
                          simulator->counters),
    };
}

/* The id in PREFIX{id}SUFFIX, or false. */
static bool path_id(const char *path, const char *prefix, const char *suffix,
                    char out[ID_SIZE_MAX]) {
    size_t size = strlen(path), prefix_size = strlen(prefix), suffix_size = strlen(suffix);
    if (size <= prefix_size + suffix_size || strncmp(path, prefix, prefix_size) != 0 ||
        strcmp(path + size - suffix_size, suffix) != 0 ||
        size - prefix_size - suffix_size >= ID_SIZE_MAX) {
        return false;
    }
    snprintf(out, ID_SIZE_MAX, "%.*s", (int)(size - prefix_size - suffix_size), path + prefix_size);
    return true;
}

static struct reply action_reply(struct simulator *simulator, const char *path) {
    char id[ID_SIZE_MAX];
    if (path_id(path, "/admin/payments/", "/delayed-action", id)) {
        struct books_payment *payment = books_payment_find(simulator->books, id);
        if (payment != NULL) {
            payments_delayed_action(simulator, books_payment_index(simulator->books, payment));
            return payments_get(simulator, id);
        }
    } else if (path_id(path, "/admin/refunds/", "/settle", id)) {
        struct books_refund *refund = books_refund_find(simulator->books, id);
        if (refund != NULL) {
            refunds_settle(simulator, books_refund_index(simulator->books, refund));
            return refunds_get(simulator, id);
        }
    }
    return not_found();
}

struct reply admin_handle(struct simulator *simulator, const struct request *request) {
    bool get = strcmp(request->method, "GET") == 0;
    if (strcmp(request->path, "/admin/behaviour") == 0 && get) {
        return behaviour_reply(simulator);
    }
    if (strcmp(request->path, "/admin/behaviour") == 0 && strcmp(request->method, "PUT") == 0) {
        return behaviour_put(simulator, request);
    }
    if (strcmp(request->path, "/admin/summary") == 0 && get) {
        return summary_reply(simulator);
    }
    return strcmp(request->method, "POST") == 0 ? action_reply(simulator, request->path)
                                                : not_found();
}
