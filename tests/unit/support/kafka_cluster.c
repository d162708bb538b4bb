/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/kafka_cluster.h"

#include "runtime/kafka/kafka.h"
#include "runtime/term/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000

static void require(int condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "mock cluster: %s\n", what);
        abort();
    }
}

static rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);
    require(client != NULL, reason);
    return client;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[256];
    require(rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK,
            reason);
}

/* Holds the offset where the record came to stand. */
static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    int64_t *offset = message->_private;
    require(message->err == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(message->err));
    *offset = message->offset;
}

static void silent(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client, (void)level, (void)facility, (void)text;
}

void kafka_cluster_init(struct kafka_cluster *cluster, int broker_count) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char brokers[16];
    snprintf(brokers, sizeof brokers, "%d", broker_count);
    set(conf, "test.mock.num.brokers", brokers);
    set(conf, "linger.ms", "0");
    set(conf, "message.max.bytes", "10000000");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_log_cb(conf, silent);
    cluster->owner = client_new(RD_KAFKA_PRODUCER, conf);
    cluster->mock = rd_kafka_handle_mock_cluster(cluster->owner);
    cluster->bootstraps = rd_kafka_mock_cluster_bootstraps(cluster->mock);
}

void kafka_cluster_deinit(struct kafka_cluster *cluster) {
    rd_kafka_destroy(cluster->owner);
    *cluster = (struct kafka_cluster){0};
}

void kafka_cluster_topic(struct kafka_cluster *cluster, const char *topic, int partitions) {
    require(rd_kafka_mock_topic_create(cluster->mock, topic, partitions, 1) ==
                RD_KAFKA_RESP_ERR_NO_ERROR,
            topic);
}

/* Waits for what on_delivery fills in. */
static int64_t produced(struct kafka_cluster *cluster, const int64_t *offset) {
    require(rd_kafka_flush(cluster->owner, TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR, "flush");
    require(*offset >= 0, "no offset");
    return *offset;
}

int64_t kafka_cluster_produce(struct kafka_cluster *cluster, const char *topic, int32_t partition,
                              const char *key, const void *value, size_t size) {
    int64_t offset = -1;
    size_t key_size = key != NULL ? strlen(key) : 0;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        cluster->owner, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE((void *)value, size),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&offset), RD_KAFKA_V_END);
    require(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
    return produced(cluster, &offset);
}

int64_t kafka_cluster_event(struct kafka_cluster *cluster, int32_t partition, const char *label,
                            const char *second, const void *value, size_t size) {
    int64_t offset = -1;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(3);
    rd_kafka_header_add(headers, "ce_type", -1, "t", -1);
    if (label != NULL) {
        rd_kafka_header_add(headers, TERM_HEADER, -1, label, -1);
    }
    if (second != NULL) {
        rd_kafka_header_add(headers, TERM_HEADER, -1, second, -1);
    }
    rd_kafka_resp_err_t code = rd_kafka_producev(
        cluster->owner, RD_KAFKA_V_TOPIC(TOPIC_EVENTS), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_VALUE((void *)value, size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&offset), RD_KAFKA_V_END);
    require(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
    return produced(cluster, &offset);
}

rd_kafka_message_t *kafka_cluster_read(struct kafka_cluster *cluster, const char *topic,
                                       int32_t partition, int64_t offset) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", cluster->bootstraps);
    set(conf, "group.id", "reader");
    set(conf, "fetch.wait.max.ms", "10");
    rd_kafka_conf_set_log_cb(conf, silent);
    rd_kafka_t *reader = client_new(RD_KAFKA_CONSUMER, conf);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    require(rd_kafka_assign(reader, list) == RD_KAFKA_RESP_ERR_NO_ERROR, "assign");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, TIMEOUT_MS);
    if (message != NULL && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_message_destroy(message);
        message = NULL;
    }
    /* A message holds on to its client: hand out a copy that does not. */
    rd_kafka_message_t *copy = NULL;
    if (message != NULL) {
        size_t size = message->len + message->key_len;
        char *memory = calloc(1, sizeof *copy + size + 1);
        copy = (rd_kafka_message_t *)memory;
        copy->offset = message->offset;
        copy->partition = message->partition;
        copy->payload = memory + sizeof *copy;
        copy->len = message->len;
        copy->key = memory + sizeof *copy + message->len;
        copy->key_len = message->key_len;
        memcpy(copy->payload, message->payload, message->len);
        if (message->key_len > 0) {
            memcpy(copy->key, message->key, message->key_len);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return copy;
}

int64_t kafka_cluster_end(struct kafka_cluster *cluster, const char *topic, int32_t partition) {
    int64_t low = 0, high = 0;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(cluster->owner, topic, partition, &low, &high, TIMEOUT_MS);
    require(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
    return high;
}
