/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to its record on seatlog.tickets: PostgreSQL first, then Kafka. */
#ifndef SEATLOG_TICKETGEN_DAEMON_HANDLER_H
#define SEATLOG_TICKETGEN_DAEMON_HANDLER_H

#include "codec/arena.h"
#include "runtime/base/metrics.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/transaction/transaction.h"
#include "runtime/pg/pg.h"
#include "seatlog_codec.h"
#include "ticketgen/core/token.h"

#define TICKETGEN_SOURCE_SIZE 96 /* the daemon, a slash, its instance */

/* daemon->state of whoever runs ticketgen_transaction. */
struct ticketgen {
    struct pg *pg;
    struct ticket_key key;
    struct codec *codec;
    struct arena arena; /* of the record being handled */
    const char *issuer;
    char source[TICKETGEN_SOURCE_SIZE]; /* of the records */
    int64_t purge_at_ms;

    struct metric *issued;
    struct metric *revoked;
    struct metric *told_again;
    struct metric *duplicates;
    struct metric *missing;
    struct metric *purged;
    struct metric *rendering;
};

/* Makes codec, arena, source and metrics; pg, key and issuer are the caller's to set. */
void ticketgen_init(struct ticketgen *ticketgen, const struct daemon *daemon);

/* Frees what ticketgen_init made, and wipes the key. */
void ticketgen_deinit(struct ticketgen *ticketgen);

/*
 * For every Sold and OrderCancelled, PostgreSQL first, then record and offset in one Kafka
 * transaction. Killed between the two, it reads the event again, finds in PostgreSQL that this very
 * record was answered before, and tells the same record from what is stored. Between transactions
 * it removes documents whose time is up.
 */
extern const struct transaction_spec ticketgen_transaction;

#endif
