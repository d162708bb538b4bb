/* SPDX-License-Identifier: Apache-2.0 */
/* The open transaction: begun, filled, committed or aborted. */
#include "runtime/loop/transaction/open.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/dead_letter.h"
#include "runtime/loop/transaction/consumer.h"
#include "runtime/loop/transaction/partition.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct transaction_producer *current_producer(const struct transaction *transaction) {
    return transaction->producers[transaction->turn];
}

bool open_begin(struct transaction *transaction) {
    if (transaction->open) {
        return true;
    }
    if (!transaction_producer_begin(current_producer(transaction))) {
        return false;
    }
    transaction->open = true;
    transaction->failed = false;
    transaction->records = 0;
    transaction->opened_ms = clock_monotonic_ms();
    return true;
}

static void transaction_closed(struct transaction *transaction) {
    transaction->open = false;
    transaction->failed = false;
    transaction->turn = 1 - transaction->turn;
    transaction->turn_at_ms = 0;
}

/* What was decided in it is not on the log, or may not be: the log is read again. */
static void transaction_discard(struct transaction *transaction) {
    metric_add(transaction->aborted_metric, 1);
    if (transaction->spec->aborted != NULL) {
        transaction->spec->aborted(transaction->daemon);
    }
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (partition->touched) {
            partition_drop(transaction, i, false);
            partition_back_off(partition);
        }
    }
    transaction->flow_due = true;
    transaction_closed(transaction);
    partitions_readiness_update(transaction);
}

void open_abort(struct transaction *transaction) {
    if (!transaction->open) {
        return;
    }
    transaction_producer_abort(current_producer(transaction));
    transaction_discard(transaction);
}

static void transaction_accept(struct transaction *transaction) {
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (partition->touched) {
            partition->touched = false;
            partition->failures = 0;
            partition->done_offset = partition->next_offset;
            partition->parking =
                partition->parking && partition->blame.offset >= partition->next_offset;
        }
    }
    metric_add(transaction->committed_metric, 1);
    metric_add(transaction->records_metric, (int64_t)transaction->records);
    metric_observe_ms(transaction->duration_metric,
                      (double)(clock_monotonic_ms() - transaction->opened_ms));
    if (transaction->spec->committed != NULL) {
        transaction->spec->committed(transaction->daemon);
    }
    transaction_closed(transaction);
}

static bool before_commit_run(struct transaction *transaction) {
    struct error error = {0};
    if (transaction->spec->before_commit == NULL ||
        transaction->spec->before_commit(transaction->daemon, transaction, &error)) {
        return true;
    }
    if (error.action == ERROR_DIE) {
        transaction_die(transaction, "a transaction cannot be completed", error.message);
    } else {
        log_warning("a transaction is given up", LOG_TEXT("reason", error.message));
    }
    return false;
}

/* --- what is refused --- */

void open_condemn(struct partition *partition, int64_t offset, const char *reason) {
    partition->parking = true;
    partition->blame.offset = offset;
    snprintf(partition->blame.reason, sizeof partition->blame.reason, "%s", reason);
}

static void last_record_condemn(struct transaction *transaction, const struct error *error) {
    open_condemn(partition_of(transaction, transaction->last_partition), transaction->last_offset,
                 error->message);
}

/* A transaction was aborted because of what it produced, in the name of one of its records. */
static void produced_refused(struct transaction *transaction, const struct error *error) {
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (partition->touched) {
            stall_failed(partition->stall, partition->done_offset, error->message);
        }
    }
    if (transaction->records == 1) {
        last_record_condemn(transaction, error);
    } else { /* which one shows when each is acknowledged before the next */
        transaction->suspects = transaction->records;
    }
}

void open_suspect_settle(struct transaction *transaction) {
    struct error error = {0};
    if (transaction->suspects == 0) {
        return;
    }
    assert(transaction->open);
    transaction->suspects--;
    if (transaction_producer_settle(current_producer(transaction), &error)) {
        return;
    }
    if (error.action == ERROR_PARK) {
        last_record_condemn(transaction, &error);
    }
    log_warning("what a record led to was not taken",
                LOG_INTEGER("partition", transaction->last_partition),
                LOG_INTEGER("offset", transaction->last_offset), LOG_TEXT("reason", error.message));
    transaction->failed = true;
}

/* --- its end --- */

/* The offsets that belong to it; with the rule, term and cursor are their metadata. */
static rd_kafka_topic_partition_list_t *offsets_new(const struct transaction *transaction) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        const struct partition *partition = &transaction->partitions[i];
        if (!partition->touched) {
            continue;
        }
        rd_kafka_topic_partition_t *offset =
            rd_kafka_topic_partition_list_add(offsets, transaction->spec->input, i);
        offset->offset = partition->next_offset;
        if (transaction->ruled) {
            char text[TERM_POSITION_TEXT_SIZE];
            assert(partition->intake.reader.position.next_offset == partition->next_offset);
            offset->metadata_size = term_position_format(&partition->intake.reader.position, text);
            offset->metadata = text_duplicate(text);
        }
    }
    return offsets;
}

void open_finish(struct transaction *transaction) {
    if (!transaction->open) {
        return;
    }
    if (transaction->failed || !before_commit_run(transaction)) {
        open_abort(transaction);
        return;
    }
    struct error error = {0};
    rd_kafka_topic_partition_list_t *offsets = offsets_new(transaction);
    enum transaction_outcome outcome = transaction_producer_commit(
        current_producer(transaction), transaction->consumer, offsets, &error);
    rd_kafka_topic_partition_list_destroy(offsets);
    if (outcome == TRANSACTION_COMMITTED) {
        transaction_accept(transaction);
        return;
    }
    log_warning("a transaction was not committed: its partitions are rebuilt from the log",
                LOG_TEXT("outcome", outcome == TRANSACTION_ABORTED ? "aborted" : "unknown"),
                LOG_TEXT("reason", error.message));
    if (error.action == ERROR_PARK) {
        produced_refused(transaction, &error);
    }
    transaction_discard(transaction);
}

/* --- what it holds --- */

void open_produce(struct transaction *transaction, int32_t source,
                  const struct transaction_output *output) {
    struct partition *partition = partition_of(transaction, source);
    assert(partition->stage == PARTITION_LIVE);
    if (!open_begin(transaction)) { /* stopping: nothing will be committed */
        if (output->headers != NULL) {
            rd_kafka_headers_destroy(output->headers);
        }
        return;
    }
    partition->touched = true;
    if (transaction->retrying != NULL && output->headers != NULL) {
        rd_kafka_header_add(output->headers, TRANSACTION_RETRY_HEADER, -1, transaction->retrying,
                            -1);
    }
    transaction_producer_send(current_producer(transaction), output);
}

void open_dead_letter(struct transaction *transaction, const struct transaction_record *record,
                      const char *reason) {
    char reason_buffer[DEAD_LETTER_REASON_SIZE];
    const struct dead_letter_source of = {
        .topic = transaction->spec->input,
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = record->value,
    };
    const struct dead_letter_record letter =
        dead_letter_of(&of, transaction->daemon->name, reason, reason_buffer);
    const struct transaction_output output = {
        .topic = TOPIC_DEAD_LETTERS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = letter.as.dead_letter.key,
        .value = codec_dead_letter_record_encode(transaction->codec, &letter),
    };
    log_warning("a record goes to the dead letters", LOG_TEXT("reason", reason),
                LOG_INTEGER("partition", record->partition), LOG_INTEGER("offset", record->offset));
    open_produce(transaction, record->partition, &output);
    metric_add(transaction->dead_letters_metric, 1);
}
