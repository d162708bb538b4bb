/* SPDX-License-Identifier: Apache-2.0 */
/* The log from Kafka or from a folder of segments, read alike. */
#include "replay/log/log.h"

#include "replay/log/segment.h"
#include "runtime/base/buffer.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 10000
#define SILENCE_TIMEOUT_MS 30000
#define POLL_MS 1000
#define SETTLE_TIMEOUT_MS 15000
#define SETTLE_PAUSE_MS 20
#define WIRE_PREFIX_SIZE 5 /* a zero, the schema id */

struct replay_log {
    const struct config *config; /* Kafka */
    rd_kafka_t *client;
    char *directory; /* or segments */
};

struct replay_reader {
    char *topic;
    int32_t partition;
    int64_t end;
    /* Kafka */
    rd_kafka_t *consumer;
    rd_kafka_message_t *message;
    struct buffer label; /* of the message */
    int64_t next_offset;
    int64_t mark_offset;
    /* segments */
    FILE *file;
    struct segment_buffer buffer;
    long mark;
};

/* A client of a group of its own name that never joins: it only assigns. isolation: NULL, or what to
 * see of transactions instead of what is committed. */
static rd_kafka_t *consumer_new(const struct config *config, const char *group,
                                const char *isolation, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", group);
    kafka_conf_set(conf, "client.id", "seatlog-replay");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "queued.min.messages", "100000");
    kafka_conf_set(conf, "queued.max.messages.kbytes", "65536");
    kafka_conf_set(conf, "fetch.message.max.bytes", "8388608");
    if (isolation != NULL) {
        kafka_conf_set(conf, "isolation.level", isolation);
    }
    return kafka_consumer_new(conf, error);
}

struct replay_log *replay_log_open_kafka(const struct config *config, struct error *error) {
    rd_kafka_t *client = consumer_new(config, "seatlog-replay", NULL, error);
    if (client == NULL) {
        return NULL;
    }
    struct replay_log *log = allocate_zeroed(1, sizeof *log);
    log->config = config;
    log->client = client;
    return log;
}

struct replay_log *replay_log_open_directory(const char *path, struct error *error) {
    if (access(path, R_OK | X_OK) != 0) {
        error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct replay_log *log = allocate_zeroed(1, sizeof *log);
    log->directory = text_duplicate(path);
    return log;
}

void replay_log_close(struct replay_log *log) {
    if (log == NULL) {
        return;
    }
    if (log->client != NULL) {
        rd_kafka_destroy(log->client);
    }
    free(log->directory);
    free(log);
}

static int32_t segments_count(const struct replay_log *log, const char *topic) {
    int32_t count = 0;
    for (;; count++) {
        char *path = segment_path(log->directory, topic, count);
        bool exists = access(path, R_OK) == 0;
        free(path);
        if (!exists) {
            return count;
        }
    }
}

int32_t replay_log_partitions(struct replay_log *log, const char *topic, struct error *error) {
    int32_t count = 0;
    if (log->directory != NULL) {
        count = segments_count(log, topic);
        if (count == 0) {
            error_set(error, ERROR_DIE, "%s has no segments of %s", log->directory, topic);
            return -1;
        }
        return count;
    }
    if (!kafka_topic_check(log->client, topic, 0, false, &count, error)) {
        return -1;
    }
    return count;
}

bool replay_log_committed(struct replay_log *log, const char *group, const char *topic,
                          int32_t partition, struct replay_committed *out, struct error *error) {
    *out = (struct replay_committed){.offset = -1};
    if (log->directory != NULL) {
        return true;
    }
    rd_kafka_t *client = consumer_new(log->config, group, NULL, error);
    if (client == NULL) {
        return false;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t *asked =
        rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(client, list, ANSWER_TIMEOUT_MS);
    code = code == RD_KAFKA_RESP_ERR_NO_ERROR ? asked->err : code;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && asked->offset >= 0) {
        out->offset = asked->offset;
        snprintf(out->metadata, sizeof out->metadata, "%.*s", (int)asked->metadata_size,
                 asked->metadata != NULL ? (const char *)asked->metadata : "");
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, ERROR_RETRY, "the committed offset of %s: %s", group,
                         rd_kafka_err2str(code));
    }
    return true;
}

