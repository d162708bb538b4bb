/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_DAEMON_TICKETGEN_H
#define SEATLOG_TICKETGEN_DAEMON_TICKETGEN_H

#include "runtime/loop/daemon.h"
#include "runtime/loop/transaction/transaction.h"

/*
 * The daemon: for every Sold and OrderCancelled, PostgreSQL first, then record and offset in one
 * Kafka transaction. Killed between the two, it reads the event again, finds in PostgreSQL that
 * this very record was answered before, and tells the same record from what is stored.
 */
extern const struct config_option ticketgen_options[];

bool ticketgen_start(struct daemon *daemon, struct error *error);
void ticketgen_stop(struct daemon *daemon);

bool ticketgen_handle(struct daemon *daemon, struct transaction *transaction,
                      const struct transaction_record *record, struct error *error);

/* Removes documents whose time is up, from time to time. */
int ticketgen_turn(struct daemon *daemon, struct transaction *transaction);

/* Its connection, for records that were set aside and are asked for again. */
struct pg *ticketgen_letters(struct daemon *daemon);

#endif
