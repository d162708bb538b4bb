/* SPDX-License-Identifier: Apache-2.0 */
/* What all our Kafka clients have in common. */
#include "runtime/kafka/kafka.h"

#include "runtime/base/hex.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* Of a beginning and an end, the leader, and both once more. */
#define WATERMARK_ANSWERS_MAX 5
#define ANSWER_TIMEOUT_MS 5000

struct kafka_property {
    const char *name;
    const char *value;
};

static const struct kafka_property common_properties[] = {
    {"bootstrap.servers", "127.0.0.1:9092"},
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"},
    {"retry.backoff.ms", "5"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"},
};

static const struct kafka_property producer_properties[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"linger.ms", "0"},
    {"partitioner", "murmur2_random"},
    {"message.max.bytes", "4000000"},
};

/* A missing or expired offset is an error: where to begin is never left to chance. */
static const struct kafka_property consumer_properties[] = {
    {"isolation.level", "read_committed"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"partition.assignment.strategy", "range"},
    {"fetch.wait.max.ms", "20"},
    {"fetch.error.backoff.ms", "20"},
    {"check.crcs", "true"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "1000"},
};

/* librdkafka's levels are syslog's. */
static void kafka_log(const rd_kafka_t *client, int level, const char *facility,
                      const char *message) {
    const struct log_field fields[] = {
        LOG_TEXT("facility", facility),
        LOG_TEXT("client", client != NULL ? rd_kafka_name(client) : ""),
        LOG_TEXT("detail", message),
        {0},
    };
    /* One kafka.* table serves producers and consumers: a property of the other kind is no news. */
    bool noise = strcmp(facility, "CONFWARN") == 0;
    enum log_level ours = noise || level >= LOG_INFO ? LOG_LEVEL_DEBUG
                          : level >= LOG_NOTICE      ? LOG_LEVEL_INFO
                                                     : LOG_LEVEL_WARNING;
    log_write(ours, "kafka", fields);
}

void kafka_conf_set(rd_kafka_conf_t *conf, const char *property, const char *value) {
    char reason[KAFKA_REASON_SIZE];
    if (rd_kafka_conf_set(conf, property, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        die("kafka.%s: %s", property, reason);
    }
}

static void kafka_conf_set_all(rd_kafka_conf_t *conf, const struct kafka_property *properties,
                               size_t count) {
    for (size_t i = 0; i < count; i++) {
        kafka_conf_set(conf, properties[i].name, properties[i].value);
    }
}

static void visit_set(void *context, const char *property, const char *value) {
    kafka_conf_set(context, property, value);
}

#define PROPERTIES(table) (table), sizeof(table) / sizeof((table)[0])

rd_kafka_conf_t *kafka_conf_new(const struct config *config, enum kafka_role role) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    kafka_conf_set_all(conf, PROPERTIES(common_properties));
    if (role == KAFKA_PRODUCER) {
        kafka_conf_set_all(conf, PROPERTIES(producer_properties));
    } else {
        kafka_conf_set_all(conf, PROPERTIES(consumer_properties));
    }
    config_kafka_visit(config, visit_set, conf);
    return conf;
}

struct property_search {
    const char *property;
    bool found;
};

static void visit_find(void *context, const char *property, const char *value) {
    (void)value;
    struct property_search *search = context;
    search->found = search->found || strcmp(search->property, property) == 0;
}

void kafka_conf_default(rd_kafka_conf_t *conf, const struct config *config, const char *property,
                        const char *value) {
    struct property_search search = {.property = property};
    config_kafka_visit(config, visit_find, &search);
    if (!search.found) {
        kafka_conf_set(conf, property, value);
    }
}

rd_kafka_t *kafka_consumer_new(rd_kafka_conf_t *conf, struct error *error) {
    char reason[KAFKA_REASON_SIZE];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(error, ERROR_DIE, "cannot create a Kafka consumer: %s", reason);
        return NULL;
    }
    rd_kafka_poll_set_consumer(client);
    return client;
}

static bool topic_partitions_read(const rd_kafka_metadata_topic_t *topic, int32_t expected,
                                  int32_t *count, struct error *error) {
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt == 0) {
        bool refused = topic->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        return error_set(error, refused ? ERROR_DIE : ERROR_RETRY, "topic %s: %s", topic->topic,
                         topic->err != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_err2str(topic->err)
                                                                  : "no partitions yet");
    }
    if (expected > 0 && topic->partition_cnt != expected) {
        return error_set(
            error, ERROR_DIE,
            "topic %s has %d partitions, but %d are configured; the count is fixed for "
            "the life of the log",
            topic->topic, topic->partition_cnt, expected);
    }
    if (count != NULL) {
        *count = topic->partition_cnt;
    }
    return true;
}

