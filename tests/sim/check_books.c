/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at the end of a run: the provider's books against the orders. */
#include "runtime/base/identity.h"
#include "tests/sim/buyers.h"
#include "tests/sim/check.h"
#include "tests/sim/judge.h"
#include "tests/sim/provider.h"

#include <string.h>

static bool id_is(struct text text, const char *id) {
    return text.size == strlen(id) && memcmp(text.data, id, text.size) == 0;
}

static struct sim_rule_booking *booking_find(const struct sim_rules *rules,
                                             const struct uuid *reservation_id,
                                             const struct sim_rule_show **show) {
    for (size_t i = 0; i < rules->shows.count; i++) {
        struct sim_rule_booking *booking = sim_rules_booking(rules->shows.items[i], reservation_id);
        if (booking != NULL) {
            *show = rules->shows.items[i];
            return booking;
        }
    }
    return NULL;
}

/* Captured and kept: exactly one sold order, over just that. */
static void capture_check(struct sim_world *world, const struct sim_payment *payment,
                          const struct sim_rule_show *show,
                          const struct sim_rule_booking *booking) {
    int64_t refunded = sim_payment_refunded(payment);
    bool sold = booking->state == RESERVATION_STATE_SOLD &&
                id_is(booking->sold_payment_id, payment->payment_id);
    if (refunded == 0 && (!sold || booking->sold_minor != payment->amount_minor)) {
        sim_violated(world, 4, "%s of %lld is captured, and its order is %s", payment->payment_id,
                     (long long)payment->amount_minor, reservation_state_name(booking->state));
    }
    if (refunded != 0 && (sold || refunded != payment->amount_minor ||
                          booking->refunded_minor < payment->amount_minor)) {
        sim_violated(world, 4, "%s of %lld is refunded with %lld, and its order is %s",
                     payment->payment_id, (long long)payment->amount_minor, (long long)refunded,
                     reservation_state_name(booking->state));
    }
    if (booking->secured_offset < 0) {
        sim_violated(world, 4, "%s is captured, and its order was never secured",
                     payment->payment_id);
        return;
    }
    const struct sim_entry *entry =
        &world->broker.logs[SIM_EVENTS][show->partition].entries[booking->secured_offset];
    if (payment->captures != 1 || payment->captured_step <= sim_committed_step(world, entry)) {
        sim_violated(world, 4, "%s was captured before its order was secured", payment->payment_id);
    }
}

static void payment_check(struct sim_world *world, const struct sim_rules *rules,
                          const struct sim_payment *payment) {
    const struct sim_rule_show *show = NULL;
    const struct sim_rule_booking *booking = booking_find(rules, &payment->reservation_id, &show);
    if (booking == NULL) {
        sim_violated(world, 4, "%s is of no reservation", payment->payment_id);
        return;
    }
    switch (payment->status) {
    case PAYMENT_STATUS_COMPLETED:
        capture_check(world, payment, show, booking);
        break;
    case PAYMENT_STATUS_APPROVED:
    case PAYMENT_STATUS_PENDING:
        sim_violated(world, 4, "%s still stands, and its order is %s", payment->payment_id,
                     reservation_state_name(booking->state));
        break;
    case PAYMENT_STATUS_CANCELED:
        if (payment->voids != 1 || payment->captures != 0) {
            sim_violated(world, 4, "%s is voided %d times and captured %d times",
                         payment->payment_id, payment->voids, payment->captures);
        }
        break;
    case PAYMENT_STATUS_FAILED:
    case PAYMENT_STATUS_REJECTED:
        break;
    }
}

/* One attempt, one authorization. */
static void twice_check(struct sim_world *world, size_t index) {
    const struct sim_provider *provider = world->provider;
    const struct sim_payment *payment = provider->payments.items[index];
    for (size_t i = 0; i < index; i++) {
        const struct sim_payment *other = provider->payments.items[i];
        if (other->attempt == payment->attempt &&
            uuid_equal(&other->reservation_id, &payment->reservation_id)) {
            sim_violated(world, 4, "%s and %s are both of attempt %d of one reservation",
                         other->payment_id, payment->payment_id, (int)payment->attempt);
        }
    }
}

