/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's rule over the log, from Kafka or from segments. */
#include "replay/log/counted.h"

#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <stdlib.h>

struct replay_counted {
    struct replay_reader *reader;
    const struct replay_judge *judge;
    struct term_reader rule;
    int64_t judged_end; /* what is read again is not shown to the judge again */
    struct arena held;  /* the records of the command under way, or being given */
    struct replay_record *records;
    size_t count;
    size_t capacity;
    size_t given; /* of them, once the command is whole */
    bool whole;
};

struct replay_counted *replay_counted_new(struct replay_log *log, int32_t partition,
                                          const struct term_position *position,
                                          const struct replay_judge *judge, struct error *error) {
    struct replay_reader *reader = replay_reader_new(log, TOPIC_EVENTS, partition, error);
    if (reader == NULL) {
        return NULL;
    }
    struct replay_counted *counted = allocate_zeroed(1, sizeof *counted);
    counted->reader = reader;
    counted->judge = judge;
    term_reader_init(&counted->rule, position);
    return counted;
}

void replay_counted_free(struct replay_counted *counted) {
    if (counted == NULL) {
        return;
    }
    replay_reader_free(counted->reader);
    arena_deinit(&counted->held);
    free(counted->records);
    free(counted);
}

const struct term_reader *replay_counted_rule(const struct replay_counted *counted) {
    return &counted->rule;
}

int64_t replay_counted_end(const struct replay_counted *counted) {
    return replay_reader_end(counted->reader);
}

struct term_label replay_counted_label(const struct replay_record *record) {
    if (record->label.data == NULL) {
        return (struct term_label){.kind = TERM_LABEL_NONE};
    }
    return term_label_parse((const char *)record->label.data, record->label.size);
}

static void held_drop(struct replay_counted *counted) {
    arena_reset(&counted->held);
    counted->count = counted->given = 0;
    counted->whole = false;
}

static struct octets octets_hold(struct replay_counted *counted, struct octets octets) {
    return octets.data != NULL ? arena_octets_copy(&counted->held, octets) : octets;
}

static void record_hold(struct replay_counted *counted, const struct replay_record *record) {
    if (counted->count == counted->capacity) {
        counted->capacity = counted->capacity > 0 ? 2 * counted->capacity : 16;
        counted->records =
            reallocate(counted->records, counted->capacity * sizeof *counted->records);
    }
    struct replay_record *held = &counted->records[counted->count++];
    *held = *record;
    held->key = octets_hold(counted, record->key);
    held->value = octets_hold(counted, record->value);
    held->label = octets_hold(counted, record->label);
}

static enum term_verdict record_judge(struct replay_counted *counted,
                                      const struct replay_record *record) {
    const struct term_reader before = counted->rule;
    struct term_label label = replay_counted_label(record);
    enum event_kind kind;
    struct event_head head;
    int64_t history_cursor = 0;
    if (label.kind == TERM_LABEL_NONE && before.position.term.offset == TERM_NONE &&
        codec_event_head_decode(record->value, &kind, &head)) {
        history_cursor = head.command_offset + 1;
    }
    enum term_verdict verdict =
        term_reader_feed(&counted->rule, record->offset, &label, history_cursor);
    bool final = verdict != TERM_REREAD && verdict != TERM_PASSED;
    if (counted->judge != NULL && final && record->offset >= counted->judged_end) {
        counted->judge->record(counted->judge->context, record, verdict, &before, &counted->rule);
        counted->judged_end = record->offset + 1;
    }
    return verdict;
}

static bool verdict_follow(struct replay_counted *counted, const struct replay_record *record,
                           enum term_verdict verdict, struct error *error) {
    switch (verdict) {
    case TERM_HISTORY:
    case TERM_DELIVERS:
        record_hold(counted, record);
        counted->whole = true;
        replay_reader_mark(counted->reader);
        return true;
    case TERM_JOINS:
        record_hold(counted, record);
        return true;
    case TERM_CLAIM:
        held_drop(counted);
        replay_reader_mark(counted->reader);
        return true;
    case TERM_STALE:
        if (counted->rule.held == 0) {
            held_drop(counted);
        }
        return true;
    case TERM_REREAD:
        held_drop(counted);
        return replay_reader_return(counted->reader, error);
    case TERM_FORGOTTEN:
        return error_set(error, ERROR_PARK,
                         "offset %" PRId64 " begins a term below command offset %" PRId64
                         ", up to which events have counted: the log has lost some of them",
                         record->offset, counted->rule.position.cursor);
    case TERM_PASSED:
        break;
    }
    return true;
}

enum replay_read replay_counted_next(struct replay_counted *counted, struct replay_record *record,
                                     struct error *error) {
    if (counted->whole && counted->given == counted->count) {
        held_drop(counted);
    }
    while (!counted->whole) {
        struct replay_record read;
        enum replay_read result = replay_reader_next(counted->reader, &read, error);
        if (result != REPLAY_READ_RECORD) {
            return result;
        }
        if (!verdict_follow(counted, &read, record_judge(counted, &read), error)) {
            return REPLAY_READ_FAILED;
        }
    }
    *record = counted->records[counted->given++];
    return REPLAY_READ_RECORD;
}
