/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop/sink/sink.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/sink/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 100
#define RETRY_BASE_MS 200
#define RETRY_MAX_MS 10000
#define LAG_INTERVAL_MS 1000
#define CHECK_INTERVAL_MS 5000
#define DEAD_LETTER_DRAIN_MS 5000
#define CLOSE_MS_MAX 5000

struct sink_partition *sink_partition_find(struct sink *sink, const char *topic,
                                           int32_t partition) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        struct sink_partition *candidate = &sink->partitions[i];
        if (candidate->partition == partition && strcmp(candidate->topic, topic) == 0) {
            return candidate;
        }
    }
    return NULL;
}

/*
 * Partitions flow when librdkafka is assigned them at the offsets where we are, and stand still
 * when it is assigned none; the group does not see the difference. Neither pause and resume nor
 * seek: librdkafka may ask for a logical offset again half a second later, and then goes there in
 * spite of a seek in between.
 */
static bool consumer_assign(struct sink *sink, bool flowing, struct error *error) {
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)sink->partition_count);
    for (size_t i = 0; flowing && i < sink->partition_count; i++) {
        const struct sink_partition *partition = &sink->partitions[i];
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            partition->position;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(sink->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    sink->flowing = flowing && code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_RETRY, "assignment: %s", rd_kafka_err2str(code));
}

static void sink_halt(struct sink *sink) {
    if (sink->flowing) {
        consumer_assign(sink, false, NULL);
    }
}

/* The name in the spec, which outlives every assignment; NULL for a topic that is not ours. */
static const char *spec_topic(const struct sink *sink, const char *topic) {
    for (const char *const *name = sink->spec->topics; *name != NULL; name++) {
        if (strcmp(*name, topic) == 0) {
            return *name;
        }
    }
    return NULL;
}

static void assignment_forget(struct sink *sink) {
    sink_batch_drop(sink);
    for (size_t i = 0; i < sink->partition_count; i++) {
        metric_hide(sink->partitions[i].lag); /* the next owner's to say */
        stall_forget(sink->partitions[i].stall);
    }
    free(sink->partitions);
    sink->partitions = NULL;
    sink->partition_count = 0;
    sink->offsets_known = false;
    sink->assigned = false;
    sink->flowing = false;
}

static void assignment_take(struct sink *sink, const rd_kafka_topic_partition_list_t *list) {
    assignment_forget(sink);
    sink->partitions = allocate_zeroed((unsigned long)list->cnt, sizeof sink->partitions[0]);
    for (int i = 0; i < list->cnt; i++) {
        const char *topic = spec_topic(sink, list->elems[i].topic);
        if (topic == NULL) {
            continue;
        }
        char labels[320];
        snprintf(labels, sizeof labels, "topic=\"%s\",partition=\"%d\"", topic,
                 (int)list->elems[i].partition);
        struct metric *lag = metrics_gauge("seatlog_consumer_lag_records", labels,
                                           "Records on the log that are not handled yet.");
        metric_hide(lag);
        sink->partitions[sink->partition_count++] = (struct sink_partition){
            .topic = topic,
            .partition = list->elems[i].partition,
            .next_offset = SINK_OFFSET_UNKNOWN,
            .drained_offset = SINK_OFFSET_UNKNOWN,
            .lag = lag,
            .stall = stall_of(topic, list->elems[i].partition),
        };
    }
}

/* Where to go on is read from PostgreSQL by the loop: that may take as long as PostgreSQL is away.
 */
static void on_assign(struct sink *sink, const rd_kafka_topic_partition_list_t *list) {
    struct error error = {0};
    assignment_take(sink, list);
    if (!consumer_assign(sink, false, &error)) {
        log_warning("assignment failed", LOG_TEXT("reason", error.message));
        assignment_forget(sink);
        sink->rejoin = true;
        return;
    }
    sink->assigned = true;
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
    assignment_forget(sink);
    rd_kafka_assign(consumer, NULL);
}

static void on_error(rd_kafka_t *consumer, int code, const char *reason, void *opaque) {
    struct sink *sink = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        log_info("no broker can be reached", LOG_TEXT("reason", reason));
    } else if (code == RD_KAFKA_RESP_ERR__FATAL) {
        char detail[256];
        rd_kafka_resp_err_t origin = rd_kafka_fatal_error(consumer, detail, sizeof detail);
        error_set(&sink->fatal, ERROR_DIE, "Kafka consumer failed: %s: %s",
                  rd_kafka_err2name(origin), detail);
    }
}

