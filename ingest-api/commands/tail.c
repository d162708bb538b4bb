/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that follows the events. */
#include "ingest-api/commands/tail.h"

#include "ingest-api/catalog/catalog.h"
#include "ingest-api/commands/wait.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_ID_SIZE 128
#define REASON_SIZE 256
#define POLL_MS 200
#define WATERMARK_TIMEOUT_MS 2000

struct tail_partition {
    atomic_int_least64_t position; /* -1: nothing seen */
    bool reached;                  /* its end at the start */
};

struct tail {
    rd_kafka_t *client;
    struct wait_table *waits;
    struct catalog *catalog;
    struct codec *codec;
    atomic_bool ending;
    int32_t partition_count;
    int32_t reached_count;
    struct metric *events_metric;
    pthread_t thread;
    struct tail_partition partitions[];
};

int64_t tail_position(const struct tail *tail, int32_t partition) {
    return partition >= 0 && partition < tail->partition_count
               ? atomic_load(&tail->partitions[partition].position)
               : -1;
}

bool tail_commands_end(struct tail *tail, int32_t partition, int64_t *end) {
    return kafka_watermarks_query(tail->client, TOPIC_COMMANDS, partition, NULL, end,
                                  WATERMARK_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void partition_reached(struct tail *tail, int32_t partition) {
    if (partition < 0 || partition >= tail->partition_count ||
        tail->partitions[partition].reached) {
        return;
    }
    tail->partitions[partition].reached = true;
    tail->reached_count++;
    if (tail->reached_count == tail->partition_count) {
        log_info("follows the events of every partition");
        ready_set(NULL);
    }
}

static void event_handle(struct tail *tail, const rd_kafka_message_t *message) {
    struct octets wire = {.data = message->payload, .size = message->len};
    struct event_head head;
    enum event_kind kind;
    assert(message->partition >= 0 && message->partition < tail->partition_count);
    metric_add(tail->events_metric, 1);
    if (codec_event_head_decode(wire, &kind, &head)) {
        catalog_show_changed(tail->catalog, &head.show_id, head.seq);
        /* Before anybody is woken: what is told must be behind the position that a reader asks for.
         */
        atomic_store(&tail->partitions[message->partition].position, message->offset + 1);
        wait_table_event(tail->waits, tail->codec, &head, wire);
    } else {
        atomic_store(&tail->partitions[message->partition].position, message->offset + 1);
        log_warning("an event has no head", LOG_INTEGER("partition", message->partition),
                    LOG_INTEGER("offset", message->offset));
    }
}

static void *tail_thread(void *context) {
    struct tail *tail = context;
    while (!atomic_load(&tail->ending)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(tail->client, POLL_MS);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            partition_reached(tail, message->partition);
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            event_handle(tail, message);
        } else if (kafka_error_action(message->err) == ERROR_DIE) {
            log_error("the events cannot be followed",
                      LOG_TEXT("reason", rd_kafka_message_errstr(message)));
            daemon_stop(EXIT_FAILURE);
        } else {
            log_warning("the events cannot be followed right now",
                        LOG_TEXT("reason", rd_kafka_message_errstr(message)));
        }
        rd_kafka_message_destroy(message);
    }
    return NULL;
}

static rd_kafka_t *client_new(const struct config *config, const char *instance,
                              struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    char group[GROUP_ID_SIZE];
    snprintf(group, sizeof group, "ingest-api-tail-%s", instance);
    kafka_conf_set(conf, "group.id", group); /* wanted by librdkafka; nothing is ever committed */
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "auto.offset.reset", "latest");
    char text[REASON_SIZE];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(error, ERROR_DIE, "cannot create a Kafka consumer: %s", text);
        return NULL;
    }
    rd_kafka_poll_set_consumer(client);
    return client;
}

/* From the end of every partition on. */
static bool client_assign(rd_kafka_t *client, int32_t partition_count, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partition_count);
    for (int32_t partition = 0; partition < partition_count; partition++) {
        rd_kafka_topic_partition_list_add(list, TOPIC_EVENTS, partition)->offset =
            RD_KAFKA_OFFSET_END;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_DIE, "the events cannot be followed: %s", rd_kafka_err2str(code));
}

static void client_close(rd_kafka_t *client) {
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}

struct tail *tail_new(const struct config *config, const char *instance, struct wait_table *waits,
                      struct catalog *catalog, int32_t partition_count, struct error *error) {
    rd_kafka_t *client = client_new(config, instance, error);
    if (client == NULL) {
        return NULL;
    }
    if (!kafka_topic_check(client, TOPIC_COMMANDS, partition_count, true, NULL, error) ||
        !kafka_topic_check(client, TOPIC_EVENTS, partition_count, false, NULL, error) ||
        !client_assign(client, partition_count, error)) {
        client_close(client);
        return NULL;
    }
    struct tail *tail =
        allocate_zeroed(1, sizeof *tail + (size_t)partition_count * sizeof tail->partitions[0]);
    tail->client = client;
    tail->waits = waits;
    tail->catalog = catalog;
    tail->codec = codec_new();
    tail->partition_count = partition_count;
    tail->events_metric = metrics_counter("seatlog_tail_events_total", NULL, "Events seen");
    for (int32_t partition = 0; partition < partition_count; partition++) {
        atomic_store(&tail->partitions[partition].position, -1);
    }
    ready_set("reaching the end of the events");
    if (pthread_create(&tail->thread, NULL, tail_thread, tail) != 0) {
        die("cannot start the tail's thread");
    }
    return tail;
}

void tail_free(struct tail *tail) {
    if (tail == NULL) {
        return;
    }
    atomic_store(&tail->ending, true);
    pthread_join(tail->thread, NULL);
    client_close(tail->client);
    codec_free(tail->codec);
    free(tail);
}
