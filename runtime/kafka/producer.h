/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_KAFKA_PRODUCER_H
#define SEATLOG_RUNTIME_KAFKA_PRODUCER_H

#include "runtime/kafka/kafka.h"

/*
 * A plain idempotent producer (no transactions), for those who write commands: ingest-api, payment
 * and reservation's ticks; and for dead letters of the PostgreSQL sinks. It has a thread of its own
 * that serves delivery reports. It survives librdkafka's fatal errors: the client is made again and
 * records under way are reported as PRODUCER_UNKNOWN.
 */
struct producer;

enum producer_outcome {
    PRODUCER_PERSISTED,     /* on the log at partition and offset */
    PRODUCER_NOT_PERSISTED, /* was not even queued: certainly not on the log */
    PRODUCER_UNKNOWN        /* queued and not acknowledged: may be on the log */
};

struct producer_record {
    const char *topic;
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by key */
    struct octets key;
    struct octets value;
    const struct kafka_envelope *envelope; /* NULL: no headers */
    struct uuid show_id;
};

/* Called once a record, from the producer's thread: do little, do not block. */
struct producer_report {
    enum producer_outcome outcome;
    int32_t partition;
    int64_t offset;
    rd_kafka_resp_err_t code;
};
typedef void producer_reported(void *context, const struct producer_report *report);

struct producer *producer_new(const struct config *config, const char *client_id);

/*
 * Copies the record and queues it. false: nothing was queued and reported will not be called; RETRY
 * when the queue is full or no broker has been reachable for a while.
 */
bool producer_send(struct producer *producer, const struct producer_record *record,
                   producer_reported *reported, void *context, struct error *error);

/* Queues and waits for the report. */
enum producer_outcome producer_send_wait(struct producer *producer,
                                         const struct producer_record *record,
                                         struct producer_report *report, struct error *error);

/* Whether a broker answered lately: cheap, from any thread. */
bool producer_reachable(const struct producer *producer);

/* Waits for what is under way, at most timeout_ms; then ends. */
void producer_free(struct producer *producer, int timeout_ms);

#endif
