/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: consume, handle, produce, offset, in one Kafka transaction. */
#include "runtime/loop/transaction/internal.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/dead_letter.h"
#include "runtime/loop/process.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS_MAX 100
/* A slow handler's transaction is committed in time: long before transaction_timeout_ms. */
#define RECORDS_MS_MAX 1000

int32_t transaction_partition_count(const struct transaction *transaction) {
    return transaction->partition_count;
}

static struct transaction_producer *current_producer(const struct transaction *transaction) {
    return transaction->producers[transaction->turn];
}

void transaction_die(struct transaction *transaction, const char *what, const char *reason) {
    log_error(what, LOG_TEXT("reason", reason));
    transaction->status = EXIT_FAILURE;
    daemon_stop(EXIT_FAILURE);
}

/* --- the open transaction ------------------------------------------------------------------ */

static bool transaction_open(struct transaction *transaction) {
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
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        struct partition *partition = &transaction->partitions[i];
        if (!partition->touched) {
            continue;
        }
        rd_kafka_topic_partition_list_add(list, transaction->spec->input, i);
        partition_drop(transaction, i, false);
        partition_back_off(partition);
    }
    rd_kafka_pause_partitions(transaction->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    transaction_closed(transaction);
    partitions_readiness_update(transaction);
}

void transaction_abort(struct transaction *transaction) {
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

static void produced_refused(struct transaction *transaction, const struct error *error);

void transaction_finish(struct transaction *transaction) {
    if (!transaction->open) {
        return;
    }
    if (transaction->failed || !before_commit_run(transaction)) {
        transaction_abort(transaction);
        return;
    }
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        if (transaction->partitions[i].touched) {
            rd_kafka_topic_partition_list_add(offsets, transaction->spec->input, i)->offset =
                transaction->partitions[i].next_offset;
        }
    }
    struct error error = {0};
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

void transaction_produce(struct transaction *transaction, int32_t source,
                         const struct transaction_output *output) {
    struct partition *partition = partition_of(transaction, source);
    assert(partition->stage == PARTITION_LIVE);
    if (!transaction_open(transaction)) { /* stopping: nothing will be committed */
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

void transaction_dead_letter(struct transaction *transaction,
                             const struct transaction_record *record, const char *reason) {
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
    transaction_produce(transaction, record->partition, &output);
    metric_add(transaction->dead_letters_metric, 1);
}

/* --- records ------------------------------------------------------------------------------- */

/* The record is not handled any more but put aside, once its partition has been rebuilt. */
static void record_condemn(struct partition *partition, int64_t offset, const char *reason) {
    partition->parking = true;
    partition->blame.offset = offset;
    snprintf(partition->blame.reason, sizeof partition->blame.reason, "%s", reason);
}

static void record_retry(struct transaction *transaction, const struct transaction_record *record,
                         const struct error *error) {
    struct partition *partition = partition_of(transaction, record->partition);
    int tries_max = (int)config_integer(transaction->daemon->config, "record_tries_max");
    log_warning("a record cannot be handled now", LOG_TEXT("reason", error->message),
                LOG_INTEGER("partition", record->partition), LOG_INTEGER("offset", record->offset));
    stall_failed(partition->stall, partition->done_offset, error->message);
    if (blame_count(&partition->blame, record->offset, error, tries_max)) {
        char reason[ERROR_MESSAGE_SIZE];
        snprintf(reason, sizeof reason, "tried %d times: %.*s", partition->blame.tries,
                 ERROR_MESSAGE_SIZE - 32, error->message);
        record_condemn(partition, record->offset, reason);
    }
    transaction->failed = true;
}

static void record_failed(struct transaction *transaction, const struct transaction_record *record,
                          const struct error *error) {
    switch (error->action) {
    case ERROR_PARK:
        transaction_dead_letter(transaction, record, error->message);
        return;
    case ERROR_DIE:
        transaction_die(transaction, "a record cannot be handled", error->message);
        transaction->failed = true;
        break;
    default:
        record_retry(transaction, record, error);
        break;
    }
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
        record_condemn(partition_of(transaction, transaction->last_partition),
                       transaction->last_offset, error->message);
    } else if (transaction->records > 1) { /* which one shows when each stands alone */
        transaction->alone = transaction->records;
    }
}

static void record_handle(struct transaction *transaction, const rd_kafka_message_t *message) {
    struct partition *partition = partition_of(transaction, message->partition);
    if (partition->stage != PARTITION_LIVE || message->offset < partition->next_offset) {
        return; /* fetched before a pause or a seek */
    }
    if (transaction->failed || !transaction_open(transaction)) {
        return;
    }
    rd_kafka_timestamp_type_t type;
    const struct transaction_record record = {
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &type),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .message = message,
    };
    partition->touched = true;
    struct error error = {0};
    if (partition->parking && partition->blame.offset == record.offset) {
        transaction_dead_letter(transaction, &record, partition->blame.reason);
    } else if (!transaction->spec->handle(transaction->daemon, transaction, &record, &error)) {
        record_failed(transaction, &record, &error);
        if (transaction->failed) {
            return;
        }
    }
    partition->next_offset = message->offset + 1;
    transaction->records++;
    transaction->last_partition = record.partition;
    transaction->last_offset = record.offset;
}

/* An error the consumer tells of in a message's place. */
static void consumer_failed(struct transaction *transaction, const rd_kafka_message_t *message) {
    char reason[ERROR_MESSAGE_SIZE];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: {
        struct partition *partition = partition_of(transaction, message->partition);
        if (partition->stage == PARTITION_LIVE && message->offset >= partition->next_offset) {
            partition->caught_up = true;
            partition->drained_offset = message->offset;
        }
        return;
    }
    case RD_KAFKA_RESP_ERR__FATAL:
        if (rd_kafka_fatal_error(transaction->consumer, reason, sizeof reason) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            transaction_abort(transaction);
            transaction_die(transaction, "the consumer cannot go on", reason);
        }
        return;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        if (partition_of(transaction, message->partition)->stage == PARTITION_LIVE) {
            /* What was never handled is gone, or the log is another one: nobody may guess. */
            transaction_abort(transaction);
            transaction_die(transaction, "the input does not have the next offset",
                            rd_kafka_message_errstr(message));
        }
        return;
    default:
        log_warning("consumer", LOG_TEXT("reason", rd_kafka_message_errstr(message)));
        return;
    }
}

