/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in Square's words to the simulator's provider, and its answers back in Square's. */
#include "tests/sim/square.h"

#include "payment/core/names.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- requests --- */

static void text_get(char *out, size_t out_size, const json_t *object, const char *field) {
    const char *text = json_string_value(json_object_get(object, field));
    snprintf(out, out_size, "%s", text != NULL ? text : "");
}

static struct uuid uuid_get(const json_t *object, const char *field) {
    struct uuid uuid = {0};
    const char *text = json_string_value(json_object_get(object, field));
    if (text != NULL) {
        uuid_parse(text, strlen(text), &uuid);
    }
    return uuid;
}

/* A create's note ends in "attempt 2". */
static int32_t attempt_get(const json_t *body) {
    const char *note = json_string_value(json_object_get(body, "note"));
    const char *attempt = note != NULL ? strstr(note, "attempt ") : NULL;
    return attempt != NULL ? atoi(attempt + sizeof "attempt " - 1) : 0;
}

static void body_read(const json_t *body, struct sim_request *request) {
    struct payment_work *work = &request->row.work;
    const json_t *money = json_object_get(body, "amount_money");
    request->key = uuid_get(body, "idempotency_key");
    request->row.reservation_id = uuid_get(body, "reference_id");
    request->row.attempt = attempt_get(body);
    request->autocomplete = json_is_true(json_object_get(body, "autocomplete"));
    work->amount_minor = json_integer_value(json_object_get(money, "amount"));
    text_get(work->currency, sizeof work->currency, money, "currency");
    text_get(request->source, sizeof request->source, body, "source_id");
    if (work->step == PAYMENT_STEP_REFUND) {
        text_get(work->payment_id, sizeof work->payment_id, body, "payment_id");
    }
}

/* The payment that a refund is of; its id stays empty if there is none. */
static void refund_find(const struct sim_provider *provider, struct payment_work *work) {
    for (size_t i = 0; i < provider->payments.count; i++) {
        const struct sim_payment *payment = provider->payments.items[i];
        for (size_t j = 0; j < payment->refund_count; j++) {
            if (strcmp(payment->refunds[j].refund_id, work->refund_id) == 0) {
                snprintf(work->payment_id, sizeof work->payment_id, "%s", payment->payment_id);
            }
        }
    }
}

/* /v2/payments, /v2/payments/cancel, /v2/payments/ID, /v2/payments/ID/complete, … */
static bool path_read(const char *method, const char *path, struct payment_work *work) {
    char what[16] = "", id[PAYMENT_ID_SIZE] = "", action[16] = "";
    int parts = sscanf(path, "/v2/%15[a-z]/%199[^/]/%15[a-z]", what, id, action);
    bool get = strcmp(method, "GET") == 0, refunds = strcmp(what, "refunds") == 0;
    if (parts < 1 || (!refunds && strcmp(what, "payments") != 0) || (get && parts != 2)) {
        return false;
    }
    if (get) {
        work->step = refunds ? PAYMENT_STEP_LOOK_UP_REFUND : PAYMENT_STEP_LOOK_UP;
    } else if (parts == 1) {
        work->step = refunds ? PAYMENT_STEP_REFUND : PAYMENT_STEP_CREATE;
    } else if (parts == 2 && !refunds && strcmp(id, "cancel") == 0) {
        work->step = PAYMENT_STEP_CANCEL_BY_KEY;
    } else if (parts == 3 && !refunds && strcmp(action, "complete") == 0) {
        work->step = PAYMENT_STEP_COMPLETE;
    } else if (parts == 3 && !refunds && strcmp(action, "cancel") == 0) {
        work->step = PAYMENT_STEP_CANCEL;
    } else {
        return false;
    }
    if (work->step == PAYMENT_STEP_CANCEL_BY_KEY) {
        return true; /* what stands in the place of an id is none */
    }
    snprintf(refunds ? work->refund_id : work->payment_id, PAYMENT_ID_SIZE, "%s", id);
    return true;
}

