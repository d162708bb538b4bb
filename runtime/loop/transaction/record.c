/* SPDX-License-Identifier: Apache-2.0 */
/* Records: which count, and what becomes of them. */
#include "runtime/loop/transaction/record.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/transaction/open.h"

#include <inttypes.h>
#include <stdio.h>

/* --- handled, or not --- */

static void record_retry(struct transaction *transaction, const struct transaction_record *record,
                         const struct error *error) {
    struct partition *partition = partition_of(transaction, record->partition);
    int tries_max = (int)config_integer(transaction->daemon->config, "record_tries_max");
    log_warning("a record cannot be handled now", LOG_TEXT("reason", error->message),
                LOG_INTEGER("partition", record->partition), LOG_INTEGER("offset", record->offset));
    stall_failed(partition->stall, partition->done_offset, error->message);
    if (blame_count(&partition->blame, record->offset, error, tries_max)) {
        char reason[ERROR_MESSAGE_SIZE];
        snprintf(reason, sizeof reason, "tried %d times: %.*s", partition->blame.tries,
                 ERROR_MESSAGE_SIZE - 32, error->message);
        open_condemn(partition, record->offset, reason);
    }
    transaction->failed = true;
}

static void record_failed(struct transaction *transaction, const struct transaction_record *record,
                          const struct error *error) {
    switch (error->action) {
    case ERROR_PARK:
        open_dead_letter(transaction, record, error->message);
        return;
    case ERROR_DIE:
        transaction_die(transaction, "a record cannot be handled", error->message);
        transaction->failed = true;
        break;
    default:
        record_retry(transaction, record, error);
        break;
    }
}

static void record_handle(struct transaction *transaction, struct partition *partition,
                          const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    const struct transaction_record record = {
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &type),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .message = message,
    };
    struct error error = {0};
    if (partition->parking && partition->blame.offset == record.offset) {
        open_dead_letter(transaction, &record, partition->blame.reason);
    } else if (!transaction->spec->handle(transaction->daemon, transaction, &record, &error)) {
        record_failed(transaction, &record, &error);
        if (transaction->failed) {
            return;
        }
    }
    transaction->records++;
    transaction->last_partition = record.partition;
    transaction->last_offset = record.offset;
    open_suspect_settle(transaction);
}

/* --- one at a time --- */

static void record_alone_take(struct transaction *transaction, struct partition *partition,
                              const rd_kafka_message_t *message) {
    if (message->offset < partition->next_offset || !open_begin(transaction)) {
        return; /* seen before, or stopping */
    }
    partition->touched = true;
    record_handle(transaction, partition, message);
    if (!transaction->failed) {
        partition->next_offset = message->offset + 1;
    }
}

/* --- by the rule --- */

/* All of a command within one transaction. */
static void command_handle(struct transaction *transaction, struct partition *partition) {
    const struct partition_intake *intake = &partition->intake;
    if (!open_begin(transaction)) { /* stopping */
        return;
    }
    partition->touched = true;
    for (size_t i = 0; i < intake->held.count && !transaction->failed; i++) {
        const rd_kafka_message_t *message = intake->held.records[i];
        if (message->offset >= intake->handled_offset) {
            record_handle(transaction, partition, message);
        }
    }
}

/* What was handled came from another log than this one, or one that has lost its end. */
static void log_forgotten(struct transaction *transaction, const rd_kafka_message_t *message,
                          const struct term_position *position) {
    char reason[ERROR_MESSAGE_SIZE];
    snprintf(reason, sizeof reason,
             "partition %d, offset %" PRId64 ": its term goes on before command %" PRId64
             ", up to which events were handled: restore the log, or what was made of it",
             (int)message->partition, message->offset, position->cursor);
    open_abort(transaction);
    transaction_die(transaction, "alarm: the log has forgotten events that were handled", reason);
}

static void reread_begin(struct transaction *transaction, int32_t index) {
    struct partition_intake *intake = &partition_of(transaction, index)->intake;
    log_warning("events may have been skipped: they are read again",
                LOG_INTEGER("partition", index),
                LOG_INTEGER("offset", intake->reader.position.next_offset));
    term_holding_drop(&intake->held);
    transaction->flow_due = true;
}

static void event_take(struct transaction *transaction, struct partition *partition,
                       rd_kafka_message_t *message) {
    struct partition_intake *intake = &partition->intake;
    int32_t index = message->partition;
    enum term_verdict verdict = kafka_term_feed(&intake->reader, message);
    if (verdict == TERM_FORGOTTEN) {
        log_forgotten(transaction, message, &intake->reader.position);
    }
    switch (term_holding_take(&intake->held, &intake->reader, verdict, message)) {
    case TERM_HELD_ON:
        break;
    case TERM_HELD_WHOLE:
        command_handle(transaction, partition);
        break;
    case TERM_HELD_TOO_MANY:
        transaction_die(transaction, "the log cannot be read",
                        "a command has more events than any decider writes");
        return;
    }
    if (verdict == TERM_STALE) {
        term_watch_update(&intake->watch, &intake->reader, index, clock_monotonic_ms());
    } else if (verdict == TERM_REREAD) {
        reread_begin(transaction, index);
    }
    if (!transaction->failed) {
        partition->next_offset = intake->reader.position.next_offset;
    }
}

void record_take(struct transaction *transaction, rd_kafka_message_t *message) {
    struct partition *partition = partition_of(transaction, message->partition);
    if (partition->stage != PARTITION_LIVE || transaction->failed) {
        rd_kafka_message_destroy(message); /* fetched before it was moved */
    } else if (transaction->ruled) {
        event_take(transaction, partition, message);
    } else {
        record_alone_take(transaction, partition, message);
        rd_kafka_message_destroy(message);
    }
}

void record_end_reached(struct transaction *transaction, int32_t index, int64_t offset) {
    struct partition *partition = partition_of(transaction, index);
    if (partition->stage == PARTITION_LIVE && transaction->ruled &&
        term_reader_end(&partition->intake.reader, offset)) {
        reread_begin(transaction, index);
    } else if (partition->stage == PARTITION_LIVE && offset >= partition->next_offset) {
        partition->caught_up = true;
        partition->drained_offset = offset;
    }
}
