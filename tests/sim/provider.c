/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual payment provider: keys, tokens, pending payments, answers that are lost. */
#include "tests/sim/provider.h"

#include "payment/core/names.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_provider_init(struct sim_world *world) {
    world->provider = allocate_zeroed(1, sizeof *world->provider);
}

void sim_provider_deinit(struct sim_world *world) {
    if (world->provider != NULL) {
        free(world->provider->payments.items);
        free(world->provider->late.items);
        free(world->provider);
        world->provider = NULL;
    }
}

int64_t sim_payment_refunded(const struct sim_payment *payment) {
    int64_t refunded = 0;
    for (size_t i = 0; i < payment->refund_count; i++) {
        if (payment->refunds[i].status == PAYMENT_STATUS_COMPLETED ||
            payment->refunds[i].status == PAYMENT_STATUS_PENDING) {
            refunded += payment->refunds[i].amount_minor;
        }
    }
    return refunded;
}

static struct sim_payment *payment_by_key(struct sim_provider *provider, const struct uuid *key) {
    for (size_t i = 0; i < provider->payments.count; i++) {
        if (uuid_equal(&provider->payments.items[i]->key, key)) {
            return provider->payments.items[i];
        }
    }
    return NULL;
}

static struct sim_payment *payment_by_id(struct sim_provider *provider, const char *payment_id) {
    for (size_t i = 0; i < provider->payments.count; i++) {
        if (strcmp(provider->payments.items[i]->payment_id, payment_id) == 0) {
            return provider->payments.items[i];
        }
    }
    return NULL;
}

static void answer_refused(struct payment_answer *answer, const char *code) {
    answer->kind = PAYMENT_ANSWER_REFUSED;
    answer->http_status = 400;
    snprintf(answer->code, sizeof answer->code, "%s", code);
}

static void answer_payment(struct payment_answer *answer, const struct sim_payment *payment,
                           enum payment_status status) {
    answer->kind = PAYMENT_ANSWER_PAYMENT;
    answer->http_status = 200;
    answer->status = status;
    answer->amount_minor = payment->amount_minor;
    answer->refunded_minor = sim_payment_refunded(payment);
    snprintf(answer->currency, sizeof answer->currency, "%s", payment->currency);
    snprintf(answer->payment_id, sizeof answer->payment_id, "%s", payment->payment_id);
    snprintf(answer->code, sizeof answer->code, "%s", payment->code);
    if (payment->refund_count > 0) {
        snprintf(answer->refund_id, sizeof answer->refund_id, "%s",
                 payment->refunds[payment->refund_count - 1].refund_id);
    }
}

static void answer_refund(struct payment_answer *answer, const struct sim_refund *refund,
                          enum payment_status status) {
    answer->kind = PAYMENT_ANSWER_REFUND;
    answer->http_status = 200;
    answer->status = status;
    answer->amount_minor = refund->amount_minor;
    snprintf(answer->refund_id, sizeof answer->refund_id, "%s", refund->refund_id);
}

/* --- create --- */

static bool source_is_used(const struct sim_provider *provider, const char *source) {
    for (size_t i = 0; i < provider->payments.count; i++) {
        const struct sim_payment *payment = provider->payments.items[i];
        assert(payment != NULL);
        if (strcmp(payment->source, source) == 0) {
            return true;
        }
    }
    return false;
}

static void payment_judge(struct sim_world *world, struct sim_payment *payment, bool autocomplete) {
    payment->status = autocomplete ? PAYMENT_STATUS_COMPLETED : PAYMENT_STATUS_APPROVED;
    if (strstr(payment->source, "declined") != NULL) {
        payment->status = PAYMENT_STATUS_FAILED;
        snprintf(payment->code, sizeof payment->code, "GENERIC_DECLINE");
    } else if (strstr(payment->source, "pending") != NULL) {
        payment->status = PAYMENT_STATUS_PENDING;
        payment->settles_ms = world->now_ms + sim_random_between(&world->chance, 50, 20000);
    }
    if (payment->status == PAYMENT_STATUS_COMPLETED) {
        payment->captures = 1;
        payment->captured_step = world->steps;
    }
    payment->first_status = payment->status;
}

