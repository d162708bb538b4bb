/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/transaction.h"

#include "runtime/daemon.h"
#include "runtime/identity.h"
#include "runtime/kafka.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/transaction_producer.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS_MAX 100
#define COMMITTED_TIMEOUT_MS 1000
#define SEEK_TIMEOUT_MS 1000
#define START_TIMEOUT_ATTEMPT_MS 500
/* A slow handler's transaction is committed in time: long before transaction_timeout_ms. */
#define RECORDS_MS_MAX 1000
#define RETRY_BASE_MS 100
#define RETRY_MS_MAX 10000
/* Longer than any call of ours may keep the loop from polling (COMMIT_PATIENCE_MS twice). */
#define POLL_INTERVAL_MS_MAX "120000"

enum partition_stage {
    PARTITION_FOREIGN,  /* not ours */
    PARTITION_ASSIGNED, /* its committed offset is to be read */
    PARTITION_REBUILDING,
    PARTITION_REBUILT, /* the consumer is to be moved to next_offset */
    PARTITION_LIVE
};

struct partition {
    enum partition_stage stage;
    bool touched; /* part of the open transaction */
    bool caught_up;
    int64_t committed_offset;
    int64_t next_offset;
    int64_t not_before_ms; /* back-off of a rebuild */
    int failures;
};

struct transaction {
    struct daemon *daemon;
    const struct transaction_spec *spec;
    rd_kafka_t *consumer;
    struct transaction_producer *producers[2];
    int turn; /* whose */
    struct codec *codec;
    struct partition *partitions;
    int32_t partition_count;
    bool open;
    bool failed; /* a hook has asked to abort what is open */
    size_t records;
    int64_t opened_ms;
    int64_t turn_at_ms;
    int status;

    struct metric *committed_metric;
    struct metric *aborted_metric;
    struct metric *records_metric;
    struct metric *duration_metric;
    struct metric *live_metric;
};

int32_t transaction_partition_count(const struct transaction *transaction) {
    return transaction->partition_count;
}

static struct partition *partition_of(const struct transaction *transaction, int32_t partition) {
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

static struct transaction_producer *current_producer(const struct transaction *transaction) {
    return transaction->producers[transaction->turn];
}

/* Ends the process, after what is under way. */
static void transaction_die(struct transaction *transaction, const char *what, const char *reason) {
    log_error(what, LOG_TEXT("reason", reason));
    transaction->status = EXIT_FAILURE;
    daemon_stop(EXIT_FAILURE);
}

static void readiness_update(struct transaction *transaction) {
    int64_t live = 0;
    int64_t pending = 0;
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        live += transaction->partitions[i].stage == PARTITION_LIVE;
        pending += transaction->partitions[i].stage != PARTITION_LIVE &&
                   transaction->partitions[i].stage != PARTITION_FOREIGN;
    }
    metric_set(transaction->live_metric, live);
    metrics_ready_set(pending > 0 ? "rebuilding partitions" : NULL);
}

/* Everything known about the partition is forgotten; it stays assigned unless foreign. */
static void partition_drop(struct transaction *transaction, int32_t index, bool foreign) {
    struct partition *partition = partition_of(transaction, index);
    if (partition->stage != PARTITION_FOREIGN && partition->stage != PARTITION_ASSIGNED &&
        transaction->spec->drop != NULL) {
        transaction->spec->drop(transaction->daemon, index);
    }
    partition->stage = foreign ? PARTITION_FOREIGN : PARTITION_ASSIGNED;
    partition->touched = false;
    partition->caught_up = false;
}

static void partition_back_off(struct partition *partition) {
    partition->failures++;
    partition->not_before_ms =
        clock_monotonic_ms() + backoff_ms(partition->failures, RETRY_BASE_MS, RETRY_MS_MAX);
}

static rd_kafka_topic_partition_list_t *list_of_one(const struct transaction *transaction,
                                                    int32_t index, int64_t offset) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, transaction->spec->input, index)->offset = offset;
    return list;
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
    readiness_update(transaction);
}

static void transaction_abort(struct transaction *transaction) {
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
        transaction_die(transaction, "a transaction can not be completed", error.message);
    } else {
        log_warning("a transaction is given up", LOG_TEXT("reason", error.message));
    }
    return false;
}

static void transaction_finish(struct transaction *transaction) {
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
    transaction_producer_send(current_producer(transaction), output);
}

