/* SPDX-License-Identifier: Apache-2.0 */
/* Letters read from the topic and from PostgreSQL. */
#include "tools/dead-letters/letters.h"

#include "runtime/kafka/kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METADATA_TIMEOUT_MS = 10000, READ_TIMEOUT_MS = 20000, PARTITIONS_MAX = 10000 };

static rd_kafka_t *reader_new(const struct config *config, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", "seatlog-dead-letters"); /* never joined */
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "auto.offset.reset", "error");
    return kafka_consumer_new(conf, error);
}

static bool reader_assign(rd_kafka_t *reader, const char *topic, int32_t first, int32_t count,
                          int64_t offset, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, topic, first + i)->offset = offset;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_DIE, "%s: %s", topic, rd_kafka_err2str(code));
}

static void reader_free(rd_kafka_t *reader) {
    if (reader != NULL) {
        rd_kafka_consumer_close(reader);
        rd_kafka_destroy(reader);
    }
}

/* The next message, or the end of a partition; NULL with *error. */
static rd_kafka_message_t *reader_next(rd_kafka_t *reader, struct error *error) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, READ_TIMEOUT_MS);
    if (message == NULL) {
        error_set(error, ERROR_DIE, "Kafka has not answered within %d s", READ_TIMEOUT_MS / 1000);
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
               message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        error_set(error, ERROR_DIE, "Kafka: %s", rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
        message = NULL;
    }
    return message;
}

static int32_t partitions_of(rd_kafka_t *reader, const char *name, struct error *error) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(reader, name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(reader, 0, topic, &metadata, METADATA_TIMEOUT_MS);
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(error, ERROR_DIE, "Kafka: %s", rd_kafka_err2str(code));
        return -1;
    }
    int32_t count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (count <= 0 || count > PARTITIONS_MAX) {
        error_set(error, ERROR_DIE, "there is no topic %s", name);
        return -1;
    }
    return count;
}

