/* SPDX-License-Identifier: Apache-2.0 */
/* A producer that says of every record what became of it. */
#include "runtime/kafka/producer.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A broker is asked this often for a sign of life, and waited for this long. */
#define PROBE_INTERVAL_MS 1000
#define PROBE_TIMEOUT_MS 2000

/* Without a sign of life for this long there is no use in queueing. */
#define UNREACHABLE_AFTER_MS 4000

#define POLL_MS 100

/* One librdkafka client and those who are inside a call on it. */
struct producer_client {
    rd_kafka_t *handle;
    int users;
};

struct producer {
    const struct config *config;
    char *client_id;

    pthread_mutex_t mutex;          /* client, its users, the condition */
    pthread_cond_t changed;         /* users left, or stopping */
    struct producer_client *client; /* the one to use; replaced after a fatal error */

    atomic_bool stopping;            /* threads end */
    atomic_bool fatal;               /* the client is to be replaced */
    atomic_int under_way;            /* records without a report yet */
    atomic_int_fast64_t answered_ms; /* monotonic time of the last sign of life; 0: none yet */
    int64_t created_ms;

    pthread_t poll_thread;
    pthread_t probe_thread;
};

/* What a delivery report is for. */
struct flight {
    producer_reported *reported;
    void *context;
};

static void producer_answered(struct producer *producer) {
    atomic_store_explicit(&producer->answered_ms, clock_monotonic_ms(), memory_order_relaxed);
}

/*
 * librdkafka also has an opinion on what was not acknowledged, and calls some of it not persisted:
 * such as what a broker refused that is not the leader any more, though it may have appended the
 * record and lost the answer. Once a record is queued, only an acknowledgement is certain.
 */
static enum producer_outcome outcome_of(const rd_kafka_message_t *message) {
    return message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? PRODUCER_PERSISTED : PRODUCER_UNKNOWN;
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque) {
    (void)handle;
    struct producer *producer = opaque;
    struct flight *flight = message->_private;
    struct producer_report report = {
        .outcome = outcome_of(message),
        .partition = message->partition,
        .offset = message->offset,
        .code = message->err,
    };
    if (report.outcome == PRODUCER_PERSISTED) {
        producer_answered(producer);
    } else {
        log_warning(
            "record not acknowledged",
            LOG_TEXT("topic", message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : ""),
            LOG_TEXT("reason", rd_kafka_err2str(message->err)));
    }
    if (flight->reported != NULL) {
        flight->reported(flight->context, &report);
    }
    free(flight);
    atomic_fetch_sub(&producer->under_way, 1);
}

static void on_error(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
    struct producer *producer = opaque;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        char detail[256];
        rd_kafka_resp_err_t origin = rd_kafka_fatal_error(handle, detail, sizeof detail);
        log_error("producer failed; making it again", LOG_TEXT("reason", detail),
                  LOG_TEXT("code", rd_kafka_err2name(origin)));
        atomic_store(&producer->fatal, true);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        log_warning("no broker can be reached", LOG_TEXT("reason", reason));
        atomic_store(&producer->answered_ms, 0);
    }
}

static struct producer_client *client_new(struct producer *producer) {
    rd_kafka_conf_t *conf = kafka_conf_new(producer->config, KAFKA_PRODUCER);
    kafka_conf_default(conf, producer->config, "client.id", producer->client_id);
    kafka_conf_default(conf, producer->config, "message.timeout.ms", "30000");
    kafka_conf_default(conf, producer->config, "queue.buffering.max.messages", "50000");
    kafka_conf_default(conf, producer->config, "queue.buffering.max.kbytes", "65536");
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    char reason[KAFKA_REASON_SIZE];
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (handle == NULL) {
        die("cannot create a Kafka producer: %s", reason);
    }
    struct producer_client *client = allocate_zeroed(1, sizeof *client);
    client->handle = handle;
    return client;
}

static struct producer_client *client_enter(struct producer *producer) {
    pthread_mutex_lock(&producer->mutex);
    struct producer_client *client = producer->client;
    client->users++;
    pthread_mutex_unlock(&producer->mutex);
    return client;
}

