/* SPDX-License-Identifier: Apache-2.0 */
/* export and import: the log as files, and back. */
#include "replay/commands/segments.h"

#include "replay/log/segment.h"
#include "runtime/base/buffer.h"
#include "runtime/kafka/kafka.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What follows from something is copied before it, for the log goes on meanwhile: each event's
 * command must be there, and the events that a snapshot includes.
 */
static const char *const topics[] = {TOPIC_SNAPSHOTS, TOPIC_TICKETS,  TOPIC_DEAD_LETTERS,
                                     TOPIC_EVENTS,    TOPIC_COMMANDS, NULL};

static bool folder_make(const char *path, struct error *error) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
    }
    return true;
}

static bool topic_folder_make(const char *directory, const char *topic, struct error *error) {
    struct buffer path = {0};
    buffer_append_format(&path, "%s/%s", directory, topic);
    bool made = folder_make(directory, error) && folder_make(path.data, error);
    buffer_deinit(&path);
    return made;
}

/* Puts what was written in place of what was there, in one step. */
static bool segment_replace(FILE *file, const char *temporary, const char *path, bool written,
                            struct error *error) {
    bool closed = fflush(file) == 0 && fsync(fileno(file)) == 0;
    closed = fclose(file) == 0 && closed;
    if (written && (!closed || rename(temporary, path) != 0)) {
        written = error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
    }
    if (!written) {
        unlink(temporary);
    }
    return written;
}

static bool parts_equal(struct octets a, struct octets b) {
    return a.size == b.size && (a.data == NULL) == (b.data == NULL) &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool records_equal(const struct replay_record *a, const struct replay_record *b) {
    return a->offset == b->offset && a->timestamp_ms == b->timestamp_ms &&
           parts_equal(a->key, b->key) && parts_equal(a->value, b->value) &&
           parts_equal(a->label, b->label);
}

/*
 * Copies what the reader gives into a new segment at path. previous (may be NULL) is the segment
 * that stood there: its records must come first, to the byte; else history was rewritten in
 * between.
 */
static bool records_copy(struct replay_reader *reader, struct replay_reader *previous, FILE *file,
                         uint64_t *copied, struct error *error) {
    struct replay_record record;
    struct replay_record before;
    enum replay_read read;
    enum replay_read earlier = previous != NULL ? REPLAY_READ_RECORD : REPLAY_READ_END;
    while ((read = replay_reader_next(reader, &record, error)) == REPLAY_READ_RECORD) {
        if (earlier == REPLAY_READ_RECORD) {
            earlier = replay_reader_next(previous, &before, error);
        }
        if (earlier == REPLAY_READ_FAILED) {
            return false;
        }
        if (earlier == REPLAY_READ_RECORD && !records_equal(&before, &record)) {
            return error_set(error, ERROR_PARK,
                             "history was rewritten: offset %" PRId64
                             " is not what it was when it was exported before",
                             before.offset);
        }
        if (!segment_append(file, &record, error)) {
            return false;
        }
        ++*copied;
    }
    if (read == REPLAY_READ_END && earlier == REPLAY_READ_RECORD &&
        replay_reader_next(previous, &before, error) == REPLAY_READ_RECORD) {
        return error_set(error, ERROR_PARK,
                         "history was cut: offset %" PRId64 " was exported before and is gone",
                         before.offset);
    }
    return read == REPLAY_READ_END && segment_end(file, replay_reader_end(reader), error);
}

static bool partition_copy(struct replay_log *from, const char *directory, const char *topic,
                           int32_t partition, bool continues, uint64_t *copied,
                           struct error *error) {
    char *path = segment_path(directory, topic, partition);
    struct buffer temporary = {0};
    buffer_append_format(&temporary, "%s.new", path);
    struct replay_log *there = NULL;
    struct replay_reader *previous = NULL;
    struct replay_reader *reader = replay_reader_new(from, topic, partition, error);
    bool done = reader != NULL;
    if (done && continues && access(path, F_OK) == 0) {
        there = replay_log_open_directory(directory, error);
        previous = there != NULL ? replay_reader_new(there, topic, partition, error) : NULL;
        done = previous != NULL;
    }
    FILE *file = done ? fopen(temporary.data, "wb") : NULL;
    if (done && file == NULL) {
        done = error_set(error, ERROR_DIE, "%s: %s", temporary.data, strerror(errno));
    }
    if (file != NULL) {
        done = segment_begin(file, error) && records_copy(reader, previous, file, copied, error);
        done = segment_replace(file, temporary.data, path, done, error);
    }
    replay_reader_free(previous);
    replay_log_close(there);
    replay_reader_free(reader);
    buffer_deinit(&temporary);
    free(path);
    return done;
}

/* The compacted topic loses old records by its nature: it is taken as it is. */
static bool topic_copy(struct replay_log *from, const char *directory, const char *topic,
                       uint64_t *copied, struct error *error) {
    int32_t count = replay_log_partitions(from, topic, error);
    bool continues = strcmp(topic, TOPIC_SNAPSHOTS) != 0;
    bool done = count >= 0 && topic_folder_make(directory, topic, error);
    for (int32_t i = 0; done && i < count; i++) {
        done = partition_copy(from, directory, topic, i, continues, copied, error);
    }
    return done;
}

static int copy_all(struct replay_log *from, const char *directory, const char *verb) {
    struct error error;
    uint64_t copied = 0;
    for (size_t i = 0; topics[i] != NULL; i++) {
        if (!topic_copy(from, directory, topics[i], &copied, &error)) {
            printf("%s: failed at %s: %s\n", verb, topics[i], error.message);
            return error.action == ERROR_PARK ? 1 : 2;
        }
    }
    printf("%s: ok, records %" PRIu64 " in %s\n", verb, copied, directory);
    return 0;
}

int replay_export(const struct replay_context *context) {
    if (context->argument == NULL) {
        fputs("usage: seatlog-replay export FOLDER\n", stderr);
        return 2;
    }
    return copy_all(context->log, context->argument, "export");
}

int replay_import(const struct replay_context *context) {
    const char *into = config_text(context->config, "into");
    if (context->argument == NULL || *into == '\0') {
        fputs("usage: seatlog-replay import FOLDER --into=ARCHIVE\n", stderr);
        return 2;
    }
    struct error error;
    struct replay_log *from = replay_log_open_directory(context->argument, &error);
    if (from == NULL) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    int status = copy_all(from, into, "import");
    replay_log_close(from);
    return status;
}
