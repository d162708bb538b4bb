/* SPDX-License-Identifier: Apache-2.0 */
/* Writes Square's requests and reads its responses. */
#include "payment/provider/square.h"

#include "payment/core/names.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ---- */

static void key_text(const struct payment_row *row, const char *action, char out[UUID_TEXT_SIZE]) {
    struct uuid key = payment_key_derive(&row->reservation_id, action, row->attempt);
    uuid_format(&key, out);
}

static void body_take(struct payment_square_call *call, json_t *body) {
    char *text = json_dumps(body, JSON_COMPACT);
    if (text == NULL) {
        die("a request cannot be written as JSON");
    }
    buffer_append_text(&call->body, text);
    free(text);
    json_decref(body);
}

static json_t *money_new(const struct payment_work *work) {
    return json_pack("{s:I, s:s}", "amount", (json_int_t)work->amount_minor, "currency",
                     work->currency);
}

static void create_body(struct payment_square_call *call, const struct payment_square *square,
                        const struct payment_row *row) {
    char key[UUID_TEXT_SIZE], reference[UUID_TEXT_SIZE], note[96], order[PUBLIC_ORDER_ID_SIZE];
    key_text(row, "authorize", key);
    uuid_format(&row->reservation_id, reference);
    public_order_id_format(&row->show_id, &row->reservation_id, order);
    snprintf(note, sizeof note, "Seatlog %s, attempt %d", order, (int)row->attempt);
    json_t *body = json_pack(
        "{s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s}", "source_id", row->source_id, "idempotency_key",
        key, "amount_money", money_new(&row->work), "autocomplete", 0, "delay_action", "CANCEL",
        "delay_duration", square->delay_duration, "reference_id", reference, "note", note);
    if (body == NULL) {
        /* Only a token that is not UTF-8, which the codec does not let through. */
        die("a create cannot be written as JSON");
    }
    if (square->location_id[0] != '\0') {
        json_object_set_new(body, "location_id", json_string(square->location_id));
    }
    body_take(call, body);
}

static void refund_body(struct payment_square_call *call, const struct payment_row *row) {
    char key[UUID_TEXT_SIZE];
    key_text(row, "refund", key);
    body_take(call, json_pack("{s:s, s:s, s:o, s:s}", "idempotency_key", key, "payment_id",
                              row->work.payment_id, "amount_money", money_new(&row->work), "reason",
                              "Order cancelled"));
}

static void cancel_by_key_body(struct payment_square_call *call, const struct payment_row *row) {
    char key[UUID_TEXT_SIZE];
    key_text(row, "authorize", key);
    body_take(call, json_pack("{s:s}", "idempotency_key", key));
}

/* Ids are the provider's; what is not plain in one is escaped all the same. */
static void url_append(struct buffer *url, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= 'a' && byte <= 'z') || strchr("-_.~", byte) != NULL;
        buffer_append_format(url, plain ? "%c" : "%%%02X", byte);
    }
}

static void call_begin(struct payment_square_call *call, const struct payment_square *square,
                       const char *method) {
    *call = (struct payment_square_call){0};
    buffer_append_text(&call->url, square->url);
    buffer_append_format(&call->authorization, "Authorization: Bearer %s", square->access_token);
    buffer_append_format(&call->version, "Square-Version: %s", square->version);
    call->request.method = method;
    call->request.timeout_ms = square->timeout_ms;
}

static void call_end(struct payment_square_call *call) {
    size_t count = 0;
    call->headers[count++] = call->authorization.data;
    call->headers[count++] = call->version.data;
    if (call->body.size > 0) {
        call->headers[count++] = "Content-Type: application/json";
    }
    call->headers[count] = NULL;
    call->request.url = call->url.data;
    call->request.headers = call->headers;
    call->request.body = call->body.size > 0 ? call->body.data : NULL;
    call->request.body_size = call->body.size;
}

void payment_square_call_init(struct payment_square_call *call, const struct payment_square *square,
                              const struct payment_row *row) {
    enum payment_step step = row->work.step;
    bool look_up = step == PAYMENT_STEP_LOOK_UP || step == PAYMENT_STEP_LOOK_UP_REFUND;
    call_begin(call, square, look_up ? "GET" : "POST");
    bool refund = step == PAYMENT_STEP_REFUND || step == PAYMENT_STEP_LOOK_UP_REFUND;
    buffer_append_text(&call->url, refund ? "/v2/refunds" : "/v2/payments");
    switch (step) {
    case PAYMENT_STEP_CREATE:
        create_body(call, square, row);
        break;
    case PAYMENT_STEP_CANCEL_BY_KEY:
        buffer_append_text(&call->url, "/cancel");
        cancel_by_key_body(call, row);
        break;
    case PAYMENT_STEP_COMPLETE:
    case PAYMENT_STEP_CANCEL:
        buffer_append_text(&call->url, "/");
        url_append(&call->url, row->work.payment_id);
        buffer_append_text(&call->url, step == PAYMENT_STEP_CANCEL ? "/cancel" : "/complete");
        break;
    case PAYMENT_STEP_REFUND:
        refund_body(call, row);
        break;
    case PAYMENT_STEP_LOOK_UP:
        buffer_append_text(&call->url, "/");
        url_append(&call->url, row->work.payment_id);
        break;
    case PAYMENT_STEP_LOOK_UP_REFUND:
        buffer_append_text(&call->url, "/");
        url_append(&call->url, row->work.refund_id);
        break;
    case PAYMENT_STEP_REPORT:
    case PAYMENT_STEP_DONE:
        die("a step without a call");
    }
    call_end(call);
}