static bool topic_partitions_check(rd_kafka_t *client, const char *name, int32_t expected,
                                   int32_t *count, struct error *error) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    if (topic == NULL) {
        return error_set(error, ERROR_DIE, "topic %s: %s", name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    }
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, topic, &metadata, ANSWER_TIMEOUT_MS);
    bool good;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        good = error_set(error, ERROR_RETRY, "Kafka does not answer: %s", rd_kafka_err2str(code));
    } else if (metadata->topic_cnt != 1) {
        good = error_set(error, ERROR_RETRY, "topic %s: Kafka does not know it", name);
    } else {
        good = topic_partitions_read(&metadata->topics[0], expected, count, error);
    }
    if (metadata != NULL) {
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return good;
}

static bool timestamp_type_read(const rd_kafka_ConfigResource_t *resource, const char *name,
                                struct error *error) {
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_error_action(code) == ERROR_RETRY ? ERROR_RETRY : ERROR_DIE,
                         "settings of topic %s: %s", name, rd_kafka_err2str(code));
    }
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "message.timestamp.type") != 0) {
            continue;
        }
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value != NULL && strcmp(value, "LogAppendTime") == 0) {
            return true;
        }
        return error_set(
            error, ERROR_DIE,
            "topic %s has message.timestamp.type=%s; it must be LogAppendTime, for the "
            "broker's clock is the clock of every decision",
            name, value != NULL ? value : "(unknown)");
    }
    return error_set(error, ERROR_DIE, "topic %s: Kafka does not say its message.timestamp.type",
                     name);
}

static bool timestamp_type_ask(rd_kafka_t *client, rd_kafka_queue_t *queue, const char *name,
                               struct error *error) {
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_TIMEOUT_MS, NULL, 0);
    rd_kafka_DescribeConfigs(client, &resource, 1, options, queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);

    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_TIMEOUT_MS + 1000);
    if (event == NULL) {
        return error_set(error, ERROR_RETRY, "settings of topic %s: Kafka does not answer", name);
    }
    bool good;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        good = error_set(error, kafka_error_action(code) == ERROR_RETRY ? ERROR_RETRY : ERROR_DIE,
                         "settings of topic %s: %s", name, rd_kafka_event_error_string(event));
    } else {
        size_t count = 0;
        const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count);
        good = count == 1 ? timestamp_type_read(resources[0], name, error)
                          : error_set(error, ERROR_RETRY, "settings of topic %s: no answer", name);
    }
    rd_kafka_event_destroy(event);
    return good;
}

bool kafka_topic_check(rd_kafka_t *client, const char *topic, int32_t partitions_expected,
                       bool log_append_time, int32_t *partition_count, struct error *error) {
    if (!topic_partitions_check(client, topic, partitions_expected, partition_count, error)) {
        return false;
    }
    if (!log_append_time) {
        return true;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    bool good = timestamp_type_ask(client, queue, topic, error);
    rd_kafka_queue_destroy(queue);
    return good;
}

/* What a client knows of a topic is replaced by what the cluster answers. */
static void leaders_look_up(rd_kafka_t *client, const char *name, int timeout_ms) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    if (topic == NULL) {
        return;
    }
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
}

/* where: RD_KAFKA_OFFSET_BEGINNING or _END, which are also the times ListOffsets knows them by. */
static rd_kafka_resp_err_t watermark_query(rd_kafka_t *client, const char *topic, int32_t partition,
                                           int64_t where, int64_t *offset, int timeout_ms) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked = rd_kafka_topic_partition_list_add(list, topic, partition);
    asked->offset = where;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = asked->err;
    }
    *offset = asked->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static rd_kafka_resp_err_t watermarks_query(rd_kafka_t *client, const char *topic,
                                            int32_t partition, int64_t *begin, int64_t *end,
                                            int timeout_ms) {
    rd_kafka_resp_err_t code = begin == NULL
                                   ? RD_KAFKA_RESP_ERR_NO_ERROR
                                   : watermark_query(client, topic, partition,
                                                     RD_KAFKA_OFFSET_BEGINNING, begin, timeout_ms);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR
               ? code
               : watermark_query(client, topic, partition, RD_KAFKA_OFFSET_END, end, timeout_ms);
}

rd_kafka_resp_err_t kafka_watermarks_query(rd_kafka_t *client, const char *topic, int32_t partition,
                                           int64_t *begin, int64_t *end, int timeout_ms) {
    int part_ms = timeout_ms / WATERMARK_ANSWERS_MAX;
    rd_kafka_resp_err_t code = watermarks_query(client, topic, partition, begin, end, part_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        leaders_look_up(client, topic, part_ms);
        code = watermarks_query(client, topic, partition, begin, end, part_ms);
    }
    return code;
}

int32_t kafka_partition_of(const void *key, size_t key_size, int32_t partition_count) {
    return rd_kafka_msg_partitioner_murmur2(NULL, key, key_size, partition_count, NULL, NULL);
}

/* A list of codes, as long as the list is. NOLINTNEXTLINE(readability-function-size) */
/* The same record will never do. */
static bool is_of_the_record(rd_kafka_resp_err_t code) {
    switch (code) {
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__KEY_SERIALIZATION:
    case RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION:
    case RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION:
    case RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return true;
    default:
        return false;
    }
}

