/* SPDX-License-Identifier: Apache-2.0 */
/* Records handled after all, each in a transaction of its own. */
#include "runtime/loop/transaction/retry.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/dead_letter_retry.h"
#include "runtime/loop/transaction/open.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEARCH_MS_MAX 10000

static bool retry_is_ours(void *context, const char *topic, int32_t partition, int64_t offset) {
    struct transaction *transaction = context;
    if (strcmp(topic, transaction->spec->input) != 0 || partition < 0 ||
        partition >= transaction->partition_count) {
        return false;
    }
    const struct partition *state = partition_of(transaction, partition);
    return state->stage == PARTITION_LIVE && offset < state->next_offset;
}

static bool message_is_of(const rd_kafka_message_t *message, const char *mark) {
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;
    return message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, TRANSACTION_RETRY_HEADER, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           size == strlen(mark) && memcmp(value, mark, size) == 0;
}

/* Whether the output has the mark, from an offset up to its end. */
static bool output_search(rd_kafka_t *reader, const char *mark, bool *told, struct error *error) {
    int64_t end_ms = clock_monotonic_ms() + SEARCH_MS_MAX;
    for (bool ended = false; !ended && !*told;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, 100);
        if (message == NULL) {
            if (daemon_stopping() || clock_monotonic_ms() > end_ms) {
                return error_set_outside(error, "the output cannot be read");
            }
            continue;
        }
        ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        *told = message_is_of(message, mark);
        rd_kafka_message_destroy(message);
    }
    return true;
}

static bool output_read(struct transaction *transaction, const struct dead_letter_retry *retry,
                        const char *mark, bool *told, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(transaction->daemon->config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", transaction->daemon->name); /* never joined */
    kafka_conf_set(conf, "enable.auto.commit", "false");
    kafka_conf_set(conf, "enable.partition.eof", "true");
    kafka_conf_set(conf, "isolation.level", "read_committed");
    rd_kafka_t *reader = kafka_consumer_new(conf, error);
    if (reader == NULL) {
        error->action = ERROR_RETRY;
        return false;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, transaction->spec->keyed[0], retry->partition)->offset =
        retry->told_from;
    rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    bool good = output_search(reader, mark, told, error);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return good;
}

/*
 * Whether the record was told by a process that did not live to say so. The first time: notes where
 * the output ends, which is where the next one begins to look.
 */
static bool retry_is_told(struct transaction *transaction, struct pg *pg,
                          struct dead_letter_retry *retry, const char *mark, bool *told,
                          struct error *error) {
    int64_t low = 0, high = 0;
    *told = false;
    if (retry->told_from >= 0) {
        return output_read(transaction, retry, mark, told, error);
    }
    rd_kafka_resp_err_t code =
        kafka_watermarks_query(transaction->consumer, transaction->spec->keyed[0], retry->partition,
                               &low, &high, SEARCH_MS_MAX);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set_outside(error, "Kafka does not say where %s ends: %s",
                                 transaction->spec->keyed[0], rd_kafka_err2str(code));
    }
    return dead_letter_retry_begin(pg, retry, high, error);
}

/* Handles it in a transaction of its own. The partition is dropped where that was not committed. */
static bool retry_handle(struct transaction *transaction, const struct dead_letter_retry *retry,
                         const char *mark, struct error *error) {
    const struct transaction_record record = {
        .partition = retry->partition,
        .offset = retry->offset,
        .timestamp_ms = retry->timestamp_ms,
        .key = retry->key,
        .value = retry->value,
        .message = NULL,
    };
    transaction->retrying = mark;
    bool good = transaction->spec->handle(transaction->daemon, transaction, &record, error);
    transaction->retrying = NULL;
    if (!good) {
        open_abort(transaction);
        return false;
    }
    open_finish(transaction);
    return partition_of(transaction, retry->partition)->stage == PARTITION_LIVE ||
           error_set(error, ERROR_RETRY, "what it led to was not committed to the log");
}

/* What did not work is tried again a second later, or set aside again. A retry ends no process. */
static bool retry_failed(struct transaction *transaction, struct pg *pg,
                         const struct dead_letter_retry *retry, const struct error *failure,
                         struct error *error) {
    int tries_max = (int)config_integer(transaction->daemon->config, "record_tries_max");
    struct blame *blame = &transaction->retry_blame;
    char reason[ERROR_MESSAGE_SIZE];
    snprintf(reason, sizeof reason, "%s", failure->message);
    if (failure->outside || (failure->action == ERROR_RETRY &&
                             !blame_count(blame, retry->offset, failure, tries_max))) {
        log_warning("a record that is asked for again cannot be handled now",
                    LOG_TEXT("reason", failure->message));
        return true;
    }
    if (failure->action == ERROR_RETRY) {
        snprintf(reason, sizeof reason, "tried %d times: %.*s", blame->tries,
                 ERROR_MESSAGE_SIZE - 32, failure->message);
    }
    blame->tries = 0;
    return dead_letter_retry_fail(pg, retry, reason, error);
}

static bool retry_run(struct transaction *transaction, struct pg *pg,
                      struct dead_letter_retry *retry, struct error *error) {
    struct error failure = {0};
    bool taken = false, told = false;
    char mark[64];
    snprintf(mark, sizeof mark, "%d-%" PRId64, (int)retry->partition, retry->offset);
    if (!retry_is_told(transaction, pg, retry, mark, &told, error)) {
        return false;
    }
    if (!told && !retry_handle(transaction, retry, mark, &failure)) {
        return retry_failed(transaction, pg, retry, &failure, error);
    }
    transaction->retry_blame.tries = 0;
    log_info("a record that was set aside is handled", LOG_INTEGER("partition", retry->partition),
             LOG_INTEGER("offset", retry->offset));
    return dead_letter_retry_settle(pg, retry, &taken, error);
}

void retry_next(struct transaction *transaction) {
    int64_t now_ms = clock_monotonic_ms();
    if (transaction->spec->letters == NULL || now_ms < transaction->retry_at_ms) {
        return;
    }
    transaction->retry_at_ms = now_ms + DEAD_LETTER_RETRY_INTERVAL_MS;
    struct pg *pg = transaction->spec->letters(transaction->daemon);
    struct dead_letter_retry retry;
    struct error error = {0};
    bool found = false;
    bool good = dead_letter_retry_find(pg, transaction->daemon->name, retry_is_ours, transaction,
                                       &retry, &found, &error);
    if (good && found) {
        good = retry_run(transaction, pg, &retry, &error);
        transaction->retry_at_ms =
            transaction->retry_blame.tries > 0 ? transaction->retry_at_ms : 0;
        dead_letter_retry_free(&retry);
    }
    if (!good) {
        transaction->retry_at_ms = now_ms + DEAD_LETTER_RETRY_INTERVAL_MS;
        if (error.action == ERROR_DIE) { /* as after a migration that was forgotten */
            transaction_die(transaction, "cannot look for records to handle again", error.message);
        } else {
            log_warning("cannot look for records to handle again",
                        LOG_TEXT("reason", error.message));
        }
    }
}
