/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the whole command log again, with the core alone, and compares: each partition of
 * seatlog.events must be, byte for byte, what its commands lead to, once and in order. A command
 * that is missing, doubled or out of order, a gap in seq and a broken chain all show as a
 * difference. Waits until all commands are decided.
 *
 *   chaos_check --kafka.bootstrap.servers=… [--patience_s=60]
 */
#include "reservation/reservation_core.h"
#include "runtime/config.h"
#include "runtime/error.h"
#include "runtime/identity.h"
#include "runtime/kafka.h"
#include "runtime/log.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (UUID_TEXT_SIZE - 1)

static const struct config_option options[] = {
    {"partitions", CONFIG_INTEGER, "6", 1, 10000, "partitions of the topics"},
    {"patience_s", CONFIG_INTEGER, "60", 1, 3600, "how long to wait for the next record"},
    {0},
};

struct check {
    rd_kafka_t *consumer;
    rd_kafka_topic_t *commands;
    rd_kafka_topic_t *events;
    int32_t partitions;
    int64_t patience_ms;
    struct codec *codec;
    struct arena arena;
    struct reservation_core *core;
    struct reservation_effects *effects;
    int64_t commands_checked;
    int64_t events_checked;
    int64_t differences;
};

static void *heap_allocate(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void heap_release(void *context, void *memory, size_t size) {
    (void)context, (void)size;
    free(memory);
}

static const struct reservation_allocator heap = {heap_allocate, heap_release, NULL};

/* The next record, or NULL when there is none for too long. */
static rd_kafka_message_t *next(struct check *check, rd_kafka_topic_t *topic, int32_t partition) {
    int64_t deadline_ms = clock_monotonic_ms() + check->patience_ms;
    while (clock_monotonic_ms() < deadline_ms) {
        rd_kafka_message_t *message = rd_kafka_consume(topic, partition, 200);
        if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return message;
        }
        if (message != NULL) {
            rd_kafka_message_destroy(message);
        }
    }
    return NULL;
}

static void differ(struct check *check, int32_t partition, int64_t command_offset,
                   int64_t event_offset, const char *what) {
    if (check->differences++ < 20) {
        printf("partition %d, command %" PRId64 ", event at %" PRId64 ": %s\n", partition,
               command_offset, event_offset, what);
    }
}

static void decide(struct check *check, const rd_kafka_message_t *message) {
    struct command command;
    struct text reason;
    rd_kafka_timestamp_type_t type;
    struct octets value = {message->payload, message->len};
    struct reservation_record record = {
        .command = &command,
        .broker_timestamp_ms = rd_kafka_message_timestamp(message, &type),
        .offset = message->offset,
    };
    octets_hash(value, &record.command_hash);
    arena_reset(&check->arena);
    if (!codec_command_decode(check->codec, &check->arena, value, &command, &reason)) {
        struct uuid show_id = {{0}};
        uuid_parse(message->key, message->key_len, &show_id);
        reservation_core_undecodable(check->core, &show_id, record.broker_timestamp_ms,
                                     record.offset, &record.command_hash, reason, check->effects);
    } else if (kafka_partition_of(message->key, message->key_len, check->partitions) !=
               message->partition) {
        reservation_core_rejected(check->core, &record, REJECTION_REASON_WRONG_PARTITION,
                                  check->effects);
    } else {
        reservation_core_step(check->core, &record, check->effects);
    }
}

static void event_compare(struct check *check, const rd_kafka_message_t *command,
                          const struct event *expected, struct hash *chain) {
    struct octets wire = expected->as.head.seq != 0
                             ? codec_event_encode_sealed(check->codec, expected, chain, chain)
                             : codec_event_encode(check->codec, expected);
    char key[UUID_TEXT_SIZE];
    uuid_format(&expected->as.head.show_id, key);
    rd_kafka_message_t *event = next(check, check->events, command->partition);
    if (event == NULL) {
        differ(check, command->partition, command->offset, -1, "its event is missing");
        return;
    }
    if (event->key_len != KEY_SIZE || memcmp(event->key, key, KEY_SIZE) != 0) {
        differ(check, command->partition, command->offset, event->offset, "another key");
    }
    if (event->len != wire.size || memcmp(event->payload, wire.data, wire.size) != 0) {
        differ(check, command->partition, command->offset, event->offset, "another value");
    }
    check->events_checked++;
    rd_kafka_message_destroy(event);
}