static void create(struct sim_world *world, const struct sim_request *request,
                   struct payment_answer *answer) {
    struct sim_provider *provider = world->provider;
    struct sim_payment *payment = payment_by_key(provider, &request->key);
    if (payment != NULL) {
        if (payment->amount_minor != request->row.work.amount_minor ||
            strcmp(payment->source, request->source) != 0) {
            answer_refused(answer, "IDEMPOTENCY_KEY_REUSED");
            return;
        }
    } else if (source_is_used(provider, request->source)) {
        answer_refused(answer, "CARD_TOKEN_USED");
        return;
    } else {
        payment = SIM_VECTOR_ADD(world, provider->payments, struct sim_payment);
        snprintf(payment->payment_id, sizeof payment->payment_id, "payment-%zu",
                 provider->payments.count);
        payment->key = request->key;
        payment->reservation_id = request->row.reservation_id;
        payment->attempt = request->row.attempt;
        payment->amount_minor = request->row.work.amount_minor;
        snprintf(payment->source, sizeof payment->source, "%s", request->source);
        snprintf(payment->currency, sizeof payment->currency, "%s", request->row.work.currency);
        payment->delayed_until_ms = world->now_ms + SIM_AUTHORIZATION_MS;
        payment->created_ms = world->now_ms;
        payment->created_step = world->steps;
        payment->sent_step = request->sent_step;
        payment_judge(world, payment, request->autocomplete);
        sim_trace(world, "the provider makes %s of reservation %s, attempt %d: %s",
                  payment->payment_id, sim_short(world, &payment->reservation_id),
                  (int)payment->attempt, payment_status_name(payment->status));
    }
    if (payment->first_status == PAYMENT_STATUS_FAILED) {
        answer_refused(answer, payment->code);
    } else {
        answer_payment(answer, payment, payment->first_status);
    }
}

/* --- what becomes of a payment --- */

static void payment_void(struct sim_world *world, struct sim_payment *payment) {
    payment->status = PAYMENT_STATUS_CANCELED;
    payment->voids++;
    payment->voided_step = world->steps;
    snprintf(payment->code, sizeof payment->code, "DELAYED_TRANSACTION_CANCELED");
    sim_trace(world, "the provider lets %s go", payment->payment_id);
}

static bool is_standing(const struct sim_payment *payment) {
    return payment->status == PAYMENT_STATUS_APPROVED || payment->status == PAYMENT_STATUS_PENDING;
}

static void refuse_settled(const struct sim_payment *payment, struct payment_answer *answer) {
    answer_refused(answer,
                   payment->status == PAYMENT_STATUS_COMPLETED ? "DELAYED_TRANSACTION_CAPTURED"
                   : payment->status == PAYMENT_STATUS_FAILED  ? "DELAYED_TRANSACTION_FAILED"
                                                               : "DELAYED_TRANSACTION_CANCELED");
}

static void complete(struct sim_world *world, struct sim_payment *payment,
                     struct payment_answer *answer) {
    if (payment->status == PAYMENT_STATUS_APPROVED && sim_fault(world, SIM_FAULT_DECLINE, 40)) {
        payment_void(world, payment); /* the bank has changed its mind */
    }
    if (payment->status != PAYMENT_STATUS_APPROVED) {
        refuse_settled(payment, answer);
        return;
    }
    payment->status = PAYMENT_STATUS_COMPLETED;
    payment->captures++;
    payment->captured_step = world->steps;
    sim_trace(world, "the provider captures %s", payment->payment_id);
    answer_payment(answer, payment, payment->status);
}

static void cancel(struct sim_world *world, struct sim_payment *payment,
                   struct payment_answer *answer) {
    if (!is_standing(payment)) {
        refuse_settled(payment, answer);
        return;
    }
    payment_void(world, payment);
    answer_payment(answer, payment, payment->status);
}

static void cancel_by_key(struct sim_world *world, const struct sim_request *request,
                          struct payment_answer *answer) {
    struct sim_payment *payment = payment_by_key(world->provider, &request->key);
    if (payment != NULL && payment->status == PAYMENT_STATUS_COMPLETED) {
        refuse_settled(payment, answer);
        return;
    }
    if (payment != NULL && is_standing(payment)) {
        payment_void(world, payment);
    }
    answer->kind = PAYMENT_ANSWER_ACCEPTED;
    answer->http_status = 200;
}

/* --- refunds --- */

