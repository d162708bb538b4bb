/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a partition's events for everybody else's books. */
#include "replay/verify/ledger.h"

#include "codec/chain.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"

#include <stdlib.h>
#include <string.h>

void replay_ledger_init(struct replay_ledger *ledger) {
    memset(ledger, 0, sizeof *ledger);
    arena_init(&ledger->arena);
}

void replay_ledger_deinit(struct replay_ledger *ledger) {
    uuid_table_clear(&ledger->maps, free);
    uuid_table_clear(&ledger->rows, free);
    uuid_table_clear(&ledger->payments, free);
    uuid_table_clear(&ledger->orders, free);
    uuid_table_clear(&ledger->refunds, free);
    arena_deinit(&ledger->arena);
}

struct uuid replay_ledger_payment_key(struct text payment_id) {
    struct hash hash;
    struct uuid key;
    octets_hash((struct octets){(const uint8_t *)payment_id.data, payment_id.size}, &hash);
    memcpy(key.octets, hash.octets, sizeof key.octets);
    return key;
}

/* The entry of a key, made (all zero but the key) if there is none. */
static void *entry_of(struct uuid_table *table, const struct uuid *key, size_t size) {
    void *entry = uuid_table_find(table, key);
    if (entry == NULL) {
        entry = allocate_zeroed(1, size);
        memcpy(entry, key, sizeof *key);
        uuid_table_add(table, entry);
    }
    return entry;
}

static void map_take(struct replay_ledger *ledger, const struct event *event) {
    struct ledger_map *entry =
        entry_of(&ledger->maps, &event->as.head.show_id, sizeof(struct ledger_map));
    if (event->kind == EVENT_SHOW_CREATED) {
        entry->map = seat_map_new(&ledger->arena, &event->as.show_created);
        entry->title = arena_text_copy(&ledger->arena, event->as.show_created.show.title);
        return;
    }
    if (entry->map != NULL) {
        seat_map_fold(entry->map, event);
    }
    if (event->kind == EVENT_SHOW_CANCELLED) {
        entry->status = 1;
    } else if (event->kind == EVENT_SHOW_CLOSED) {
        entry->status = 2;
    }
}

static void rows_take(struct replay_ledger *ledger, const struct event *event) {
    size_t count = reservation_ids_of(event, NULL, 0);
    struct uuid *ids = allocate((count + 1) * sizeof *ids);
    reservation_ids_of(event, ids, count);
    for (size_t i = 0; i < count; i++) {
        struct ledger_row *entry = entry_of(&ledger->rows, &ids[i], sizeof(struct ledger_row));
        if (entry->row.seq == 0) {
            entry->row =
                (struct reservation_row){.reservation_id = ids[i], .reason = "", .void_reason = ""};
        }
        reservation_row_fold(&ledger->arena, &entry->row, event);
    }
    free(ids);
}

static struct ledger_payment *payment_of(struct replay_ledger *ledger, struct text payment_id,
                                         const struct uuid *reservation_id) {
    struct uuid key = replay_ledger_payment_key(payment_id);
    struct ledger_payment *payment =
        entry_of(&ledger->payments, &key, sizeof(struct ledger_payment));
    if (payment->payment_id.data == NULL) {
        payment->payment_id = arena_text_copy(&ledger->arena, payment_id);
        payment->reservation_id = *reservation_id;
    }
    return payment;
}

static void captured(struct ledger_payment *payment, int64_t amount_minor) {
    payment->captures++;
    payment->captured_minor = amount_minor;
    payment->secured = false;
}

static void order_take(struct replay_ledger *ledger, const struct replay_record *record,
                       const struct event_sold *sold) {
    struct ledger_order *order =
        entry_of(&ledger->orders, &sold->reservation_id, sizeof(struct ledger_order));
    order->show_id = sold->head.show_id;
    order->buyer_id = sold->buyer_id;
    order->place_count = sold->places.count;
    order->sold_at_ms = record->timestamp_ms;
    order->sold_partition = record->partition;
    order->sold_offset = record->offset;
    if (sold->payment_id.size > 0) {
        captured(payment_of(ledger, sold->payment_id, &sold->reservation_id), sold->amount_minor);
    }
}

