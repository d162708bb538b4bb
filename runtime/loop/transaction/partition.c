/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions we own: rebuilt, live, given away. */
#include "runtime/loop/transaction/internal.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/process.h"
#include "runtime/loop/ready.h"

#include <assert.h>
#include <stdio.h>

#define COMMITTED_TIMEOUT_MS 1000
#define SEEK_TIMEOUT_MS 1000
#define LAG_INTERVAL_MS 1000
#define RETRY_BASE_MS 100
#define RETRY_MS_MAX 10000

struct partition *partition_of(const struct transaction *transaction, int32_t partition) {
    assert(partition >= 0 && partition < transaction->partition_count);
    return &transaction->partitions[partition];
}

bool transaction_partition_live(const struct transaction *transaction, int32_t partition) {
    return partition_of(transaction, partition)->stage == PARTITION_LIVE;
}

int64_t transaction_next_offset(const struct transaction *transaction, int32_t partition) {
    return partition_of(transaction, partition)->next_offset;
}

bool transaction_caught_up(const struct transaction *transaction, int32_t partition) {
    const struct partition *state = partition_of(transaction, partition);
    return state->stage == PARTITION_LIVE && state->caught_up;
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

void partition_drop(struct transaction *transaction, int32_t index, bool foreign) {
    struct partition *partition = partition_of(transaction, index);
    if (partition->stage != PARTITION_FOREIGN && partition->stage != PARTITION_ASSIGNED &&
        transaction->spec->drop != NULL) {
        transaction->spec->drop(transaction->daemon, index);
    }
    partition->stage = foreign ? PARTITION_FOREIGN : PARTITION_ASSIGNED;
    if (foreign) {
        stall_forget(partition->stall);
    }
    partition->touched = false;
    partition->caught_up = false;
    partition->drained_offset = 0;
}

void partition_back_off(struct partition *partition) {
    partition->failures++;
    partition->not_before_ms =
        clock_monotonic_ms() + backoff_ms(partition->failures, RETRY_BASE_MS, RETRY_MS_MAX);
}

static void partitions_assigned(struct transaction *transaction,
                                rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition = partition_of(transaction, list->elems[i].partition);
        *partition = (struct partition){.stage = PARTITION_ASSIGNED,
                                        .done_offset = -1,
                                        .lag = partition->lag,
                                        .stall = partition->stall};
        /* Any offset will do: it is paused, and moved once it is rebuilt. */
        list->elems[i].offset = 0;
    }
    rd_kafka_assign(transaction->consumer, list);
    rd_kafka_pause_partitions(transaction->consumer, list);
    log_info("partitions assigned", LOG_INTEGER("count", list->cnt));
}

static void partitions_revoked(struct transaction *transaction,
                               const rd_kafka_topic_partition_list_t *list) {
    bool lost = rd_kafka_assignment_lost(transaction->consumer) != 0;
    if (lost) {
        transaction_abort(transaction);
    } else {
        transaction_finish(transaction);
    }
    for (int i = 0; i < list->cnt; i++) {
        partition_drop(transaction, list->elems[i].partition, true);
    }
    rd_kafka_assign(transaction->consumer, NULL);
    log_info(lost ? "partitions lost" : "partitions revoked", LOG_INTEGER("count", list->cnt));
}

void partitions_rebalanced(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t *list, void *opaque) {
    struct transaction *transaction = opaque;
    (void)consumer;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        partitions_assigned(transaction, list);
    } else {
        partitions_revoked(transaction, list);
    }
    partitions_readiness_update(transaction);
}

/* --- rebuilding ---------------------------------------------------------------------------- */

/* Producers first: what a predecessor, or a producer given up, had open is aborted by that. */
static bool committed_offset_read(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    for (int i = 0; i < 2; i++) {
        if (!transaction_producer_prepare(transaction->producers[i])) {
            return false;
        }
    }
    rd_kafka_topic_partition_list_t *list =
        transaction_list_of_one(transaction, index, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code =
        rd_kafka_committed(transaction->consumer, list, COMMITTED_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = list->elems[0].err;
    }
    partition->committed_offset = list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    log_info("the committed offset is not known yet", LOG_INTEGER("partition", index),
             LOG_TEXT("reason", rd_kafka_err2str(code)));
    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) {
        partition_back_off(partition);
    }
    return false;
}

