/* SPDX-License-Identifier: Apache-2.0 */
/* The Refunds API. */
#include "tools/provider/refunds.h"

#include "runtime/base/time.h"
#include "tools/provider/check.h"
#include "tools/provider/formats.h"
#include "tools/provider/payments.h"
#include "tools/provider/reply.h"

#include <stdio.h>
#include <string.h>

#define IDEMPOTENCY_KEY_MAX 45
#define REASON_MAX 192
#define REFUND_SUFFIX_SIZE 43
#define REFUND_ID_SIZE_MAX 96

/* Sum of the payment's refunds that are COMPLETED or may become so. */
static int64_t refunded_amount(struct simulator *simulator, const struct books_payment *payment) {
    const json_t *ids = json_object_get(payment->payment, "refund_ids");
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const struct books_refund *refund =
            books_refund_find(simulator->books, json_string_value(json_array_get(ids, i)));
        const char *status = json_string_value(json_object_get(refund->refund, "status"));
        if (strcmp(status, "COMPLETED") == 0 || strcmp(status, "PENDING") == 0) {
            sum += json_integer_value(
                json_object_get(json_object_get(refund->refund, "amount_money"), "amount"));
        }
    }
    return sum;
}

static bool refund_pending(struct simulator *simulator, const struct books_payment *payment) {
    const json_t *ids = json_object_get(payment->payment, "refund_ids");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const struct books_refund *refund =
            books_refund_find(simulator->books, json_string_value(json_array_get(ids, i)));
        if (refund->settles_ms != 0) {
            return true;
        }
    }
    return false;
}

static struct reply refund_refused(const char *code, const char *detail, const char *field) {
    return reply_error(400, "REFUND_ERROR", code, detail, field);
}

/* What speaks against refunding the payment; status 0: nothing does. */
static struct reply refund_judge(struct simulator *simulator, const struct books_payment *payment,
                                 const struct money *money, const char *payment_id,
                                 const struct fault *fault) {
    char detail[REPLY_DETAIL_SIZE];
    if (payment == NULL) {
        snprintf(detail, sizeof detail, "Could not find payment with id: %.100s", payment_id);
        return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", detail, "payment_id");
    }
    const json_t *paid = json_object_get(payment->payment, "amount_money");
    const char *currency = json_string_value(json_object_get(paid, "currency"));
    const char *status = json_string_value(json_object_get(payment->payment, "status"));
    int64_t left =
        json_integer_value(json_object_get(paid, "amount")) - refunded_amount(simulator, payment);
    if (fault->kind == FAULT_DECLINE) {
        return refund_refused(fault->code, "The refund was refused.", NULL);
    }
    if (strcmp(status, "APPROVED") == 0) {
        return refund_refused("REFUND_ERROR_PAYMENT_NEEDS_COMPLETION",
                              "The payment must be completed before it can be refunded.", NULL);
    }
    if (strcmp(status, "COMPLETED") != 0) {
        return refund_refused("PAYMENT_NOT_REFUNDABLE", "The payment cannot be refunded.", NULL);
    }
    if (strcmp(currency, money->currency) != 0) {
        return reply_error(400, "INVALID_REQUEST_ERROR", "CURRENCY_MISMATCH",
                           "The refund's currency must be the payment's.", "amount_money.currency");
    }
    if (money->amount > left && refund_pending(simulator, payment)) {
        return refund_refused("REFUND_ALREADY_PENDING", "The payment already has a pending refund.",
                              NULL);
    }
    if (money->amount > left) {
        return refund_refused("REFUND_AMOUNT_INVALID",
                              "The requested refund amount exceeds the amount available to refund.",
                              "amount_money");
    }
    return (struct reply){0};
}

static void refund_notify(struct simulator *simulator, const char *type,
                          const struct books_refund *refund) {
    if (simulator->webhooks != NULL) {
        webhooks_notify(simulator->webhooks, type, "refund", refund->id, refund->refund);
    }
}

/* The payment's refunded_money and refund_ids; what is rejected or failed leaves no trace in the
 * sum. */
static void payment_refunds_set(struct simulator *simulator, struct books_payment *payment) {
    const json_t *paid = json_object_get(payment->payment, "amount_money");
    json_object_set_new(payment->payment, "refunded_money",
                        json_pack("{s:I, s:O}", "amount",
                                  (json_int_t)refunded_amount(simulator, payment), "currency",
                                  json_object_get(paid, "currency")));
    payments_touch(payment, clock_now_ms());
}

