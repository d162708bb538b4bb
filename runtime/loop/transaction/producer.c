/* SPDX-License-Identifier: Apache-2.0 */
/* Two transactional producers in turn. */
#include "runtime/loop/transaction/producer.h"

#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/process.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_TXN_API_KEY 26
#define CALL_TIMEOUT_MS 5000
#define COMMIT_PATIENCE_MS 30000
#define QUEUE_RECORDS_MAX "1000000"
/* Each topic has a limit of its own, which the broker enforces; that of seatlog.snapshots is the
 * highest. */
#define RECORD_OCTETS_MAX "33000000"
#define CLOCK_SKEW_MS_MAX 5000
#define CLOCK_SKEW_WARNING_INTERVAL_MS 60000

struct transaction_producer {
    const struct daemon *daemon;
    char transactional_id[160];
    const char *const *outputs;
    size_t output_count;

    rd_kafka_t *client; /* NULL: to be made */
    rd_kafka_topic_t *topics[TRANSACTION_OUTPUTS_MAX];
    bool open;
    bool suspect;               /* a late duplicate of an EndTxn may be under way */
    rd_kafka_resp_err_t failed; /* first record of the transaction that could not be produced */
    atomic_int end_requests;    /* EndTxn requests sent since the transaction began */
    bool clock_compared;        /* once a transaction */
    int64_t clock_warned_ms;
};

static struct metric *duplicates_metric(void) {
    static struct metric *metric;
    if (metric == NULL) {
        metric = metrics_counter("seatlog_transaction_end_duplicates_total", NULL,
                                 "EndTxn requests sent more than once, each renews a producer");
    }
    return metric;
}

static struct metric *renewals_metric(void) {
    static struct metric *metric;
    if (metric == NULL) {
        metric = metrics_counter("seatlog_transaction_producers_total", NULL,
                                 "Transactional producers made, two at the start");
    }
    return metric;
}

static struct metric *skew_metric(void) {
    static struct metric *metric;
    if (metric == NULL) {
        metric = metrics_gauge_ms("seatlog_broker_clock_skew_seconds", NULL,
                                  "The broker's clock minus ours; more than 5 is an alarm");
    }
    return metric;
}

/*
 * The broker stamps a record when it appends it, so the stamp of a record just acknowledged is the
 * broker's clock, less a round trip.
 */
static void clock_compare(struct transaction_producer *producer,
                          const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t broker_ms = rd_kafka_message_timestamp(message, &type);
    if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || broker_ms <= 0) {
        return;
    }
    producer->clock_compared = true;
    int64_t skew_ms = broker_ms - clock_now_ms();
    metric_set(skew_metric(), skew_ms);
    if (skew_ms > -CLOCK_SKEW_MS_MAX && skew_ms < CLOCK_SKEW_MS_MAX) {
        return;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (producer->clock_warned_ms != 0 &&
        now_ms - producer->clock_warned_ms < CLOCK_SKEW_WARNING_INTERVAL_MS) {
        return;
    }
    producer->clock_warned_ms = now_ms;
    log_error("the broker's clock and ours differ: holds end early or late",
              LOG_INTEGER("skew_ms", skew_ms));
}

static void delivery_reported(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct transaction_producer *producer = opaque;
    (void)client;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (producer->failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
            producer->failed = message->err;
        }
        return;
    }
    if (message->_private != NULL) {
        *(int64_t *)message->_private = message->offset;
    }
    if (!producer->clock_compared) {
        clock_compare(producer, message);
    }
}

