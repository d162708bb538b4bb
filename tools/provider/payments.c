/* SPDX-License-Identifier: Apache-2.0 */
/* The Payments API. */
#include "tools/provider/payments.h"

#include "runtime/base/time.h"
#include "tools/provider/check.h"
#include "tools/provider/formats.h"
#include "tools/provider/reply.h"

#include <stdio.h>
#include <string.h>

#define IDEMPOTENCY_KEY_MAX 45
#define SOURCE_ID_MAX 1024
#define REFERENCE_ID_MAX 40
#define NOTE_MAX 500
#define DELAY_DEFAULT "PT168H"
#define DELAY_MIN_S 60
#define DELAY_MAX_S (7 * 86400)
#define PAYMENT_ID_SIZE 29
#define VERSION_TOKEN_SIZE 43

/* The documented test sources. */
struct source {
    const char *token;
    const char *code; /* NULL: the card is good */
    const char *cvv_status;
    const char *avs_status;
    int expiration_year;
};

static const struct source sources[] = {
    {"cnon:card-nonce-ok", NULL, "CVV_ACCEPTED", "AVS_ACCEPTED", 2031},
    {"cnon:card-nonce-declined", "GENERIC_DECLINE", "CVV_ACCEPTED", "AVS_ACCEPTED", 2031},
    {"cnon:card-nonce-rejected-cvv", "CVV_FAILURE", "CVV_REJECTED", "AVS_ACCEPTED", 2031},
    {"cnon:card-nonce-rejected-postalcode", "ADDRESS_VERIFICATION_FAILURE", "CVV_ACCEPTED",
     "AVS_REJECTED", 2031},
    {"cnon:card-nonce-rejected-expiration", "INVALID_EXPIRATION", "CVV_ACCEPTED", "AVS_ACCEPTED",
     2020},
    {"cnon:card-nonce-already-used", "CARD_TOKEN_USED", NULL, NULL, 0},
};

/* A CreatePayment that is well-formed. */
struct order {
    const char *idempotency_key;
    const struct source *source;
    struct money money;
    bool autocomplete;
    const char *delay_duration;
    int64_t delay_s;
    const char *delay_action;
};

static const struct source *source_find(const char *token) {
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (strcmp(sources[i].token, token) == 0) {
            return &sources[i];
        }
    }
    return NULL;
}

static void delay_check(struct check *check, struct order *order) {
    order->delay_duration = check_text(check, "delay_duration", false, 1, 40);
    order->delay_action = check_text(check, "delay_action", false, 1, 40);
    if (order->delay_duration == NULL) {
        order->delay_duration = DELAY_DEFAULT;
    } else if (order->autocomplete) {
        check_fail(check, "BAD_REQUEST", "delay_duration",
                   "`delay_duration` can be given with `autocomplete` false only.");
    }
    order->delay_s = duration_parse_s(order->delay_duration);
    if (order->delay_s < 0) {
        check_fail(check, "INVALID_VALUE", "delay_duration",
                   "`delay_duration` must be an ISO 8601 duration.");
    } else if (order->delay_s < DELAY_MIN_S || order->delay_s > DELAY_MAX_S) {
        check_fail(check, "INVALID_VALUE", "delay_duration",
                   "`delay_duration` must be between one minute and seven days.");
    }
    if (order->delay_action == NULL) {
        order->delay_action = "CANCEL";
    } else if (strcmp(order->delay_action, "CANCEL") != 0 &&
               strcmp(order->delay_action, "COMPLETE") != 0) {
        check_fail(check, "INVALID_ENUM_VALUE", "delay_action",
                   "`%.40s` is not a valid enum value for `delay_action`.", order->delay_action);
    }
}

