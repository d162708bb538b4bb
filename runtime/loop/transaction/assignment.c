/* SPDX-License-Identifier: Apache-2.0 */
/* A partition's way from assigned to live, and out again. */
#include "runtime/loop/transaction/assignment.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/transaction/consumer.h"
#include "runtime/loop/transaction/open.h"
#include "runtime/loop/transaction/partition.h"

#include <assert.h>
#include <string.h>

#define COMMITTED_TIMEOUT_MS 1000
#define SOON_MS 10

static void partitions_assigned(struct transaction *transaction,
                                const rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++) {
        partition_assign(transaction, list->elems[i].partition);
    }
    /* None is live, so that none flows yet; librdkafka wants to be told. */
    transaction->flow_due = true;
    consumer_flow(transaction);
    log_info("partitions assigned", LOG_INTEGER("count", list->cnt));
}

static void partitions_revoked(struct transaction *transaction,
                               const rd_kafka_topic_partition_list_t *list) {
    bool lost = rd_kafka_assignment_lost(transaction->consumer) != 0;
    if (lost) {
        open_abort(transaction);
    } else {
        open_finish(transaction);
    }
    for (int i = 0; i < list->cnt; i++) {
        partition_drop(transaction, list->elems[i].partition, true);
    }
    rd_kafka_assign(transaction->consumer, NULL);
    transaction->flow_due = false;
    log_info(lost ? "partitions lost" : "partitions revoked", LOG_INTEGER("count", list->cnt));
}

void assignment_changed(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
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

/* --- where to go on --- */

/* Term and cursor of the committed offset: from its metadata, or worked out before, or by a skim.
 */
static void intake_begin(struct transaction *transaction, int32_t index,
                         const rd_kafka_topic_partition_t *committed) {
    struct partition *partition = partition_of(transaction, index);
    struct partition_intake *intake = &partition->intake;
    struct term_position position = term_position_of_beginning();
    bool known = partition->committed_offset < 0;
    if (!known && committed->metadata != NULL &&
        term_position_parse(committed->metadata, committed->metadata_size, &position)) {
        known = position.next_offset == partition->committed_offset;
    }
    intake->handled_offset = partition->committed_offset < 0 ? 0 : partition->committed_offset;
    term_watch_reset(&intake->watch);
    partition->stage = PARTITION_REBUILDING;
    if (known) {
        term_reader_init(&intake->reader, &position);
    } else if (intake->origin_offset == partition->committed_offset) {
        intake->reader = intake->origin;
    } else {
        log_info("the committed offset has no term: events are skimmed for it",
                 LOG_INTEGER("partition", index),
                 LOG_INTEGER("offset", partition->committed_offset));
        intake->skim =
            kafka_skim_begin(transaction->daemon->config, index, partition->committed_offset);
        if (intake->skim == NULL) {
            die("cannot start a thread that looks for its place on the events");
        }
        partition->stage = PARTITION_SKIMMING;
    }
}

/* The work on a partition came to nothing: again, a little later; or never. */
static void partition_failed(struct transaction *transaction, int32_t index,
                             const struct error *error) {
    struct partition *partition = partition_of(transaction, index);
    if (error->action == ERROR_DIE) {
        transaction_die(transaction, "a partition cannot be rebuilt", error->message);
        return;
    }
    log_warning("a partition was not rebuilt: again", LOG_INTEGER("partition", index),
                LOG_TEXT("reason", error->message));
    stall_failed(partition->stall, partition->done_offset, error->message);
    partition_drop(transaction, index, false);
    partition_back_off(partition);
}

static void partition_skim(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    struct partition_intake *intake = &partition->intake;
    struct error error = {0};
    if (!kafka_skim_ended(intake->skim)) {
        return;
    }
    bool good = kafka_skim_end(intake->skim, &intake->reader, &error);
    intake->skim = NULL;
    if (!good) {
        partition_failed(transaction, index, &error);
        return;
    }
    intake->origin = intake->reader;
    intake->origin_offset = partition->committed_offset;
    partition->stage = PARTITION_REBUILDING;
}

/* Producers first: what a predecessor, or a producer given up, had open is aborted by that. */
static bool producers_prepare(struct transaction *transaction) {
    return transaction_producer_prepare(transaction->producers[0]) &&
           transaction_producer_prepare(transaction->producers[1]);
}

static void partition_locate(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    if (!producers_prepare(transaction)) {
        return;
    }
    rd_kafka_topic_partition_list_t *list =
        consumer_list_of_one(transaction, index, RD_KAFKA_OFFSET_INVALID);
    const rd_kafka_topic_partition_t *committed = &list->elems[0];
    rd_kafka_resp_err_t code =
        rd_kafka_committed(transaction->consumer, list, COMMITTED_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = committed->err;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        partition->committed_offset = committed->offset < 0 ? -1 : committed->offset;
        partition->next_offset = partition->committed_offset < 0 ? 0 : partition->committed_offset;
        partition->done_offset = partition->next_offset;
        partition->stage = PARTITION_REBUILDING;
        if (transaction->ruled) {
            intake_begin(transaction, index, committed);
        }
    } else {
        log_info("the committed offset is not known yet", LOG_INTEGER("partition", index),
                 LOG_TEXT("reason", rd_kafka_err2str(code)));
        if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) {
            partition_back_off(partition);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
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
        partition_failed(transaction, index, &error);
        return;
    }
}

static void partition_enliven(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    if (transaction->ruled) {
        partition->next_offset = partition->intake.reader.position.next_offset;
    }
    partition->stage = PARTITION_LIVE;
    partition->caught_up = false;
    transaction->flow_due = true;
    log_info("partition is live", LOG_INTEGER("partition", index),
             LOG_INTEGER("offset", partition_read_offset(transaction, partition)));
    partitions_readiness_update(transaction);
}

int assignment_advance(struct transaction *transaction, int wait_ms) {
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (partition->stage == PARTITION_FOREIGN || partition->stage == PARTITION_LIVE) {
            continue;
        }
        if (partition->not_before_ms > clock_monotonic_ms()) {
            wait_ms = wait_ms < SOON_MS ? wait_ms : SOON_MS;
            continue;
        }
        if (partition->stage == PARTITION_ASSIGNED) {
            partition_locate(transaction, i);
        }
        if (partition->stage == PARTITION_SKIMMING) {
            partition_skim(transaction, i);
        }
        if (partition->stage == PARTITION_REBUILDING) {
            partition_rebuild(transaction, i);
        }
        if (partition->stage == PARTITION_REBUILT) {
            partition_enliven(transaction, i);
        }
        int soon_ms = partition->stage == PARTITION_SKIMMING ? SOON_MS : 0;
        wait_ms = wait_ms < soon_ms ? wait_ms : soon_ms;
    }
    return wait_ms;
}
