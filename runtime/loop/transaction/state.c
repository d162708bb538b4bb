/* SPDX-License-Identifier: Apache-2.0 */
/* The ground that the parts of the loop stand on. */
#include "runtime/loop/transaction/state.h"

#include "runtime/base/log.h"

#include <assert.h>
#include <stdlib.h>

struct partition *partition_of(const struct transaction *transaction, int32_t partition) {
    assert(partition >= 0 && partition < transaction->partition_count);
    return &transaction->partitions[partition];
}

void transaction_die(struct transaction *transaction, const char *what, const char *reason) {
    log_error(what, LOG_TEXT("reason", reason));
    transaction->status = EXIT_FAILURE;
    daemon_stop(EXIT_FAILURE);
}
