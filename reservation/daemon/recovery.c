/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a partition's state from snapshots and events. */

#include "reservation/daemon/recovery.h"

#include "reservation/daemon/latest.h"
#include "reservation/daemon/reader.h"
#include "reservation/daemon/snapshot.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_WAIT_MS 5
#define BEHIND_WAIT_MS 20
#define BEHIND_WARNING_MS 5000

struct reservation_recoveries {
    struct reservation_reader *reader;
    int32_t logic_version; /* to decide as */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int running;
    int running_max;
};

enum recovery_stage { RECOVERY_WAITING, RECOVERY_RUNNING, RECOVERY_DONE, RECOVERY_FAILED };

struct reservation_recovery {
    struct reservation_recoveries *recoveries;
    int32_t partition;
    int64_t committed_offset;
    atomic_bool cancelled;
    pthread_t thread;
    bool thread_started;
    enum recovery_stage stage; /* under the mutex */

    /* The worker's alone until it is done. */
    struct codec *codec;
    struct arena arena;
    struct reservation_recovered made;
    struct error error;
    enum reservation_apply_result bad; /* why snapshots and events do not go together */
    int64_t shows;
    int64_t events;
    int64_t started_ms;
    int64_t restored_ms;
};

struct reservation_recoveries *reservation_recoveries_new(const struct daemon *daemon) {
    struct reservation_recoveries *recoveries = allocate_zeroed(1, sizeof *recoveries);
    recoveries->reader = reservation_reader_new(daemon);
    recoveries->logic_version = (int32_t)config_integer(daemon->config, "logic_version");
    pthread_mutex_init(&recoveries->mutex, NULL);
    pthread_cond_init(&recoveries->changed, NULL);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    recoveries->running_max = processors > 1 ? (int)processors : 1;
    return recoveries;
}

void reservation_recoveries_free(struct reservation_recoveries *recoveries) {
    if (recoveries != NULL) {
        assert(recoveries->running == 0);
        reservation_reader_free(recoveries->reader);
        pthread_cond_destroy(&recoveries->changed);
        pthread_mutex_destroy(&recoveries->mutex);
        free(recoveries);
    }
}

/* --- snapshots ------------------------------------------------------------------------------ */

static bool snapshot_visit(void *context, const rd_kafka_message_t *message, struct error *error) {
    (void)error;
    reservation_latest_put(context, (struct octets){message->key, message->key_len},
                           (struct octets){message->payload, message->len});
    return true;
}

static bool snapshot_decode(struct reservation_recovery *recovery, struct octets value,
                            struct snapshot_record *record, struct error *error) {
    struct text reason;
    arena_reset(&recovery->arena);
    if (codec_snapshot_record_decode(recovery->codec, &recovery->arena, value, record, &reason)) {
        return true;
    }
    return error_set(error, ERROR_PARK, "a snapshot can not be decoded: %.*s", TEXT_FORMAT(reason));
}

static bool show_visit(void *context, struct octets key, struct octets value, struct error *error) {
    struct reservation_recovery *recovery = context;
    struct snapshot_record record;
    if (atomic_load(&recovery->cancelled)) {
        return error_set(error, ERROR_RETRY, "cancelled");
    }
    if (key.size == sizeof RESERVATION_SNAPSHOT_PARTITION_KEY - 1) {
        return true;
    }
    if (!snapshot_decode(recovery, value, &record, error)) {
        return false;
    }
    if (record.kind != SNAPSHOT_RECORD_SHOW_SNAPSHOT ||
        reservation_core_show_restore(recovery->made.core, &record.as.show_snapshot) !=
            RESERVATION_APPLY_APPLIED) {
        return error_set(error, ERROR_PARK, "a snapshot makes no sense");
    }
    reservation_show_map_set(
        recovery->made.offsets,
        reservation_core_show_find(recovery->made.core, &record.as.show_snapshot.show_id),
        record.as.show_snapshot.event_offset);
    recovery->shows++;
    return true;
}

/* false with PARK: the snapshots are of no use. */
static bool snapshots_restore(struct reservation_recovery *recovery,
                              const struct reservation_latest *latest, struct error *error) {
    struct snapshot_record record;
    struct octets value = reservation_latest_get(
        latest, (struct octets){(const uint8_t *)RESERVATION_SNAPSHOT_PARTITION_KEY,
                                sizeof RESERVATION_SNAPSHOT_PARTITION_KEY - 1});
    if (value.data == NULL) {
        return true; /* no round was ever completed: all events are folded */
    }
    if (!snapshot_decode(recovery, value, &record, error)) {
        return false;
    }
    if (record.kind != SNAPSHOT_RECORD_PARTITION_SNAPSHOT ||
        record.as.partition_snapshot.partition != recovery->partition) {
        return error_set(error, ERROR_PARK, "a partition's snapshot makes no sense");
    }
    if (!reservation_latest_visit(latest, show_visit, recovery, error)) {
        return false;
    }
    recovery->made.events_offset = record.as.partition_snapshot.events_offset;
    reservation_core_cursor_advance(recovery->made.core, record.as.partition_snapshot.cursor);
    return true;
}