static void order_check(struct simulator *simulator, struct check *check, struct order *order) {
    const char *source = check_text(check, "source_id", true, 1, SOURCE_ID_MAX);
    order->idempotency_key = check_text(check, "idempotency_key", true, 1, IDEMPOTENCY_KEY_MAX);
    order->money = check_money(check, "amount_money", true);
    order->autocomplete = check_boolean(check, "autocomplete", true);
    delay_check(check, order);
    check_text(check, "reference_id", false, 0, REFERENCE_ID_MAX);
    check_text(check, "note", false, 0, NOTE_MAX);
    check_text(check, "customer_id", false, 0, 192);
    check_text(check, "order_id", false, 0, 192);
    check_text(check, "verification_token", false, 0, SOURCE_ID_MAX);
    check_text(check, "buyer_email_address", false, 0, 255);
    const char *location = check_text(check, "location_id", false, 0, 50);
    if (location != NULL && strcmp(location, simulator->location_id) != 0) {
        check_fail(check, "NOT_FOUND", "location_id", "Location `%.50s` not found.", location);
    }
    if (source != NULL && check_good(check)) {
        order->source = source_find(source);
        if (order->source == NULL) {
            check_fail(check, "NOT_FOUND", "source_id", "Card nonce not found");
        }
    }
}

static json_t *money_new(int64_t amount, const char *currency) {
    return json_pack("{s:I, s:s}", "amount", (json_int_t)amount, "currency", currency);
}

/* The card behind the source; a token that was used up has none to show. */
static json_t *card_details_new(const struct source *source) {
    json_t *details = json_pack("{s:s, s:s}", "status", "AUTHORIZED", "entry_method", "KEYED");
    if (source->expiration_year != 0) {
        json_object_set_new(
            details, "card",
            json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s}", "card_brand", "VISA", "last_4",
                      "1111", "exp_month", 11, "exp_year", source->expiration_year, "fingerprint",
                      "sq-1-Tvruf3vPQxlvI6n0IcKYfBukrcv6IqWr8UyBdvRRzAQYFqYL3pYQb1Xq9P5Vq7w0Bw",
                      "card_type", "CREDIT", "prepaid_type", "NOT_PREPAID", "bin", "411111"));
        json_object_set_new(details, "cvv_status", json_string(source->cvv_status));
        json_object_set_new(details, "avs_status", json_string(source->avs_status));
    }
    json_object_set_new(details, "card_payment_timeline", json_object());
    return details;
}

static void timeline_set(json_t *payment, const char *name, int64_t now_ms) {
    char time[TIME_TEXT_SIZE];
    json_t *details = json_object_get(payment, "card_details");
    json_object_set_new(json_object_get(details, "card_payment_timeline"), name,
                        json_string(time_format(now_ms, time)));
}

static void status_set(json_t *payment, const char *status, const char *card_status) {
    json_object_set_new(payment, "status", json_string(status));
    json_object_set_new(json_object_get(payment, "card_details"), "status",
                        json_string(card_status));
}

void payments_touch(struct books_payment *payment, int64_t now_ms) {
    char time[TIME_TEXT_SIZE], token[VERSION_TOKEN_SIZE + 1];
    json_object_set_new(payment->payment, "updated_at", json_string(time_format(now_ms, time)));
    json_object_set_new(payment->payment, "version_token",
                        json_string(identifier_draw(token, VERSION_TOKEN_SIZE)));
}

static void completed_set(struct simulator *simulator, struct books_payment *payment,
                          int64_t now_ms) {
    char url[256];
    status_set(payment->payment, "COMPLETED", "CAPTURED");
    timeline_set(payment->payment, "captured_at", now_ms);
    snprintf(url, sizeof url, "%s/receipt/preview/%s", simulator->base_url, payment->id);
    json_object_set_new(payment->payment, "receipt_number", json_stringn(payment->id, 4));
    json_object_set_new(payment->payment, "receipt_url", json_string(url));
    json_object_del(payment->payment, "capabilities");
    payments_touch(payment, now_ms);
}