/* Takes what has arrived, waiting at most wait_ms for the first, and makes one transaction of it.
 */
static void records_take(struct transaction *transaction, size_t records_max, int wait_ms) {
    for (size_t i = 0; i < records_max; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(transaction->consumer, wait_ms);
        if (message == NULL) {
            break;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            record_handle(transaction, message);
        } else {
            consumer_failed(transaction, message);
        }
        rd_kafka_message_destroy(message);
        wait_ms = 0;
        if (transaction->alone > 0 && transaction->open && transaction->records > 0) {
            transaction->alone--;
            break;
        }
        if (transaction->failed ||
            (transaction->open && clock_monotonic_ms() - transaction->opened_ms > RECORDS_MS_MAX)) {
            break;
        }
    }
    transaction_finish(transaction);
}

static int turn_run(struct transaction *transaction) {
    if (transaction->spec->turn == NULL) {
        return POLL_MS_MAX;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= transaction->turn_at_ms) {
        int wait_ms = transaction->spec->turn(transaction->daemon, transaction);
        transaction_finish(transaction);
        now_ms = clock_monotonic_ms();
        transaction->turn_at_ms = now_ms + wait_ms;
    }
    int64_t rest_ms = transaction->turn_at_ms - now_ms;
    return rest_ms < 0 ? 0 : rest_ms > POLL_MS_MAX ? POLL_MS_MAX : (int)rest_ms;
}

/* --- start and end ------------------------------------------------------------------------- */

static void transaction_loop(struct transaction *transaction) {
    size_t records_max =
        (size_t)config_integer(transaction->daemon->config, "transaction_records_max");
    while (!daemon_stopping()) {
        int turn_ms = turn_run(transaction);
        transaction_retry(transaction);
        int advance_ms = partitions_advance(transaction, POLL_MS_MAX);
        records_take(transaction, records_max, turn_ms < advance_ms ? turn_ms : advance_ms);
        partitions_lag_update(transaction);
    }
}

static void metrics_register(struct transaction *transaction) {
    transaction->committed_metric = metrics_counter("seatlog_transactions_total",
                                                    "outcome=\"committed\"", "Kafka transactions");
    transaction->aborted_metric =
        metrics_counter("seatlog_transactions_total", "outcome=\"aborted\"", "Kafka transactions");
    transaction->records_metric = metrics_counter("seatlog_transaction_records_total", NULL,
                                                  "Records handled in committed transactions");
    transaction->duration_metric =
        metrics_histogram("seatlog_transaction_duration_seconds", NULL,
                          "From the first record of a transaction to its commit");
    transaction->dead_letters_metric = metrics_counter(
        "seatlog_dead_letters_total", NULL, "Records put aside, also of aborted transactions");
    transaction->live_metric =
        metrics_gauge("seatlog_partitions_live", NULL, "Partitions assigned and rebuilt");
}

int transaction_run(struct daemon *daemon, const struct transaction_spec *spec) {
    assert(spec->handle != NULL);
    struct transaction transaction = {
        .daemon = daemon, .spec = spec, .codec = codec_new(), .status = EXIT_SUCCESS};
    metrics_register(&transaction);
    transaction.producers[0] = transaction_producer_new(daemon, "a", spec->outputs);
    transaction.producers[1] = transaction_producer_new(daemon, "b", spec->outputs);
    transaction_consumer_create(&transaction);
    if (transaction_topics_await(&transaction)) {
        transaction.partitions =
            allocate_zeroed((unsigned long)transaction.partition_count, sizeof(struct partition));
        partitions_lag_register(&transaction);
        /* Joining the group takes as long as warming up the producers: both at once. */
        if (transaction_group_join(&transaction) &&
            transaction_producer_prepare(transaction.producers[0]) &&
            transaction_producer_prepare(transaction.producers[1])) {
            transaction_loop(&transaction);
        }
    }
    rd_kafka_consumer_close(transaction.consumer);
    transaction_producer_free(transaction.producers[0]);
    transaction_producer_free(transaction.producers[1]);
    rd_kafka_destroy(transaction.consumer);
    codec_free(transaction.codec);
    free(transaction.partitions);
    return transaction.status;
}
