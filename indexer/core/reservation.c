/* SPDX-License-Identifier: Apache-2.0 */
/* Folds events into the rows of reservations. */

#include "indexer/core/reservation.h"

#include <assert.h>
#include <string.h>

#define ATTEMPTS_MAX 3 /* a reservation has as many, before the first PaymentDeclined says so */

_Static_assert(sizeof((struct reservation_row *)0)->currency == CURRENCY_SIZE + 1, "and its end");
_Static_assert(sizeof((struct reservation_row *)0)->code == CODE_SIZE_MAX + 1, "and its end");

/* The one reservation an event is about, NULL for events about none or several. */
static const struct uuid *reservation_of(const struct event *event) {
    assert(event->kind != EVENT_HOLDS_EXPIRED);
    switch (event->kind) {
    case EVENT_RESERVED:
        return &event->as.reserved.reservation_id;
    case EVENT_RELEASED:
        return &event->as.released.reservation_id;
    case EVENT_PAYMENT_REQUESTED:
        return &event->as.payment_requested.reservation_id;
    case EVENT_PAYMENT_DECLINED:
        return &event->as.payment_declined.reservation_id;
    case EVENT_SECURED:
        return &event->as.secured.reservation_id;
    case EVENT_SOLD:
        return &event->as.sold.reservation_id;
    case EVENT_CAPTURE_FAILED:
        return &event->as.capture_failed.reservation_id;
    case EVENT_VOID_REQUESTED:
        return &event->as.void_requested.reservation_id;
    case EVENT_ORDER_CANCELLED:
        return &event->as.order_cancelled.reservation_id;
    case EVENT_REFUND_REQUESTED:
        return &event->as.refund_requested.reservation_id;
    case EVENT_REFUNDED:
        return &event->as.refunded.reservation_id;
    case EVENT_REFUND_FAILED:
        return &event->as.refund_failed.reservation_id;
    default:
        return NULL;
    }
}

size_t reservation_ids_of(const struct event *event, struct uuid *ids, size_t ids_max) {
    assert((unsigned)event->kind < EVENT_KIND_COUNT);
    assert(ids != NULL || ids_max == 0);
    if (event->kind == EVENT_HOLDS_EXPIRED) {
        const struct event_expired_hold_list *holds = &event->as.holds_expired.holds;
        for (size_t i = 0; i < holds->count && i < ids_max; i++) {
            ids[i] = holds->items[i].reservation_id;
        }
        return holds->count;
    }
    const struct uuid *id = reservation_of(event);
    if (id && ids_max > 0) {
        ids[0] = *id;
    }
    return id ? 1 : 0;
}

static void code_set(struct reservation_row *row, struct text code) {
    assert(code.size == 0 || code.data != NULL);
    size_t size = code.size < CODE_SIZE_MAX ? code.size : CODE_SIZE_MAX;
    memcpy(row->code, code.data, size);
    row->code[size] = '\0';
    assert(size < sizeof row->code);
}

static void row_reserve(struct arena *arena, struct reservation_row *row,
                        const struct event_reserved *reserved) {
    assert(reserved->head.seq > row->seq);
    int32_t *seats = arena_allocate(arena, (reserved->seats.count + 1) * sizeof *seats);
    if (reserved->seats.count > 0) {
        memcpy(seats, reserved->seats.items, reserved->seats.count * sizeof *seats);
    }
    *row = (struct reservation_row){
        .reservation_id = reserved->reservation_id,
        .show_id = reserved->head.show_id,
        .buyer_id = reserved->buyer_id,
        .owner_id = reserved->head.owner_id,
        .state = RESERVATION_STATE_HELD,
        .reason = "",
        .seats = seats,
        .seat_count = reserved->seats.count,
        .section = reserved->selection == SELECTION_GENERAL ? reserved->section : -1,
        .quantity = reserved->quantity,
        .total_minor = reserved->total_minor,
        .expires_at = reserved->expires_at,
        .attempts_left = ATTEMPTS_MAX,
        .void_reason = "",
        .created_at = reserved->head.at,
    };
    size_t size = reserved->currency.size < CURRENCY_SIZE ? reserved->currency.size : CURRENCY_SIZE;
    memcpy(row->currency, reserved->currency.data, size);
    assert(row->currency[CURRENCY_SIZE] == '\0');
    assert(row->seat_count == reserved->seats.count);
}