void payment_square_call_deinit(struct payment_square_call *call) {
    buffer_deinit(&call->url);
    buffer_deinit(&call->body);
    buffer_deinit(&call->authorization);
    buffer_deinit(&call->version);
}

static void time_append(struct buffer *url, int64_t time_ms) {
    char text[TIME_TEXT_SIZE];
    buffer_append_text(url, time_format(time_ms, text));
}

void payment_square_list_init(struct payment_square_call *call, const struct payment_square *square,
                              int64_t begin_ms, int64_t end_ms, const char *cursor) {
    call_begin(call, square, "GET");
    buffer_append_format(&call->url,
                         "/v2/payments?sort_order=ASC&limit=%d&begin_time=", PAYMENT_LIST_MAX);
    time_append(&call->url, begin_ms);
    buffer_append_text(&call->url, "&end_time=");
    time_append(&call->url, end_ms);
    if (square->location_id[0] != '\0') {
        buffer_append_text(&call->url, "&location_id=");
        url_append(&call->url, square->location_id);
    }
    if (cursor != NULL && cursor[0] != '\0') {
        buffer_append_text(&call->url, "&cursor=");
        url_append(&call->url, cursor);
    }
    call_end(call);
}

/* ---- responses ---- */

static void text_read(char *out, size_t out_size, const json_t *object, const char *field) {
    const char *text = json_string_value(json_object_get(object, field));
    snprintf(out, out_size, "%s", text != NULL ? text : "");
}

static int64_t money_read(const json_t *object, const char *field, char currency[4]) {
    const json_t *money = json_object_get(object, field);
    if (currency != NULL && money != NULL) {
        text_read(currency, 4, money, "currency");
    }
    return json_integer_value(json_object_get(money, "amount"));
}

/* The error that says most: one about the card, else the first. */
static const json_t *error_pick(const json_t *errors) {
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i);
        const char *category = json_string_value(json_object_get(error, "category"));
        if (category != NULL && strcmp(category, "PAYMENT_METHOD_ERROR") == 0) {
            return error;
        }
    }
    return json_array_get(errors, 0);
}

/* What was set aside, or taken: the card's yes may be to less than was asked for. */
static int64_t payment_amount(const json_t *payment, char currency[4]) {
    static const char *const fields[] = {"approved_money", "total_money", "amount_money"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (json_is_object(json_object_get(payment, fields[i]))) {
            return money_read(payment, fields[i], currency);
        }
    }
    return 0;
}

static bool payment_read(const json_t *payment, struct payment_answer *out) {
    const json_t *details = json_object_get(payment, "card_details");
    const json_t *card = json_object_get(details, "card");
    const json_t *refunds = json_object_get(payment, "refund_ids");
    const json_t *last = json_array_get(refunds, json_array_size(refunds) - 1);
    const char *status = json_string_value(json_object_get(payment, "status"));
    out->kind = PAYMENT_ANSWER_PAYMENT;
    text_read(out->payment_id, sizeof out->payment_id, payment, "id");
    out->amount_minor = payment_amount(payment, out->currency);
    out->refunded_minor = money_read(payment, "refunded_money", NULL);
    text_read(out->card_brand, sizeof out->card_brand, card, "card_brand");
    text_read(out->card_last_4, sizeof out->card_last_4, card, "last_4");
    text_read(out->code, sizeof out->code, error_pick(json_object_get(details, "errors")), "code");
    if (json_is_string(last)) {
        snprintf(out->refund_id, sizeof out->refund_id, "%s", json_string_value(last));
    }
    return out->payment_id[0] != '\0' && payment_status_parse(status, &out->status) &&
           out->status != PAYMENT_STATUS_REJECTED;
}

static bool refund_read(const json_t *refund, struct payment_answer *out) {
    const char *status = json_string_value(json_object_get(refund, "status"));
    out->kind = PAYMENT_ANSWER_REFUND;
    text_read(out->refund_id, sizeof out->refund_id, refund, "id");
    text_read(out->payment_id, sizeof out->payment_id, refund, "payment_id");
    out->amount_minor = money_read(refund, "amount_money", out->currency);
    return out->refund_id[0] != '\0' && payment_status_parse(status, &out->status);
}

