/* SPDX-License-Identifier: Apache-2.0 */
/* show ID: the story of one show, a sentence an event. */

#include "replay/commands/show.h"

#include "replay/log/counted.h"
#include "replay/verify/model.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/present/present_event.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A show's story under way. */
struct story {
    const struct replay_context *context;
    char key[UUID_TEXT_SIZE];
    int64_t until_ms;
    struct codec *codec;
    struct arena plan; /* of created */
    struct arena arena;
    struct event created;
    bool known;
    struct replay_model *model;
    uint64_t events;
};

/* "2026-11-24T06:50:00Z", or with milliseconds, or milliseconds since the epoch. */
static bool moment_read(const char *text, int64_t *out_ms) {
    struct time_said said = time_parse(text);
    if (said.form != TIME_IS_NONE) {
        *out_ms = said.at_ms;
        return said.form == TIME_IS_UTC || said.form == TIME_IS_OFFSET;
    }
    char *end;
    *out_ms = strtoll(text, &end, 10);
    return *text != '\0' && *end == '\0';
}

static void event_print(const struct event *event, const struct event_show_created *show) {
    struct buffer line = {0};
    char at[TIME_TEXT_SIZE];
    time_format_spaced(event->as.head.at, at);
    present_event(&line, event, show);
    printf("%.*s  %4" PRId64 "  %s\n", TIME_SPACED_SIZE, at, event->as.head.seq, line.data);
    buffer_deinit(&line);
}

/* false: the story ends here. */
static bool record_take(struct story *story, const struct replay_record *record) {
    struct event event;
    struct text reason;
    if (record->key.size != sizeof story->key - 1 ||
        memcmp(record->key.data, story->key, record->key.size) != 0) {
        return true;
    }
    arena_reset(&story->arena);
    if (!codec_event_decode(story->codec, &story->arena, record->value, &event, &reason)) {
        printf("offset %" PRId64 " cannot be decoded: %.*s\n", record->offset, (int)reason.size,
               reason.data);
        return true;
    }
    if (event.as.head.at > story->until_ms) {
        return false;
    }
    if (event.kind == EVENT_SHOW_CREATED && !story->known) {
        story->known =
            codec_event_decode(story->codec, &story->plan, record->value, &story->created, &reason);
    }
    event_print(&event, story->known ? &story->created.as.show_created : NULL);
    struct buffer finding = {0};
    if (!replay_model_take(story->model, &event, record->value, &finding)) {
        printf("                               !!    %s\n", finding.data);
    }
    buffer_deinit(&finding);
    story->events++;
    return true;
}

static bool story_read(struct story *story, struct error *error) {
    int32_t count = replay_log_partitions(story->context->log, TOPIC_EVENTS, error);
    if (count < 0) {
        return false;
    }
    const struct term_position beginning = term_position_of_beginning();
    struct replay_counted *counted = replay_counted_new(
        story->context->log, kafka_partition_of(story->key, sizeof story->key - 1, count),
        &beginning, NULL, error);
    if (counted == NULL) {
        return false;
    }
    struct replay_record record;
    enum replay_read read;
    do {
        read = replay_counted_next(counted, &record, error);
    } while (read == REPLAY_READ_RECORD && record_take(story, &record));
    replay_counted_free(counted);
    return read != REPLAY_READ_FAILED;
}

static int story_close(const struct story *story) {
    struct replay_model_counts counts;
    replay_model_count(story->model, &counts);
    if (story->events == 0) {
        printf("show: %s is not on the log%s\n", story->key,
               story->until_ms != INT64_MAX ? " by then" : "");
        return 1;
    }
    printf("show: events %" PRIu64 ", places sold %" PRIu64 ", held or being paid %" PRIu64 "\n",
           story->events, counts.places_sold, counts.places_held);
    return 0;
}

int replay_show(const struct replay_context *context) {
    struct story story = {.context = context, .until_ms = INT64_MAX};
    struct uuid show_id;
    const char *at = config_text(context->config, "at");
    if (context->argument == NULL ||
        !uuid_parse(context->argument, strlen(context->argument), &show_id) ||
        (*at != '\0' && !moment_read(at, &story.until_ms))) {
        fputs("usage: seatlog-replay show EVENT_ID [--at=2026-11-24T06:50:00Z]\n", stderr);
        return 2;
    }
    struct error error;
    uuid_format(&show_id, story.key);
    story.codec = codec_new();
    story.model = replay_model_new();
    bool read = story_read(&story, &error);
    int status = read ? story_close(&story) : 2;
    if (!read) {
        fprintf(stderr, "%s\n", error.message);
    }
    replay_model_free(story.model);
    codec_free(story.codec);
    arena_deinit(&story.arena);
    arena_deinit(&story.plan);
    return status;
}