static rd_kafka_resp_err_t request_sent(rd_kafka_t *client, int socket, const char *broker,
                                        int32_t broker_id, int16_t api_key, int16_t api_version,
                                        int32_t correlation_id, size_t size, void *opaque) {
    struct transaction_producer *producer = opaque;
    (void)client, (void)socket, (void)broker, (void)broker_id;
    (void)api_version, (void)correlation_id, (void)size;
    if (api_key == END_TXN_API_KEY) {
        atomic_fetch_add(&producer->end_requests, 1);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* librdkafka's type says `char *`. NOLINTBEGIN(readability-non-const-parameter) */
static rd_kafka_resp_err_t client_made(rd_kafka_t *client, const rd_kafka_conf_t *conf,
                                       void *opaque, char *message, size_t message_size) {
    (void)conf, (void)message, (void)message_size;
    return rd_kafka_interceptor_add_on_request_sent(client, "seatlog", request_sent, opaque);
}
/* NOLINTEND(readability-non-const-parameter) */

struct transaction_producer *transaction_producer_new(const struct daemon *daemon, const char *slot,
                                                      const char *const *outputs) {
    struct transaction_producer *producer = allocate_zeroed(1, sizeof *producer);
    producer->daemon = daemon;
    producer->outputs = outputs;
    while (outputs[producer->output_count] != NULL) {
        producer->output_count++;
    }
    assert(producer->output_count >= 1 && producer->output_count <= TRANSACTION_OUTPUTS_MAX);
    snprintf(producer->transactional_id, sizeof producer->transactional_id, "%s-%s-%s",
             daemon->name, daemon->instance, slot);
    return producer;
}

/* What was queued is given up: who destroys a producer rebuilds from the log. */
static void client_destroy(struct transaction_producer *producer) {
    if (producer->client == NULL) {
        return;
    }
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
    for (size_t i = 0; i < producer->output_count; i++) {
        rd_kafka_topic_destroy(producer->topics[i]);
        producer->topics[i] = NULL;
    }
    rd_kafka_destroy(producer->client);
    producer->client = NULL;
    producer->open = false;
    producer->suspect = false;
}

void transaction_producer_free(struct transaction_producer *producer) {
    if (producer == NULL) {
        return;
    }
    client_destroy(producer);
    free(producer);
}

static void client_create(struct transaction_producer *producer) {
    rd_kafka_conf_t *conf = kafka_conf_new(producer->daemon->config, KAFKA_PRODUCER);
    char timeout_ms[24];
    snprintf(timeout_ms, sizeof timeout_ms, "%lld",
             (long long)config_integer(producer->daemon->config, "transaction_timeout_ms"));
    kafka_conf_set(conf, "client.id", producer->transactional_id);
    kafka_conf_set(conf, "transactional.id", producer->transactional_id);
    kafka_conf_set(conf, "transaction.timeout.ms", timeout_ms);
    /* Records of a transaction are worth nothing after it has timed out. */
    kafka_conf_set(conf, "message.timeout.ms", timeout_ms);
    kafka_conf_set(conf, "queue.buffering.max.messages", QUEUE_RECORDS_MAX);
    kafka_conf_set(conf, "message.max.bytes", RECORD_OCTETS_MAX);
    /* Costs no time, for the flush before a commit does not linger, and makes larger batches under
     * load. */
    kafka_conf_default(conf, producer->daemon->config, "linger.ms", "5");
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, delivery_reported);
    rd_kafka_conf_interceptor_add_on_new(conf, "seatlog", client_made, producer);

    char message[ERROR_MESSAGE_SIZE];
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
    if (producer->client == NULL) {
        die("transactional producer: %s", message);
    }
    for (size_t i = 0; i < producer->output_count; i++) {
        producer->topics[i] = rd_kafka_topic_new(producer->client, producer->outputs[i], NULL);
        if (producer->topics[i] == NULL) {
            die("topic %s: %s", producer->outputs[i], rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    producer->open = false;
    producer->suspect = false;
    metric_add(renewals_metric(), 1);
}

static bool client_init(struct transaction_producer *producer, struct error *error) {
    rd_kafka_error_t *failure = rd_kafka_init_transactions(producer->client, CALL_TIMEOUT_MS);
    if (failure != NULL) {
        error_set(error, ERROR_RETRY, "init_transactions: %s", rd_kafka_error_string(failure));
        if (!rd_kafka_error_is_retriable(failure)) {
            client_destroy(producer);
        }
        rd_kafka_error_destroy(failure);
        return false;
    }
    for (size_t i = 0; i < producer->output_count; i++) {
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code =
            rd_kafka_metadata(producer->client, 0, producer->topics[i], &metadata, CALL_TIMEOUT_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return error_set(error, ERROR_RETRY, "metadata of %s: %s", producer->outputs[i],
                             rd_kafka_err2str(code));
        }
        rd_kafka_metadata_destroy(metadata);
    }
    return true;
}

bool transaction_producer_prepare(struct transaction_producer *producer) {
    assert(!producer->open);
    if (producer->suspect) {
        log_warning("renewing a producer whose EndTxn was sent twice",
                    LOG_TEXT("transactional_id", producer->transactional_id));
        client_destroy(producer);
    }
    if (producer->client != NULL) {
        return true;
    }
    struct error error;
    for (int failures = 1; !daemon_stopping(); failures++) {
        if (producer->client == NULL) {
            client_create(producer);
        }
        if (client_init(producer, &error)) {
            return true;
        }
        log_warning("a transactional producer is not ready", LOG_TEXT("reason", error.message),
                    LOG_TEXT("transactional_id", producer->transactional_id));
        daemon_sleep_ms(backoff_ms(failures, 50, 5000));
    }
    client_destroy(producer);
    return false;
}

bool transaction_producer_begin(struct transaction_producer *producer) {
    while (transaction_producer_prepare(producer)) {
        atomic_store(&producer->end_requests, 0);
        producer->failed = RD_KAFKA_RESP_ERR_NO_ERROR;
        producer->clock_compared = false;
        rd_kafka_error_t *failure = rd_kafka_begin_transaction(producer->client);
        if (failure == NULL) {
            producer->open = true;
            return true;
        }
        log_warning("a transaction could not begin: the producer is renewed",
                    LOG_TEXT("reason", rd_kafka_error_string(failure)));
        rd_kafka_error_destroy(failure);
        client_destroy(producer);
    }
    return false;
}

static rd_kafka_topic_t *topic_of(const struct transaction_producer *producer, const char *name) {
    for (size_t i = 0; i < producer->output_count; i++) {
        if (producer->outputs[i] == name) {
            return producer->topics[i];
        }
    }
    for (size_t i = 0; i < producer->output_count; i++) {
        if (strcmp(producer->outputs[i], name) == 0) {
            return producer->topics[i];
        }
    }
    die("%s is not among the outputs of %s", name, producer->daemon->name);
}

static rd_kafka_resp_err_t record_enqueue(struct transaction_producer *producer,
                                          rd_kafka_topic_t *topic,
                                          const struct transaction_output *output) {
    if (output->headers == NULL) {
        return rd_kafka_producev(producer->client, RD_KAFKA_V_RKT(topic),
                                 RD_KAFKA_V_PARTITION(output->partition),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_KEY((void *)output->key.data, output->key.size),
                                 RD_KAFKA_V_VALUE((void *)output->value.data, output->value.size),
                                 RD_KAFKA_V_OPAQUE(output->offset), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        producer->client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(output->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)output->key.data, output->key.size),
        RD_KAFKA_V_VALUE((void *)output->value.data, output->value.size),
        RD_KAFKA_V_OPAQUE(output->offset), RD_KAFKA_V_HEADERS(output->headers), RD_KAFKA_V_END);
}

void transaction_producer_send(struct transaction_producer *producer,
                               const struct transaction_output *output) {
    assert(producer->open);
    rd_kafka_topic_t *topic = topic_of(producer, output->topic);
    rd_kafka_resp_err_t code;
    int64_t deadline_ms = 0;
    while ((code = record_enqueue(producer, topic, output)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (deadline_ms == 0) {
            deadline_ms = clock_monotonic_ms() + COMMIT_PATIENCE_MS;
        } else if (clock_monotonic_ms() > deadline_ms) {
            break;
        }
        rd_kafka_poll(producer->client, 10);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    if (output->headers != NULL) {
        rd_kafka_headers_destroy(output->headers);
    }
    if (producer->failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->failed = code;
    }
}

/*
 * What a call that ends or feeds a transaction came to. Retriable errors are retried here, by the
 * same call, as librdkafka demands.
 */
enum call_result { CALL_DONE, CALL_ABORT, CALL_FATAL, CALL_TIMED_OUT };

struct commit_arguments {
    const rd_kafka_topic_partition_list_t *offsets;
    const rd_kafka_consumer_group_metadata_t *metadata;
};
typedef rd_kafka_error_t *transaction_call(rd_kafka_t *client,
                                           const struct commit_arguments *arguments);

static rd_kafka_error_t *call_send_offsets(rd_kafka_t *client,
                                           const struct commit_arguments *arguments) {
    return rd_kafka_send_offsets_to_transaction(client, arguments->offsets, arguments->metadata,
                                                CALL_TIMEOUT_MS);
}

static rd_kafka_error_t *call_commit(rd_kafka_t *client, const struct commit_arguments *arguments) {
    (void)arguments;
    return rd_kafka_commit_transaction(client, CALL_TIMEOUT_MS);
}

static rd_kafka_error_t *call_abort(rd_kafka_t *client, const struct commit_arguments *arguments) {
    (void)arguments;
    return rd_kafka_abort_transaction(client, CALL_TIMEOUT_MS);
}

static enum call_result call_until_settled(struct transaction_producer *producer, const char *name,
                                           transaction_call *call,
                                           const struct commit_arguments *arguments,
                                           struct error *error) {
    int64_t deadline_ms = clock_monotonic_ms() + COMMIT_PATIENCE_MS;
    for (;;) {
        rd_kafka_error_t *failure = call(producer->client, arguments);
        if (failure == NULL) {
            return CALL_DONE;
        }
        enum call_result result = CALL_TIMED_OUT;
        if (rd_kafka_error_txn_requires_abort(failure)) {
            result = CALL_ABORT;
        } else if (!rd_kafka_error_is_retriable(failure)) {
            result = CALL_FATAL;
        }
        bool again = result == CALL_TIMED_OUT && clock_monotonic_ms() < deadline_ms;
        if (!again) {
            error_set_outside(error, "%s: %s (%s)", name, rd_kafka_error_string(failure),
                              rd_kafka_error_name(failure));
        }
        rd_kafka_error_destroy(failure);
        if (!again) {
            return result;
        }
    }
}

/* The transaction has ended, by whatever; were there more EndTxn requests than one? */
static void transaction_ended(struct transaction_producer *producer) {
    producer->open = false;
    if (atomic_load(&producer->end_requests) > 1) {
        producer->suspect = true;
        metric_add(duplicates_metric(), 1);
    }
}

void transaction_producer_abort(struct transaction_producer *producer) {
    if (!producer->open) {
        return;
    }
    struct error error;
    if (call_until_settled(producer, "abort", call_abort, NULL, &error) == CALL_DONE) {
        transaction_ended(producer);
        return;
    }
    log_warning("a transaction could not be aborted: the producer is renewed",
                LOG_TEXT("reason", error.message));
    client_destroy(producer);
}

/*
 * KIP-447's fence is only as good as the metadata: without a member id it is accepted into a live
 * group, so it is looked at before and after it was taken.
 */
static bool member_known(rd_kafka_t *consumer) {
    char *member = rd_kafka_memberid(consumer);
    bool known = member != NULL && member[0] != '\0';
    if (member != NULL) {
        rd_kafka_mem_free(consumer, member);
    }
    return known;
}

static rd_kafka_consumer_group_metadata_t *group_metadata(rd_kafka_t *consumer,
                                                          struct error *error) {
    rd_kafka_consumer_group_metadata_t *metadata = NULL;
    if (member_known(consumer) && !rd_kafka_assignment_lost(consumer)) {
        metadata = rd_kafka_consumer_group_metadata(consumer);
    }
    if (metadata != NULL && member_known(consumer)) {
        return metadata;
    }
    if (metadata != NULL) {
        rd_kafka_consumer_group_metadata_destroy(metadata);
    }
    error_set(error, ERROR_RETRY, "this process is no member of the group at the moment");
    return NULL;
}

bool transaction_producer_settle(struct transaction_producer *producer, struct error *error) {
    rd_kafka_resp_err_t code = rd_kafka_flush(producer->client, COMMIT_PATIENCE_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = producer->failed;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    /* A record that the topic does not take will not be taken the next time either. */
    return kafka_error_action(code) == ERROR_PARK
               ? error_set(error, ERROR_PARK, "cannot be produced: %s", rd_kafka_err2str(code))
               : error_set_outside(error, "produce: %s", rd_kafka_err2str(code));
}

/*
 * The offsets are sent while the records are still on their way, which saves two round trips of
 * five: both belong to the transaction, whichever comes first, and the commit waits for both.
 */
static enum call_result transaction_complete(struct transaction_producer *producer,
                                             const struct commit_arguments *arguments,
                                             bool *committing, struct error *error) {
    enum call_result result = call_until_settled(producer, "send_offsets_to_transaction",
                                                 call_send_offsets, arguments, error);
    if (result != CALL_DONE) {
        return result;
    }
    if (!transaction_producer_settle(producer, error)) {
        return CALL_ABORT;
    }
    *committing = true;
    return call_until_settled(producer, "commit", call_commit, NULL, error);
}

enum transaction_outcome transaction_producer_commit(struct transaction_producer *producer,
                                                     rd_kafka_t *consumer,
                                                     const rd_kafka_topic_partition_list_t *offsets,
                                                     struct error *error) {
    assert(producer->open);
    bool committing = false;
    enum call_result result = CALL_ABORT;
    rd_kafka_consumer_group_metadata_t *metadata = group_metadata(consumer, error);
    if (metadata != NULL) {
        struct commit_arguments arguments = {offsets, metadata};
        result = transaction_complete(producer, &arguments, &committing, error);
        rd_kafka_consumer_group_metadata_destroy(metadata);
    }
    switch (result) {
    case CALL_DONE:
        transaction_ended(producer);
        return TRANSACTION_COMMITTED;
    case CALL_ABORT:
        transaction_producer_abort(producer);
        return TRANSACTION_ABORTED;
    case CALL_FATAL:
    case CALL_TIMED_OUT:
        client_destroy(producer);
        break;
    }
    /* Made again, it aborts what may still be open, before its next transaction and ours. */
    return committing ? TRANSACTION_UNKNOWN : TRANSACTION_ABORTED;
}
