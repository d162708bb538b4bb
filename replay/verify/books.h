/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_BOOKS_H
#define SEATLOG_REPLAY_VERIFY_BOOKS_H

#include "replay/context.h"
#include "replay/verify/dead_letters.h"
#include "replay/verify/ledger.h"

/*
 * Others' books against the log's (check_….h): each check compares everything, prints the first
 * differences in a sentence a line, adds to violated, and returns false with *error when it could
 * not be done.
 */
struct replay_books {
    const struct replay_context *context;
    struct replay_ledger *ledgers; /* one a partition */
    int32_t count;
    uint64_t violated;
    uint64_t checked; /* rows, payments, tickets or mails looked at */
    uint64_t
        refused;    /* mails that were refused for good, or given up: told, but no fault of ours */
    uint64_t early; /* tickets or mails that are still on their way, and not overdue */
    int64_t now_ms; /* what "overdue" is judged by */
    int64_t overdue_ms;
    const struct replay_dead_letters *letters;
};

/*
 * Whether what follows from a sale must be there by now. The log itself is judged by the clock of
 * this machine, for a seller who has stopped selling still owes tickets; an exported folder by the
 * time of its last event, for what came after it is not in it.
 */
bool replay_books_due(const struct replay_books *books, const struct ledger_order *order);

/* Prints a finding unless there were too many already, and counts it. */
void replay_books_find(struct replay_books *books, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The ledger that has an order or a reservation, and the entry; NULL for none. */
struct ledger_order *replay_books_order(struct replay_books *books, const struct uuid *order_id);

#endif