static bool request_read(struct sim_world *world, const struct http_request *http,
                         struct sim_request *request) {
    size_t prefix = sizeof SIM_SQUARE_URL - 1;
    *request = (struct sim_request){.sent_step = world->steps};
    if (strncmp(http->url, SIM_SQUARE_URL, prefix) != 0 ||
        !path_read(http->method, http->url + prefix, &request->row.work)) {
        return false;
    }
    if (request->row.work.step == PAYMENT_STEP_LOOK_UP_REFUND) {
        refund_find(world->provider, &request->row.work);
    }
    if (http->body_size > 0) {
        json_t *body = json_loadb(http->body, http->body_size, 0, NULL);
        body_read(body, request);
        json_decref(body);
    }
    return true;
}

/* --- responses --- */

static json_t *money_new(int64_t amount_minor, const char *currency) {
    return json_pack("{s:I, s:s}", "amount", (json_int_t)amount_minor, "currency", currency);
}

static json_t *errors_new(const char *category, const char *code) {
    return json_pack("[{s:s, s:s}]", "category", category, "code", code);
}

static json_t *payment_new(const struct payment_answer *answer) {
    json_t *payment = json_pack("{s:s, s:s, s:o, s:o}", "id", answer->payment_id, "status",
                                payment_status_name(answer->status), "approved_money",
                                money_new(answer->amount_minor, answer->currency), "refunded_money",
                                money_new(answer->refunded_minor, answer->currency));
    if (answer->refund_id[0] != '\0') {
        json_object_set_new(payment, "refund_ids", json_pack("[s]", answer->refund_id));
    }
    if (answer->code[0] != '\0') {
        json_object_set_new(
            payment, "card_details",
            json_pack("{s:o}", "errors", errors_new("PAYMENT_METHOD_ERROR", answer->code)));
    }
    return payment;
}

static json_t *refund_new(const struct payment_answer *answer) {
    return json_pack("{s:s, s:s, s:o}", "id", answer->refund_id, "status",
                     payment_status_name(answer->status), "amount_money",
                     money_new(answer->amount_minor, "USD"));
}

/* NULL: no body. */
static json_t *body_new(const struct payment_answer *answer) {
    switch (answer->kind) {
    case PAYMENT_ANSWER_PAYMENT:
        return json_pack("{s:o}", "payment", payment_new(answer));
    case PAYMENT_ANSWER_REFUND:
        return json_pack("{s:o}", "refund", refund_new(answer));
    case PAYMENT_ANSWER_ACCEPTED:
        return json_object();
    case PAYMENT_ANSWER_REFUSED:
        return json_pack("{s:o}", "errors", errors_new("INVALID_REQUEST_ERROR", answer->code));
    default:
        return NULL;
    }
}

static int http_status_of(const struct payment_answer *answer) {
    switch (answer->kind) {
    case PAYMENT_ANSWER_LATER:
        return 429;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        return 401;
    default:
        return answer->http_status;
    }
}

static void response_write(const struct payment_answer *answer, struct sim_response *out) {
    json_t *body = body_new(answer);
    out->response = (struct http_response){
        .status = http_status_of(answer),
        .sent_nothing = answer->kind == PAYMENT_ANSWER_NOT_SENT,
        .failure = "no answer",
        .retry_after_s = (long)(answer->retry_after_ms / 1000),
    };
    if (body != NULL) {
        char *text = json_dumps(body, JSON_COMPACT);
        buffer_append_text(&out->body, text);
        free(text);
        json_decref(body);
    }
    out->response.body = out->body.data != NULL ? out->body.data : "";
    out->response.body_size = out->body.size;
}

void sim_square_call(struct sim_world *world, const struct http_request *request,
                     struct sim_response *out) {
    struct sim_request read;
    struct payment_answer answer = {.kind = PAYMENT_ANSWER_NOT_SENT};
    *out = (struct sim_response){0};
    if (request_read(world, request, &read)) {
        sim_provider_call(world, &read, &answer);
        sim_trace(world, "payment asks the provider: %s %s: %s",
                  payment_step_name(read.row.work.step), read.row.work.payment_id,
                  payment_answer_kind_name(answer.kind));
    } else {
        sim_violated(world, 4, "payment asks the provider what it does not know: %s %s",
                     request->method, request->url);
    }
    response_write(&answer, out);
}

void sim_square_response_deinit(struct sim_response *response) { buffer_deinit(&response->body); }
