/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of messages, and the way to where a reader stands that has kept no term. */
#include "runtime/kafka/term.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <string.h>

#define COMMITTED_TIMEOUT_MS 10000
#define WATERMARKS_TIMEOUT_MS 10000
#define POLL_MS 100      /* how soon a cancelled skim is heard of */
#define SILENCE_MS 10000 /* without a record or an end: the cluster is away */

/* --- of a message --- */

struct term_label kafka_term_label(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_resp_err_t code = rd_kafka_message_headers(message, &headers);
    if (code == RD_KAFKA_RESP_ERR__NOENT) {
        return (struct term_label){.kind = TERM_LABEL_NONE};
    }
    const void *text = NULL, *again = NULL;
    size_t size = 0, again_size = 0;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get(headers, 0, TERM_HEADER, &text, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct term_label){.kind = TERM_LABEL_NONE};
    }
    if (text == NULL || rd_kafka_header_get(headers, 1, TERM_HEADER, &again, &again_size) ==
                            RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct term_label){.kind = TERM_LABEL_MALFORMED};
    }
    return term_label_parse(text, size);
}

enum term_verdict kafka_term_feed(struct term_reader *reader, const rd_kafka_message_t *message) {
    struct term_label label = kafka_term_label(message);
    int64_t history_cursor = 0;
    if (label.kind == TERM_LABEL_NONE && reader->position.term.offset == TERM_NONE) {
        struct octets wire = {.data = message->payload, .size = message->len};
        enum event_kind kind;
        struct event_head head;
        if (codec_event_head_decode(wire, &kind, &head)) {
            history_cursor = head.command_offset + 1;
        }
    }
    return term_reader_feed(reader, message->offset, &label, history_cursor);
}

/* --- what the deciders have committed --- */

static bool kafka_failed(struct error *error, const char *what, int32_t partition,
                         rd_kafka_resp_err_t code) {
    return error_set(error, kafka_error_action(code) == ERROR_DIE ? ERROR_DIE : ERROR_RETRY,
                     "%s, partition %d: %s", what, (int)partition, rd_kafka_err2str(code));
}

/* In the name of the deciders, of whose group it never becomes a member. */
static rd_kafka_t *client_new(const struct config *config, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", KAFKA_DECIDERS_GROUP);
    kafka_conf_set(conf, "isolation.level", "read_committed");
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "auto.offset.reset", "error");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "fetch.message.max.bytes", "16777216");
    kafka_conf_default(conf, config, "client.id", "seatlog-skim");
    return kafka_consumer_new(conf, error);
}