static struct sim_refund *refund_add(struct sim_world *world, struct sim_payment *payment,
                                     const struct sim_request *request) {
    assert(payment->refund_count < SIM_REFUNDS_MAX);
    struct sim_refund *refund = &payment->refunds[payment->refund_count++];
    *refund = (struct sim_refund){.key = request->key,
                                  .amount_minor = request->row.work.amount_minor,
                                  .status = PAYMENT_STATUS_COMPLETED};
    snprintf(refund->refund_id, sizeof refund->refund_id, "refund-%zu-%.11s", payment->refund_count,
             request->row.work.payment_id);
    bool refused =
        payment->refund_count < SIM_REFUNDS_MAX - 2 && sim_fault(world, SIM_FAULT_DECLINE, 150);
    if (refused && sim_random_chance(&world->chance, 500)) {
        refund->status = PAYMENT_STATUS_REJECTED;
    } else if (sim_random_chance(&world->chance, 400)) {
        refund->status = PAYMENT_STATUS_PENDING;
        refund->settles_ms = world->now_ms + sim_random_between(&world->chance, 100, 60000);
        refund->settles_as = refused ? PAYMENT_STATUS_FAILED : PAYMENT_STATUS_COMPLETED;
    }
    refund->first_status = refund->status;
    sim_trace(world, "the provider refunds %s: %s", payment->payment_id,
              payment_status_name(refund->status));
    return refund;
}

static void refund(struct sim_world *world, struct sim_payment *payment,
                   const struct sim_request *request, struct payment_answer *answer) {
    for (size_t i = 0; i < payment->refund_count; i++) {
        if (uuid_equal(&payment->refunds[i].key, &request->key)) {
            answer_refund(answer, &payment->refunds[i], payment->refunds[i].first_status);
            return;
        }
    }
    if (payment->status != PAYMENT_STATUS_COMPLETED) {
        answer_refused(answer, "PAYMENT_NOT_REFUNDABLE");
    } else if (sim_payment_refunded(payment) + request->row.work.amount_minor >
               payment->amount_minor) {
        answer_refused(answer, "REFUND_AMOUNT_INVALID");
    } else {
        const struct sim_refund *made = refund_add(world, payment, request);
        answer_refund(answer, made, made->status);
    }
}

static void look_up_refund(const struct sim_request *request, const struct sim_payment *payment,
                           struct payment_answer *answer) {
    for (size_t i = 0; i < payment->refund_count; i++) {
        if (strcmp(payment->refunds[i].refund_id, request->row.work.refund_id) == 0) {
            answer_refund(answer, &payment->refunds[i], payment->refunds[i].status);
            return;
        }
    }
    answer_refused(answer, "NOT_FOUND");
}

/* --- requests --- */

static void act(struct sim_world *world, const struct sim_request *request,
                struct payment_answer *answer) {
    *answer = (struct payment_answer){0};
    if (request->row.work.step == PAYMENT_STEP_CREATE) {
        create(world, request, answer);
        return;
    }
    if (request->row.work.step == PAYMENT_STEP_CANCEL_BY_KEY) {
        cancel_by_key(world, request, answer);
        return;
    }
    struct sim_payment *payment = payment_by_id(world->provider, request->row.work.payment_id);
    if (payment == NULL) {
        answer_refused(answer, "NOT_FOUND");
        return;
    }
    switch (request->row.work.step) {
    case PAYMENT_STEP_COMPLETE:
        complete(world, payment, answer);
        break;
    case PAYMENT_STEP_CANCEL:
        cancel(world, payment, answer);
        break;
    case PAYMENT_STEP_REFUND:
        refund(world, payment, request, answer);
        break;
    case PAYMENT_STEP_LOOK_UP:
        answer_payment(answer, payment, payment->status);
        break;
    case PAYMENT_STEP_LOOK_UP_REFUND:
        look_up_refund(request, payment, answer);
        break;
    default:
        assert(!"no call");
    }
}

static void answer_none(struct payment_answer *answer, enum payment_answer_kind kind) {
    *answer = (struct payment_answer){.kind = kind};
}

static void late_take(struct sim_world *world) {
    struct sim_provider *provider = world->provider;
    for (size_t i = 0; i < provider->late.count; i++) {
        struct sim_request *late = provider->late.items[i];
        if (late->arrives_ms != 0 && late->arrives_ms <= world->now_ms) {
            struct payment_answer nobody_hears;
            late->arrives_ms = 0;
            act(world, late, &nobody_hears);
        }
    }
}

/* It will arrive, and nobody will hear what came of it. */
static void request_delay(struct sim_world *world, const struct sim_request *request) {
    struct sim_request *late = SIM_VECTOR_ADD(world, world->provider->late, struct sim_request);
    *late = *request;
    late->arrives_ms =
        world->now_ms + sim_random_between(&world->chance, 100, SIM_PROVIDER_LATE_MS_MAX);
}

