/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: consume, handle, produce, offset, in one Kafka transaction. */
#include "runtime/loop/transaction/transaction.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/transaction/assignment.h"
#include "runtime/loop/transaction/consumer.h"
#include "runtime/loop/transaction/open.h"
#include "runtime/loop/transaction/partition.h"
#include "runtime/loop/transaction/record.h"
#include "runtime/loop/transaction/retry.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS_MAX 100
/* A slow handler's transaction is committed in time: long before transaction_timeout_ms. */
#define RECORDS_MS_MAX 1000

/* --- what hooks may ask and do --- */

int32_t transaction_partition_count(const struct transaction *transaction) {
    return transaction->partition_count;
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

void transaction_produce(struct transaction *transaction, int32_t source,
                         const struct transaction_output *output) {
    open_produce(transaction, source, output);
}

void transaction_dead_letter(struct transaction *transaction,
                             const struct transaction_record *record, const char *reason) {
    open_dead_letter(transaction, record, reason);
}

/* --- what comes --- */

/* An error the consumer tells of in a message's place. */
static void consumer_failed(struct transaction *transaction, const rd_kafka_message_t *message) {
    char reason[ERROR_MESSAGE_SIZE];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        record_end_reached(transaction, message->partition, message->offset);
        return;
    case RD_KAFKA_RESP_ERR__FATAL:
        if (rd_kafka_fatal_error(transaction->consumer, reason, sizeof reason) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            open_abort(transaction);
            transaction_die(transaction, "the consumer cannot go on", reason);
        }
        return;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        if (partition_of(transaction, message->partition)->stage == PARTITION_LIVE) {
            /* What was never handled is gone, or the log is another one: nobody may guess. */
            open_abort(transaction);
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
            record_take(transaction, message);
        } else {
            consumer_failed(transaction, message);
            rd_kafka_message_destroy(message);
        }
        wait_ms = 0;
        if (transaction->failed || transaction->flow_due ||
            (transaction->open && clock_monotonic_ms() - transaction->opened_ms > RECORDS_MS_MAX)) {
            break;
        }
    }
    open_finish(transaction);
}

static int turn_run(struct transaction *transaction) {
    if (transaction->spec->turn == NULL) {
        return POLL_MS_MAX;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= transaction->turn_at_ms) {
        int wait_ms = transaction->spec->turn(transaction->daemon, transaction);
        open_finish(transaction);
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
        retry_next(transaction);
        int advance_ms = assignment_advance(transaction, POLL_MS_MAX);
        consumer_flow(transaction);
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
        .daemon = daemon,
        .spec = spec,
        .ruled = strcmp(spec->input, TOPIC_EVENTS) == 0,
        .codec = codec_new(),
        .status = EXIT_SUCCESS,
    };
    metrics_register(&transaction);
    transaction.producers[0] = transaction_producer_new(daemon, "a", spec->outputs);
    transaction.producers[1] = transaction_producer_new(daemon, "b", spec->outputs);
    consumer_create(&transaction, assignment_changed);
    if (consumer_topics_await(&transaction)) {
        partitions_init(&transaction);
        /* Joining the group takes as long as warming up the producers: both at once. */
        if (consumer_group_join(&transaction) &&
            transaction_producer_prepare(transaction.producers[0]) &&
            transaction_producer_prepare(transaction.producers[1])) {
            transaction_loop(&transaction);
        }
    }
    rd_kafka_consumer_close(transaction.consumer);
    partitions_deinit(&transaction); /* what is held is the consumer's */
    transaction_producer_free(transaction.producers[0]);
    transaction_producer_free(transaction.producers[1]);
    rd_kafka_destroy(transaction.consumer);
    codec_free(transaction.codec);
    return transaction.status;
}