static void order_cancelled_take(struct replay_ledger *ledger,
                                 const struct event_order_cancelled *cancelled) {
    struct ledger_order *order = uuid_table_find(&ledger->orders, &cancelled->reservation_id);
    if (order != NULL) {
        order->cancelled = true;
    }
}

static void refund_requested_take(struct replay_ledger *ledger,
                                  const struct event_refund_requested *requested) {
    struct ledger_payment *payment =
        payment_of(ledger, requested->payment_id, &requested->reservation_id);
    if (payment->captures == 0) {
        captured(payment, requested->amount_minor); /* for nothing: it goes back at once */
    }
    payment->refund_asked = true;
    payment->refund_failed = false;
    payment->void_asked = false;
    struct uuid key =
        payment_key_derive(&requested->reservation_id, "refund", requested->refund_attempt);
    struct ledger_refund *refund = entry_of(&ledger->refunds, &key, sizeof(struct ledger_refund));
    refund->payment = payment;
}

/* Refunds name no payment, but their attempt, which RefundRequested has told. */
static struct ledger_payment *refunding_of(struct replay_ledger *ledger,
                                           const struct uuid *reservation_id, int32_t attempt) {
    struct uuid key = payment_key_derive(reservation_id, "refund", attempt);
    struct ledger_refund *refund = uuid_table_find(&ledger->refunds, &key);
    return refund != NULL ? refund->payment : NULL;
}

static void refunded_take(struct replay_ledger *ledger, const struct event_refunded *refunded) {
    struct ledger_payment *payment =
        refunding_of(ledger, &refunded->reservation_id, refunded->refund_attempt);
    if (payment != NULL) {
        payment->refund_asked = payment->refund_failed = false;
        payment->refunds++;
        payment->refunded_minor += refunded->amount_minor;
    }
}

static void refund_failed_take(struct replay_ledger *ledger,
                               const struct event_refund_failed *failed) {
    struct ledger_payment *payment =
        refunding_of(ledger, &failed->reservation_id, failed->refund_attempt);
    if (payment != NULL) {
        payment->refund_asked = false;
        payment->refund_failed = true;
    }
}

static void money_take(struct replay_ledger *ledger, const struct replay_record *record,
                       const struct event *event) {
    struct ledger_payment *payment;
    switch (event->kind) {
    case EVENT_SECURED:
        payment_of(ledger, event->as.secured.payment_id, &event->as.secured.reservation_id)
            ->secured = true;
        break;
    case EVENT_SOLD:
        order_take(ledger, record, &event->as.sold);
        break;
    case EVENT_CAPTURE_FAILED:
        payment = payment_of(ledger, event->as.capture_failed.payment_id,
                             &event->as.capture_failed.reservation_id);
        payment->secured = false;
        payment->capture_failed = true;
        break;
    case EVENT_VOID_REQUESTED:
        payment_of(ledger, event->as.void_requested.payment_id,
                   &event->as.void_requested.reservation_id)
            ->void_asked = true;
        break;
    case EVENT_VOIDED:
        payment_of(ledger, event->as.voided.payment_id, &event->as.voided.reservation_id)->voided =
            true;
        break;
    case EVENT_ORDER_CANCELLED:
        order_cancelled_take(ledger, &event->as.order_cancelled);
        break;
    case EVENT_REFUND_REQUESTED:
        refund_requested_take(ledger, &event->as.refund_requested);
        break;
    case EVENT_REFUNDED:
        refunded_take(ledger, &event->as.refunded);
        break;
    case EVENT_REFUND_FAILED:
        refund_failed_take(ledger, &event->as.refund_failed);
        break;
    default:
        break;
    }
}

void replay_ledger_take(struct replay_ledger *ledger, const struct replay_record *record,
                        const struct event *event) {
    ledger->end = record->offset + 1;
    ledger->last_timestamp_ms = record->timestamp_ms;
    if (event->as.head.seq == 0) {
        return;
    }
    map_take(ledger, event);
    rows_take(ledger, event);
    money_take(ledger, record, event);
}
