/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_KEEPER_H
#define SEATLOG_INGEST_API_ACCOUNTS_ACCOUNT_KEEPER_H

#include "runtime/base/error.h"
#include "runtime/pg/pg.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What is done with accounts without being asked, by a thread with a connection of its own: the
 * normal forms of usernames that are not worked out yet (at once, then every few seconds: an older
 * instance may still make such accounts), every minute the removal of what has expired, and every ten
 * minutes that of Idempotency-Keys.
 */
struct account_keeper;

struct account_keeper *account_keeper_new(const char *postgres_url);
void account_keeper_free(struct account_keeper *keeper);

/*
 * Works out the normal forms of a batch of accounts, the oldest first, in a transaction. Of
 * accounts that fall together the oldest has the normal form, whenever its turn comes; the others
 * are left with their own spelling. Any number may run at once. *count: how many it were; 0: all
 * are done.
 */
bool account_normalize_batch(struct pg *pg, int64_t *count, struct error *error);

#endif