enum error_action kafka_error_action(rd_kafka_resp_err_t code) {
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ERROR_NONE;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__NODE_UPDATE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR__OUTDATED:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
    case RD_KAFKA_RESP_ERR_UNKNOWN:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
        return ERROR_RETRY;
    default:
        return is_of_the_record(code) ? ERROR_PARK : ERROR_DIE;
    }
}

static void header_add(rd_kafka_headers_t *headers, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        rd_kafka_header_add(headers, name, -1, value, -1);
    }
}

static void header_add_uuid(rd_kafka_headers_t *headers, const char *name,
                            const struct uuid *uuid) {
    if (!uuid_is_zero(uuid)) {
        char text[UUID_TEXT_SIZE];
        header_add(headers, name, uuid_format(uuid, text));
    }
}

rd_kafka_headers_t *kafka_headers_new(const struct kafka_envelope *envelope,
                                      const struct uuid *show_id) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(10);
    header_add(headers, "ce_specversion", "1.0");
    header_add_uuid(headers, "ce_id", &envelope->id);
    header_add(headers, "ce_type", envelope->type);
    header_add(headers, "ce_source", envelope->source);
    if (show_id != NULL) {
        header_add_uuid(headers, "ce_subject", show_id);
    }
    header_add(headers, "content-type", "application/avro");
    header_add(headers, "traceparent", envelope->traceparent);
    header_add_uuid(headers, "seatlog-command-id", &envelope->command_id);
    header_add(headers, "seatlog-waiter", envelope->waiter);
    return headers;
}

/* Headers are hostile input like the value: what is too long is as if it were not there. */
static void header_copy(const rd_kafka_headers_t *headers, const char *name, char *out,
                        size_t out_size) {
    const void *value = NULL;
    size_t size = 0;
    out[0] = '\0';
    if (rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        value != NULL && size < out_size && memchr(value, '\0', size) == NULL) {
        memcpy(out, value, size);
        out[size] = '\0';
    }
}

static void header_copy_uuid(const rd_kafka_headers_t *headers, const char *name,
                             struct uuid *out) {
    char text[UUID_TEXT_SIZE];
    header_copy(headers, name, text, sizeof text);
    if (!uuid_parse(text, strlen(text), out)) {
        *out = (struct uuid){{0}};
    }
}

void kafka_headers_read(const rd_kafka_message_t *message, struct kafka_envelope *envelope) {
    rd_kafka_headers_t *headers = NULL;
    *envelope = (struct kafka_envelope){0};
    if (message == NULL ||
        rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    header_copy_uuid(headers, "ce_id", &envelope->id);
    header_copy_uuid(headers, "seatlog-command-id", &envelope->command_id);
    header_copy(headers, "traceparent", envelope->traceparent, sizeof envelope->traceparent);
    header_copy(headers, "seatlog-waiter", envelope->waiter, sizeof envelope->waiter);
}

/* version "-" trace-id "-" parent-id "-" flags */
#define TRACE_ID_SIZE ((size_t)16)
#define PARENT_ID_SIZE ((size_t)8)
#define TRACE_ID_AT 3
#define PARENT_ID_AT (TRACE_ID_AT + 2 * TRACE_ID_SIZE + 1)
#define FLAGS_AT (PARENT_ID_AT + 2 * PARENT_ID_SIZE + 1)

/* Digits of an id and the dash behind it. */
static void id_draw(char *out, size_t size) {
    uint8_t drawn[TRACE_ID_SIZE];
    assert(size <= sizeof drawn);
    random_fill(drawn, size);
    /* All zero is forbidden. */
    drawn[size - 1] = (uint8_t)((drawn[size - 1] & 0xf0u) | (1 + random_below(15)));
    hex_format(drawn, size, out);
    out[2 * size] = '-';
}

void traceparent_new(char out[TRACEPARENT_TEXT_SIZE]) {
    memcpy(out, "00-", TRACE_ID_AT);
    id_draw(out + TRACE_ID_AT, TRACE_ID_SIZE);
    id_draw(out + PARENT_ID_AT, PARENT_ID_SIZE);
    memcpy(out + FLAGS_AT, "01", sizeof "01");
}

static bool id_is_good(const char *text, size_t size) {
    return hex_span(text) == 2 * size && strspn(text, "0") < 2 * size && text[2 * size] == '-';
}

void traceparent_child(const char *parent, char out[TRACEPARENT_TEXT_SIZE]) {
    bool good =
        parent != NULL && strnlen(parent, TRACEPARENT_TEXT_SIZE) == TRACEPARENT_TEXT_SIZE - 1 &&
        strncmp(parent, "00-", TRACE_ID_AT) == 0 &&
        id_is_good(parent + TRACE_ID_AT, TRACE_ID_SIZE) &&
        id_is_good(parent + PARENT_ID_AT, PARENT_ID_SIZE) && hex_span(parent + FLAGS_AT) == 2;
    if (!good) {
        traceparent_new(out);
        return;
    }
    memmove(out, parent, TRACEPARENT_TEXT_SIZE);
    id_draw(out + PARENT_ID_AT, PARENT_ID_SIZE);
}