static void canceled_set(struct books_payment *payment, int64_t now_ms) {
    status_set(payment->payment, "CANCELED", "VOIDED");
    timeline_set(payment->payment, "voided_at", now_ms);
    json_object_del(payment->payment, "capabilities");
    payments_touch(payment, now_ms);
}

static void failed_set(struct books_payment *payment, json_t *error, int64_t now_ms) {
    json_t *details = json_object_get(payment->payment, "card_details");
    status_set(payment->payment, "FAILED", "FAILED");
    json_object_set_new(details, "errors", json_pack("[O]", error));
    json_object_del(payment->payment, "capabilities");
    payments_touch(payment, now_ms);
}

static json_t *decline_error(const char *code) {
    char detail[REPLY_DETAIL_SIZE];
    snprintf(detail, sizeof detail, "Authorization error: '%s'", code);
    return error_new("PAYMENT_METHOD_ERROR", code, detail,
                     strncmp(code, "CARD_TOKEN_", 11) == 0 ? "source_id" : NULL);
}

static const char *const echoed[] = {"reference_id", "note", "customer_id", "order_id",
                                     "buyer_email_address"};

/* The payment as it is when the card has said yes. */
static struct books_payment *payment_add(struct simulator *simulator, const json_t *body,
                                         const struct order *order, int64_t now_ms) {
    char id[PAYMENT_ID_SIZE + 1], time[TIME_TEXT_SIZE];
    json_t *payment =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s}", "id",
                  identifier_draw(id, PAYMENT_ID_SIZE), "created_at", time_format(now_ms, time),
                  "amount_money", money_new(order->money.amount, order->money.currency),
                  "total_money", money_new(order->money.amount, order->money.currency),
                  "approved_money", money_new(order->money.amount, order->money.currency),
                  "delay_duration", order->delay_duration, "delay_action", order->delay_action,
                  "source_type", "CARD", "location_id", simulator->location_id);
    json_object_set_new(payment, "card_details", card_details_new(order->source));
    json_object_set_new(payment, "capabilities",
                        json_pack("[s, s, s, s]", "EDIT_AMOUNT_UP", "EDIT_AMOUNT_DOWN",
                                  "EDIT_TIP_AMOUNT_UP", "EDIT_TIP_AMOUNT_DOWN"));
    json_object_set_new(payment, "application_details",
                        json_pack("{s:s}", "square_product", "ECOMMERCE_API"));
    for (size_t i = 0; i < sizeof echoed / sizeof echoed[0]; i++) {
        json_t *value = json_object_get(body, echoed[i]);
        if (json_string_length(value) > 0) {
            json_object_set(payment, echoed[i], value);
        }
    }
    struct books_payment *added = books_payment_add(simulator->books, payment, now_ms);
    added->delayed_until_ms = now_ms + order->delay_s * 1000;
    json_object_set_new(payment, "delayed_until",
                        json_string(time_format(added->delayed_until_ms, time)));
    status_set(payment, "APPROVED", "AUTHORIZED");
    timeline_set(payment, "authorized_at", now_ms);
    payments_touch(added, now_ms);
    return added;
}

static void payment_notify(struct simulator *simulator, const char *type,
                           const struct books_payment *payment) {
    if (simulator->webhooks != NULL) {
        webhooks_notify(simulator->webhooks, type, "payment", payment->id, payment->payment);
    }
}