static void command_check(struct check *check, const rd_kafka_message_t *message) {
    struct hash chain = {{0}};
    decide(check, message);
    if (check->effects->show != NULL) {
        chain = reservation_core_chain_get(check->core, check->effects->show);
    }
    for (size_t i = 0; i < check->effects->count; i++) {
        event_compare(check, message, &check->effects->events[i], &chain);
    }
    if (check->effects->show != NULL) {
        reservation_core_chain_set(check->core, check->effects->show, &chain);
    }
    check->commands_checked++;
}

/* What follows must belong to commands written since. */
static void rest_check(struct check *check, int32_t partition, int64_t high) {
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consume(check->events, partition, 500)) != NULL) {
        struct event event;
        struct text reason;
        arena_reset(&check->arena);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            (!codec_event_decode(check->codec, &check->arena,
                                 (struct octets){message->payload, message->len}, &event,
                                 &reason) ||
             event.as.head.command_offset < high)) {
            differ(check, partition, -1, message->offset, "an event too many");
        }
        rd_kafka_message_destroy(message);
    }
}

static void partition_check(struct check *check, int32_t partition) {
    int64_t low = 0;
    int64_t high = 0;
    if (kafka_watermarks_query(check->consumer, TOPIC_COMMANDS, partition, &low, &high, 10000) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("the commands' watermarks are not to be had");
    }
    check->core = reservation_core_new(&heap);
    rd_kafka_consume_start(check->commands, partition, 0);
    rd_kafka_consume_start(check->events, partition, 0);
    for (int64_t offset = low; offset < high && check->differences < 20;) {
        rd_kafka_message_t *command = next(check, check->commands, partition);
        if (command == NULL) {
            differ(check, partition, offset, -1, "the command can not be read");
            break;
        }
        offset = command->offset + 1;
        command_check(check, command);
        rd_kafka_message_destroy(command);
    }
    if (check->differences == 0) {
        rest_check(check, partition, high);
    }
    rd_kafka_consume_stop(check->commands, partition);
    rd_kafka_consume_stop(check->events, partition);
    reservation_core_free(check->core);
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "chaos_check: %s\n", error.message);
        return 2;
    }
    log_init("chaos_check", LOG_LEVEL_ERROR);
    char message[ERROR_MESSAGE_SIZE];
    struct check check = {
        .partitions = (int32_t)config_integer(config, "partitions"),
        .patience_ms = config_integer(config, "patience_s") * 1000,
        .codec = codec_new(),
        .effects = reservation_effects_new(&heap),
        .consumer = rd_kafka_new(RD_KAFKA_CONSUMER, kafka_conf_new(config, KAFKA_CONSUMER), message,
                                 sizeof message),
    };
    if (check.consumer == NULL) {
        die("consumer: %s", message);
    }
    check.commands = rd_kafka_topic_new(check.consumer, TOPIC_COMMANDS, NULL);
    check.events = rd_kafka_topic_new(check.consumer, TOPIC_EVENTS, NULL);
    for (int32_t i = 0; i < check.partitions; i++) {
        partition_check(&check, i);
    }
    printf("check: %" PRId64 " commands, %" PRId64 " events, %" PRId64 " differences\n",
           check.commands_checked, check.events_checked, check.differences);
    rd_kafka_topic_destroy(check.commands);
    rd_kafka_topic_destroy(check.events);
    rd_kafka_destroy(check.consumer);
    reservation_effects_free(check.effects);
    codec_free(check.codec);
    arena_deinit(&check.arena);
    config_free(config);
    return check.differences == 0 && check.commands_checked > 0 ? 0 : 1;
}
