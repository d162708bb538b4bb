/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and events of the benches. */
#include "tests/bench/log.h"

#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "runtime/kafka/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOLD_TTL_MS (30 * 60 * 1000)
#define BATCH_MAX 2000
#define WATERMARKS_TIMEOUT_MS 10000
#define CONNECTED_US 300000 /* until a reader is connected, and waits at the end */

int64_t bench_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

_Noreturn void bench_fail(const char *what, const char *why) {
    fprintf(stderr, "bench: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    exit(EXIT_FAILURE);
}

double bench_percentile_ms(const int64_t *sorted_us, int64_t count, int64_t percent) {
    int64_t index = count * percent / 100;
    return (double)sorted_us[index < count ? index : count - 1] / 1e3;
}

int bench_duration_compare(const void *left, const void *right) {
    int64_t difference = *(const int64_t *)left - *(const int64_t *)right;
    return difference < 0 ? -1 : difference > 0;
}

/* --- ids --- */

static void number_put(uint8_t *octets, int64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8) {
        octets[i] = (uint8_t)number;
    }
}

struct uuid bench_id(int64_t run, int64_t number) {
    struct uuid id;
    number_put(id.octets, run);
    number_put(id.octets + 8, number);
    return id;
}

int64_t bench_id_number(const struct uuid *id) {
    int64_t number = 0;
    for (int i = 8; i < 16; i++) {
        number = number << 8 | id->octets[i];
    }
    return number;
}

/* --- commands --- */

rd_kafka_t *bench_client_new(const struct config *config, enum kafka_role role) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, role);
    char message[ERROR_MESSAGE_SIZE];
    if (role == KAFKA_PRODUCER) {
        kafka_conf_set(conf, "queue.buffering.max.messages", "2000000");
        kafka_conf_set(conf, "queue.buffering.max.kbytes", "2000000");
    } else {
        kafka_conf_set(conf, "fetch.wait.max.ms", "10");
        kafka_conf_set(conf, "check.crcs", "false");
    }
    rd_kafka_t *client =
        rd_kafka_new(role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, message,
                     sizeof message);
    if (client == NULL) {
        bench_fail("client", message);
    }
    return client;
}

static const char *type_of(enum command_kind kind) {
    switch (kind) {
    case COMMAND_RESERVE:
        return "seatlog.commands.Reserve";
    case COMMAND_RELEASE:
        return "seatlog.commands.Release";
    case COMMAND_CREATE_SHOW:
        return "seatlog.commands.CreateShow";
    default:
        bench_fail("no bench sends such a command", "");
    }
}

void bench_command_send(struct bench_commands *commands, const struct command *command) {
    char key[UUID_TEXT_SIZE];
    uuid_format(&command->as.head.show_id, key);
    struct kafka_envelope envelope = {
        .type = type_of(command->kind),
        .source = "/seatlog/bench",
        .id = command->as.head.command_id,
        .command_id = command->as.head.command_id,
        /* As every command of ingest-api has one; drawn once, since drawing is not what is
           measured. */
        .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        .waiter = "ingest-api-0",
    };
    struct octets value = codec_command_encode(commands->codec, command);
    for (;;) {
        rd_kafka_headers_t *headers = kafka_headers_new(&envelope, &command->as.head.show_id);
        rd_kafka_resp_err_t code = rd_kafka_producev(
            commands->producer, RD_KAFKA_V_RKT(commands->topic),
            RD_KAFKA_V_PARTITION(kafka_partition_of(key, UUID_TEXT_SIZE - 1, commands->partitions)),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, UUID_TEXT_SIZE - 1),
            RD_KAFKA_V_VALUE((void *)value.data, value.size), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return;
        }
        rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            bench_fail("produce", rd_kafka_err2str(code));
        }
        rd_kafka_poll(commands->producer, 10);
    }
}

void bench_show_send(struct bench_commands *commands, const struct uuid *show_id,
                     const struct uuid *command_id, const struct uuid *owner_id,
                     int32_t seats_per_buyer_max) {
    static const char *const rows[BENCH_ROWS] = {"A", "B", "C", "D", "E", "F", "G", "H", "J", "K"};
    char labels[BENCH_SEATS_PER_ROW][8];
    struct text seats[BENCH_SEATS_PER_ROW];
    struct row row_items[BENCH_ROWS];
    for (int i = 0; i < BENCH_SEATS_PER_ROW; i++) {
        int size = snprintf(labels[i], sizeof labels[i], "%d", i + 1);
        seats[i] = (struct text){labels[i], (size_t)size};
    }
    for (int i = 0; i < BENCH_ROWS; i++) {
        row_items[i] = (struct row){.label = {rows[i], 1}, .seats = {seats, BENCH_SEATS_PER_ROW}};
    }
    const struct category category = {.name = TEXT_LITERAL("Stalls"), .price_minor = 1400};
    const struct section section = {.name = TEXT_LITERAL("Stalls"),
                                    .kind = SECTION_KIND_SEATED,
                                    .rows = {row_items, BENCH_ROWS}};
    int64_t starts_at = clock_now_ms() + 30LL * 24 * 3600 * 1000;
    const struct command command = {
        .kind = COMMAND_CREATE_SHOW,
        .as.create_show = {.head = {*show_id, *command_id},
                           .owner_id = *owner_id,
                           .show = {.title = TEXT_LITERAL("The Long Take"),
                                    .type = SHOW_TYPE_FILM,
                                    .venue = TEXT_LITERAL("Pageant, screen 1"),
                                    .city = TEXT_LITERAL("Chico"),
                                    .region = TEXT_LITERAL("CA"),
                                    .country = TEXT_LITERAL("US"),
                                    .starts_at = starts_at,
                                    .ends_at = starts_at + 7200000,
                                    .time_zone = TEXT_LITERAL("America/Los_Angeles"),
                                    .currency = TEXT_LITERAL("USD"),
                                    .hold_ttl_ms = HOLD_TTL_MS,
                                    .seats_per_buyer_max = seats_per_buyer_max,
                                    .categories = {&category, 1},
                                    .sections = {&section, 1}}}};
    bench_command_send(commands, &command);
}