/* Acts on a well-formed order; the reply is what the key will be answered with from now on. */
static struct reply order_execute(struct simulator *simulator, const json_t *body,
                                  const struct order *order, const struct fault *fault) {
    int64_t now_ms = clock_now_ms();
    const char *code = fault->kind == FAULT_DECLINE ? fault->code : order->source->code;
    struct books_payment *payment = payment_add(simulator, body, order, now_ms);
    struct reply reply = {.status = 200, .body = json_object()};
    if (code != NULL) {
        json_t *error = decline_error(code);
        json_object_set_new(payment->payment, "approved_money",
                            money_new(0, order->money.currency));
        json_object_del(json_object_get(json_object_get(payment->payment, "card_details"),
                                        "card_payment_timeline"),
                        "authorized_at");
        failed_set(payment, error, now_ms);
        json_object_set_new(reply.body, "errors", json_pack("[o]", error));
        reply.status = behaviour_decline_status(simulator->behaviour);
    } else if (order->autocomplete) {
        completed_set(simulator, payment, now_ms);
    } else {
        timers_add(&simulator->timers,
                   (struct timer){.due_ms = payment->delayed_until_ms,
                                  .kind = TIMER_DELAYED_ACTION,
                                  .index = books_payment_index(simulator->books, payment)});
    }
    json_object_set_new(reply.body, "payment", json_deep_copy(payment->payment));
    books_record(simulator->books, &(struct books_action){
                                       .operation = "CreatePayment",
                                       .at_ms = now_ms,
                                       .payment = payment,
                                       .key = order->idempotency_key,
                                       .body_hash = reply_body_hash(body),
                                       .status = reply.status,
                                       .response = reply.body,
                                   });
    payment_notify(simulator, "payment.created", payment);
    return reply;
}

struct reply payments_create(struct simulator *simulator, const json_t *body,
                             const struct fault *fault) {
    struct check check = {.body = body, .errors = json_array()};
    struct order order = {0};
    struct reply reply;
    const char *key = check_text(&check, "idempotency_key", true, 1, IDEMPOTENCY_KEY_MAX);
    if (key != NULL && reply_known(simulator, "CreatePayment", key, body, &reply)) {
        json_decref(check.errors);
        return reply;
    }
    json_array_clear(check.errors);
    order_check(simulator, &check, &order);
    if (!check_good(&check)) {
        return reply_errors(check.errors);
    }
    json_decref(check.errors);
    return order_execute(simulator, body, &order, fault);
}

static struct reply payment_reply(const struct books_payment *payment) {
    return (struct reply){
        .status = 200,
        .body = json_pack("{s:o}", "payment", json_deep_copy(payment->payment)),
    };
}

static struct reply payment_missing_reply(const char *id) {
    char detail[REPLY_DETAIL_SIZE];
    snprintf(detail, sizeof detail, "Could not find payment with id: %.100s", id);
    return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", detail, "payment_id");
}

struct reply payments_get(struct simulator *simulator, const char *id) {
    struct books_payment *payment = books_payment_find(simulator->books, id);
    return payment == NULL ? payment_missing_reply(id) : payment_reply(payment);
}

static const char *payment_status(const struct books_payment *payment) {
    return json_string_value(json_object_get(payment->payment, "status"));
}

/* Why a payment that is not APPROVED can be neither completed nor cancelled. */
static struct reply payment_settled_reply(const struct books_payment *payment) {
    const char *status = payment_status(payment);
    const char *code = "DELAYED_TRANSACTION_FAILED";
    char detail[REPLY_DETAIL_SIZE];
    if (strcmp(status, "COMPLETED") == 0) {
        code = "DELAYED_TRANSACTION_CAPTURED";
    } else if (strcmp(status, "CANCELED") == 0) {
        code = payment->expired ? "DELAYED_TRANSACTION_EXPIRED" : "DELAYED_TRANSACTION_CANCELED";
    }
    snprintf(detail, sizeof detail, "Payment %s is %s: only an APPROVED payment can be changed.",
             payment->id, status);
    return reply_error(400, "INVALID_REQUEST_ERROR", code, detail, NULL);
}

static void payment_record(struct simulator *simulator, const char *operation,
                           const struct books_payment *payment, const char *key_forgotten) {
    books_record(simulator->books, &(struct books_action){.operation = operation,
                                                          .at_ms = clock_now_ms(),
                                                          .payment = payment,
                                                          .key_forgotten = key_forgotten});
    payment_notify(simulator, "payment.updated", payment);
}