static void partition_rebuild(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    enum transaction_rebuilt rebuilt = TRANSACTION_REBUILT;
    struct error error = {0};
    if (transaction->spec->rebuild != NULL) {
        rebuilt = transaction->spec->rebuild(transaction->daemon, transaction, index,
                                             partition->committed_offset, &partition->next_offset,
                                             &error);
    }
    switch (rebuilt) {
    case TRANSACTION_REBUILT_NOT_YET:
        return;
    case TRANSACTION_REBUILT:
        partition->stage = PARTITION_REBUILT;
        return;
    case TRANSACTION_REBUILD_FAILED:
        break;
    }
    if (error.action == ERROR_DIE) {
        transaction_die(transaction, "a partition cannot be rebuilt", error.message);
        return;
    }
    log_warning("a partition was not rebuilt: again", LOG_INTEGER("partition", index),
                LOG_TEXT("reason", error.message));
    stall_failed(partition->stall, partition->done_offset, error.message);
    partition_drop(transaction, index, false);
    partition_back_off(partition);
}

/* rd_kafka_seek_partitions of 2.0.2 takes its milliseconds for microseconds: the older call. */
static rd_kafka_resp_err_t consumer_move(struct transaction *transaction, int32_t index) {
    rd_kafka_topic_t *topic =
        rd_kafka_topic_new(transaction->consumer, transaction->spec->input, NULL);
    rd_kafka_resp_err_t code =
        rd_kafka_seek(topic, index, partition_of(transaction, index)->next_offset, SEEK_TIMEOUT_MS);
    rd_kafka_topic_destroy(topic);
    return code;
}

static void partition_enliven(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    rd_kafka_resp_err_t code = consumer_move(transaction, index);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_info("the partition cannot be read yet", LOG_INTEGER("partition", index),
                 LOG_TEXT("reason", rd_kafka_err2str(code)));
        partition_back_off(partition);
        return;
    }
    rd_kafka_topic_partition_list_t *list =
        transaction_list_of_one(transaction, index, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resume_partitions(transaction->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    partition->stage = PARTITION_LIVE;
    partition->caught_up = false;
    log_info("partition is live", LOG_INTEGER("partition", index),
             LOG_INTEGER("offset", partition->next_offset));
    partitions_readiness_update(transaction);
}

int partitions_advance(struct transaction *transaction, int wait_ms) {
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (partition->stage == PARTITION_FOREIGN || partition->stage == PARTITION_LIVE) {
            continue;
        }
        if (partition->not_before_ms > clock_monotonic_ms()) {
            wait_ms = wait_ms < 10 ? wait_ms : 10;
            continue;
        }
        wait_ms = 0;
        if (partition->stage == PARTITION_ASSIGNED && committed_offset_read(transaction, i)) {
            partition->next_offset =
                partition->committed_offset < 0 ? 0 : partition->committed_offset;
            partition->done_offset = partition->next_offset;
            partition->stage = PARTITION_REBUILDING;
        }
        if (partition->stage == PARTITION_REBUILDING) {
            partition_rebuild(transaction, i);
        }
        if (partition->stage == PARTITION_REBUILT) {
            partition_enliven(transaction, i);
        }
    }
    return wait_ms;
}

void partitions_lag_register(struct transaction *transaction) {
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        char labels[320];
        snprintf(labels, sizeof labels, "topic=\"%s\",partition=\"%d\"", transaction->spec->input,
                 (int)i);
        transaction->partitions[i].lag = metrics_gauge(
            "seatlog_consumer_lag_records", labels, "Records on the log that are not handled yet.");
        metric_hide(transaction->partitions[i].lag);
        transaction->partitions[i].stall = stall_of(transaction->spec->input, i);
    }
}

/* Of the input, from what the consumer has been told of the ends of its partitions. */
void partitions_lag_update(struct transaction *transaction) {
    const int64_t now_ms = clock_monotonic_ms();
    if (now_ms < transaction->lag_at_ms) {
        return;
    }
    transaction->lag_at_ms = now_ms + LAG_INTERVAL_MS;
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        const struct partition *partition = &transaction->partitions[i];
        int64_t low = 0, high = 0;
        if (partition->stage == PARTITION_FOREIGN || partition->done_offset < 0) {
            metric_hide(partition->lag);
        } else if (rd_kafka_get_watermark_offsets(transaction->consumer, transaction->spec->input,
                                                  i, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
                   high >= 0) {
            /* Also of one that is rebuilt after a failure: what is left is still to be done. */
            int64_t done = partition->drained_offset > partition->done_offset
                               ? partition->drained_offset
                               : partition->done_offset;
            int64_t lag = high > done ? high - done : 0;
            metric_set(partition->lag, lag);
            /* Folding a long log takes its time, and is told of as such. */
            bool folding = partition->stage == PARTITION_REBUILDING && partition->failures == 0;
            stall_update(partition->stall, partition->done_offset, folding ? 0 : lag);
        }
    }
}