void bench_commands_flush(struct bench_commands *commands) {
    if (rd_kafka_flush(commands->producer, BENCH_PATIENCE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bench_fail("the commands could not be written in a minute", "");
    }
}

/* --- events --- */

struct bench_events {
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    int32_t partitions;
    struct term_reader *readers; /* one a partition */
};

/* A reader that stands at the end; of a topic of the bench's own nobody has claimed anything. */
static void reader_begin(const struct config *config, rd_kafka_t *consumer, const char *topic,
                         int32_t partition, struct term_reader *reader) {
    if (strcmp(topic, TOPIC_EVENTS) == 0) {
        struct error error = {0};
        if (!kafka_term_skim(config, partition, KAFKA_TERM_END, NULL, reader, &error)) {
            bench_fail("events", error.message);
        }
        return;
    }
    struct term_position position = term_position_of_beginning();
    rd_kafka_resp_err_t code = kafka_watermarks_query(consumer, topic, partition, NULL,
                                                      &position.next_offset, WATERMARKS_TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bench_fail(topic, rd_kafka_err2str(code));
    }
    term_reader_init(reader, &position);
}

struct bench_events *bench_events_open(const struct config *config, rd_kafka_t *consumer,
                                       const char *topic, int32_t partitions) {
    struct bench_events *events = calloc(1, sizeof *events);
    struct term_reader *readers = calloc((size_t)partitions, sizeof *readers);
    if (events == NULL || readers == NULL) {
        bench_fail("out of memory", "");
    }
    *events = (struct bench_events){.topic = rd_kafka_topic_new(consumer, topic, NULL),
                                    .queue = rd_kafka_queue_new(consumer),
                                    .partitions = partitions,
                                    .readers = readers};
    for (int32_t i = 0; i < partitions; i++) {
        reader_begin(config, consumer, topic, i, &readers[i]);
        rd_kafka_consume_start_queue(events->topic, i, readers[i].next_offset, events->queue);
    }
    usleep(CONNECTED_US);
    return events;
}

void bench_events_close(struct bench_events *events) {
    for (int32_t i = 0; i < events->partitions; i++) {
        rd_kafka_consume_stop(events->topic, i);
    }
    rd_kafka_queue_destroy(events->queue);
    rd_kafka_topic_destroy(events->topic);
    free(events->readers);
    free(events);
}

static bool counts(struct bench_events *events, const rd_kafka_message_t *message) {
    switch (kafka_term_feed(&events->readers[message->partition], message)) {
    case TERM_HISTORY:
    case TERM_DELIVERS:
        return true;
    case TERM_JOINS:
        bench_fail("a command of the bench has several events", "");
    case TERM_REREAD:
    case TERM_FORGOTTEN:
        bench_fail("events are missing on the log", "");
    default:
        return false;
    }
}

int64_t bench_events_take(struct bench_events *events, int timeout_ms, size_t batch_max,
                          bench_event_taken *taken, void *context) {
    static rd_kafka_message_t *messages[BATCH_MAX];
    int64_t counted = 0;
    /* A batch is waited for until it is full: wait for one message alone. */
    ssize_t count = rd_kafka_consume_batch_queue(events->queue, timeout_ms, messages, 1);
    size_t more_max = (batch_max < BATCH_MAX ? batch_max : BATCH_MAX) - 1;
    if (count == 1 && more_max > 0) {
        ssize_t more = rd_kafka_consume_batch_queue(events->queue, 0, messages + 1, more_max);
        count += more > 0 ? more : 0;
    }
    int64_t at_us = bench_now_us();
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR && counts(events, messages[i])) {
            taken(context, messages[i], at_us);
            counted++;
        }
        rd_kafka_message_destroy(messages[i]);
    }
    return counted;
}

void bench_event_expect(const rd_kafka_message_t *message, enum event_kind kind) {
    static const size_t prefix_size = 5;
    const uint8_t *octets = message->payload;
    if (message->len < prefix_size) {
        bench_fail("an event without a schema", "");
    }
    uint32_t id = (uint32_t)octets[1] << 24 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 8 |
                  octets[4];
    if (id != codec_event_schema_id(kind)) {
        const struct codec_schema *schema = codec_schema_by_id(id);
        bench_fail("another event than asked for", schema != NULL ? schema->record : "?");
    }
}
