/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_UNIT_SUPPORT_KAFKA_CLUSTER_H
#define SEATLOG_TESTS_UNIT_SUPPORT_KAFKA_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>
#include <stdint.h>

/*
 * librdkafka's mock cluster, in this process: good for the paths of errors. It knows no
 * transactions, no fencing and no last stable offset; what rests on those is tested on a real
 * broker.
 */
struct kafka_cluster {
    rd_kafka_t *owner; /* the client that the mock lives in; also produces for the test */
    rd_kafka_mock_cluster_t *mock;
    const char *bootstraps; /* for bootstrap.servers */
};

void kafka_cluster_init(struct kafka_cluster *cluster, int broker_count);
void kafka_cluster_deinit(struct kafka_cluster *cluster);
void kafka_cluster_topic(struct kafka_cluster *cluster, const char *topic, int partitions);

/* Produces one record and waits until it is there; returns its offset. */
int64_t kafka_cluster_produce(struct kafka_cluster *cluster, const char *topic, int32_t partition,
                              const char *key, const void *value, size_t size);

/*
 * The same for a record of seatlog.events without a key, beside another header labelled as
 * runtime/term/label.h says; NULL: of history. second: the header is there twice; NULL: it is not.
 */
int64_t kafka_cluster_event(struct kafka_cluster *cluster, int32_t partition, const char *label,
                            const char *second, const void *value, size_t size);

/* Reads the record at the offset: key and value, in memory the caller frees. NULL when it does not
 * come in 10 s. */
rd_kafka_message_t *kafka_cluster_read(struct kafka_cluster *cluster, const char *topic,
                                       int32_t partition, int64_t offset);

/* The offset behind the last record. */
int64_t kafka_cluster_end(struct kafka_cluster *cluster, const char *topic, int32_t partition);

#endif