/* An attempt is declared declined only when nothing stands and nothing can come any more. */
static void declined_check(struct sim_world *world, const struct sim_work *work) {
    if (work->row.work.kind != PAYMENT_AUTHORIZE ||
        work->row.work.result != PAYMENT_RESULT_DECLINED) {
        return;
    }
    for (size_t i = 0; i < world->provider->payments.count; i++) {
        const struct sim_payment *payment = world->provider->payments.items[i];
        if (payment->attempt != work->row.attempt || payment->status == PAYMENT_STATUS_FAILED ||
            !uuid_equal(&payment->reservation_id, &work->row.reservation_id)) {
            continue;
        }
        if (payment->voided_step == 0 || payment->voided_step > work->settled_step) {
            sim_violated(world, 4, "an attempt was told to be declined while %s stood, or came",
                         payment->payment_id);
        }
    }
}

/* What was sold is paid. */
static void sold_check(struct sim_world *world, const struct sim_rule_booking *booking) {
    if (booking->state != RESERVATION_STATE_SOLD || booking->total_minor == 0) {
        return;
    }
    for (size_t i = 0; i < world->provider->payments.count; i++) {
        const struct sim_payment *payment = world->provider->payments.items[i];
        if (id_is(booking->sold_payment_id, payment->payment_id) &&
            payment->status == PAYMENT_STATUS_COMPLETED &&
            payment->amount_minor == booking->total_minor) {
            return;
        }
    }
    sim_violated(world, 4, "order %s is sold and was not paid",
                 sim_short(world, &booking->reservation_id));
}

static void settled_check(struct sim_world *world, const struct sim_rule_show *show,
                          const struct sim_rule_booking *booking) {
    switch (booking->state) {
    case RESERVATION_STATE_HELD:
    case RESERVATION_STATE_PAYING:
    case RESERVATION_STATE_SECURED:
        sim_violated(world, 9, "reservation %s is %s at rest",
                     sim_short(world, &booking->reservation_id),
                     reservation_state_name(booking->state));
        break;
    case RESERVATION_STATE_REFUNDING:
    case RESERVATION_STATE_REFUND_FAILED:
        sim_violated(world, 4, "order %s waits for its refund at rest",
                     sim_short(world, &booking->reservation_id));
        break;
    case RESERVATION_STATE_SOLD:
        if (show->cancelled) {
            sim_violated(world, 4, "order %s of a cancelled show is sold at rest",
                         sim_short(world, &booking->reservation_id));
        }
        break;
    default:
        break;
    }
}

void sim_check_money(struct sim_world *world, const struct sim_rules *rules) {
    for (size_t i = 0; i < world->provider->payments.count; i++) {
        payment_check(world, rules, world->provider->payments.items[i]);
        twice_check(world, i);
    }
    for (size_t i = 0; i < world->tables->work.count; i++) {
        declined_check(world, world->tables->work.items[i]);
    }
    for (size_t i = 0; i < rules->shows.count; i++) {
        const struct sim_rule_show *show = rules->shows.items[i];
        for (size_t j = 0; j < show->bookings.count; j++) {
            settled_check(world, show, show->bookings.items[j]);
            sold_check(world, show->bookings.items[j]);
        }
    }
}

/* --- what clients were told --- */

/* One of what was told: an event that counts, and the bytes of it. */
static bool is_right(const struct sim_world *world, const struct sim_counted *counted,
                     const struct sim_told *one, size_t *from) {
    while (*from < counted->count && counted->offsets[*from] < one->offset) {
        ++*from;
    }
    if (*from == counted->count || counted->offsets[*from] != one->offset) {
        return false;
    }
    ++*from; /* once */
    struct hash hash;
    octets_hash(world->broker.logs[SIM_EVENTS][one->partition].entries[one->offset].value, &hash);
    return memcmp(hash.octets, one->hash.octets, sizeof hash.octets) == 0;
}

void sim_check_told(struct sim_world *world) {
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        struct sim_counted counted;
        size_t from = 0, told = 0;
        sim_judge(world, i, &counted);
        for (size_t j = 0; j < world->buyers->told.count; j++) {
            const struct sim_told *one = world->buyers->told.items[j];
            if (one->partition != i) {
                continue;
            }
            told++;
            if (!is_right(world, &counted, one, &from)) {
                sim_violated(
                    world, 8,
                    "a client was told of event %lld of partition %d, which does not count",
                    (long long)one->offset, (int)i);
                break;
            }
        }
        if (told != counted.count) {
            sim_violated(world, 8, "ingest has seen %zu of %zu events of partition %d", told,
                         counted.count, (int)i);
        }
        sim_counted_free(&counted);
    }
}
