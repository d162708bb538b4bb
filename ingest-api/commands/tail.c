/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that follows the events. */
#include "ingest-api/commands/tail.h"

#include "ingest-api/catalog/catalog.h"
#include "ingest-api/commands/wait.h"
#include "runtime/base/backoff.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/term_holding.h"
#include "runtime/loop/term_watch.h"
#include "seatlog_codec.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_ID_SIZE 128
#define POLL_MS 200
#define WATERMARK_TIMEOUT_MS 2000
#define PLACE_RETRY_BASE_MS 100
#define PLACE_RETRY_MS_MAX 5000
#define WATCH_INTERVAL_MS 1000

/* All but the position is the thread's. */
struct tail_partition {
    atomic_int_least64_t position; /* behind the last command delivered; -1: none was */
    struct term_reader reader;
    struct term_holding held; /* of rd_kafka_message_t */
    struct term_watch watch;
    bool reached; /* its end at the start */
};

struct tail {
    rd_kafka_t *client;
    struct wait_table *waits;
    struct catalog *catalog;
    struct codec *codec;
    atomic_bool ending;
    int32_t partition_count;
    int32_t reached_count;
    int64_t watch_at_ms;
    const struct config *config;
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

/* --- events --- */

static void event_tell(struct tail *tail, const rd_kafka_message_t *message) {
    struct octets wire = {.data = message->payload, .size = message->len};
    struct event_head head;
    enum event_kind kind;
    metric_add(tail->events_metric, 1);
    if (codec_event_head_decode(wire, &kind, &head)) {
        catalog_show_changed(tail->catalog, &head.show_id, head.seq);
        wait_table_event(tail->waits, tail->codec, &head, wire);
    } else {
        log_warning("an event has no head", LOG_INTEGER("partition", message->partition),
                    LOG_INTEGER("offset", message->offset));
    }
}

static void command_tell(struct tail *tail, struct tail_partition *partition) {
    const struct term_holding *held = &partition->held;
    const rd_kafka_message_t *last = held->records[held->count - 1];
    /* Before anybody is woken: what is told must be behind the position that a reader asks for. */
    atomic_store(&partition->position, last->offset + 1);
    for (size_t i = 0; i < held->count; i++) {
        event_tell(tail, held->records[i]);
    }
}

static void tail_die(const char *reason) {
    log_error("the events cannot be followed", LOG_TEXT("reason", reason));
    daemon_stop(EXIT_FAILURE);
}

/* Returns whether the partition has to be read again. */
static bool event_take(struct tail *tail, rd_kafka_message_t *message) {
    assert(message->partition >= 0 && message->partition < tail->partition_count);
    int32_t index = message->partition;
    int64_t offset = message->offset;
    struct tail_partition *partition = &tail->partitions[index];
    enum term_verdict verdict = kafka_term_feed(&partition->reader, message);
    switch (term_holding_take(&partition->held, &partition->reader, verdict, message)) {
    case TERM_HELD_ON:
        break;
    case TERM_HELD_WHOLE:
        command_tell(tail, partition);
        break;
    case TERM_HELD_TOO_MANY:
        tail_die("a command has more events than any decider writes");
        break;
    }
    if (verdict == TERM_FORGOTTEN) {
        log_error("alarm: the log has forgotten events that were told",
                  LOG_INTEGER("partition", index), LOG_INTEGER("offset", offset),
                  LOG_INTEGER("cursor", partition->reader.position.cursor));
        tail_die("the log has forgotten some of them");
    }
    return verdict == TERM_REREAD;
}

/* Every partition from where its reader is on. */
static bool tail_assign(struct tail *tail) {
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(tail->partition_count);
    for (int32_t i = 0; i < tail->partition_count; i++) {
        rd_kafka_topic_partition_list_add(list, TOPIC_EVENTS, i)->offset =
            tail->partitions[i].reader.next_offset;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(tail->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        tail_die(rd_kafka_err2str(code));
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void reread_begin(struct tail *tail, int32_t index) {
    struct tail_partition *partition = &tail->partitions[index];
    log_warning("events may have been skipped: they are read again",
                LOG_INTEGER("partition", index),
                LOG_INTEGER("offset", partition->reader.position.next_offset));
    term_holding_drop(&partition->held);
    tail_assign(tail);
}

static void end_take(struct tail *tail, const rd_kafka_message_t *end) {
    if (term_reader_end(&tail->partitions[end->partition].reader, end->offset)) {
        reread_begin(tail, end->partition);
    } else {
        partition_reached(tail, end->partition);
    }
}

static void message_take(struct tail *tail, rd_kafka_message_t *message) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        int32_t index = message->partition;
        if (event_take(tail, message)) {
            reread_begin(tail, index);
        }
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        end_take(tail, message);
    } else if (kafka_error_action(message->err) == ERROR_DIE) {
        tail_die(rd_kafka_message_errstr(message));
    } else {
        log_warning("the events cannot be followed right now",
                    LOG_TEXT("reason", rd_kafka_message_errstr(message)));
    }
    rd_kafka_message_destroy(message);
}

static void tail_watch(struct tail *tail) {
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < tail->watch_at_ms) {
        return;
    }
    tail->watch_at_ms = now_ms + WATCH_INTERVAL_MS;
    for (int32_t i = 0; i < tail->partition_count; i++) {
        struct tail_partition *partition = &tail->partitions[i];
        term_watch_update(&partition->watch, &partition->reader, i, now_ms);
    }
}

/* --- the thread --- */

/* Where a partition ends, with its term and cursor there; waits for Kafka. false: the tail ends. */
static bool partition_place(struct tail *tail, int32_t index) {
    struct term_reader *reader = &tail->partitions[index].reader;
    for (int failures = 1; !atomic_load(&tail->ending); failures++) {
        struct error error = {0};
        if (kafka_term_skim(tail->config, index, KAFKA_TERM_END, &tail->ending, reader, &error)) {
            return true;
        }
        if (error.action == ERROR_DIE) {
            tail_die(error.message);
            return false;
        }
        if (!atomic_load(&tail->ending)) {
            log_warning("the end of the events is not known yet", LOG_INTEGER("partition", index),
                        LOG_TEXT("reason", error.message));
            daemon_sleep_ms(backoff_ms(failures, PLACE_RETRY_BASE_MS, PLACE_RETRY_MS_MAX));
        }
    }
    return false;
}

static void *tail_thread(void *context) {
    struct tail *tail = context;
    bool good = true;
    for (int32_t i = 0; i < tail->partition_count && good; i++) {
        good = partition_place(tail, i);
    }
    if (!good || !tail_assign(tail)) {
        return NULL;
    }
    ready_set("reaching the end of the events");
    while (!atomic_load(&tail->ending)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(tail->client, POLL_MS);
        if (message != NULL) {
            message_take(tail, message);
        }
        tail_watch(tail);
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
    kafka_conf_set(conf, "auto.offset.reset", "error");
    return kafka_consumer_new(conf, error);
}

static void message_release(void *message) { rd_kafka_message_destroy(message); }

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
        !kafka_topic_check(client, TOPIC_EVENTS, partition_count, false, NULL, error)) {
        client_close(client);
        return NULL;
    }
    struct tail *tail =
        allocate_zeroed(1, sizeof *tail + (size_t)partition_count * sizeof tail->partitions[0]);
    tail->client = client;
    tail->config = config;
    tail->waits = waits;
    tail->catalog = catalog;
    tail->codec = codec_new();
    tail->partition_count = partition_count;
    tail->events_metric = metrics_counter("seatlog_tail_events_total", NULL, "Events seen");
    for (int32_t partition = 0; partition < partition_count; partition++) {
        atomic_store(&tail->partitions[partition].position, -1);
        term_holding_init(&tail->partitions[partition].held, message_release);
    }
    term_watch_register();
    ready_set("looking for its place on the events");
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
    for (int32_t i = 0; i < tail->partition_count; i++) {
        term_holding_deinit(&tail->partitions[i].held);
    }
    client_close(tail->client);
    codec_free(tail->codec);
    free(tail);
}
