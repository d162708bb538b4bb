/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_RECORD_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_RECORD_H

#include "runtime/loop/transaction/state.h"

/*
 * Takes over a message of a partition of ours: judges it where the rule says what counts, and
 * handles what counts by it in the open transaction, which it begins where there is none. A partition
 * that must be read again sets flow_due; a record that failed sets transaction->failed.
 */
void record_take(struct transaction *transaction, rd_kafka_message_t *message);

/* The end of a partition, at the offset. May set flow_due. */
void record_end_reached(struct transaction *transaction, int32_t index, int64_t offset);

#endif
