/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_PRODUCER_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_PRODUCER_H

#include "runtime/loop/transaction/spec.h"

/*
 * One of the two transactional producers of the loop in transaction.h, which alone uses it. It is
 * made again by itself whenever it cannot be trusted any more. One thread at a time.
 */
#define TRANSACTION_OUTPUTS_MAX 8

struct transaction_producer;

enum transaction_outcome {
    TRANSACTION_COMMITTED,
    TRANSACTION_ABORTED, /* certainly not committed */
    TRANSACTION_UNKNOWN  /* the log knows: who wants to go on must read it */
};

/*
 * slot: "a" or "b", the end of the transactional.id. Does not connect. outputs as in
 * transaction_spec; must live as long.
 */
struct transaction_producer *transaction_producer_new(const struct daemon *daemon, const char *slot,
                                                      const char *const *outputs);
void transaction_producer_free(struct transaction_producer *producer);

/*
 * Connects, aborts what a predecessor with the same transactional.id had open, and learns the
 * outputs' leaders, so that the first transaction is not slowed by it. Does nothing while all is
 * well. Tries until it succeeds or the process stops (false).
 */
bool transaction_producer_prepare(struct transaction_producer *producer);

/* Begins a transaction, after preparing where that is needed. false: the process is stopping. */
bool transaction_producer_begin(struct transaction_producer *producer);

/* Within a transaction. What fails is known to the commit. */
void transaction_producer_send(struct transaction_producer *producer,
                               const struct transaction_output *output);

/*
 * Waits until what was sent is acknowledged. false with *error: it will not be committed; PARK
 * where a topic does not take what was sent, and will not the next time either.
 */
bool transaction_producer_settle(struct transaction_producer *producer, struct error *error);

/*
 * Flushes, sends the offsets with the group's metadata, commits. Whatever it returns, no
 * transaction is open afterwards and every delivery report has been served or will never be. *error
 * where not committed.
 */
enum transaction_outcome transaction_producer_commit(struct transaction_producer *producer,
                                                     rd_kafka_t *consumer,
                                                     const rd_kafka_topic_partition_list_t *offsets,
                                                     struct error *error);

/* Aborts; no transaction is open afterwards, as with commit. */
void transaction_producer_abort(struct transaction_producer *producer);

#endif
