/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to the call that it means. */
#include "tools/provider/api.h"

#include "tools/provider/admin.h"
#include "tools/provider/listing.h"
#include "tools/provider/payments.h"
#include "tools/provider/refunds.h"
#include "tools/provider/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE_MAX 100

enum operation {
    OPERATION_NONE,
    OPERATION_CREATE_PAYMENT,
    OPERATION_LIST_PAYMENTS,
    OPERATION_GET_PAYMENT,
    OPERATION_COMPLETE_PAYMENT,
    OPERATION_CANCEL_PAYMENT,
    OPERATION_CANCEL_PAYMENT_BY_KEY,
    OPERATION_REFUND_PAYMENT,
    OPERATION_LIST_REFUNDS,
    OPERATION_GET_REFUND
};

/* Paths with a * take one id. The first that fits counts. */
static const struct route {
    const char *method;
    const char *before;
    const char *after; /* NULL: no id */
    enum operation operation;
    const char *name;
} routes[] = {
    {"POST", "/v2/payments", NULL, OPERATION_CREATE_PAYMENT, "CreatePayment"},
    {"GET", "/v2/payments", NULL, OPERATION_LIST_PAYMENTS, "ListPayments"},
    {"POST", "/v2/payments/cancel", NULL, OPERATION_CANCEL_PAYMENT_BY_KEY,
     "CancelPaymentByIdempotencyKey"},
    {"GET", "/v2/payments/", "", OPERATION_GET_PAYMENT, "GetPayment"},
    {"POST", "/v2/payments/", "/complete", OPERATION_COMPLETE_PAYMENT, "CompletePayment"},
    {"POST", "/v2/payments/", "/cancel", OPERATION_CANCEL_PAYMENT, "CancelPayment"},
    {"POST", "/v2/refunds", NULL, OPERATION_REFUND_PAYMENT, "RefundPayment"},
    {"GET", "/v2/refunds", NULL, OPERATION_LIST_REFUNDS, "ListPaymentRefunds"},
    {"GET", "/v2/refunds/", "", OPERATION_GET_REFUND, "GetPaymentRefund"},
};

/* Whether the path is the route's; the id, if there is one, goes to id. */
static bool route_fits(const struct route *route, const char *path, char id[ID_SIZE_MAX + 1]) {
    size_t path_size = strlen(path), before_size = strlen(route->before);
    id[0] = '\0';
    if (route->after == NULL) {
        return strcmp(path, route->before) == 0;
    }
    size_t after_size = strlen(route->after);
    if (path_size <= before_size + after_size || strncmp(path, route->before, before_size) != 0 ||
        strcmp(path + path_size - after_size, route->after) != 0) {
        return false;
    }
    size_t id_size = path_size - before_size - after_size;
    if (id_size > ID_SIZE_MAX || memchr(path + before_size, '/', id_size) != NULL) {
        return false;
    }
    memcpy(id, path + before_size, id_size);
    id[id_size] = '\0';
    return true;
}

static const struct route *route_find(const char *method, const char *path,
                                      char id[ID_SIZE_MAX + 1], bool *path_known) {
    *path_known = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (route_fits(&routes[i], path, id)) {
            *path_known = true;
            if (strcmp(routes[i].method, method) == 0) {
                return &routes[i];
            }
        }
    }
    return NULL;
}

const char *api_operation_name(const char *method, const char *path) {
    char id[ID_SIZE_MAX + 1];
    bool path_known;
    const struct route *route = route_find(method, path, id, &path_known);
    return route == NULL ? "" : route->name;
}

static bool authorized(const struct simulator *simulator, const struct request *request) {
    static const char scheme[] = "Bearer ";
    const char *given = request->authorization;
    return given != NULL && strncasecmp(given, scheme, sizeof scheme - 1) == 0 &&
           strcmp(given + sizeof scheme - 1, simulator->access_token) == 0;
}