static bool success_read(enum payment_step step, const json_t *body, struct payment_answer *out) {
    const json_t *payment = json_object_get(body, "payment");
    const json_t *refund = json_object_get(body, "refund");
    if (json_array_size(json_object_get(body, "errors")) > 0 && payment == NULL) {
        return false;
    }
    switch (step) {
    case PAYMENT_STEP_CANCEL_BY_KEY:
        out->kind = PAYMENT_ANSWER_ACCEPTED;
        return json_is_object(body);
    case PAYMENT_STEP_REFUND:
    case PAYMENT_STEP_LOOK_UP_REFUND:
        return json_is_object(refund) && refund_read(refund, out);
    default:
        return json_is_object(payment) && payment_read(payment, out);
    }
}

/* A 4xx is a definite no only in the provider's own words. */
static bool refusal_read(const json_t *body, struct payment_answer *out) {
    const json_t *errors = json_object_get(body, "errors");
    const json_t *error = error_pick(errors);
    const json_t *payment = json_object_get(body, "payment");
    char category[64], code[PAYMENT_CODE_SIZE];
    text_read(category, sizeof category, error, "category");
    text_read(code, sizeof code, error, "code");
    if (code[0] == '\0' || strcmp(category, "API_ERROR") == 0 ||
        strcmp(code, "TEMPORARY_ERROR") == 0 || strcmp(code, "REQUEST_TIMEOUT") == 0) {
        return false;
    }
    if (json_is_object(payment)) {
        payment_read(payment, out); /* for the record: brand, last four, id */
    }
    out->kind = PAYMENT_ANSWER_REFUSED;
    snprintf(out->code, sizeof out->code, "%s", code);
    return true;
}

void payment_square_answer(enum payment_step step, const struct http_response *response,
                           struct payment_answer *out) {
    int status = response->status;
    *out = (struct payment_answer){.http_status = status};
    if (status == 0) {
        out->kind = response->sent_nothing ? PAYMENT_ANSWER_NOT_SENT : PAYMENT_ANSWER_UNKNOWN;
        return;
    }
    if (status == 401 || status == 403) {
        out->kind = PAYMENT_ANSWER_UNAUTHORIZED;
        return;
    }
    if (status == 429) {
        out->kind = PAYMENT_ANSWER_LATER;
        out->retry_after_ms = (int64_t)response->retry_after_s * 1000;
        return;
    }
    bool success = status >= 200 && status < 300;
    bool refusal = status >= 400 && status < 500 && status != 408 && status != 409;
    json_t *body = json_loadb(response->body, response->body_size, 0, NULL);
    bool understood =
        (success && success_read(step, body, out)) || (refusal && refusal_read(body, out));
    json_decref(body);
    if (!understood) {
        *out = (struct payment_answer){
            .kind = PAYMENT_ANSWER_UNKNOWN,
            .http_status = status,
            .retry_after_ms = (int64_t)response->retry_after_s * 1000,
        };
    }
}

static int64_t time_read(const json_t *object, const char *field) {
    const char *text = json_string_value(json_object_get(object, field));
    struct time_said said = text == NULL ? (struct time_said){0} : time_parse(text);
    return said.form == TIME_IS_NONE ? 0 : said.at_ms - said.at_ms % 1000;
}

static bool listed_read(const json_t *payment, struct payment_listed *out) {
    struct payment_answer answer = {0};
    if (!json_is_object(payment) || !payment_read(payment, &answer)) {
        return false;
    }
    *out = (struct payment_listed){
        .status = answer.status,
        .amount_minor = answer.amount_minor,
        .refunded_minor = answer.refunded_minor,
        .created_ms = time_read(payment, "created_at"),
    };
    memcpy(out->payment_id, answer.payment_id, sizeof out->payment_id);
    memcpy(out->currency, answer.currency, sizeof out->currency);
    text_read(out->reference_id, sizeof out->reference_id, payment, "reference_id");
    return true;
}

bool payment_square_list_parse(const struct http_response *response, struct payment_list *out) {
    out->count = 0;
    out->cursor[0] = '\0';
    if (response->status != 200) {
        return false;
    }
    json_t *body = json_loadb(response->body, response->body_size, 0, NULL);
    const json_t *payments = json_object_get(body, "payments");
    bool good = json_is_object(body) && json_array_size(payments) <= PAYMENT_LIST_MAX &&
                json_string_length(json_object_get(body, "cursor")) < sizeof out->cursor;
    text_read(out->cursor, sizeof out->cursor, body, "cursor");
    for (size_t i = 0; good && i < json_array_size(payments); i++) {
        good = listed_read(json_array_get(payments, i), &out->items[out->count++]);
    }
    json_decref(body);
    return good;
}
