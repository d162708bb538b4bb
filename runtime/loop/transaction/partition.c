/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions of the input, as far as we know. */
#include "runtime/loop/transaction/partition.h"

#include "runtime/base/backoff.h"
#include "runtime/base/time.h"
#include "runtime/loop/ready.h"

#include <stdio.h>
#include <stdlib.h>

#define LAG_INTERVAL_MS 1000
#define RETRY_BASE_MS 100
#define RETRY_MS_MAX 10000
#define UNKNOWN_OFFSET INT64_C(-1)

static void message_release(void *message) { rd_kafka_message_destroy(message); }

void partitions_init(struct transaction *transaction) {
    transaction->partitions = allocate_zeroed((unsigned long)transaction->partition_count,
                                              sizeof transaction->partitions[0]);
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        char labels[320];
        snprintf(labels, sizeof labels, "topic=\"%s\",partition=\"%d\"", transaction->spec->input,
                 (int)i);
        partition->lag = metrics_gauge("seatlog_consumer_lag_records", labels,
                                       "Records on the log that are not handled yet.");
        metric_hide(partition->lag);
        partition->stall = stall_of(transaction->spec->input, i);
        term_holding_init(&partition->intake.held, message_release);
    }
    if (transaction->ruled) {
        term_watch_register();
    }
}

static void intake_drop(struct partition_intake *intake) {
    term_holding_drop(&intake->held);
    kafka_skim_cancel(intake->skim);
    intake->skim = NULL;
}

void partitions_deinit(struct transaction *transaction) {
    for (int32_t i = 0; transaction->partitions != NULL && i < transaction->partition_count; i++) {
        intake_drop(&transaction->partitions[i].intake);
        term_holding_deinit(&transaction->partitions[i].intake.held);
    }
    free(transaction->partitions);
    transaction->partitions = NULL;
}

void partition_assign(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    intake_drop(&partition->intake);
    *partition = (struct partition){
        .stage = PARTITION_ASSIGNED,
        .done_offset = UNKNOWN_OFFSET,
        .lag = partition->lag,
        .stall = partition->stall,
        .intake = {.held = partition->intake.held, .origin_offset = UNKNOWN_OFFSET},
    };
}

void partition_drop(struct transaction *transaction, int32_t index, bool foreign) {
    struct partition *partition = partition_of(transaction, index);
    if (partition->stage >= PARTITION_REBUILDING && transaction->spec->drop != NULL) {
        transaction->spec->drop(transaction->daemon, index);
    }
    partition->stage = foreign ? PARTITION_FOREIGN : PARTITION_ASSIGNED;
    if (foreign) {
        stall_forget(partition->stall);
    }
    intake_drop(&partition->intake);
    partition->touched = false;
    partition->caught_up = false;
    partition->drained_offset = 0;
}

void partition_back_off(struct partition *partition) {
    partition->failures++;
    partition->not_before_ms =
        clock_monotonic_ms() + backoff_ms(partition->failures, RETRY_BASE_MS, RETRY_MS_MAX);
}

int64_t partition_read_offset(const struct transaction *transaction,
                              const struct partition *partition) {
    return transaction->ruled ? partition->intake.reader.next_offset : partition->next_offset;
}

void partitions_readiness_update(struct transaction *transaction) {
    int64_t live = 0;
    int64_t pending = 0;
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        live += transaction->partitions[i].stage == PARTITION_LIVE;
        pending += transaction->partitions[i].stage != PARTITION_LIVE &&
                   transaction->partitions[i].stage != PARTITION_FOREIGN;
    }
    metric_set(transaction->live_metric, live);
    ready_set(pending > 0 ? "rebuilding partitions" : NULL);
}

/* --- lag --- */

static int64_t larger(int64_t left, int64_t right) { return left > right ? left : right; }

/*
 * All before it is done: what is committed, and beyond it what needs nothing to be done. Behind the
 * committed offset that is markers of transactions, and with terms what is stale; but not while
 * something waits there for the rest of its command, or for a record that is missing.
 */
static int64_t done_offset(const struct transaction *transaction,
                           const struct partition *partition) {
    const struct term_reader *reader = &partition->intake.reader;
    if (!transaction->ruled) {
        return larger(partition->done_offset, partition->drained_offset);
    }
    if (partition->stage != PARTITION_LIVE || partition->touched || reader->held > 0 ||
        reader->deaf) {
        return partition->done_offset;
    }
    return larger(partition->done_offset, larger(reader->next_offset, partition->drained_offset));
}

static void partition_lag_update(struct transaction *transaction, int32_t index, int64_t high) {
    const struct partition *partition = &transaction->partitions[index];
    int64_t done = done_offset(transaction, partition);
    int64_t lag = high > done ? high - done : 0;
    metric_set(partition->lag, lag);
    /* Folding a long log takes its time, and is told of as such. */
    bool folding =
        (partition->stage == PARTITION_REBUILDING || partition->stage == PARTITION_SKIMMING) &&
        partition->failures == 0;
    stall_update(partition->stall, partition->done_offset, folding ? 0 : lag);
}

static void partition_watch(struct transaction *transaction, int32_t index, int64_t now_ms) {
    struct partition *partition = &transaction->partitions[index];
    if (transaction->ruled && partition->stage == PARTITION_LIVE &&
        term_watch_update(&partition->intake.watch, &partition->intake.reader, index, now_ms)) {
        stall_failed(partition->stall, partition->done_offset, TERM_DEAF_REASON);
    }
}

void partitions_lag_update(struct transaction *transaction) {
    const int64_t now_ms = clock_monotonic_ms();
    if (now_ms < transaction->lag_at_ms) {
        return;
    }
    transaction->lag_at_ms = now_ms + LAG_INTERVAL_MS;
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        const struct partition *partition = &transaction->partitions[i];
        int64_t low = 0, high = 0;
        partition_watch(transaction, i, now_ms);
        if (partition->stage == PARTITION_FOREIGN || partition->done_offset < 0) {
            metric_hide(partition->lag);
        } else if (rd_kafka_get_watermark_offsets(transaction->consumer, transaction->spec->input,
                                                  i, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
                   high >= 0) {
            /* Also of one that is rebuilt after a failure: what is left is still to be done. */
            partition_lag_update(transaction, i, high);
        }
    }
}