static bool snapshots_load(struct reservation_recovery *recovery, struct error *error) {
    struct reservation_reader *reader = recovery->recoveries->reader;
    struct reservation_range range;
    if (!reservation_reader_range(reader, TOPIC_SNAPSHOTS, recovery->partition, &range, error)) {
        return false;
    }
    struct reservation_latest *latest = reservation_latest_new();
    bool loaded = reservation_reader_read(reader, TOPIC_SNAPSHOTS, recovery->partition, &range,
                                          &recovery->cancelled, snapshot_visit, latest, error) &&
                  snapshots_restore(recovery, latest, error);
    reservation_latest_free(latest);
    return loaded;
}

/* --- events --------------------------------------------------------------------------------- */

static bool event_visit(void *context, const rd_kafka_message_t *message, struct error *error) {
    struct reservation_recovery *recovery = context;
    struct octets value = {message->payload, message->len};
    struct event event;
    struct text reason;
    arena_reset(&recovery->arena);
    if (!codec_event_decode(recovery->codec, &recovery->arena, value, &event, &reason)) {
        return error_set(error, ERROR_RETRY, "the event at offset %lld can not be decoded: %.*s",
                         (long long)message->offset, TEXT_FORMAT(reason));
    }
    enum reservation_apply_result result = reservation_core_apply(recovery->made.core, &event);
    switch (result) {
    case RESERVATION_APPLY_APPLIED:
        reservation_show_map_set(
            recovery->made.offsets,
            reservation_core_show_find(recovery->made.core, &event.as.head.show_id),
            message->offset);
        break;
    case RESERVATION_APPLY_STATELESS:
    case RESERVATION_APPLY_SEEN:
        break;
    case RESERVATION_APPLY_GAP:
    case RESERVATION_APPLY_BROKEN:
        return error_set(error, ERROR_PARK, "the event at offset %lld does not fit the state: %s",
                         (long long)message->offset, reservation_apply_result_name(result));
    }
    recovery->events++;
    return true;
}

static void sleep_ms(int duration_ms) {
    struct timespec duration = {.tv_nsec = duration_ms * 1000000L};
    nanosleep(&duration, NULL);
}

/*
 * Up to the high watermark, and on until the events have reached the committed offset: their
 * markers may be written a moment after the offset's, but the transaction was decided.
 */
static bool events_fold(struct reservation_recovery *recovery, struct error *error) {
    struct reservation_reader *reader = recovery->recoveries->reader;
    struct reservation_recovered *made = &recovery->made;
    int64_t warned_ms = clock_monotonic_ms();
    made->events_next = made->events_offset;
    for (;;) {
        struct reservation_range range;
        if (!reservation_reader_range(reader, TOPIC_EVENTS, recovery->partition, &range, error)) {
            return false;
        }
        if (range.begin > made->events_next || range.end < made->events_next) {
            return error_set(error, ERROR_PARK,
                             "events are wanted from offset %lld, but the log has %lld to %lld",
                             (long long)made->events_next, (long long)range.begin,
                             (long long)range.end);
        }
        range.begin = made->events_next;
        if (!reservation_reader_read(reader, TOPIC_EVENTS, recovery->partition, &range,
                                     &recovery->cancelled, event_visit, recovery, error)) {
            return false;
        }
        made->events_next = range.end;
        made->cursor = reservation_core_cursor(made->core);
        if (made->cursor >= recovery->committed_offset) {
            return true;
        }
        if (atomic_load(&recovery->cancelled)) {
            return error_set(error, ERROR_RETRY, "cancelled");
        }
        if (clock_monotonic_ms() - warned_ms > BEHIND_WARNING_MS) {
            warned_ms = clock_monotonic_ms();
            log_error("the events are behind the committed offset: waiting",
                      LOG_INTEGER("partition", recovery->partition),
                      LOG_INTEGER("cursor", made->cursor),
                      LOG_INTEGER("committed", recovery->committed_offset));
        }
        sleep_ms(BEHIND_WAIT_MS);
    }
}

/* --- the worker ----------------------------------------------------------------------------- */

static void made_free(struct reservation_recovered *made) {
    reservation_core_free(made->core);
    reservation_show_map_free(made->offsets);
    *made = (struct reservation_recovered){0};
}

static bool recovery_attempt(struct reservation_recovery *recovery, bool with_snapshots,
                             struct error *error) {
    made_free(&recovery->made);
    recovery->made.core = reservation_core_new(&reservation_heap);
    recovery->made.offsets = reservation_show_map_new();
    recovery->shows = recovery->events = 0;
    if (with_snapshots && !snapshots_load(recovery, error)) {
        return false;
    }
    recovery->restored_ms = clock_monotonic_ms();
    return events_fold(recovery, error);
}

