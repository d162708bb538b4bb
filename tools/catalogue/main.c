/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-catalogue: puts the demo's shows on sale, as CreateShow commands of an organizer.
 *
 * Prints the id of each show, one a line, once all are on the log. The same call again sends the
 * same commands, which the decider notes and does not do twice. Shows that have begun are left out.
 * Exit status: 0 all are on the log, 1 not all, 2 bad configuration. */
#include "tools/catalogue/show.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/producer.h"
#include "runtime/loop/daemon.h"
#include "seatlog_codec.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SHOWS_MAX = 30000,
    DAYS_MAX = 3650,
    FULL_WAIT_MS = 5,
    DRAIN_MS_MAX = 60000,
    LEAD_MS = 10 * 60 * 1000, /* nobody buys a ticket for a show that begins right now */
};

static const struct config_option options[] = {
    {"data_folder", CONFIG_TEXT, NULL, 0, 0, "folder of movies.csv, cities.csv and titles.csv"},
    {"owner_id", CONFIG_TEXT, NULL, 0, 0, "user id of the organizer whose shows they are"},
    {"first_day", CONFIG_TEXT, NULL, 0, 0, "YYYY-MM-DD; shows begin on the day after"},
    {"days", CONFIG_INTEGER, "90", 2, DAYS_MAX, "how far ahead shows are"},
    {"first_show", CONFIG_INTEGER, "0", 0, SHOWS_MAX, "shows before this number are left out"},
    {"shows", CONFIG_INTEGER, "3000", 0, SHOWS_MAX, "number of the first show that is left out"},
    {0},
};

static atomic_int persisted_count;
static atomic_int lost_count;

static void on_report(void *context, const struct producer_report *report) {
    (void)context;
    atomic_fetch_add(report->outcome == PRODUCER_PERSISTED ? &persisted_count : &lost_count, 1);
}

static int64_t day_parse(const char *text) {
    struct tm date = {0};
    const char *end = strptime(text, "%Y-%m-%d", &date);
    if (end == NULL || *end != '\0') {
        fprintf(stderr, "seatlog-catalogue: first_day: %s is not YYYY-MM-DD\n", text);
        exit(2);
    }
    return (int64_t)timegm(&date) / 86400;
}

/* Queues one command, waiting while the queue is full. */
static bool command_send(struct producer *producer, struct codec *codec,
                         const struct command *command) {
    char key[UUID_TEXT_SIZE];
    struct error error = {0};
    struct kafka_envelope envelope = {
        .type = "seatlog.commands.CreateShow",
        .source = "seatlog-catalogue",
        .id = command->as.head.command_id,
        .command_id = command->as.head.command_id,
    };
    uuid_format(&command->as.head.show_id, key);
    traceparent_new(envelope.traceparent);
    struct producer_record record = {
        .topic = TOPIC_COMMANDS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = {(const uint8_t *)key, strlen(key)},
        .value = codec_command_encode(codec, command),
        .envelope = &envelope,
        .show_id = command->as.head.show_id,
    };
    int64_t until_ms = clock_monotonic_ms() + DRAIN_MS_MAX;
    while (!producer_send(producer, &record, on_report, NULL, &error)) {
        if (error.action != ERROR_RETRY || clock_monotonic_ms() > until_ms) {
            fprintf(stderr, "seatlog-catalogue: %s\n", error.message);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = FULL_WAIT_MS * 1000000L}, NULL);
    }
    return true;
}

/* Sends the shows and prints their ids; returns how many, or -1. */
static int shows_send(struct producer *producer, const struct config *config,
                      struct catalogue *catalogue, const struct uuid *owner_id) {
    int sent = 0;
    const uint32_t first = (uint32_t)config_integer(config, "first_show");
    const uint32_t end = (uint32_t)config_integer(config, "shows");
    struct codec *codec = codec_new();
    struct arena arena;
    arena_init(&arena);
    while (catalogue->number < end && sent >= 0) {
        struct catalogue_plan plan;
        const bool wanted = catalogue->number >= first;
        struct command command = {.kind = COMMAND_CREATE_SHOW};
        arena_reset(&arena);
        catalogue_next(catalogue, &arena, &plan, &command.as.create_show);
        command.as.create_show.owner_id = *owner_id;
        command.as.head.command_id = uuid_random();
        if (wanted && command.as.create_show.show.starts_at > clock_now_ms() + LEAD_MS) {
            char id[UUID_TEXT_SIZE];
            puts(uuid_format(&command.as.head.show_id, id));
            sent = command_send(producer, codec, &command) ? sent + 1 : -1;
        }
    }
    arena_deinit(&arena);
    codec_free(codec);
    return sent;
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct uuid owner_id;
    struct catalogue catalogue;
    log_init("catalogue", LOG_LEVEL_WARNING);
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "seatlog-catalogue: %s\n", error.message);
        return 2;
    }
    const char *owner = config_text(config, "owner_id");
    if (!uuid_parse(owner, strlen(owner), &owner_id)) {
        fprintf(stderr, "seatlog-catalogue: owner_id: %s is not a UUID\n", owner);
        return 2;
    }
    catalogue_init(&catalogue, config_text(config, "data_folder"),
                   day_parse(config_text(config, "first_day")),
                   (int32_t)config_integer(config, "days"));
    struct producer *producer = producer_new(config, "seatlog-catalogue");
    int sent = shows_send(producer, config, &catalogue, &owner_id);
    producer_free(producer, DRAIN_MS_MAX);
    catalogue_deinit(&catalogue);
    config_free(config);
    fprintf(stderr, "seatlog-catalogue: %d shows sent, %d on the log\n", sent < 0 ? 0 : sent,
            atomic_load(&persisted_count));
    return sent >= 0 && atomic_load(&persisted_count) == sent ? 0 : 1;
}