static bool consumer_open(struct sink *sink, struct error *error) {
    const struct config *config = sink->daemon->config;
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", sink->daemon->name);
    kafka_conf_set(conf, "group.instance.id", sink->daemon->instance);
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "auto.offset.reset", "error");
    kafka_conf_set(conf, "isolation.level", "read_committed");
    kafka_conf_set(conf, "partition.assignment.strategy", "range");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_default(conf, config, "client.id", sink->daemon->instance);
    kafka_conf_default(conf, config, "queued.max.messages.kbytes", "8192");
    rd_kafka_conf_set_opaque(conf, sink);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    char reason[256];
    sink->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (sink->consumer == NULL) {
        return error_set(error, ERROR_DIE, "no Kafka consumer is to be had: %s", reason);
    }
    rd_kafka_poll_set_consumer(sink->consumer);

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
static void consumer_close(struct sink *sink) {
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
            assignment_forget(sink);
            rd_kafka_assign(sink->consumer, NULL);
        }
        if (event != NULL) { /* records are dropped: their offsets have not moved */
            rd_kafka_event_destroy(event);
        }
    }
    rd_kafka_error_destroy(failure);
    rd_kafka_queue_destroy(queue);
    assignment_forget(sink);
    rd_kafka_destroy_flags(sink->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    sink->consumer = NULL;
}

static void message_error(struct sink *sink, struct sink_partition *partition,
                          const rd_kafka_message_t *message) {
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (partition != NULL && partition->next_offset != SINK_OFFSET_UNKNOWN) {
            partition->drained_offset = message->offset;
        }
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        if (partition != NULL && partition->next_offset != SINK_OFFSET_UNKNOWN) {
            error_set(&sink->fatal, ERROR_DIE,
                      "the log of %s/%d does not hold offset %lld, which is the next to read",
                      partition->topic, (int)partition->partition, (long long)partition->position);
        }
        return;
    default:
        break;
    }
    if (kafka_error_action(message->err) == ERROR_DIE) {
        error_set(&sink->fatal, ERROR_DIE, "Kafka: %s", rd_kafka_message_errstr(message));
        return;
    }
    log_warning("kafka", LOG_TEXT("reason", rd_kafka_message_errstr(message)));
}

/* Waits at most timeout_ms for one message and takes it. False: there was none. */
static bool sink_poll(struct sink *sink, int timeout_ms) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(sink->consumer, timeout_ms);
    if (message == NULL) {
        return false;
    }
    struct sink_partition *partition =
        message->rkt != NULL
            ? sink_partition_find(sink, rd_kafka_topic_name(message->rkt), message->partition)
            : NULL;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        message_error(sink, partition, message);
    } else if (partition != NULL && partition->next_offset != SINK_OFFSET_UNKNOWN &&
               message->offset >= partition->position) {
        sink_batch_add(sink, partition, message);
        return true;
    }
    rd_kafka_message_destroy(message);
    return true;
}

bool sink_wait(struct sink *sink, int duration_ms) {
    int64_t end_ms = clock_monotonic_ms() + duration_ms;
    sink_halt(sink);
    while (!daemon_stopping() && sink->fatal.action == ERROR_NONE) {
        int64_t rest_ms = end_ms - clock_monotonic_ms();
        if (rest_ms <= 0) {
            break;
        }
        if (sink->consumer != NULL) {
            sink_poll(sink, rest_ms < POLL_MS ? (int)rest_ms : POLL_MS);
        } else {
            daemon_sleep_ms((int)rest_ms);
        }
        if (clock_monotonic_ms() - sink->checked_ms >= CHECK_INTERVAL_MS) {
            sink->checked_ms = clock_monotonic_ms();
            sink_lag_update(sink, true); /* a halted consumer learns nothing by itself */
        }
    }
    return daemon_stopping();
}

static bool sink_caught_up(const struct sink *sink) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        if (!sink->partitions[i].caught_up) {
            return false;
        }
    }
    return true;
}

static void readiness_update(const struct sink *sink) {
    if (!producer_reachable(sink->producer)) { /* which asks every second */
        metrics_ready_set("no Kafka broker can be reached");
    } else if (sink->offsets_known && sink_caught_up(sink)) { /* without a partition: standing by */
        metrics_ready_set(NULL);
    } else if (sink->offsets_known) {
        metrics_ready_set("catching up with the log");
    } else {
        metrics_ready_set("joining the consumer group");
    }
}

/* Between batches: lag, readiness, and whether an idle PostgreSQL is still there. */
static bool sink_look_around(struct sink *sink, struct error *error) {
    int64_t now_ms = clock_monotonic_ms();
    sink_lag_update(sink, false);
    if (now_ms - sink->checked_ms >= CHECK_INTERVAL_MS) {
        sink->checked_ms = now_ms;
        struct error ignored = {0}; /* a connection that died while idle is opened again */
        if (!PG_EXECUTE(sink->pg, &ignored, NULL, "SELECT 1") &&
            !PG_EXECUTE(sink->pg, error, NULL, "SELECT 1")) {
            return false;
        }
    }
    readiness_update(sink);
    return true;
}