void replay_log_settle(struct replay_log *log, const char *topic, int32_t partition) {
    struct error error;
    int64_t written = 0;
    int64_t seen = 0;
    rd_kafka_t *client = log->directory != NULL ? NULL
                                                : consumer_new(log->config, "seatlog-replay",
                                                               "read_uncommitted", &error);
    if (client == NULL) {
        return;
    }
    kafka_watermarks_query(client, topic, partition, NULL, &written, ANSWER_TIMEOUT_MS);
    rd_kafka_destroy(client);
    for (int waited_ms = 0; waited_ms < SETTLE_TIMEOUT_MS; waited_ms += SETTLE_PAUSE_MS) {
        if (kafka_watermarks_query(log->client, topic, partition, NULL, &seen, ANSWER_TIMEOUT_MS) !=
                RD_KAFKA_RESP_ERR_NO_ERROR ||
            seen >= written) {
            return;
        }
        usleep(SETTLE_PAUSE_MS * 1000);
    }
}

static bool reader_open_segment(struct replay_reader *reader, const struct replay_log *log,
                                struct error *error) {
    char *path = segment_path(log->directory, reader->topic, reader->partition);
    reader->file = fopen(path, "rb");
    if (reader->file == NULL) {
        error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
    }
    free(path);
    return reader->file != NULL && segment_open(reader->file, &reader->buffer, error);
}

/* From an offset on, whatever was read before. */
static bool reader_assign(struct replay_reader *reader, int64_t offset, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, reader->topic, reader->partition)->offset = offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_DIE, "reading %s %d: %s", reader->topic, (int)reader->partition,
                     rd_kafka_err2str(code));
}

static bool reader_open_kafka(struct replay_reader *reader, const struct replay_log *log,
                              struct error *error) {
    reader->consumer = consumer_new(log->config, "seatlog-replay", NULL, error);
    if (reader->consumer == NULL) {
        return false;
    }
    rd_kafka_resp_err_t code = kafka_watermarks_query(
        reader->consumer, reader->topic, reader->partition, NULL, &reader->end, ANSWER_TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, ERROR_RETRY, "the end of %s %d: %s", reader->topic,
                         (int)reader->partition, rd_kafka_err2str(code));
    }
    reader->next_offset = RD_KAFKA_OFFSET_BEGINNING;
    return reader_assign(reader, RD_KAFKA_OFFSET_BEGINNING, error);
}

struct replay_reader *replay_reader_new(struct replay_log *log, const char *topic,
                                        int32_t partition, struct error *error) {
    struct replay_reader *reader = allocate_zeroed(1, sizeof *reader);
    reader->topic = text_duplicate(topic);
    reader->partition = partition;
    bool opened = log->directory != NULL ? reader_open_segment(reader, log, error)
                                         : reader_open_kafka(reader, log, error);
    if (!opened) {
        replay_reader_free(reader);
        return NULL;
    }
    replay_reader_mark(reader);
    return reader;
}

void replay_reader_free(struct replay_reader *reader) {
    if (reader == NULL) {
        return;
    }
    if (reader->message != NULL) {
        rd_kafka_message_destroy(reader->message);
    }
    if (reader->consumer != NULL) {
        rd_kafka_consumer_close(reader->consumer);
        rd_kafka_destroy(reader->consumer);
    }
    if (reader->file != NULL) {
        fclose(reader->file);
    }
    free(reader->buffer.data);
    buffer_deinit(&reader->label);
    free(reader->topic);
    free(reader);
}

void replay_reader_mark(struct replay_reader *reader) {
    reader->mark_offset = reader->next_offset;
    reader->mark = reader->file != NULL ? ftell(reader->file) : 0;
}

bool replay_reader_return(struct replay_reader *reader, struct error *error) {
    if (reader->file == NULL) {
        reader->next_offset = reader->mark_offset;
        return reader_assign(reader, reader->mark_offset, error);
    }
    return fseek(reader->file, reader->mark, SEEK_SET) == 0 ||
           error_set(error, ERROR_DIE, "reading a segment again: %s", strerror(errno));
}