struct reply payments_complete(struct simulator *simulator, const char *id, const json_t *body,
                               const struct fault *fault) {
    struct check check = {.body = body, .errors = json_array()};
    struct books_payment *payment = books_payment_find(simulator->books, id);
    const char *version = check_text(&check, "version_token", false, 0, 100);
    if (!check_good(&check)) {
        return reply_errors(check.errors);
    }
    json_decref(check.errors);
    if (payment == NULL) {
        return payment_missing_reply(id);
    }
    if (strcmp(payment_status(payment), "APPROVED") != 0) {
        return payment_settled_reply(payment);
    }
    const json_t *current = json_object_get(payment->payment, "version_token");
    if (version != NULL && strcmp(version, json_string_value(current)) != 0) {
        return reply_error(409, "INVALID_REQUEST_ERROR", "CONFLICT",
                           "The payment has changed since this version_token.", "version_token");
    }
    if (fault->kind == FAULT_DECLINE) {
        json_t *error = error_new("PAYMENT_METHOD_ERROR", fault->code,
                                  "The capture was refused by the issuer.", NULL);
        failed_set(payment, error, clock_now_ms());
        payment_record(simulator, "CompletePayment", payment, NULL);
        struct reply reply = payment_reply(payment);
        reply.status = behaviour_decline_status(simulator->behaviour);
        json_object_set_new(reply.body, "errors", json_pack("[o]", error));
        return reply;
    }
    completed_set(simulator, payment, clock_now_ms());
    payment_record(simulator, "CompletePayment", payment, NULL);
    return payment_reply(payment);
}

struct reply payments_cancel(struct simulator *simulator, const char *id) {
    struct books_payment *payment = books_payment_find(simulator->books, id);
    if (payment == NULL) {
        return payment_missing_reply(id);
    }
    if (strcmp(payment_status(payment), "APPROVED") != 0) {
        return payment_settled_reply(payment);
    }
    canceled_set(payment, clock_now_ms());
    payment_record(simulator, "CancelPayment", payment, NULL);
    return payment_reply(payment);
}

/*
 * Succeeds where there is no such payment, and remembers nothing of it: a create with this key that
 * is still on its way will be acted upon. After a cancellation the key may be used again, as
 * documented.
 */
struct reply payments_cancel_by_key(struct simulator *simulator, const json_t *body) {
    struct check check = {.body = body, .errors = json_array()};
    const char *key = check_text(&check, "idempotency_key", true, 1, IDEMPOTENCY_KEY_MAX);
    if (!check_good(&check)) {
        return reply_errors(check.errors);
    }
    json_decref(check.errors);
    struct books_key known;
    struct books_payment *payment = NULL;
    if (books_key_find(simulator->books, "CreatePayment", key, &known)) {
        payment = books_payment_find(simulator->books, known.payment_id);
    }
    if (payment != NULL && strcmp(payment_status(payment), "COMPLETED") == 0) {
        return payment_settled_reply(payment);
    }
    if (payment != NULL && strcmp(payment_status(payment), "APPROVED") == 0) {
        canceled_set(payment, clock_now_ms());
        payment_record(simulator, "CancelPaymentByIdempotencyKey", payment, key);
    }
    return (struct reply){.status = 200, .body = json_object()};
}

void payments_delayed_action(struct simulator *simulator, size_t index) {
    struct books_payment *payment = books_payment_at(simulator->books, index);
    const json_t *action = json_object_get(payment->payment, "delay_action");
    if (strcmp(payment_status(payment), "APPROVED") != 0) {
        return;
    }
    if (strcmp(json_string_value(action), "COMPLETE") == 0) {
        completed_set(simulator, payment, clock_now_ms());
    } else {
        payment->expired = true;
        canceled_set(payment, clock_now_ms());
    }
    payment_record(simulator, "DelayedAction", payment, NULL);
}