/* A card whose bank hardly ever answers: what is asked of it gets lost, or comes late. */
static bool create_is_lost(struct sim_world *world, const struct sim_request *request) {
    if (request->row.work.step != PAYMENT_STEP_CREATE || strstr(request->source, "lost") == NULL ||
        sim_random_chance(&world->chance, 10)) {
        return false;
    }
    if (sim_random_chance(&world->chance, 15)) {
        request_delay(world, request);
    }
    return true;
}

void sim_provider_call(struct sim_world *world, const struct sim_request *request,
                       struct payment_answer *answer) {
    struct sim_provider *provider = world->provider;
    late_take(world);
    if (create_is_lost(world, request)) {
        answer_none(answer, PAYMENT_ANSWER_UNKNOWN);
    } else if (provider->down_until_ms > world->now_ms && sim_random_chance(&world->chance, 850)) {
        bool sent = sim_random_chance(&world->chance, 500);
        if (sent && sim_random_chance(&world->chance, 300)) {
            request_delay(world, request); /* it is not as gone as it seems */
        }
        answer_none(answer, sent ? PAYMENT_ANSWER_UNKNOWN : PAYMENT_ANSWER_NOT_SENT);
    } else if (sim_fault(world, SIM_FAULT_PROVIDER, 30)) {
        answer_none(answer, PAYMENT_ANSWER_UNKNOWN); /* lost on the way there */
    } else if (sim_fault(world, SIM_FAULT_PROVIDER, 20)) {
        answer_none(answer, PAYMENT_ANSWER_LATER);
        answer->retry_after_ms = sim_random_between(&world->chance, 0, 2000);
    } else if (sim_fault(world, SIM_FAULT_PROVIDER, 10)) {
        answer_none(answer, PAYMENT_ANSWER_UNAUTHORIZED);
    } else if (sim_fault(world, SIM_FAULT_PROVIDER, 40)) {
        request_delay(world, request);
        answer_none(answer, PAYMENT_ANSWER_UNKNOWN); /* it takes longer than we wait */
    } else {
        act(world, request, answer);
        if (sim_fault(world, SIM_FAULT_PROVIDER, 40)) {
            sim_trace(world, "the provider's answer is lost");
            answer_none(answer, PAYMENT_ANSWER_UNKNOWN); /* lost on the way back */
        }
    }
}

static void payment_settle(struct sim_world *world, struct sim_payment *payment) {
    if (payment->status == PAYMENT_STATUS_PENDING && payment->settles_ms <= world->now_ms) {
        bool declined = strstr(payment->source, "pending-no") != NULL;
        payment->status = declined ? PAYMENT_STATUS_FAILED : PAYMENT_STATUS_APPROVED;
        if (declined) {
            snprintf(payment->code, sizeof payment->code, "GENERIC_DECLINE");
        }
    }
    if (payment->status == PAYMENT_STATUS_APPROVED && payment->delayed_until_ms <= world->now_ms) {
        payment_void(world, payment);
    }
    for (size_t i = 0; i < payment->refund_count; i++) {
        struct sim_refund *refunded = &payment->refunds[i];
        if (refunded->status == PAYMENT_STATUS_PENDING && refunded->settles_ms <= world->now_ms) {
            refunded->status = refunded->settles_as;
        }
    }
}

void sim_provider_step(struct sim_world *world) {
    struct sim_provider *provider = world->provider;
    late_take(world);
    for (size_t i = 0; i < provider->payments.count; i++) {
        payment_settle(world, provider->payments.items[i]);
    }
}

int64_t sim_provider_wake_ms(const struct sim_world *world) {
    const struct sim_provider *provider = world->provider;
    int64_t wake_ms = INT64_MAX;
    for (size_t i = 0; i < provider->late.count; i++) {
        int64_t arrives_ms = provider->late.items[i]->arrives_ms;
        if (arrives_ms != 0 && arrives_ms < wake_ms) {
            wake_ms = arrives_ms;
        }
    }
    for (size_t i = 0; i < provider->payments.count; i++) {
        const struct sim_payment *payment = provider->payments.items[i];
        if (payment->status == PAYMENT_STATUS_PENDING && payment->settles_ms < wake_ms) {
            wake_ms = payment->settles_ms;
        }
        for (size_t j = 0; j < payment->refund_count; j++) {
            if (payment->refunds[j].status == PAYMENT_STATUS_PENDING &&
                payment->refunds[j].settles_ms < wake_ms) {
                wake_ms = payment->refunds[j].settles_ms;
            }
        }
    }
    return wake_ms;
}