/* The next message or partition end; NULL and *error after a long silence or an error. */
static rd_kafka_message_t *message_wait(struct replay_reader *reader, struct error *error) {
    for (int waited_ms = 0; waited_ms < SILENCE_TIMEOUT_MS; waited_ms += POLL_MS) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->consumer, POLL_MS);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
            message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return message;
        }
        enum error_action action = kafka_error_action(message->err);
        error_set(error, action, "reading partition %d: %s", (int)reader->partition,
                  rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
        if (action != ERROR_RETRY) {
            return NULL;
        }
    }
    error_set(error, ERROR_RETRY, "partition %d: the brokers have been silent for %d s",
              (int)reader->partition, SILENCE_TIMEOUT_MS / 1000);
    return NULL;
}

/* A header's value may be NULL; then it is there, and is no label. */
static struct octets label_read(const rd_kafka_message_t *message, struct buffer *text) {
    rd_kafka_headers_t *headers = NULL;
    const void *value;
    size_t size;
    size_t count = 0;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct octets){0};
    }
    buffer_reset(text);
    while (rd_kafka_header_get(headers, count, TERM_HEADER, &value, &size) ==
           RD_KAFKA_RESP_ERR_NO_ERROR) {
        buffer_append(text, "\n", count++ > 0 ? 1 : 0);
        buffer_append(text, value != NULL ? value : "", size);
    }
    return count == 0 ? (struct octets){0}
                      : (struct octets){(const uint8_t *)text->data, text->size};
}

static enum replay_read kafka_next(struct replay_reader *reader, struct replay_record *record,
                                   struct error *error) {
    if (reader->message != NULL) {
        rd_kafka_message_destroy(reader->message);
    }
    reader->message = message_wait(reader, error);
    if (reader->message == NULL) {
        return REPLAY_READ_FAILED;
    }
    const rd_kafka_message_t *message = reader->message;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message->offset >= reader->end) {
        return REPLAY_READ_END;
    }
    rd_kafka_timestamp_type_t type;
    record->offset = message->offset;
    record->timestamp_ms = rd_kafka_message_timestamp(message, &type);
    record->key = (struct octets){message->key, message->key_len};
    record->value = (struct octets){message->payload, message->len};
    record->label = label_read(message, &reader->label);
    reader->next_offset = message->offset + 1;
    return REPLAY_READ_RECORD;
}

static bool is_claim(struct octets value) {
    uint32_t schema_id;
    if (value.size < WIRE_PREFIX_SIZE) {
        return false;
    }
    memcpy(&schema_id, value.data + 1, sizeof schema_id);
    return be32toh(schema_id) == codec_claim_record_schema_id(CLAIM_RECORD_CLAIMED);
}

/* Labels are not in a segment of version 1: from a claim on it does not say which events count. */
static enum replay_read old_segment_next(struct replay_reader *reader, struct replay_record *record,
                                         struct error *error) {
    enum replay_read read =
        segment_next(reader->file, &reader->buffer, record, &reader->end, error);
    if (read != REPLAY_READ_RECORD || !is_claim(record->value)) {
        return read;
    }
    error_set(error, ERROR_DIE,
              "the segment of %s, partition %d, is of version 1 and holds a claim (offset %" PRId64
              "): it does not say which events count from there on; export it with this version",
              reader->topic, (int)reader->partition, record->offset);
    return REPLAY_READ_FAILED;
}

enum replay_read replay_reader_next(struct replay_reader *reader, struct replay_record *record,
                                    struct error *error) {
    record->partition = reader->partition;
    if (reader->file != NULL) {
        return reader->buffer.version == 1
                   ? old_segment_next(reader, record, error)
                   : segment_next(reader->file, &reader->buffer, record, &reader->end, error);
    }
    if (reader->end == 0) {
        return REPLAY_READ_END;
    }
    return kafka_next(reader, record, error);
}

int64_t replay_reader_end(const struct replay_reader *reader) { return reader->end; }
