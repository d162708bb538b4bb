/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in, events out: the hooks of the transaction loop. */

#include "reservation/daemon/kafka.h"

#include "reservation/daemon/envelope.h"
#include "reservation/daemon/show_map.h"
#include "reservation/daemon/tick.h"
#include "reservation/decide.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (UUID_TEXT_SIZE - 1)
#define CHUNK_EVENTS 4096
#define LABELS_SIZE 64

/* An event of the open transaction; librdkafka fills in the offset. */
struct produced {
    struct reservation_show *show; /* NULL: it leaves no state */
    int64_t offset;
    int32_t partition;
};

/* Chunks do not move while librdkafka points into them, and are kept for the next transaction. */
struct chunk {
    struct chunk *next;
    size_t count;
    struct produced events[CHUNK_EVENTS];
};

struct reservation_kafka {
    struct reservation_envelope envelope;
    struct chunk *first;
    struct chunk *current;
    struct metric *events_metric[EVENT_KIND_COUNT];
};

struct reservation_kafka *reservation_kafka_new(const char *instance) {
    struct reservation_kafka *kafka = allocate_zeroed(1, sizeof *kafka);
    reservation_envelope_init(&kafka->envelope, instance);
    kafka->first = kafka->current = allocate_zeroed(1, sizeof(struct chunk));
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        char labels[LABELS_SIZE];
        snprintf(labels, sizeof labels, "type=\"%s\"", event_kind_name((enum event_kind)kind));
        kafka->events_metric[kind] = metrics_counter("seatlog_reservation_events_total", labels,
                                                     "Events decided, also of transactions that "
                                                     "were aborted");
    }
    return kafka;
}

void reservation_kafka_free(struct reservation_kafka *kafka) {
    if (kafka == NULL) {
        return;
    }
    while (kafka->first != NULL) {
        struct chunk *next = kafka->first->next;
        free(kafka->first);
        kafka->first = next;
    }
    free(kafka);
}

static struct produced *produced_add(struct reservation_kafka *kafka) {
    struct chunk *chunk = kafka->current;
    if (chunk->count == CHUNK_EVENTS) {
        if (chunk->next == NULL) {
            chunk->next = allocate_zeroed(1, sizeof(struct chunk));
        }
        chunk = kafka->current = chunk->next;
        chunk->count = 0;
    }
    return &chunk->events[chunk->count++];
}

static void produced_clear(struct reservation_kafka *kafka) {
    kafka->current = kafka->first;
    kafka->first->count = 0;
}

void reservation_kafka_aborted(struct daemon *daemon) {
    produced_clear(((struct reservation_daemon *)daemon->state)->kafka);
}

void reservation_kafka_committed(struct daemon *daemon) {
    struct reservation_daemon *state = daemon->state;
    struct reservation_kafka *kafka = state->kafka;
    for (struct chunk *chunk = kafka->first;; chunk = chunk->next) {
        for (size_t i = 0; i < chunk->count; i++) {
            const struct produced *produced = &chunk->events[i];
            assert(produced->partition >= 0 && produced->partition < state->partition_count);
            struct reservation_partition *partition = &state->partitions[produced->partition];
            /* Below 0: persisted, but librdkafka was not told where; the next recovery folds more.
             */
            if (produced->offset < 0) {
                continue;
            }
            if (produced->offset >= partition->events_next) {
                partition->events_next = produced->offset + 1;
            }
            if (produced->show != NULL) {
                reservation_show_map_set(partition->offsets, produced->show, produced->offset);
            }
        }
        if (chunk == kafka->current) {
            break;
        }
    }
    produced_clear(kafka);
}

static void effects_produce(struct reservation_daemon *state, struct transaction *transaction,
                            const struct transaction_record *record) {
    struct reservation_kafka *kafka = state->kafka;
    struct reservation_core *core = state->partitions[record->partition].core;
    const struct reservation_effects *effects = state->effects;
    struct hash chain = reservation_decide_chain(core, effects);
    reservation_envelope_read(&kafka->envelope, record->message);
    for (size_t i = 0; i < effects->count; i++) {
        const struct event *event = &effects->events[i];
        struct produced *produced = produced_add(kafka);
        *produced = (struct produced){effects->show, -1, record->partition};
        char key[UUID_TEXT_SIZE];
        uuid_format(&event->as.head.show_id, key);
        const struct transaction_output output = {
            .topic = TOPIC_EVENTS,
            .partition = record->partition,
            .key = {(const uint8_t *)key, KEY_SIZE},
            .value = reservation_decide_encode(state->codec, effects, i, &chain),
            .headers =
                reservation_envelope_headers(&kafka->envelope, event, record->partition, key, i),
            .offset = &produced->offset,
        };
        transaction_produce(transaction, record->partition, &output);
        metric_add(kafka->events_metric[event->kind], 1);
    }
    assert(kafka->current->count >= 1 && kafka->current->count <= CHUNK_EVENTS);
    reservation_decide_seal(core, effects, &chain);
}

bool reservation_kafka_handle(struct daemon *daemon, struct transaction *transaction,
                              const struct transaction_record *record, struct error *error) {
    struct reservation_daemon *state = daemon->state;
    struct reservation_partition *partition = &state->partitions[record->partition];
    struct command command;
    struct text reason;
    (void)error;
    assert(partition->core != NULL);
    assert(record->offset >= reservation_core_cursor(partition->core));
    arena_reset(&state->arena);

    const struct reservation_input input = {
        .partition = record->partition,
        .partition_count = state->partition_count,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = record->value,
    };
    enum reservation_verdict verdict = reservation_decide(
        partition->core, state->codec, &state->arena, &input, state->effects, &command, &reason);
    if (verdict == RESERVATION_WRONG_PARTITION) {
        log_warning("a command stands in the wrong partition",
                    LOG_UUID("show_id", &command.as.head.show_id),
                    LOG_INTEGER("partition", record->partition),
                    LOG_INTEGER("offset", record->offset));
    } else if (verdict == RESERVATION_DECIDED && command.kind == COMMAND_TICK &&
               state->effects->show != NULL && partition->ticks != NULL) {
        reservation_ticks_seen(partition->ticks, state->effects->show);
    }
    effects_produce(state, transaction, record);
    if (verdict == RESERVATION_UNDECODABLE) {
        transaction_dead_letter(transaction, record, reason.data);
    }
    return true;
}
