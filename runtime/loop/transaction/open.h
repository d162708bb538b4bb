/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_OPEN_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_OPEN_H

#include "runtime/loop/transaction/state.h"

/* The open transaction: there is one at most. */

/* Opens one, if none is. false: the process is stopping. */
bool open_begin(struct transaction *transaction);

/* In it, as transaction_produce and transaction_dead_letter say. */
void open_produce(struct transaction *transaction, int32_t source,
                  const struct transaction_output *output);
void open_dead_letter(struct transaction *transaction, const struct transaction_record *record,
                      const char *reason);

/*
 * Where the last transaction was refused for what it produced: waits until what was produced for
 * the record handled last is acknowledged. A record whose output is refused is condemned. Sets
 * transaction->failed where the transaction cannot be committed any more.
 */
void open_suspect_settle(struct transaction *transaction);

/* Ends it, if one is open: by a commit, where nothing failed. What was not committed is dropped. */
void open_finish(struct transaction *transaction);
void open_abort(struct transaction *transaction);

/* The record at the offset is not handled any more but put aside, once its partition has been
 * rebuilt. */
void open_condemn(struct partition *partition, int64_t offset, const char *reason);

#endif
