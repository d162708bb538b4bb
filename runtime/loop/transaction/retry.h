/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_RETRY_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_RETRY_H

#include "runtime/loop/transaction/state.h"

/* Handles a record that was set aside, if one is asked for. Outside of a transaction. */
void retry_next(struct transaction *transaction);

#endif
