/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of payment: work and answers. */
#ifndef SEATLOG_PAYMENT_DAEMON_PG_H
#define SEATLOG_PAYMENT_DAEMON_PG_H

#include "payment/core/answer.h"
#include "payment/core/row.h"
#include "runtime/pg/pg.h"

/* payment.work and payment.answer (schemas/sql/030_payment.sql). */

/*
 * Adds new work unless it is there. A void that an orphan's discovery has already brought about is
 * reported after all. source: the token, empty for all but authorize.
 */
bool payment_pg_add(struct pg *pg, const struct payment_row *row, struct text source,
                    struct error *error);

/*
 * Leases up to limit rows that are due, oldest first; calls false: only those that have nothing but
 * to be reported. A create within its hold counts as sent from now on, in the table; in the row
 * sent_at_ms is still what it was. The rows' source_id is the caller's to free. Returns the count,
 * or -1 with *error.
 */
int payment_pg_lease(struct pg *pg, const char *owner, int64_t lease_ms, int limit, bool calls,
                     int64_t now_ms, struct payment_row *rows, struct error *error);

/* How a row stands now. */
struct payment_save {
    const struct payment_row *row;
    const struct payment_answer *answer; /* to be kept as well; NULL: none */
    enum payment_step answered_step;
    int64_t took_ms;
    const char *last_error; /* why it did not get on; empty: it did */
    int64_t lease_ms;       /* the lease goes on for so long; 0: it is given up */
    int64_t now_ms;
};

/* Inside a transaction. *owned: false when the lease was lost, and nothing was changed. */
bool payment_pg_save(struct pg *pg, const struct payment_save *save, bool *owned,
                     struct error *error);

/* Gives up what a predecessor of the same name held when it died. */
bool payment_pg_release(struct pg *pg, const char *owner, int64_t *released, struct error *error);

/* Rows that are not done by kind, and the age of the oldest in seconds. */
bool payment_pg_open(struct pg *pg, int64_t counts[PAYMENT_KIND_COUNT], int64_t *oldest_s,
                     struct error *error);

#endif
