/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ranges of our own topics in bulk, for recovery. */

#include "reservation/daemon/reader.h"

#include "runtime/base/log.h"

#include <stdlib.h>
#include <string.h>

#define WATERMARKS_TIMEOUT_MS 10000
#define BATCH_RECORDS 1000
#define BATCH_WAIT_MS 20
#define CLIENT_ID_SIZE 96

struct reservation_reader {
    rd_kafka_t *records;    /* read committed */
    rd_kafka_t *watermarks; /* read uncommitted: a committed one would say the last stable offset */
    rd_kafka_topic_t *events;
    rd_kafka_topic_t *snapshots;
};

static const char *const bulk_properties[][2] = {
    /* Large answers at once, and plenty of them ahead: recovery is a race against the clock. */
    {"fetch.message.max.bytes", "16777216"},
    {"fetch.max.bytes", "67108864"},
    {"receive.message.max.bytes", "100000000"},
    {"queued.min.messages", "1000000"},
    {"queued.max.messages.kbytes", "131072"},
    {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "5"},
    {"check.crcs", "false"},
    {"enable.partition.eof", "true"},
};

static rd_kafka_t *client_new(const struct daemon *daemon, const char *isolation, bool bulk) {
    rd_kafka_conf_t *conf = kafka_conf_new(daemon->config, KAFKA_CONSUMER);
    char client_id[CLIENT_ID_SIZE];
    snprintf(client_id, sizeof client_id, "%s-recovery", daemon->instance);
    kafka_conf_set(conf, "client.id", client_id);
    kafka_conf_set(conf, "isolation.level", isolation);
    for (size_t i = 0; bulk && i < sizeof bulk_properties / sizeof *bulk_properties; i++) {
        kafka_conf_set(conf, bulk_properties[i][0], bulk_properties[i][1]);
    }
    char message[ERROR_MESSAGE_SIZE];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, message, sizeof message);
    if (client == NULL) {
        die("recovery: %s", message);
    }
    return client;
}

static rd_kafka_topic_t *topic_new(rd_kafka_t *client, const char *name) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    if (topic == NULL) {
        die("topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
    }
    return topic;
}

struct reservation_reader *reservation_reader_new(const struct daemon *daemon) {
    struct reservation_reader *reader = allocate_zeroed(1, sizeof *reader);
    reader->records = client_new(daemon, "read_committed", true);
    reader->watermarks = client_new(daemon, "read_uncommitted", false);
    reader->events = topic_new(reader->records, TOPIC_EVENTS);
    reader->snapshots = topic_new(reader->records, TOPIC_SNAPSHOTS);
    return reader;
}

void reservation_reader_free(struct reservation_reader *reader) {
    if (reader != NULL) {
        rd_kafka_topic_destroy(reader->events);
        rd_kafka_topic_destroy(reader->snapshots);
        rd_kafka_destroy(reader->records);
        rd_kafka_destroy(reader->watermarks);
        free(reader);
    }
}

bool reservation_reader_range(struct reservation_reader *reader, const char *topic,
                              int32_t partition, struct reservation_range *range,
                              struct error *error) {
    rd_kafka_resp_err_t code = kafka_watermarks_query(
        reader->watermarks, topic, partition, &range->begin, &range->end, WATERMARKS_TIMEOUT_MS);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_RETRY, "watermarks of %s: %s", topic, rd_kafka_err2str(code));
}

struct reading {
    const struct reservation_range *range;
    int64_t position; /* everything below it is known */
    reservation_visit *visit;
    void *context;
};

static bool message_take(struct reading *reading, const rd_kafka_message_t *message,
                         struct error *error) {
    switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        if (message->offset >= reading->range->end || message->offset < reading->position) {
            break; /* newer than was asked for */
        }
        if (!reading->visit(reading->context, message, error)) {
            return false;
        }
        break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset > reading->position) {
            reading->position = message->offset;
        }
        return true;
    default:
        if (kafka_error_action(message->err) == ERROR_RETRY) {
            return true;
        }
        return error_set(error, ERROR_RETRY, "reading %s: %s",
                         message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "the log",
                         rd_kafka_message_errstr(message));
    }
    if (message->offset + 1 > reading->position) {
        reading->position = message->offset + 1;
    }
    return true;
}

static bool reading_run(struct reading *reading, rd_kafka_queue_t *queue,
                        const atomic_bool *cancelled, struct error *error) {
    rd_kafka_message_t *messages[BATCH_RECORDS];
    bool good = true;
    while (good && reading->position < reading->range->end) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, BATCH_WAIT_MS, messages, BATCH_RECORDS);
        for (ssize_t i = 0; i < count; i++) {
            good = good && message_take(reading, messages[i], error);
            rd_kafka_message_destroy(messages[i]);
        }
        if (good && atomic_load(cancelled)) {
            good = error_set(error, ERROR_RETRY, "cancelled");
        }
    }
    return good;
}

bool reservation_reader_read(struct reservation_reader *reader, const char *topic,
                             int32_t partition, const struct reservation_range *range,
                             const atomic_bool *cancelled, reservation_visit *visit, void *context,
                             struct error *error) {
    if (range->begin >= range->end) {
        return true;
    }
    rd_kafka_topic_t *handle =
        strcmp(topic, TOPIC_EVENTS) == 0 ? reader->events : reader->snapshots;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(reader->records);
    bool good = true;
    if (rd_kafka_consume_start_queue(handle, partition, range->begin, queue) != 0) {
        good = error_set(error, ERROR_RETRY, "reading %s: %s", topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    } else {
        struct reading reading = {range, range->begin, visit, context};
        good = reading_run(&reading, queue, cancelled, error);
        rd_kafka_consume_stop(handle, partition);
    }
    rd_kafka_queue_destroy(queue);
    return good;
}