/* One round of the loop. false: *error, to back off from. */
static bool sink_turn(struct sink *sink, int64_t *looked_ms, struct error *error) {
    if (sink->rejoin) {
        sink->rejoin = false;
        consumer_close(sink);
    }
    if (sink->consumer == NULL && !consumer_open(sink, error)) {
        return false;
    }
    if (sink->assigned && !sink->offsets_known && !sink_offsets_load(sink, error)) {
        return false;
    }
    if (sink->offsets_known && !sink->flowing && !consumer_assign(sink, true, error)) {
        return false;
    }
    bool more = sink_poll(sink, POLL_MS);
    while (more && !sink_batch_is_full(sink) && sink->fatal.action == ERROR_NONE) {
        more = sink_poll(sink, 0);
    }
    if (sink->entry_count > 0) {
        sink_batch_run(sink);
    }
    if (!sink_retry(sink, error)) {
        return false;
    }
    if (clock_monotonic_ms() - *looked_ms >= LAG_INTERVAL_MS) {
        *looked_ms = clock_monotonic_ms();
        return sink_look_around(sink, error);
    }
    return true;
}

static void sink_loop(struct sink *sink) {
    int64_t looked_ms = 0;
    int failures = 0;
    while (!daemon_stopping() && sink->fatal.action == ERROR_NONE) {
        struct error error = {0};
        if (sink_turn(sink, &looked_ms, &error)) {
            failures = 0;
        } else if (error.action == ERROR_RETRY) {
            failures++;
            log_warning("sink waits", LOG_TEXT("reason", error.message),
                        LOG_INTEGER("failures", failures));
            metrics_ready_set(error.message);
            sink_wait(sink, backoff_ms(failures, RETRY_BASE_MS, RETRY_MAX_MS));
            looked_ms = 0;
        } else {
            sink->fatal = error;
        }
    }
}

/* Only the topics keyed by show have a fixed number of partitions. */
static bool topics_check(struct sink *sink, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(sink->daemon->config, KAFKA_PRODUCER);
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (client == NULL) {
        return error_set(error, ERROR_DIE, "no Kafka client is to be had: %s", reason);
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

static void topics_await(struct sink *sink) {
    for (int failures = 1; !daemon_stopping(); failures++) {
        struct error error = {0};
        if (topics_check(sink, &error)) {
            return;
        }
        if (error.action != ERROR_RETRY) {
            sink->fatal = error;
            return;
        }
        log_warning("topics are not there yet", LOG_TEXT("reason", error.message));
        metrics_ready_set(error.message);
        daemon_sleep_ms(backoff_ms(failures, RETRY_BASE_MS, RETRY_MAX_MS));
    }
}

static void sink_init(struct sink *sink, struct daemon *daemon, const struct sink_spec *spec) {
    *sink = (struct sink){.daemon = daemon, .spec = spec};
    arena_init(&sink->arena);
    sink->codec = codec_new();
    sink->pg = pg_new(config_text(daemon->config, "postgres_url"), daemon->instance);
    sink->producer = producer_new(daemon->config, daemon->instance);
    sink->batch_records_max = (size_t)config_integer(daemon->config, "sink_batch_records_max");
    sink->record_tries_max = (int)config_integer(daemon->config, "record_tries_max");
    sink->handled = metrics_counter("seatlog_records_handled_total", NULL,
                                    "Records handled, each in a committed transaction.");
    sink->dead_letters = metrics_counter("seatlog_dead_letters_total", NULL,
                                         "Records put aside because they could not be used.");
    sink->rollbacks =
        metrics_counter("seatlog_sink_rollbacks_total", NULL, "PostgreSQL transactions undone.");
    sink->commit_duration =
        metrics_histogram("seatlog_commit_duration_seconds", NULL,
                          "From the begin of a batch's transaction to its commit.");
}

static void sink_deinit(struct sink *sink) {
    consumer_close(sink);
    producer_free(sink->producer, DEAD_LETTER_DRAIN_MS);
    pg_free(sink->pg);
    codec_free(sink->codec);
    free(sink->entries);
    arena_deinit(&sink->arena);
}

int sink_run(struct daemon *daemon, const struct sink_spec *spec) {
    struct sink sink;
    sink_init(&sink, daemon, spec);
    topics_await(&sink);
    sink_loop(&sink);
    int status = 0;
    if (sink.fatal.action != ERROR_NONE) {
        log_error("sink ends", LOG_TEXT("reason", sink.fatal.message));
        status = EXIT_FAILURE;
    }
    sink_deinit(&sink);
    return status;
}