static bool text_same(struct text left, struct text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

/* A letter of the same record, which this one replaces; or a new place. */
static struct letter *letter_place(struct letters *letters, const struct dead_letter *record) {
    for (size_t i = 0; i < letters->count; i++) {
        const struct dead_letter *other = &letters->items[i].record;
        if (other->offset == record->offset && other->partition == record->partition &&
            text_same(other->topic, record->topic) && text_same(other->daemon, record->daemon)) {
            return &letters->items[i];
        }
    }
    if (letters->count == letters->capacity) {
        letters->capacity = letters->capacity > 0 ? 2 * letters->capacity : 32;
        letters->items = reallocate(letters->items, letters->capacity * sizeof letters->items[0]);
    }
    letters->items[letters->count] = (struct letter){.at_ms = -1};
    return &letters->items[letters->count++];
}

static void letter_take(struct letters *letters, struct codec *codec, struct arena *arena,
                        const rd_kafka_message_t *message) {
    struct dead_letter_record record;
    struct text reason;
    const struct octets wire = {message->payload, message->len};
    int64_t at_ms = rd_kafka_message_timestamp(message, NULL);
    if (!codec_dead_letter_record_decode(codec, arena, wire, &record, &reason)) {
        fprintf(stderr, "seatlog-dead-letters: letter %d-%" PRId64 " is undecodable: %.*s\n",
                message->partition, message->offset, TEXT_FORMAT(reason));
        return;
    }
    struct dead_letter *told = &record.as.dead_letter;
    told->key = arena_octets_copy(arena, told->key);
    told->value = arena_octets_copy(arena, told->value);
    struct letter *letter = letter_place(letters, told);
    if (letter->at_ms <= at_ms) {
        *letter = (struct letter){.partition = message->partition,
                                  .offset = message->offset,
                                  .at_ms = at_ms,
                                  .record = *told,
                                  .ended = "",
                                  .said = ""};
    }
}

static int compare_letters(const void *left, const void *right) {
    const struct letter *a = left, *b = right;
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms ? -1 : 1;
    }
    if (a->partition != b->partition) {
        return a->partition < b->partition ? -1 : 1;
    }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static bool topic_read(rd_kafka_t *reader, struct codec *codec, struct arena *arena,
                       struct letters *letters, struct error *error) {
    int32_t count = partitions_of(reader, TOPIC_DEAD_LETTERS, error);
    if (count < 0 ||
        !reader_assign(reader, TOPIC_DEAD_LETTERS, 0, count, RD_KAFKA_OFFSET_BEGINNING, error)) {
        return false;
    }
    for (int32_t ended = 0; ended < count;) {
        rd_kafka_message_t *message = reader_next(reader, error);
        if (message == NULL) {
            return false;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ended++;
        } else {
            letter_take(letters, codec, arena, message);
        }
        rd_kafka_message_destroy(message);
    }
    qsort(letters->items, letters->count, sizeof letters->items[0], compare_letters);
    return true;
}

static void letter_judge(struct letter *letter, const PGresult *result, int row,
                         struct arena *arena) {
    const char *state = pg_text(result, row, 6), *said = pg_text(result, row, 9);
    bool later = pg_integer(result, row, 4) != letter->partition ||
                 pg_integer(result, row, 5) != letter->offset;
    letter->tries = pg_integer(result, row, 7);
    letter->ended = arena_text_copy_string(arena, pg_text(result, row, 8)).data;
    letter->said = arena_text_copy_string(arena, said != NULL ? said : "").data;
    letter->state = LETTER_ASIDE;
    if (strcmp(state, "asked") == 0) {
        letter->state = LETTER_ASKED;
    } else if (strcmp(state, "settled") == 0 && !later) {
        letter->state = LETTER_SETTLED;
    }
}

bool letters_refresh(struct pg *pg, struct arena *arena, struct letters *letters,
                     struct error *error) {
    PGresult *result = PG_QUERY(
        pg, error,
        "SELECT daemon, topic, partition, record_offset, letter_partition, letter_offset, state, "
        "tries, coalesce(to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"'), ''), "
        "reason FROM public.dead_letter_retry");
    if (result == NULL) {
        return false;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        const char *daemon = pg_text(result, row, 0), *topic = pg_text(result, row, 1);
        for (size_t i = 0; i < letters->count; i++) {
            const struct dead_letter *record = &letters->items[i].record;
            if (record->partition == pg_integer(result, row, 2) &&
                record->offset == pg_integer(result, row, 3) &&
                strcmp(record->topic.data, topic) == 0 &&
                strcmp(record->daemon.data, daemon) == 0) {
                letter_judge(&letters->items[i], result, row, arena);
            }
        }
    }
    PQclear(result);
    return true;
}

bool letters_load(const struct config *config, struct pg *pg, struct codec *codec,
                  struct arena *arena, struct letters *letters, struct error *error) {
    rd_kafka_t *reader = reader_new(config, error);
    bool good = reader != NULL && topic_read(reader, codec, arena, letters, error);
    reader_free(reader);
    return good && letters_refresh(pg, arena, letters, error);
}

struct letter *letters_find(const struct letters *letters, const char *id) {
    char own[64];
    for (size_t i = 0; i < letters->count; i++) {
        struct letter *letter = &letters->items[i];
        snprintf(own, sizeof own, "%d-%" PRId64, letter->partition, letter->offset);
        if (strcmp(own, id) == 0) {
            return letter;
        }
    }
    return NULL;
}

const char *letter_refusal(const struct letter *letter) {
    if (strcmp(letter->record.daemon.data, "reservation") == 0) {
        return "It cannot be decided again: that it could not be read is a fact on the log "
               "(Undecodable), and was the answer to its sender. Send the command again, in "
               "a form that can be read.";
    }
    return NULL;
}

/* The record as it is on the log: the letter's own copy may be cut, and has no headers. */
static bool ask_insert(struct pg *pg, const struct letter *letter,
                       const rd_kafka_message_t *message, bool *asked, struct error *error) {
    struct kafka_envelope envelope;
    int64_t rows = 0;
    kafka_headers_read(message, &envelope);
    bool done = PG_EXECUTE(
        pg, error, &rows,
        "INSERT INTO public.dead_letter_retry AS r (daemon, topic, partition, record_offset, "
        "letter_partition, letter_offset, key, value, record_at_ms, traceparent) VALUES ($1, $2, "
        "$3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (daemon, topic, partition, record_offset) "
        "DO UPDATE SET state = 'asked', told_from = NULL, asked_at = now(), key = EXCLUDED.key, "
        "value = "
        "EXCLUDED.value, record_at_ms = EXCLUDED.record_at_ms, traceparent = "
        "EXCLUDED.traceparent, letter_partition = EXCLUDED.letter_partition, letter_offset = "
        "EXCLUDED.letter_offset WHERE r.state = 'failed' OR (r.state = 'settled' AND "
        "(r.letter_partition, r.letter_offset) <> (EXCLUDED.letter_partition, "
        "EXCLUDED.letter_offset))",
        PG_SPAN(letter->record.daemon), PG_SPAN(letter->record.topic),
        PG_INTEGER(letter->record.partition), PG_INTEGER(letter->record.offset),
        PG_INTEGER(letter->partition), PG_INTEGER(letter->offset),
        PG_OCTETS(message->key, message->key_len), PG_OCTETS(message->payload, message->len),
        PG_INTEGER(rd_kafka_message_timestamp(message, NULL)), PG_TEXT(envelope.traceparent));
    *asked = rows == 1;
    return done;
}

bool letter_ask(const struct config *config, struct pg *pg, const struct letter *letter,
                bool *asked, struct error *error) {
    *asked = false;
    rd_kafka_t *reader = reader_new(config, error);
    rd_kafka_message_t *message = NULL;
    if (reader != NULL && reader_assign(reader, letter->record.topic.data, letter->record.partition,
                                        1, letter->record.offset, error)) {
        message = reader_next(reader, error);
    }
    bool good = false;
    if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
        message->offset == letter->record.offset) {
        good = ask_insert(pg, letter, message, asked, error);
    } else if (message != NULL) {
        error_set(error, ERROR_DIE,
                  "the record is not on the log any more: %s/%d has no offset %" PRId64,
                  letter->record.topic.data, letter->record.partition, letter->record.offset);
    }
    if (message != NULL) {
        rd_kafka_message_destroy(message);
    }
    reader_free(reader);
    return good;
}