static void client_leave(struct producer *producer, struct producer_client *client) {
    pthread_mutex_lock(&producer->mutex);
    if (--client->users == 0) {
        pthread_cond_broadcast(&producer->changed);
    }
    pthread_mutex_unlock(&producer->mutex);
}

static bool client_is_used(struct producer *producer, const struct producer_client *client) {
    pthread_mutex_lock(&producer->mutex);
    bool used = client->users > 0;
    pthread_mutex_unlock(&producer->mutex);
    return used;
}

/* Gives up what is under way on a client that nobody will enter again, and ends it. */
static void client_end(struct producer *producer, struct producer_client *client) {
    while (client_is_used(producer, client)) {
        rd_kafka_poll(client->handle, 10);
    }
    rd_kafka_purge(client->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(client->handle) > 0) {
        rd_kafka_poll(client->handle, 10);
    }
    rd_kafka_destroy(client->handle);
    free(client);
}

static void client_replace(struct producer *producer) {
    struct producer_client *fresh = client_new(producer);
    pthread_mutex_lock(&producer->mutex);
    struct producer_client *failed = producer->client;
    producer->client = fresh;
    pthread_mutex_unlock(&producer->mutex);
    atomic_store(&producer->fatal, false);
    client_end(producer, failed);
}

static void *poll_run(void *context) {
    struct producer *producer = context;
    while (!atomic_load(&producer->stopping)) {
        /* Only this thread replaces the client, so it may use it without entering. */
        rd_kafka_poll(producer->client->handle, POLL_MS);
        if (atomic_load(&producer->fatal)) {
            client_replace(producer);
        }
    }
    return NULL;
}

/* Waits at most duration_ms; returns at once when stopping. */
static void probe_wait(struct producer *producer, int duration_ms) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += duration_ms / 1000;
    end.tv_nsec += (long)(duration_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    pthread_mutex_lock(&producer->mutex);
    while (!atomic_load(&producer->stopping) &&
           pthread_cond_timedwait(&producer->changed, &producer->mutex, &end) == 0) {
    }
    pthread_mutex_unlock(&producer->mutex);
}

/* In a thread of its own, because asking blocks and delivery reports must not wait for it. */
static void *probe_run(void *context) {
    struct producer *producer = context;
    while (!atomic_load(&producer->stopping)) {
        struct producer_client *client = client_enter(producer);
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code =
            rd_kafka_metadata(client->handle, 0, NULL, &metadata, PROBE_TIMEOUT_MS);
        client_leave(producer, client);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            producer_answered(producer);
            rd_kafka_metadata_destroy(metadata);
        }
        probe_wait(producer,
                   code == RD_KAFKA_RESP_ERR_NO_ERROR ? PROBE_INTERVAL_MS : PROBE_INTERVAL_MS / 4);
    }
    return NULL;
}

struct producer *producer_new(const struct config *config, const char *client_id) {
    struct producer *producer = allocate_zeroed(1, sizeof *producer);
    producer->config = config;
    producer->client_id = text_duplicate(client_id);
    producer->created_ms = clock_monotonic_ms();
    pthread_mutex_init(&producer->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&producer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    producer->client = client_new(producer);
    if (pthread_create(&producer->poll_thread, NULL, poll_run, producer) != 0 ||
        pthread_create(&producer->probe_thread, NULL, probe_run, producer) != 0) {
        die("cannot start the Kafka producer's thread");
    }
    return producer;
}

bool producer_reachable(const struct producer *producer) {
    int64_t answered_ms = atomic_load_explicit(&producer->answered_ms, memory_order_relaxed);
    return answered_ms != 0 && clock_monotonic_ms() - answered_ms < UNREACHABLE_AFTER_MS;
}

/* A new producer may queue before its first answer: librdkafka connects in the background. */
static bool producer_accepts(const struct producer *producer) {
    return producer_reachable(producer) ||
           clock_monotonic_ms() - producer->created_ms < UNREACHABLE_AFTER_MS;
}

static rd_kafka_resp_err_t client_produce(struct producer_client *client,
                                          const struct producer_record *record,
                                          struct flight *flight) {
    rd_kafka_headers_t *headers =
        record->envelope != NULL ? kafka_headers_new(record->envelope, &record->show_id) : NULL;
    rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = (void *)record->key.data, .size = record->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)record->value.data, .size = record->value.size}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = flight},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof arguments / sizeof arguments[0] - (headers == NULL ? 1 : 0);
    rd_kafka_error_t *failure = rd_kafka_produceva(client->handle, arguments, count);
    rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    if (failure != NULL) {
        rd_kafka_error_destroy(failure);
        if (headers != NULL) { /* ours again */
            rd_kafka_headers_destroy(headers);
        }
    }
    return code;
}

