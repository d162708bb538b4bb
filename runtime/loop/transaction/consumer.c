/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's Kafka consumer and its topics. */
#include "runtime/loop/transaction/consumer.h"

#include "runtime/base/backoff.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/transaction/partition.h"

#include <stdio.h>

#define RETRY_BASE_MS 100
#define RETRY_MS_MAX 2000
/* Longer than any call of ours may keep the loop from polling (COMMIT_PATIENCE_MS twice). */
#define POLL_INTERVAL_MS_MAX "120000"

rd_kafka_topic_partition_list_t *consumer_list_of_one(const struct transaction *transaction,
                                                      int32_t index, int64_t offset) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, transaction->spec->input, index)->offset = offset;
    return list;
}

void consumer_create(struct transaction *transaction, consumer_rebalanced *rebalanced) {
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

bool consumer_topics_await(struct transaction *transaction) {
    for (int failures = 1; !daemon_stopping(); failures++) {
        struct error error = {0};
        if (topics_check(transaction, &error)) {
            return true;
        }
        if (error.action != ERROR_RETRY) {
            transaction_die(transaction, "the topics are not as they must be", error.message);
            return false;
        }
        log_warning("the topics cannot be checked yet", LOG_TEXT("reason", error.message));
        daemon_sleep_ms(backoff_ms(failures, RETRY_BASE_MS, RETRY_MS_MAX));
    }
    return false;
}

bool consumer_group_join(struct transaction *transaction) {
    rd_kafka_topic_partition_list_t *topics =
        consumer_list_of_one(transaction, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(transaction->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        transaction_die(transaction, "cannot subscribe", rd_kafka_err2str(code));
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void consumer_flow(struct transaction *transaction) {
    if (!transaction->flow_due) {
        return;
    }
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(transaction->partition_count);
    for (int32_t i = 0; i < transaction->partition_count; i++) {
        const struct partition *partition = &transaction->partitions[i];
        if (partition->stage == PARTITION_LIVE) {
            rd_kafka_topic_partition_list_add(list, transaction->spec->input, i)->offset =
                partition_read_offset(transaction, partition);
        }
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(transaction->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    transaction->flow_due = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (transaction->flow_due) {
        log_warning("partitions cannot be read yet", LOG_TEXT("reason", rd_kafka_err2str(code)));
    }
}