static void row_release(struct reservation_row *row, const char *reason) {
    assert(row->seq > 0);
    assert(reason != NULL && *reason != '\0');
    row->state = RESERVATION_STATE_RELEASED;
    row->reason = reason;
}

static void row_decline(struct reservation_row *row,
                        const struct event_payment_declined *declined) {
    assert(row->seq > 0);
    code_set(row, declined->code);
    row->attempts_left = declined->attempts_left;
    if (declined->state != RESERVATION_STATE_NONE) {
        row->state = declined->state;
    }
}

static void row_state_set(struct reservation_row *row, enum reservation_state state) {
    assert(row->seq > 0);
    assert((unsigned)state < RESERVATION_STATE_COUNT);
    if (state != RESERVATION_STATE_NONE) {
        row->state = state;
    }
}

static void row_change(struct reservation_row *row, const struct event *event) {
    assert(row->seq > 0);
    assert(row->seq < event->as.head.seq);
    assert(event->kind != EVENT_RESERVED);
    switch (event->kind) {
    case EVENT_HOLDS_EXPIRED:
        row_release(row, "EXPIRED");
        break;
    case EVENT_RELEASED:
        row_release(row, release_reason_name(event->as.released.reason));
        break;
    case EVENT_PAYMENT_REQUESTED:
        row->state = RESERVATION_STATE_PAYING;
        row->attempt = event->as.payment_requested.attempt;
        row->expires_at = event->as.payment_requested.expires_at;
        row->code[0] = '\0';
        break;
    case EVENT_PAYMENT_DECLINED:
        row_decline(row, &event->as.payment_declined);
        break;
    case EVENT_SECURED:
        row->state = RESERVATION_STATE_SECURED;
        row->reason = "";
        break;
    case EVENT_SOLD:
        row->state = RESERVATION_STATE_SOLD;
        row->sold_at = event->as.head.at;
        break;
    case EVENT_CAPTURE_FAILED:
        code_set(row, event->as.capture_failed.code);
        row_release(row, "CAPTURE_FAILED");
        break;
    case EVENT_VOID_REQUESTED:
        row->void_reason = void_reason_name(event->as.void_requested.reason);
        row_state_set(row, event->as.void_requested.state);
        break;
    case EVENT_ORDER_CANCELLED:
        row->state = RESERVATION_STATE_REFUNDING;
        row->reason = cancel_reason_name(event->as.order_cancelled.reason);
        break;
    case EVENT_REFUND_REQUESTED:
        row_state_set(row, event->as.refund_requested.state);
        break;
    case EVENT_REFUNDED:
        row_state_set(row, event->as.refunded.state);
        break;
    case EVENT_REFUND_FAILED:
        code_set(row, event->as.refund_failed.code);
        row_state_set(row, event->as.refund_failed.state);
        break;
    default:
        break;
    }
}

enum fold_result reservation_row_fold(struct arena *arena, struct reservation_row *row,
                                      const struct event *event) {
    int64_t seq = event->as.head.seq;
    assert(seq > 0);
    assert(row->seq >= 0);
    if (seq <= row->seq) {
        return FOLD_SEEN;
    }
    if (event->kind == EVENT_RESERVED) {
        row_reserve(arena, row, &event->as.reserved);
    } else if (row->seq == 0) {
        return FOLD_SEEN;
    } else {
        row_change(row, event);
    }
    assert(row->state > RESERVATION_STATE_NONE && row->state < RESERVATION_STATE_COUNT);
    assert(row->reason != NULL && row->void_reason != NULL);
    row->seq = seq;
    row->updated_at = event->as.head.at;
    return FOLD_APPLIED;
}
