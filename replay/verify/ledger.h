/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_LEDGER_H
#define SEATLOG_REPLAY_VERIFY_LEDGER_H

#include "indexer/core/reservation.h"
#include "indexer/core/seat_map.h"
#include "replay/log/log.h"
#include "runtime/base/table.h"

/*
 * What a partition's events say that others must agree with: the rows of the catalog, the money of
 * the provider, the tickets. One a partition, filled by replay_ledger_take in the order of the log.
 */
struct ledger_map {
    struct uuid show_id; /* first: the table's key */
    struct seat_map *map;
    int status; /* as catalog.show.status */
    struct text title;
};

struct ledger_row {
    struct uuid reservation_id; /* first: the table's key */
    struct reservation_row row;
};

/* A payment the log has heard of. */
struct ledger_payment {
    struct uuid key; /* replay_ledger_payment_key */
    struct uuid reservation_id;
    struct text payment_id;
    int64_t captured_minor; /* of Sold, or of what was captured for nothing; 0 if it never was */
    int64_t refunded_minor;
    int captures;      /* how often the log says so; more than one is one too many */
    int refunds;       /* settled */
    bool refund_asked; /* and not settled yet */
    bool refund_failed;
    bool void_asked;
    bool voided;
    bool secured; /* a capture is on its way */
    bool capture_failed;
};

/* A refund by its key at the provider. */
struct ledger_refund {
    struct uuid key;
    struct ledger_payment *payment;
};

/* An order that was sold: it has tickets. */
struct ledger_order {
    struct uuid order_id; /* first: the table's key */
    struct uuid show_id;
    struct uuid buyer_id;
    size_t place_count;
    int64_t sold_at_ms;     /* the broker's time */
    int32_t sold_partition; /* where the log says so */
    int64_t sold_offset;
    bool cancelled;
    /* filled from seatlog.tickets */
    int issued;
    int32_t issued_partition;
    int64_t issued_offset;
    int revoked;
};

struct replay_ledger {
    struct arena arena; /* of everything the entries point at */
    struct uuid_table maps;
    struct uuid_table rows;
    struct uuid_table payments;
    struct uuid_table orders;
    struct uuid_table refunds;
    int64_t last_timestamp_ms;
    int64_t end; /* offset after the last event taken */
};

void replay_ledger_init(struct replay_ledger *ledger);
void replay_ledger_deinit(struct replay_ledger *ledger);

/* Folds one event. */
void replay_ledger_take(struct replay_ledger *ledger, const struct replay_record *record,
                        const struct event *event);

/* The table's key for a provider's payment id: the first bytes of its BLAKE2b. */
struct uuid replay_ledger_payment_key(struct text payment_id);

#endif