static void client_free(rd_kafka_t *client) {
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static bool committed_read(rd_kafka_t *client, int32_t partition, struct term_position *out,
                           int64_t *commands_offset, struct error *error) {
    *out = term_position_of_beginning();
    *commands_offset = -1;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t *asked =
        rd_kafka_topic_partition_list_add(list, TOPIC_COMMANDS, partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(client, list, COMMITTED_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = asked->err;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && asked->offset >= 0) {
        *commands_offset = asked->offset;
        if (!term_position_parse(asked->metadata != NULL ? asked->metadata : "",
                                 asked->metadata_size, out)) {
            *out = term_position_of_beginning();
            log_warning("the deciders' offset does not say where on the events it is",
                        LOG_INTEGER("partition", partition));
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_failed(error, "offset of " KAFKA_DECIDERS_GROUP, partition, code);
}

bool kafka_term_committed(const struct config *config, int32_t partition, struct term_position *out,
                          int64_t *commands_offset, struct error *error) {
    rd_kafka_t *client = client_new(config, error);
    if (client == NULL) {
        return false;
    }
    bool good = committed_read(client, partition, out, commands_offset, error);
    client_free(client);
    return good;
}

/* --- the skim --- */

struct skim {
    rd_kafka_t *client;
    int32_t partition;
    int64_t begin; /* of the log */
    int64_t end;   /* where the reader is to stand */
    const atomic_bool *cancelled;
    struct term_reader *reader;
};

static bool assigned(const struct skim *skim, int64_t offset, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, TOPIC_EVENTS, skim->partition)->offset =
        offset > skim->begin ? offset : skim->begin;
    rd_kafka_resp_err_t code = rd_kafka_assign(skim->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_failed(error, "assignment of " TOPIC_EVENTS, skim->partition, code);
}

/* A record, or the news that there is none (PARTITION_EOF); the caller destroys it. NULL with
 * *error. */
static rd_kafka_message_t *next_take(const struct skim *skim, struct error *error) {
    int64_t until_ms = clock_monotonic_ms() + SILENCE_MS;
    while (clock_monotonic_ms() < until_ms) {
        if (skim->cancelled != NULL && atomic_load(skim->cancelled)) {
            error_set(error, ERROR_RETRY, "cancelled");
            return NULL;
        }
        rd_kafka_message_t *message = rd_kafka_consumer_poll(skim->client, POLL_MS);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
            message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return message;
        }
        rd_kafka_resp_err_t code = message->err;
        rd_kafka_message_destroy(message);
        if (kafka_error_action(code) != ERROR_RETRY) {
            kafka_failed(error, "reading " TOPIC_EVENTS, skim->partition, code);
            return NULL;
        }
    }
    error_set_outside(error, "reading " TOPIC_EVENTS ", partition %d: nothing comes",
                      (int)skim->partition);
    return NULL;
}

/* Whether a term's claim is where the term says: a log that has lost its tail uses offsets again.
 */
static bool claim_read(const struct skim *skim, const struct term *term, bool *there,
                       struct error *error) {
    *there = term->offset >= skim->begin && term->offset < skim->end;
    if (!*there) {
        return true;
    }
    rd_kafka_message_t *message =
        assigned(skim, term->offset, error) ? next_take(skim, error) : NULL;
    if (message == NULL) {
        return false;
    }
    *there = false;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct term_label label = kafka_term_label(message);
        *there = label.kind == TERM_LABEL_CLAIM && message->offset == term->offset &&
                 label.term.nonce == term->nonce;
    }
    rd_kafka_message_destroy(message);
    return true;
}

/* Where the deciders say, if that can be: else the beginning. */
static bool start_find(const struct skim *skim, struct term_position *start, struct error *error) {
    struct term_position said;
    int64_t commands_offset = -1;
    bool there = true;
    *start = term_position_of_beginning();
    if (!committed_read(skim->client, skim->partition, &said, &commands_offset, error)) {
        if (error->action == ERROR_RETRY) {
            return false;
        }
        log_warning("the deciders' offset may not be read: all events are",
                    LOG_INTEGER("partition", skim->partition), LOG_TEXT("reason", error->message));
        return true;
    }
    if (said.next_offset < skim->begin || said.next_offset > skim->end) {
        return true;
    }
    if (said.term.offset != TERM_NONE && !claim_read(skim, &said.term, &there, error)) {
        return false;
    }
    if (there) {
        *start = said;
    } else {
        log_error("the deciders' term is not on the log: all events are read",
                  LOG_INTEGER("partition", skim->partition),
                  LOG_INTEGER("claim", said.term.offset));
    }
    return true;
}

static bool record_judge(const struct skim *skim, const rd_kafka_message_t *message,
                         struct error *error) {
    switch (kafka_term_feed(skim->reader, message)) {
    case TERM_REREAD:
        return assigned(skim, skim->reader->position.next_offset, error);
    case TERM_FORGOTTEN:
        return error_set(error, ERROR_DIE,
                         "partition %d of " TOPIC_EVENTS " has forgotten records that counted: "
                         "offset %lld continues an earlier command than %lld",
                         (int)skim->partition, (long long)message->offset,
                         (long long)skim->reader->position.cursor);
    default:
        return true;
    }
}

static bool skim_run(const struct skim *skim, struct error *error) {
    struct term_position start;
    if (!start_find(skim, &start, error)) {
        return false;
    }
    term_reader_init(skim->reader, &start);
    int64_t seen = start.next_offset;
    bool good = seen >= skim->end || assigned(skim, seen, error);
    while (good && seen < skim->end) {
        rd_kafka_message_t *message = next_take(skim, error);
        if (message == NULL) {
            return false;
        }
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->offset >= skim->end) {
            seen = message->offset; /* nothing that was asked for is left before it */
            if (term_reader_end(skim->reader, seen < skim->end ? seen : skim->end)) {
                seen = skim->reader->next_offset;
                good = assigned(skim, seen, error);
            }
        } else {
            good = record_judge(skim, message, error);
            seen = skim->reader->next_offset;
        }
        rd_kafka_message_destroy(message);
    }
    if (skim->reader->next_offset < skim->end) {
        skim->reader->next_offset = skim->end; /* behind the last record, markers of transactions */
    }
    return good;
}

/* The ends of the log, and whether the wanted offset is between them. */
static bool range_find(struct skim *skim, int64_t offset, struct error *error) {
    int64_t end = 0;
    rd_kafka_resp_err_t code = kafka_watermarks_query(skim->client, TOPIC_EVENTS, skim->partition,
                                                      &skim->begin, &end, WATERMARKS_TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_failed(error, "ends of " TOPIC_EVENTS, skim->partition, code);
    }
    skim->end = offset == KAFKA_TERM_END ? end : offset;
    return (skim->end >= skim->begin && skim->end <= end) ||
           error_set(
               error, ERROR_DIE,
               "partition %d of " TOPIC_EVENTS " was read to offset %lld, but has %lld to %lld",
               (int)skim->partition, (long long)skim->end, (long long)skim->begin, (long long)end);
}

bool kafka_term_skim(const struct config *config, int32_t partition, int64_t offset,
                     const atomic_bool *cancelled, struct term_reader *reader,
                     struct error *error) {
    struct skim skim = {.partition = partition, .cancelled = cancelled, .reader = reader};
    skim.client = client_new(config, error);
    if (skim.client == NULL) {
        return false;
    }
    bool good = range_find(&skim, offset, error) && skim_run(&skim, error);
    client_free(skim.client);
    if (good) { /* what was stale on the way was counted by those who read it */
        memset(reader->stale, 0, sizeof reader->stale);
    }
    return good;
}