static struct reply operation_run(struct simulator *simulator, const struct route *route,
                                  const char *id, const struct request *request,
                                  const json_t *body) {
    switch (route->operation) {
    case OPERATION_CREATE_PAYMENT:
        return payments_create(simulator, body, &request->fault);
    case OPERATION_LIST_PAYMENTS:
        return payments_list(simulator, request->query);
    case OPERATION_GET_PAYMENT:
        return payments_get(simulator, id);
    case OPERATION_COMPLETE_PAYMENT:
        return payments_complete(simulator, id, body, &request->fault);
    case OPERATION_CANCEL_PAYMENT:
        return payments_cancel(simulator, id);
    case OPERATION_CANCEL_PAYMENT_BY_KEY:
        return payments_cancel_by_key(simulator, body);
    case OPERATION_REFUND_PAYMENT:
        return refunds_create(simulator, body, &request->fault);
    case OPERATION_LIST_REFUNDS:
        return refunds_list(simulator, request->query);
    case OPERATION_GET_REFUND:
        return refunds_get(simulator, id);
    case OPERATION_NONE:
        break;
    }
    return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found.", NULL);
}

/* The body of a POST must be a JSON object; Complete and Cancel may have none. */
static struct reply body_run(struct simulator *simulator, const struct route *route, const char *id,
                             const struct request *request) {
    bool optional = route->operation == OPERATION_COMPLETE_PAYMENT ||
                    route->operation == OPERATION_CANCEL_PAYMENT ||
                    strcmp(route->method, "GET") == 0;
    json_error_t reason;
    json_t *body =
        request->body_size == 0 && optional
            ? json_object()
            : json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES, &reason);
    if (!json_is_object(body)) {
        json_decref(body);
        return reply_error(400, "INVALID_REQUEST_ERROR", "EXPECTED_JSON_BODY",
                           "Invalid request body: a JSON object is expected.", NULL);
    }
    reply_count(simulator, route->name);
    struct reply reply = operation_run(simulator, route, id, request, body);
    json_decref(body);
    return reply;
}

static struct reply route_run(struct simulator *simulator, const struct request *request) {
    char id[ID_SIZE_MAX + 1];
    bool path_known;
    const struct route *route = route_find(request->method, request->path, id, &path_known);
    if (!authorized(simulator, request)) {
        return reply_error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED",
                           "This request could not be authorized.", NULL);
    }
    if (route == NULL && path_known) {
        return reply_error(405, "INVALID_REQUEST_ERROR", "METHOD_NOT_ALLOWED",
                           "This method is not allowed here.", NULL);
    }
    if (route == NULL) {
        return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found.", NULL);
    }
    return body_run(simulator, route, id, request);
}

static struct reply fault_reply(const struct fault *fault) {
    if (fault->kind == FAULT_RATE_LIMIT) {
        struct reply reply = reply_error(429, "RATE_LIMIT_ERROR", "RATE_LIMITED",
                                         "Too many requests: try again later.", NULL);
        reply.retry_after_s = fault->retry_after_s;
        return reply;
    }
    if (fault->kind == FAULT_UNAUTHORIZED) {
        return reply_error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED",
                           "This request could not be authorized.", NULL);
    }
    const char *code = fault->status == 502   ? "BAD_GATEWAY"
                       : fault->status == 503 ? "SERVICE_UNAVAILABLE"
                       : fault->status == 504 ? "GATEWAY_TIMEOUT"
                                              : "INTERNAL_SERVER_ERROR";
    return reply_error(fault->status, "API_ERROR", code, "An internal error has occurred.", NULL);
}

struct reply api_handle(struct simulator *simulator, const struct request *request, bool *drop) {
    const struct fault *fault = &request->fault;
    struct reply reply = {0};
    *drop = fault->kind == FAULT_DROP;
    if (simulator->admin && strncmp(request->path, "/admin/", 7) == 0) {
        *drop = false;
        return admin_handle(simulator, request);
    }
    if (fault->kind == FAULT_NONE || fault->kind == FAULT_DECLINE || fault->acts) {
        reply = route_run(simulator, request);
    }
    if (fault->kind != FAULT_NONE && fault->kind != FAULT_DECLINE) {
        json_decref(reply.body);
        reply = *drop ? (struct reply){0} : fault_reply(fault);
    }
    return reply;
}
