/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's member of the consumer group: assignments, records, and what librdkafka complains of. */
#include "runtime/loop/sink/consumer.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/term.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/sink/batch.h"
#include "runtime/loop/sink/notify.h"

#include <stdio.h>
#include <stdlib.h>

#define CLOSE_MS_MAX 5000
#define TOPICS_RETRY_BASE_MS 200
#define TOPICS_RETRY_MAX_MS 10000

/* Partitions flow when librdkafka is assigned them at the offsets where we are, and stand still
 * when it is assigned none; the group does not see the difference. */
bool sink_consumer_flow(struct sink *sink, bool flowing, struct error *error) {
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)sink->partition_count);
    for (size_t i = 0; flowing && i < sink->partition_count; i++) {
        const struct sink_partition *partition = &sink->partitions[i];
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            sink->core.partitions[i].position;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(sink->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    sink->flowing = flowing && code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_RETRY, "assignment: %s", rd_kafka_err2str(code));
}

/* --- assignments --- */

/* The name in the spec, which outlives every assignment; NULL for a topic that is not ours. */
static const char *spec_topic(const struct sink *sink, const char *topic) {
    for (const char *const *name = sink->spec->topics; *name != NULL; name++) {
        if (strcmp(*name, topic) == 0) {
            return *name;
        }
    }
    return NULL;
}

static void assignment_forget(struct sink *sink, enum sink_core_event_kind why) {
    sink_notify(sink, (struct sink_core_event){.kind = why});
    for (size_t i = 0; i < sink->partition_count; i++) {
        metric_hide(sink->partitions[i].lag); /* the next owner's to say */
        stall_forget(sink->partitions[i].stall);
    }
    free(sink->partitions);
    free(sink->core_partitions);
    sink->partitions = NULL;
    sink->core_partitions = NULL;
    sink->partition_count = 0;
    sink->flowing = false;
}

static struct sink_partition partition_of(const char *topic, int32_t partition) {
    char labels[320];
    snprintf(labels, sizeof labels, "topic=\"%s\",partition=\"%d\"", topic, (int)partition);
    struct metric *lag = metrics_gauge("seatlog_consumer_lag_records", labels,
                                       "Records on the log that are not handled yet.");
    metric_hide(lag);
    return (struct sink_partition){.topic = topic,
                                   .partition = partition,
                                   .ruled = strcmp(topic, TOPIC_EVENTS) == 0,
                                   .lag = lag,
                                   .stall = stall_of(topic, partition)};
}

static void assignment_take(struct sink *sink, const rd_kafka_topic_partition_list_t *list) {
    unsigned long count = (unsigned long)list->cnt;
    sink->partitions = allocate_zeroed(count, sizeof sink->partitions[0]);
    sink->core_partitions = allocate_zeroed(count, sizeof sink->core_partitions[0]);
    for (int i = 0; i < list->cnt; i++) {
        const char *topic = spec_topic(sink, list->elems[i].topic);
        if (topic != NULL) {
            sink->partitions[sink->partition_count++] =
                partition_of(topic, list->elems[i].partition);
        }
    }
    sink_notify(sink, (struct sink_core_event){.kind = SINK_ASSIGNED,
                                               .partitions = sink->core_partitions,
                                               .partition_count = sink->partition_count});
}

/* Where to go on is read from PostgreSQL by the loop: that may take as long as PostgreSQL is away.
 */
static void on_assign(struct sink *sink, const rd_kafka_topic_partition_list_t *list) {
    struct error error = {0};
    assignment_forget(sink, SINK_REVOKED);
    if (!sink_consumer_flow(sink, false, &error)) {
        log_warning("assignment failed", LOG_TEXT("reason", error.message));
        assignment_forget(sink, SINK_UNASSIGNABLE);
        return;
    }
    assignment_take(sink, list);
    log_info("assigned", LOG_INTEGER("partitions", list->cnt));
}

static void on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque) {
    struct sink *sink = opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(sink, list);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        log_warning("rebalance", LOG_TEXT("reason", rd_kafka_err2str(code)));
    } else {
        log_info("revoked", LOG_INTEGER("partitions", list->cnt),
                 LOG_TEXT("lost", rd_kafka_assignment_lost(consumer) ? "yes" : "no"));
    }
    assignment_forget(sink, SINK_REVOKED);
    rd_kafka_assign(consumer, NULL);
}

static void on_error(rd_kafka_t *consumer, int code, const char *reason, void *opaque) {
    struct sink *sink = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        log_info("no broker can be reached", LOG_TEXT("reason", reason));
    } else if (code == RD_KAFKA_RESP_ERR__FATAL) {
        char detail[256];
        rd_kafka_resp_err_t origin = rd_kafka_fatal_error(consumer, detail, sizeof detail);
        error_set(&sink->broken, ERROR_DIE, "Kafka consumer failed: %s: %s",
                  rd_kafka_err2name(origin), detail);
    }
}

/* --- the member --- */

static rd_kafka_conf_t *consumer_conf(struct sink *sink) {
    const struct config *config = sink->daemon->config;
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", sink->daemon->name);
    kafka_conf_set(conf, "group.instance.id", sink->daemon->instance);
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "auto.offset.reset", "error");
    kafka_conf_set(conf, "isolation.level", SINK_ISOLATION_LEVEL);
    kafka_conf_set(conf, "partition.assignment.strategy", "range");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_default(conf, config, "client.id", sink->daemon->instance);
    kafka_conf_default(conf, config, "queued.max.messages.kbytes", "8192");
    rd_kafka_conf_set_opaque(conf, sink);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