void transaction_dead_letter(struct transaction *transaction,
                             const struct transaction_record *record, const char *reason) {
    const struct dead_letter_record letter = {
        .kind = DEAD_LETTER_RECORD_DEAD_LETTER,
        .as.dead_letter = {
            .topic = {transaction->spec->input, strlen(transaction->spec->input)},
            .partition = record->partition,
            .offset = record->offset,
            .daemon = {transaction->daemon->name, strlen(transaction->daemon->name)},
            .reason = {reason, strlen(reason)},
            .key = record->key,
            .value = record->value,
            .at = record->timestamp_ms,
        }};
    const struct transaction_output output = {
        .topic = TOPIC_DEAD_LETTERS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = record->key,
        .value = codec_dead_letter_record_encode(transaction->codec, &letter),
    };
    log_warning("a record goes to the dead letters", LOG_TEXT("reason", reason),
                LOG_INTEGER("partition", record->partition), LOG_INTEGER("offset", record->offset));
    transaction_produce(transaction, record->partition, &output);
}

/* --- assignment ---------------------------------------------------------------------------- */

static void partitions_assigned(struct transaction *transaction,
                                rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition = partition_of(transaction, list->elems[i].partition);
        *partition = (struct partition){.stage = PARTITION_ASSIGNED};
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

static void rebalanced(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                       rd_kafka_topic_partition_list_t *list, void *opaque) {
    struct transaction *transaction = opaque;
    (void)consumer;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        partitions_assigned(transaction, list);
    } else {
        partitions_revoked(transaction, list);
    }
    readiness_update(transaction);
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
        list_of_one(transaction, index, RD_KAFKA_OFFSET_INVALID);
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
        transaction_die(transaction, "a partition can not be rebuilt", error.message);
        return;
    }
    log_warning("a partition was not rebuilt: again", LOG_INTEGER("partition", index),
                LOG_TEXT("reason", error.message));
    partition_drop(transaction, index, false);
    partition_back_off(partition);
}

