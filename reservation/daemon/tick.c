/* SPDX-License-Identifier: Apache-2.0 */
/* Sends Ticks to shows that have due work and no traffic. */

#include "reservation/daemon/tick.h"

#include "reservation/daemon/envelope.h"
#include "reservation/daemon/show_map.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/kafka/producer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST_MAX 100
#define THOUSANDTHS 1000 /* of a Tick */
#define LOOK_AGAIN_MS 10
#define OUTCOME_COUNT 3

struct reservation_ticks {
    struct producer *producer;
    int32_t partition;
    char source[RESERVATION_SOURCE_SIZE];
    struct codec *codec;
    struct reservation_show_map
        *outstanding;     /* when a show's Tick was sent, 0 once it was decided */
    int64_t allowance;    /* Ticks, in thousandths */
    int64_t allowance_ms; /* as of when */
};

static struct metric *ticks_metric(enum producer_outcome outcome) {
    static struct metric *metrics[OUTCOME_COUNT];
    static const char *const labels[] = {
        [PRODUCER_PERSISTED] = "outcome=\"persisted\"",
        [PRODUCER_NOT_PERSISTED] = "outcome=\"not_persisted\"",
        [PRODUCER_UNKNOWN] = "outcome=\"unknown\"",
    };
    assert((unsigned)outcome < OUTCOME_COUNT);
    if (metrics[outcome] == NULL) {
        metrics[outcome] = metrics_counter("seatlog_reservation_ticks_total", labels[outcome],
                                           "Tick commands sent");
    }
    return metrics[outcome];
}

struct reservation_ticks *reservation_ticks_new(struct producer *producer, int32_t partition,
                                                const char *instance) {
    struct reservation_ticks *ticks = allocate_zeroed(1, sizeof *ticks);
    ticks->producer = producer;
    ticks->partition = partition;
    snprintf(ticks->source, sizeof ticks->source, "/seatlog/%s", instance);
    ticks->codec = codec_new();
    ticks->outstanding = reservation_show_map_new();
    /* All of them before the producer's thread asks. */
    ticks_metric(PRODUCER_PERSISTED);
    ticks_metric(PRODUCER_NOT_PERSISTED);
    ticks_metric(PRODUCER_UNKNOWN);
    return ticks;
}

void reservation_ticks_free(struct reservation_ticks *ticks) {
    if (ticks != NULL) {
        codec_free(ticks->codec);
        reservation_show_map_free(ticks->outstanding);
        free(ticks);
    }
}

/* In the producer's thread. A Tick that got lost is sent again once it is taken for lost. */
static void tick_reported(void *context, const struct producer_report *report) {
    (void)context;
    metric_add(ticks_metric(report->outcome), 1);
}

static bool tick_send(struct reservation_ticks *ticks, const struct uuid *show_id) {
    const struct command command = {
        .kind = COMMAND_TICK,
        .as.tick.head = {.show_id = *show_id, .command_id = uuid_random()},
    };
    struct kafka_envelope envelope = {
        .type = "seatlog.commands.Tick",
        .source = ticks->source,
        .id = command.as.tick.head.command_id,
        .command_id = command.as.tick.head.command_id,
    };
    traceparent_new(envelope.traceparent);
    char key[UUID_TEXT_SIZE];
    uuid_format(show_id, key);
    const struct producer_record record = {
        .topic = TOPIC_COMMANDS,
        .partition = ticks->partition,
        .key = {(const uint8_t *)key, UUID_TEXT_SIZE - 1},
        .value = codec_command_encode(ticks->codec, &command),
        .envelope = &envelope,
        .show_id = *show_id,
    };
    struct error error;
    if (producer_send(ticks->producer, &record, tick_reported, NULL, &error)) {
        return true;
    }
    log_warning("a Tick can not be sent now", LOG_UUID("show_id", show_id),
                LOG_TEXT("reason", error.message));
    return false;
}

static void allowance_update(struct reservation_ticks *ticks, int64_t now_ms) {
    int64_t elapsed_ms = now_ms - ticks->allowance_ms;
    if (elapsed_ms < 0 || elapsed_ms > BURST_MAX) {
        elapsed_ms = BURST_MAX; /* the first time, and after the clock was set */
    }
    ticks->allowance += elapsed_ms * RESERVATION_TICKS_PER_SECOND_MAX;
    if (ticks->allowance > BURST_MAX * THOUSANDTHS) {
        ticks->allowance = BURST_MAX * THOUSANDTHS;
    }
    assert(ticks->allowance >= 0);
    ticks->allowance_ms = now_ms;
}

int reservation_ticks_send(struct reservation_ticks *ticks, struct reservation_core *core,
                           int64_t now_ms) {
    int64_t due_ms = reservation_core_due_next(core);
    if (due_ms > now_ms - RESERVATION_TICK_DELAY_MS) {
        int64_t wait_ms = due_ms == RESERVATION_NEVER ? RESERVATION_TICK_RETRY_MS
                                                      : due_ms - now_ms + RESERVATION_TICK_DELAY_MS;
        return wait_ms < RESERVATION_TICK_RETRY_MS ? (int)wait_ms : RESERVATION_TICK_RETRY_MS;
    }
    allowance_update(ticks, now_ms);
    struct uuid show_id;
    while (ticks->allowance >= THOUSANDTHS &&
           reservation_core_due_pop(core, now_ms - RESERVATION_TICK_DELAY_MS,
                                    now_ms + RESERVATION_TICK_RETRY_MS, &show_id)) {
        const struct reservation_show *show = reservation_core_show_find(core, &show_id);
        assert(show != NULL);
        int64_t sent_ms = reservation_show_map_get(ticks->outstanding, show);
        if (sent_ms > 0 && now_ms - sent_ms < RESERVATION_TICK_LOST_AFTER_MS) {
            continue;
        }
        if (!tick_send(ticks, &show_id)) {
            return RESERVATION_TICK_RETRY_MS;
        }
        reservation_show_map_set(ticks->outstanding, show, now_ms);
        ticks->allowance -= THOUSANDTHS;
    }
    return LOOK_AGAIN_MS;
}

void reservation_ticks_seen(struct reservation_ticks *ticks, const struct reservation_show *show) {
    if (reservation_show_map_get(ticks->outstanding, show) > 0) {
        reservation_show_map_set(ticks->outstanding, show, 0);
    }
}