bool producer_send(struct producer *producer, const struct producer_record *record,
                   producer_reported *reported, void *context, struct error *error) {
    if (!producer_accepts(producer)) {
        return error_set_outside(error, "no Kafka broker has answered for a while");
    }
    struct flight *flight = allocate(sizeof *flight);
    *flight = (struct flight){.reported = reported, .context = context};
    atomic_fetch_add(&producer->under_way, 1);
    struct producer_client *client = client_enter(producer);
    rd_kafka_resp_err_t code = client_produce(client, record, flight);
    client_leave(producer, client);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    atomic_fetch_sub(&producer->under_way, 1);
    free(flight);
    /* After a fatal error the next client takes the record. */
    enum error_action action =
        code == RD_KAFKA_RESP_ERR__FATAL ? ERROR_RETRY : kafka_error_action(code);
    return error_set(error, action, "the record cannot be queued: %s", rd_kafka_err2str(code));
}

struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t reported;
    bool done;
    struct producer_report report;
};

static void on_reported(void *context, const struct producer_report *report) {
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->mutex);
    waiter->report = *report;
    waiter->done = true;
    pthread_cond_signal(&waiter->reported);
    pthread_mutex_unlock(&waiter->mutex);
}

enum producer_outcome producer_send_wait(struct producer *producer,
                                         const struct producer_record *record,
                                         struct producer_report *report, struct error *error) {
    struct waiter waiter = {.done = false};
    pthread_mutex_init(&waiter.mutex, NULL);
    pthread_cond_init(&waiter.reported, NULL);
    struct producer_report result = {.outcome = PRODUCER_NOT_PERSISTED, .offset = -1};
    if (producer_send(producer, record, on_reported, &waiter, error)) {
        pthread_mutex_lock(&waiter.mutex);
        while (!waiter.done) { /* bounded by message.timeout.ms */
            pthread_cond_wait(&waiter.reported, &waiter.mutex);
        }
        result = waiter.report;
        pthread_mutex_unlock(&waiter.mutex);
        if (result.outcome != PRODUCER_PERSISTED) {
            enum error_action action = kafka_error_action(result.code);
            error_set(error, action == ERROR_DIE ? ERROR_RETRY : action,
                      "the record was not acknowledged: %s", rd_kafka_err2str(result.code));
        }
    }
    pthread_cond_destroy(&waiter.reported);
    pthread_mutex_destroy(&waiter.mutex);
    if (report != NULL) {
        *report = result;
    }
    return result.outcome;
}

void producer_free(struct producer *producer, int timeout_ms) {
    if (producer == NULL) {
        return;
    }
    int64_t end_ms = clock_monotonic_ms() + timeout_ms;
    while (atomic_load(&producer->under_way) > 0 && clock_monotonic_ms() < end_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    atomic_store(&producer->stopping, true);
    pthread_mutex_lock(&producer->mutex);
    pthread_cond_broadcast(&producer->changed);
    pthread_mutex_unlock(&producer->mutex);
    pthread_join(producer->poll_thread, NULL);
    pthread_join(producer->probe_thread, NULL);
    client_end(producer, producer->client);
    pthread_cond_destroy(&producer->changed);
    pthread_mutex_destroy(&producer->mutex);
    free(producer->client_id);
    free(producer);
}
