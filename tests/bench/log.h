/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_BENCH_LOG_H
#define SEATLOG_TESTS_BENCH_LOG_H

#include "runtime/base/config.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

/*
 * What benches do with the log: commands on it, and of its events those that count. Whatever goes
 * wrong ends the bench, with words.
 */
#define BENCH_ROWS 10
#define BENCH_SEATS_PER_ROW 20
#define BENCH_SEATS (BENCH_ROWS * BENCH_SEATS_PER_ROW)
#define BENCH_PATIENCE_MS 60000

int64_t bench_now_us(void);
_Noreturn void bench_fail(const char *what, const char *why);

/* Of sorted durations in microseconds, the one below which so many of a hundred are, in ms. */
double bench_percentile_ms(const int64_t *sorted_us, int64_t count, int64_t percent);
int bench_duration_compare(const void *left, const void *right);

/* An id made of two numbers; the second can be read back. */
struct uuid bench_id(int64_t run, int64_t number);
int64_t bench_id_number(const struct uuid *id);

rd_kafka_t *bench_client_new(const struct config *config, enum kafka_role role);

/* Where commands go. The caller destroys client and topic. */
struct bench_commands {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    struct codec *codec;
    int32_t partitions;
};
void bench_command_send(struct bench_commands *commands, const struct command *command);

/* CreateShow of a show of BENCH_SEATS seats, whose buyers may have seats_per_buyer_max of them. */
void bench_show_send(struct bench_commands *commands, const struct uuid *show_id,
                     const struct uuid *command_id, const struct uuid *owner_id,
                     int32_t seats_per_buyer_max);

void bench_commands_flush(struct bench_commands *commands);

/*
 * Events of a topic from its end as of now, read committed and judged by the reader's rule. Every
 * command of a bench has one event, so that each message that counts is an answer.
 */
struct bench_events;
struct bench_events *bench_events_open(const struct config *config, rd_kafka_t *consumer,
                                       const char *topic, int32_t partitions);
void bench_events_close(struct bench_events *events);

/* Waits so long for a message, then takes what else is there, at most batch_max in all, and calls
 * taken for what counts. Returns how many that were. */
typedef void bench_event_taken(void *context, const rd_kafka_message_t *message, int64_t at_us);
int64_t bench_events_take(struct bench_events *events, int timeout_ms, size_t batch_max,
                          bench_event_taken *taken, void *context);

/* Which event it is, by the id of its schema: without decoding it. Ends the bench if it is another
 * than that. */
void bench_event_expect(const rd_kafka_message_t *message, enum event_kind kind);

#endif
