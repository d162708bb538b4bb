/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_KAFKA_KAFKA_H
#define SEATLOG_RUNTIME_KAFKA_KAFKA_H

#include "codec/value.h"
#include "runtime/base/config.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"

#include <librdkafka/rdkafka.h>

/*
 * What every Kafka client of Seatlog has in common: its configuration, the topics, the headers.
 */
#define TOPIC_COMMANDS "seatlog.commands"
#define TOPIC_EVENTS "seatlog.events"
#define TOPIC_TICKETS "seatlog.tickets"
#define TOPIC_SNAPSHOTS "seatlog.snapshots"
#define TOPIC_DEAD_LETTERS "seatlog.dead-letters"

/*
 * A client configuration with the settings found good (design: linger.ms=0, socket.nagle.disable,
 * retry.backoff.ms=5, fetch.wait.max.ms=20, partitioner=murmur2_random, acks=all,
 * enable.idempotence for producers, isolation.level=read_committed for consumers), logs through
 * log.h, then the kafka.* keys of the configuration on top. The caller owns it until a client is
 * made of it. Dies on a bad property.
 */
enum kafka_role { KAFKA_PRODUCER, KAFKA_CONSUMER };
rd_kafka_conf_t *kafka_conf_new(const struct config *config, enum kafka_role role);

/* kafka_conf_set(conf, "group.id", "indexer"); dies when librdkafka refuses. */
void kafka_conf_set(rd_kafka_conf_t *conf, const char *property, const char *value);

/* The same, unless the configuration has a kafka.PROPERTY of its own: a default that operators
 * change. */
void kafka_conf_default(rd_kafka_conf_t *conf, const struct config *config, const char *property,
                        const char *value);

/* A consumer that is read by rd_kafka_consumer_poll alone; takes the configuration over. NULL with
 * *error, DIE. */
rd_kafka_t *kafka_consumer_new(rd_kafka_conf_t *conf, struct error *error);

/*
 * Checks what the cluster says of a topic: partition count (0: any) and, where asked, that
 * timestamps are LogAppendTime. RETRY while the cluster cannot be reached, DIE where the answer is
 * wrong. Fills *partition_count where not NULL.
 */
bool kafka_topic_check(rd_kafka_t *client, const char *topic, int32_t partitions_expected,
                       bool log_append_time, int32_t *partition_count, struct error *error);

/*
 * Where a partition begins and ends, asked of its leader, within timeout_ms; on a read-committed
 * client the end is the last stable offset. For what librdkafka 2.0.2 has for it is not fit for a
 * cluster that breaks: rd_kafka_query_watermark_offsets waits without end for a leader that is gone
 * (its pull request 2535), and for a topic that the client does nothing else with it goes on asking
 * the leader it remembers, although that one answers "not leader". Here the leader is looked up
 * again after an error, and asked once more. begin may be NULL: it is not asked then.
 */
rd_kafka_resp_err_t kafka_watermarks_query(rd_kafka_t *client, const char *topic, int32_t partition,
                                           int64_t *begin, int64_t *end, int timeout_ms);

/* The partition a key belongs to: murmur2 as Kafka's Java client and librdkafka's murmur2_random.
 */
int32_t kafka_partition_of(const void *key, size_t key_size, int32_t partition_count);

/* What librdkafka's error means: RETRY, PARK (the record), DIE. */
enum error_action kafka_error_action(rd_kafka_resp_err_t code);

/* Room for the name of a topic, for the name of who waits for an answer, and for what librdkafka
 * says of something that it cannot do. */
#define KAFKA_TOPIC_SIZE 256
#define KAFKA_WAITER_SIZE 64
#define KAFKA_REASON_SIZE 256

/* Headers for transport: CloudEvents 1.0 binary mode, trace context, and who waits for the answer.
 */
struct kafka_envelope {
    const char *type;                        /* ce_type: seatlog.commands.Reserve */
    const char *source;                      /* ce_source: the daemon's name and instance */
    struct uuid id;                          /* ce_id */
    struct uuid command_id;                  /* seatlog-command-id; zero: none */
    char traceparent[TRACEPARENT_TEXT_SIZE]; /* empty: none */
    char waiter[KAFKA_WAITER_SIZE];          /* seatlog-waiter; empty: none */
};

rd_kafka_headers_t *kafka_headers_new(const struct kafka_envelope *envelope,
                                      const struct uuid *show_id);

/* Reads what is there of the headers; fields that are not become empty. type and source stay NULL.
 */
void kafka_headers_read(const rd_kafka_message_t *message, struct kafka_envelope *envelope);

/* A new traceparent (version 00, sampled), or a child of the given one: same trace id, new parent
 * id. */
void traceparent_new(char out[TRACEPARENT_TEXT_SIZE]);
void traceparent_child(const char *parent, char out[TRACEPARENT_TEXT_SIZE]);

#endif