/* An older logic must not decide after a newer one: the partition waits for whoever has that. */
static bool decide_as(struct reservation_recovery *recovery, struct error *error) {
    int32_t logic_version = recovery->recoveries->logic_version;
    int32_t found = reservation_core_logic_version(recovery->made.core);
    if (found > logic_version) {
        return error_set(error, ERROR_RETRY,
                         "logic version %d has decided here, and this decider has version %d",
                         (int)found, (int)logic_version);
    }
    reservation_core_decide_as(recovery->made.core, logic_version);
    return true;
}

static bool recovery_run(struct reservation_recovery *recovery) {
    struct error *error = &recovery->error;
    bool done = recovery_attempt(recovery, true, error);
    if (!done && error->action == ERROR_PARK) {
        log_error("snapshots are of no use: all events are folded",
                  LOG_INTEGER("partition", recovery->partition),
                  LOG_TEXT("reason", error->message));
        done = recovery_attempt(recovery, false, error);
    }
    done = done && decide_as(recovery, error);
    if (!done) {
        error->action = ERROR_RETRY;
        return false;
    }
    int64_t now_ms = clock_monotonic_ms();
    log_info("partition recovered", LOG_INTEGER("partition", recovery->partition),
             LOG_INTEGER("shows", recovery->shows), LOG_INTEGER("events", recovery->events),
             LOG_INTEGER("cursor", recovery->made.cursor),
             LOG_INTEGER("snapshots_ms", recovery->restored_ms - recovery->started_ms),
             LOG_INTEGER("events_ms", now_ms - recovery->restored_ms));
    return true;
}

static void *recovery_thread(void *context) {
    struct reservation_recovery *recovery = context;
    recovery->started_ms = clock_monotonic_ms();
    recovery->codec = codec_new();
    bool done = recovery_run(recovery);
    codec_free(recovery->codec);
    arena_deinit(&recovery->arena);
    pthread_mutex_lock(&recovery->recoveries->mutex);
    assert(recovery->stage == RECOVERY_RUNNING && recovery->thread_started);
    assert(recovery->recoveries->running >= 1);
    assert(!done || recovery->made.cursor >= recovery->committed_offset);
    recovery->stage = done ? RECOVERY_DONE : RECOVERY_FAILED;
    recovery->recoveries->running--;
    pthread_cond_broadcast(&recovery->recoveries->changed);
    pthread_mutex_unlock(&recovery->recoveries->mutex);
    return NULL;
}

struct reservation_recovery *reservation_recovery_new(struct reservation_recoveries *recoveries,
                                                      int32_t partition, int64_t committed_offset) {
    struct reservation_recovery *recovery = allocate_zeroed(1, sizeof *recovery);
    recovery->recoveries = recoveries;
    recovery->partition = partition;
    recovery->committed_offset = committed_offset;
    return recovery;
}

/* Under the mutex. */
static void recovery_start(struct reservation_recovery *recovery) {
    assert(recovery->stage == RECOVERY_WAITING && !recovery->thread_started);
    assert(recovery->made.core == NULL);
    if (recovery->recoveries->running >= recovery->recoveries->running_max) {
        return;
    }
    if (pthread_create(&recovery->thread, NULL, recovery_thread, recovery) != 0) {
        die("cannot start a thread");
    }
    recovery->thread_started = true;
    recovery->stage = RECOVERY_RUNNING;
    recovery->recoveries->running++;
    assert(recovery->recoveries->running <= recovery->recoveries->running_max);
}

/* Under the mutex: any recovery's end may make room for another to start. */
static void recovery_wait(struct reservation_recoveries *recoveries) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_WAIT_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&recoveries->changed, &recoveries->mutex, &until);
}

enum transaction_rebuilt reservation_recovery_poll(struct reservation_recovery *recovery,
                                                   struct reservation_recovered *out,
                                                   struct error *error) {
    pthread_mutex_lock(&recovery->recoveries->mutex);
    if (recovery->stage == RECOVERY_WAITING) {
        recovery_start(recovery);
    } else if (recovery->stage == RECOVERY_RUNNING) {
        recovery_wait(recovery->recoveries);
    }
    enum recovery_stage stage = recovery->stage;
    pthread_mutex_unlock(&recovery->recoveries->mutex);
    switch (stage) {
    case RECOVERY_DONE: /* the worker has let go of it: from here on it is the loop's */
        assert(recovery->made.core != NULL && recovery->made.offsets != NULL);
        assert(recovery->made.cursor == reservation_core_cursor(recovery->made.core));
        assert(recovery->made.events_next >= recovery->made.events_offset);
        *out = recovery->made;
        recovery->made = (struct reservation_recovered){0};
        return TRANSACTION_REBUILT;
    case RECOVERY_FAILED:
        *error = recovery->error;
        return TRANSACTION_REBUILD_FAILED;
    default:
        return TRANSACTION_REBUILT_NOT_YET;
    }
}

void reservation_recovery_free(struct reservation_recovery *recovery) {
    if (recovery == NULL) {
        return;
    }
    if (recovery->thread_started) {
        atomic_store(&recovery->cancelled, true);
        pthread_join(recovery->thread, NULL);
        assert(recovery->stage == RECOVERY_DONE || recovery->stage == RECOVERY_FAILED);
    }
    made_free(&recovery->made);
    free(recovery);
}