bool sink_consumer_open(struct sink *sink, struct error *error) {
    sink->consumer = kafka_consumer_new(consumer_conf(sink), error);
    if (sink->consumer == NULL) {
        return false;
    }
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(4);
    for (const char *const *name = sink->spec->topics; *name != NULL; name++) {
        rd_kafka_topic_partition_list_add(topics, *name, RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(sink->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_DIE, "subscribe: %s", rd_kafka_err2str(code));
}

/* Serves the revocation too, which drops the batch. Bounded: a broker that is gone would be waited
 * for. */
void sink_consumer_close(struct sink *sink) {
    if (sink->consumer == NULL) {
        return;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(sink->consumer);
    rd_kafka_error_t *failure = rd_kafka_consumer_close_queue(sink->consumer, queue);
    int64_t end_ms = clock_monotonic_ms() + CLOSE_MS_MAX;
    while (failure == NULL && !rd_kafka_consumer_closed(sink->consumer) &&
           clock_monotonic_ms() < end_ms) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10);
        if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
            assignment_forget(sink, SINK_REVOKED);
            rd_kafka_assign(sink->consumer, NULL);
        }
        if (event != NULL) { /* records are dropped: their offsets have not moved */
            rd_kafka_event_destroy(event);
        }
    }
    rd_kafka_error_destroy(failure);
    rd_kafka_queue_destroy(queue);
    assignment_forget(sink, SINK_REVOKED);
    rd_kafka_destroy_flags(sink->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    sink->consumer = NULL;
}

/* --- what comes --- */

static void message_error(struct sink *sink, size_t partition, const rd_kafka_message_t *message) {
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        sink_notify(sink, (struct sink_core_event){.kind = SINK_DRAINED,
                                                   .partition = partition,
                                                   .offset = message->offset});
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        sink_notify(sink, (struct sink_core_event){.kind = SINK_GAP, .partition = partition});
        return;
    default:
        break;
    }
    if (kafka_error_action(message->err) == ERROR_DIE) {
        error_set(&sink->broken, ERROR_DIE, "Kafka: %s", rd_kafka_message_errstr(message));
        return;
    }
    log_warning("kafka", LOG_TEXT("reason", rd_kafka_message_errstr(message)));
}

/* What comes next of a partition: kept where it counts. */
static struct sink_core_event record_take(struct sink *sink, size_t index,
                                          rd_kafka_message_t *message) {
    const struct sink_partition *partition = &sink->partitions[index];
    struct sink_core_event event = {
        .kind = SINK_RECORD, .partition = index, .offset = message->offset};
    if (partition->ruled) {
        sink->label = kafka_term_label(message);
        event.label = &sink->label;
    }
    if (sink_core_counts(&sink->core, index, message->offset, event.label)) {
        sink_batch_add(sink, partition, message, &event);
    } else {
        rd_kafka_message_destroy(message);
    }
    return event;
}

struct sink_core_event sink_consumer_poll(struct sink *sink, int timeout_ms) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(sink->consumer, timeout_ms);
    if (message == NULL) {
        return (struct sink_core_event){.kind = SINK_QUIET};
    }
    struct sink_core_event event = {.kind = SINK_OTHER, .partition = SIZE_MAX};
    if (message->rkt != NULL) {
        event.partition =
            sink_partition_find(sink, rd_kafka_topic_name(message->rkt), message->partition);
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        message_error(sink, event.partition, message);
    } else if (sink_core_expects(&sink->core, event.partition, message->offset)) {
        return record_take(sink, event.partition, message);
    }
    rd_kafka_message_destroy(message);
    return event;
}

/* --- topics --- */

/* Only the topics keyed by show have a fixed number of partitions. */
static bool topics_check(struct sink *sink, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(sink->daemon->config, KAFKA_PRODUCER);
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (client == NULL) {
        return error_set(error, ERROR_DIE, "cannot create a Kafka client: %s", reason);
    }
    int32_t partitions = (int32_t)config_integer(sink->daemon->config, "partitions");
    bool good = true;
    for (const char *const *name = sink->spec->topics; *name != NULL && good; name++) {
        bool keyed = strcmp(*name, TOPIC_COMMANDS) == 0 || strcmp(*name, TOPIC_EVENTS) == 0 ||
                     strcmp(*name, TOPIC_TICKETS) == 0;
        good = kafka_topic_check(client, *name, keyed ? partitions : 0, false, NULL, error);
    }
    rd_kafka_destroy(client);
    return good;
}

void sink_topics_await(struct sink *sink) {
    for (int failures = 1; !daemon_stopping(); failures++) {
        struct error error = {0};
        if (topics_check(sink, &error)) {
            return;
        }
        if (error.action != ERROR_RETRY) {
            sink->broken = error;
            return;
        }
        log_warning("topics are not there yet", LOG_TEXT("reason", error.message));
        ready_set(error.message);
        daemon_sleep_ms(backoff_ms(failures, TOPICS_RETRY_BASE_MS, TOPICS_RETRY_MAX_MS));
    }
}
