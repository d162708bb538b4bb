/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PostgreSQL. */
#ifndef SEATLOG_TESTS_SIM_TABLES_H
#define SEATLOG_TESTS_SIM_TABLES_H

#include "indexer/core/reservation.h"
#include "indexer/core/seat_map.h"
#include "notifier/core/verdict.h"
#include "payment/core/row.h"
#include "runtime/term/label.h"
#include "tests/sim/world.h"

/*
 * PostgreSQL, as far as Seatlog leans on it: what a step changes here is one transaction, committed
 * or not at all; rows that a session has locked are passed over by others and free when it dies.
 * Rows live as long as the run and are never deleted.
 */

/* payment.work */
struct sim_work {
    struct payment_row row;
    int64_t sent_at_ms; /* in the table; the row of a lease has what it was before */
    int64_t due_at_ms;
    int64_t lease_until_ms;
    int64_t created_ms;
    char lease_owner[24];
    uint64_t settled_step; /* when its result was written; 0: not yet */
};

/* ticket.issue with its tickets */
struct sim_issue {
    struct uuid order_id;
    int32_t partition; /* where it was sold */
    int64_t offset;
    bool revoked;
    int64_t revoked_offset;
    size_t ticket_count;
    struct uuid *ticket_ids;
    struct text *tokens;
    struct octets pdf; /* ticket.document of the order; empty: removed */
    int64_t purge_at_ms;
};

/* mail.outbox, and who has locked a row */
#define SIM_MAIL_NEVER_TRIED (-1) /* last_code */
struct sim_mail {
    struct uuid mail_id;
    const char *message_id;
    enum mail_template template;
    struct uuid show_id;
    struct uuid order_id;
    struct uuid buyer_id;
    const char *facts; /* JSON */
    int64_t happened_at_ms;
    int64_t queued_at_ms;
    enum mail_state state;
    int32_t attempts;
    int64_t next_attempt_ms;
    int last_code;
    const struct sim_session *locked_by; /* NULL: nobody */
    int64_t locked_at_ms;
};

/* mail.cancelled_show */
struct sim_cancelled_show {
    struct uuid show_id;
    struct text reason;
};

/* What the mail server took. */
struct sim_accepted {
    const char *message_id;
    uint8_t digest[16]; /* of all its bytes */
};

/* catalog.seat_map, catalog.reservation, catalog.order_tickets */
struct sim_tickets_row {
    struct uuid order_id;
    bool issued, revoked;
};

struct sim_change;
struct sim_session;

#define SIM_VECTOR(type)                                                                           \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

struct sim_tables {
    /* public.sink_offset; of events with term and cursor */
    struct term_position offsets[SIM_DAEMON_COUNT][SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    /* No table: behind the last record that was written, for the checks. */
    int64_t handled[SIM_DAEMON_COUNT][SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    SIM_VECTOR(struct sim_work *) work;
    SIM_VECTOR(struct sim_issue *) issues;
    SIM_VECTOR(struct uuid *) called_off; /* ticket.called_off: order ids */
    SIM_VECTOR(struct sim_mail *) mails;
    SIM_VECTOR(struct sim_cancelled_show *) cancelled_shows;
    SIM_VECTOR(struct sim_accepted *) accepted; /* the mail server's, not a table */
    SIM_VECTOR(struct seat_map *) maps;
    SIM_VECTOR(struct reservation_row *) reservations;
    SIM_VECTOR(struct sim_tickets_row *) order_tickets;
    int64_t reconcile_due_ms; /* payment.reconciliation */
    int64_t reconciled_to_ms;
    int64_t smtp_down_until_ms;
    int64_t gaps_before;        /* that the indexer had met when the run began */
    bool transaction;           /* one is open: session.h */
    struct sim_change *changes; /* what it has changed, the last first */
};

void sim_tables_init(struct sim_world *world);

/* How many events the indexer has missed so far, in all runs of the program. */
int64_t sim_indexer_gaps(void);
void sim_tables_deinit(struct sim_world *world);

/* Adds a zeroed row; vector is one of the above. */
#define SIM_VECTOR_ADD(world, vector, type)                                                        \
    ((type *)sim_vector_add(world, (void ***)&(vector).items, &(vector).count, &(vector).capacity, \
                            sizeof(type)))
void *sim_vector_add(struct sim_world *world, void ***items, size_t *count, size_t *capacity,
                     size_t size);

struct sim_issue *sim_issue_find(const struct sim_tables *tables, const struct uuid *order_id);
struct seat_map *sim_map_find(const struct sim_tables *tables, const struct uuid *show_id);
struct reservation_row *sim_reservation_row_find(const struct sim_tables *tables,
                                                 const struct uuid *reservation_id);
struct sim_tickets_row *sim_tickets_row_find(const struct sim_tables *tables,
                                             const struct uuid *order_id);

#endif
