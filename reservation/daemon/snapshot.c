/* SPDX-License-Identifier: Apache-2.0 */
/* Writes rounds of snapshots of the shows that have changed. */

#include "reservation/daemon/snapshot.h"

#include "reservation/daemon/show_map.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"

#include <assert.h>
#include <string.h>

#define LOOK_AGAIN_MS 1000

static struct metric *shows_metric(void) {
    static struct metric *metric;
    if (metric == NULL) {
        metric = metrics_counter("seatlog_reservation_snapshot_shows_total", NULL,
                                 "Snapshots of shows written");
    }
    return metric;
}

static struct metric *octets_metric(void) {
    static struct metric *metric;
    if (metric == NULL) {
        metric = metrics_counter("seatlog_reservation_snapshot_octets_total", NULL,
                                 "Octets of snapshots written");
    }
    return metric;
}

void reservation_snapshot_begin(struct reservation_partition *partition, int64_t events_offset,
                                int64_t now_ms, const struct reservation_snapshot_limits *limits) {
    partition->round.running = false;
    partition->round.last_events_offset = events_offset;
    partition->round.next_ms = now_ms + limits->interval_ms;
}

/*
 * Returns the bytes written; 0: the record is too large for the topic, and was not. Then the round
 * is not completed: a restart folds from where the last complete one says, which takes longer and
 * is right.
 */
static size_t record_produce(struct reservation_daemon *state, struct transaction *transaction,
                             int32_t index, const char *key, const struct snapshot_record *record) {
    const struct transaction_output output = {
        .topic = TOPIC_SNAPSHOTS,
        .partition = index,
        .key = {(const uint8_t *)key, strlen(key)},
        .value = codec_snapshot_record_encode(state->codec, record),
    };
    if (output.value.size > state->snapshot_show_octets_max) {
        log_error("a show's snapshot is too large", LOG_INTEGER("partition", index),
                  LOG_TEXT("show_id", key), LOG_INTEGER("octets", (int64_t)output.value.size));
        return 0;
    }
    transaction_produce(transaction, index, &output);
    metric_add(octets_metric(), (int64_t)output.value.size);
    return output.value.size;
}

static size_t show_write(struct reservation_daemon *state, struct transaction *transaction,
                         int32_t index, const struct reservation_show *show) {
    const struct reservation_partition *partition = &state->partitions[index];
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(partition->core, show, state->effects, &record.as.show_snapshot);
    record.as.show_snapshot.event_offset = reservation_show_map_get(partition->offsets, show);
    char key[UUID_TEXT_SIZE];
    uuid_format(&record.as.show_snapshot.show_id, key);
    metric_add(shows_metric(), 1);
    return record_produce(state, transaction, index, key, &record);
}

static void partition_write(struct reservation_daemon *state, struct transaction *transaction,
                            int32_t index) {
    const struct reservation_partition *partition = &state->partitions[index];
    const struct snapshot_record record = {.kind = SNAPSHOT_RECORD_PARTITION_SNAPSHOT,
                                           .as.partition_snapshot = {
                                               .partition = index,
                                               .events_offset = partition->round.events_offset,
                                               .cursor = partition->round.cursor,
                                               .at = clock_now_ms(),
                                               .term_offset = -1, /* it claims nothing */
                                           }};
    record_produce(state, transaction, index, RESERVATION_SNAPSHOT_PARTITION_KEY, &record);
}

static bool round_due(const struct reservation_partition *partition, int64_t now_ms,
                      const struct reservation_snapshot_limits *limits) {
    if (partition->events_next == partition->round.last_events_offset) {
        return false;
    }
    return now_ms >= partition->round.next_ms ||
           partition->events_next - partition->round.last_events_offset >= limits->events_max;
}

int reservation_snapshot_write(struct reservation_daemon *state, struct transaction *transaction,
                               int32_t index, int64_t now_ms,
                               const struct reservation_snapshot_limits *limits, size_t *octets) {
    struct reservation_partition *partition = &state->partitions[index];
    if (!partition->round.running) {
        if (!round_due(partition, now_ms, limits)) {
            return LOOK_AGAIN_MS;
        }
        partition->round.running = true;
        partition->round.shows_left = reservation_core_changed_count(partition->core);
        partition->round.events_offset = partition->events_next;
        partition->round.cursor = transaction_next_offset(transaction, index);
    }
    while (partition->round.shows_left > 0) {
        if (*octets == 0) {
            return 0;
        }
        const struct reservation_show *show = reservation_core_changed_pop(partition->core);
        assert(show != NULL);
        partition->round.shows_left--;
        size_t written = show_write(state, transaction, index, show);
        partition->round.incomplete = partition->round.incomplete || written == 0;
        *octets -= written < *octets ? written : *octets;
    }
    if (!partition->round.incomplete) {
        partition_write(state, transaction, index);
    }
    partition->round.running = false;
    partition->round.last_events_offset = partition->round.events_offset;
    partition->round.next_ms = now_ms + limits->interval_ms;
    return LOOK_AGAIN_MS;
}