static void partition_enliven(struct transaction *transaction, int32_t index) {
    struct partition *partition = partition_of(transaction, index);
    rd_kafka_topic_partition_list_t *list = list_of_one(transaction, index, partition->next_offset);
    rd_kafka_error_t *failure =
        rd_kafka_seek_partitions(transaction->consumer, list, SEEK_TIMEOUT_MS);
    rd_kafka_resp_err_t code = failure != NULL ? rd_kafka_error_code(failure) : list->elems[0].err;
    if (failure != NULL) {
        rd_kafka_error_destroy(failure);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_resume_partitions(transaction->consumer, list);
        partition->stage = PARTITION_LIVE;
        partition->caught_up = false;
        log_info("partition is live", LOG_INTEGER("partition", index),
                 LOG_INTEGER("offset", partition->next_offset));
        readiness_update(transaction);
    } else {
        log_info("the partition can not be read yet", LOG_INTEGER("partition", index),
                 LOG_TEXT("reason", rd_kafka_err2str(code)));
        partition_back_off(partition);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* A bounded piece of work for each partition that is not live. Returns how soon there is more. */
static int partitions_advance(struct transaction *transaction) {
    int wait_ms = POLL_MS_MAX;
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

/* --- records ------------------------------------------------------------------------------- */

static void record_failed(struct transaction *transaction, const struct transaction_record *record,
                          const struct error *error) {
    switch (error->action) {
    case ERROR_PARK:
        transaction_dead_letter(transaction, record, error->message);
        return;
    case ERROR_DIE:
        transaction_die(transaction, "a record can not be handled", error->message);
        break;
    default:
        log_warning("a record can not be handled now", LOG_TEXT("reason", error->message),
                    LOG_INTEGER("partition", record->partition),
                    LOG_INTEGER("offset", record->offset));
        break;
    }
    transaction->failed = true;
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
    if (!transaction->spec->handle(transaction->daemon, transaction, &record, &error)) {
        record_failed(transaction, &record, &error);
        if (transaction->failed) {
            return;
        }
    }
    partition->next_offset = message->offset + 1;
    transaction->records++;
}

/* An error the consumer tells of in a message's place. */
static void consumer_failed(struct transaction *transaction, const rd_kafka_message_t *message) {
    char reason[ERROR_MESSAGE_SIZE];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: {
        struct partition *partition = partition_of(transaction, message->partition);
        if (partition->stage == PARTITION_LIVE && message->offset >= partition->next_offset) {
            partition->caught_up = true;
        }
        return;
    }
    case RD_KAFKA_RESP_ERR__FATAL:
        if (rd_kafka_fatal_error(transaction->consumer, reason, sizeof reason) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            transaction_abort(transaction);
            transaction_die(transaction, "the consumer can not go on", reason);
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

static void consumer_create(struct transaction *transaction) {
    const struct daemon *daemon = transaction->daemon;
    rd_kafka_conf_t *conf = kafka_conf_new(daemon->config, KAFKA_CONSUMER);
    char session_ms[24];
    char instance[160];
    snprintf(session_ms, sizeof session_ms, "%lld",
             (long long)config_integer(daemon->config, "session_timeout_ms"));
    snprintf(instance, sizeof instance, "%s-%s", daemon->name, daemon->instance);
    kafka_conf_set(conf, "client.id", instance);
    kafka_conf_set(conf, "group.id", daemon->name);
    kafka_conf_set(conf, "group.instance.id", instance);
    kafka_conf_set(conf, "partition.assignment.strategy", "range");
    kafka_conf_set(conf, "session.timeout.ms", session_ms);
    kafka_conf_set(conf, "max.poll.interval.ms", POLL_INTERVAL_MS_MAX);
    kafka_conf_set(conf, "isolation.level", "read_committed");
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "enable.auto.offset.store", "false");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "auto.offset.reset", "error");
    rd_kafka_conf_set_opaque(conf, transaction);
    rd_kafka_conf_set_rebalance_cb(conf, rebalanced);

    char message[ERROR_MESSAGE_SIZE];
    transaction->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, message, sizeof message);
    if (transaction->consumer == NULL) {
        die("consumer: %s", message);
    }
    rd_kafka_poll_set_consumer(transaction->consumer);
}

static bool topics_check(struct transaction *transaction, struct error *error) {
    const struct transaction_spec *spec = transaction->spec;
    int32_t expected = (int32_t)config_integer(transaction->daemon->config, "partitions");
    if (!kafka_topic_check(transaction->consumer, spec->input, expected, spec->log_append_time,
                           &transaction->partition_count, error)) {
        return false;
    }
    for (size_t i = 0; spec->keyed != NULL && spec->keyed[i] != NULL; i++) {
        if (!kafka_topic_check(transaction->consumer, spec->keyed[i], expected, false, NULL,
                               error)) {
            return false;
        }
    }
    for (size_t i = 0; spec->outputs[i] != NULL; i++) {
        if (!kafka_topic_check(transaction->consumer, spec->outputs[i], 0, false, NULL, error)) {
            return false;
        }
    }
    return true;
}

static bool topics_await(struct transaction *transaction) {
    for (int failures = 1; !daemon_stopping(); failures++) {
        struct error error = {0};
        if (topics_check(transaction, &error)) {
            return true;
        }
        if (error.action != ERROR_RETRY) {
            transaction_die(transaction, "the topics are not as they must be", error.message);
            return false;
        }
        log_warning("the topics can not be checked yet", LOG_TEXT("reason", error.message));
        daemon_sleep_ms(backoff_ms(failures, RETRY_BASE_MS, START_TIMEOUT_ATTEMPT_MS * 4));
    }
    return false;
}

static bool group_join(struct transaction *transaction) {
    rd_kafka_topic_partition_list_t *topics =
        list_of_one(transaction, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(transaction->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        transaction_die(transaction, "can not subscribe", rd_kafka_err2str(code));
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void transaction_loop(struct transaction *transaction) {
    size_t records_max =
        (size_t)config_integer(transaction->daemon->config, "transaction_records_max");
    while (!daemon_stopping()) {
        int turn_ms = turn_run(transaction);
        int advance_ms = partitions_advance(transaction);
        records_take(transaction, records_max, turn_ms < advance_ms ? turn_ms : advance_ms);
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
    consumer_create(&transaction);
    if (topics_await(&transaction)) {
        transaction.partitions =
            allocate_zeroed((unsigned long)transaction.partition_count, sizeof(struct partition));
        /* Joining the group takes as long as warming up the producers: both at once. */
        if (group_join(&transaction) && transaction_producer_prepare(transaction.producers[0]) &&
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