static struct books_refund *refund_add(struct simulator *simulator, struct books_payment *payment,
                                       const struct money *money, const char *reason) {
    char suffix[REFUND_SUFFIX_SIZE + 1], id[REFUND_ID_SIZE_MAX], time[TIME_TEXT_SIZE];
    int64_t now_ms = clock_now_ms();
    snprintf(id, sizeof id, "%s_%s", payment->id, identifier_draw(suffix, REFUND_SUFFIX_SIZE));
    time_format(now_ms, time);
    json_t *object = json_pack(
        "{s:s, s:s, s:{s:I, s:s}, s:s, s:O, s:s, s:s, s:s}", "id", id, "status", "PENDING",
        "amount_money", "amount", (json_int_t)money->amount, "currency", money->currency,
        "payment_id", payment->id, "location_id", json_object_get(payment->payment, "location_id"),
        "created_at", time, "updated_at", time, "destination_type", "CARD");
    json_t *order_id = json_object_get(payment->payment, "order_id");
    if (order_id != NULL) {
        json_object_set(object, "order_id", order_id);
    }
    if (reason != NULL && *reason != '\0') {
        json_object_set_new(object, "reason", json_string(reason));
    }
    if (json_object_get(payment->payment, "refund_ids") == NULL) {
        json_object_set_new(payment->payment, "refund_ids", json_array());
    }
    json_array_append_new(json_object_get(payment->payment, "refund_ids"), json_string(id));
    return books_refund_add(simulator->books, object, now_ms);
}

static struct reply refund_execute(struct simulator *simulator, struct books_payment *payment,
                                   const struct money *money, const json_t *body, const char *key) {
    struct books_refund *refund =
        refund_add(simulator, payment, money, json_string_value(json_object_get(body, "reason")));
    int64_t settle_ms = behaviour_refund_settle_ms(simulator->behaviour);
    const char *outcome = behaviour_refund_outcome(simulator->behaviour);
    if (settle_ms > 0) {
        refund->settles_ms = clock_now_ms() + settle_ms;
        snprintf(refund->settles_as, sizeof refund->settles_as, "%s", outcome);
        timers_add(&simulator->timers,
                   (struct timer){.due_ms = refund->settles_ms,
                                  .kind = TIMER_REFUND,
                                  .index = books_refund_index(simulator->books, refund)});
    } else {
        json_object_set_new(refund->refund, "status", json_string(outcome));
    }
    payment_refunds_set(simulator, payment);
    struct reply reply = {
        .status = 200,
        .body = json_pack("{s:o}", "refund", json_deep_copy(refund->refund)),
    };
    books_record(simulator->books, &(struct books_action){
                                       .operation = "RefundPayment",
                                       .at_ms = clock_now_ms(),
                                       .payment = payment,
                                       .refund = refund,
                                       .key = key,
                                       .body_hash = reply_body_hash(body),
                                       .status = reply.status,
                                       .response = reply.body,
                                   });
    refund_notify(simulator, "refund.created", refund);
    return reply;
}

struct reply refunds_create(struct simulator *simulator, const json_t *body,
                            const struct fault *fault) {
    struct check check = {.body = body, .errors = json_array()};
    struct reply reply;
    const char *key = check_text(&check, "idempotency_key", true, 1, IDEMPOTENCY_KEY_MAX);
    if (key != NULL && reply_known(simulator, "RefundPayment", key, body, &reply)) {
        json_decref(check.errors);
        return reply;
    }
    const char *payment_id = check_text(&check, "payment_id", true, 1, 192);
    struct money money = check_money(&check, "amount_money", true);
    check_text(&check, "reason", false, 0, REASON_MAX);
    if (check_boolean(&check, "unlinked", false)) {
        check_fail(&check, "BAD_REQUEST", "unlinked", "Unlinked refunds are not available.");
    }
    if (!check_good(&check)) {
        return reply_errors(check.errors);
    }
    json_decref(check.errors);
    struct books_payment *payment = books_payment_find(simulator->books, payment_id);
    reply = refund_judge(simulator, payment, &money, payment_id, fault);
    return reply.status != 0 ? reply : refund_execute(simulator, payment, &money, body, key);
}

struct reply refunds_get(struct simulator *simulator, const char *id) {
    const struct books_refund *refund = books_refund_find(simulator->books, id);
    if (refund == NULL) {
        char detail[REPLY_DETAIL_SIZE];
        snprintf(detail, sizeof detail, "Could not find refund with id: %.100s", id);
        return reply_error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", detail, "refund_id");
    }
    return (struct reply){
        .status = 200,
        .body = json_pack("{s:o}", "refund", json_deep_copy(refund->refund)),
    };
}

void refunds_settle(struct simulator *simulator, size_t index) {
    struct books_refund *refund = books_refund_at(simulator->books, index);
    if (refund->settles_ms == 0) {
        return;
    }
    char time[TIME_TEXT_SIZE];
    const json_t *payment_id = json_object_get(refund->refund, "payment_id");
    struct books_payment *payment =
        books_payment_find(simulator->books, json_string_value(payment_id));
    json_object_set_new(refund->refund, "status", json_string(refund->settles_as));
    json_object_set_new(refund->refund, "updated_at",
                        json_string(time_format(clock_now_ms(), time)));
    refund->settles_ms = 0;
    payment_refunds_set(simulator, payment);
    books_record(simulator->books, &(struct books_action){.operation = "RefundSettled",
                                                          .at_ms = clock_now_ms(),
                                                          .payment = payment,
                                                          .refund = refund});
    refund_notify(simulator, "refund.updated", refund);
}
