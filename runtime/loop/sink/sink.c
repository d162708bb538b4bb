/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's loop: carries out what the core asks for, and tells it what came of it. */
#include "runtime/loop/sink/sink.h"

#include "runtime/base/log.h"
#include "runtime/base/random.h"
#include "runtime/base/time.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/sink/batch.h"
#include "runtime/loop/sink/consumer.h"
#include "runtime/loop/sink/notify.h"
#include "runtime/loop/sink/offset.h"
#include "runtime/loop/sink/retry.h"
#include "runtime/loop/sink/skim.h"
#include "runtime/loop/term_watch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define LAG_INTERVAL_MS 1000
#define CHECK_INTERVAL_MS 5000
#define DEAD_LETTER_DRAIN_MS 5000

/* --- between batches --- */

static void readiness_update(const struct sink *sink) {
    if (!producer_reachable(sink->producer)) { /* which asks every second */
        ready_set("no Kafka broker can be reached");
    } else if (!sink->core.offsets_known) {
        ready_set("joining the consumer group");
    } else { /* without a partition: standing by */
        ready_set(sink_core_caught_up(&sink->core) ? NULL : "catching up with the log");
    }
}

/* Lag, readiness, and whether an idle PostgreSQL is still there. */
static bool look_around(struct sink *sink, struct error *error) {
    int64_t now_ms = clock_monotonic_ms();
    sink_lag_update(sink, false);
    if (now_ms - sink->checked_ms >= CHECK_INTERVAL_MS) {
        sink->checked_ms = now_ms;
        struct error ignored = {0}; /* a connection that died while idle is opened again */
        if (!PG_EXECUTE(sink->pg, &ignored, NULL, "SELECT 1") &&
            !PG_EXECUTE(sink->pg, error, NULL, "SELECT 1")) {
            return false;
        }
    }
    readiness_update(sink);
    return true;
}

static bool look(struct sink *sink, bool *fenced, struct error *error) {
    if (!sink_retry(sink, fenced, error)) {
        return false;
    }
    if (clock_monotonic_ms() - sink->looked_ms >= LAG_INTERVAL_MS) {
        sink->looked_ms = clock_monotonic_ms();
        return look_around(sink, error);
    }
    return true;
}

/* --- waiting --- */

/* Serves the consumer without records, so that membership stays alive. */
static void serve_until(struct sink *sink, int64_t until_ms) {
    if (sink->flowing) {
        sink_consumer_flow(sink, false, NULL);
    }
    while (!sink_is_ending(sink)) {
        int64_t rest_ms = until_ms - clock_monotonic_ms();
        if (rest_ms <= 0) {
            break;
        }
        if (sink->consumer != NULL) {
            sink_consumer_poll(sink, rest_ms < SINK_POLL_MS ? (int)rest_ms : SINK_POLL_MS);
        } else {
            daemon_sleep_ms((int)rest_ms);
        }
        if (clock_monotonic_ms() - sink->checked_ms >= CHECK_INTERVAL_MS) {
            sink->checked_ms = clock_monotonic_ms();
            sink_lag_update(sink, true); /* a halted consumer learns nothing by itself */
        }
    }
}

static void wait_for(struct sink *sink, const struct sink_core_effect *asked) {
    char reason[ERROR_MESSAGE_SIZE];
    sink_fault_format(sink, reason);
    log_warning(sink->core.running ? "batch failed; trying again" : "sink waits",
                LOG_TEXT("reason", reason), LOG_INTEGER("failures", asked->failures),
                LOG_INTEGER("delay_ms", asked->until_ms - sink->core.now_ms));
    ready_set(reason);
    serve_until(sink, asked->until_ms);
    if (!sink->core.running) {
        sink->looked_ms = 0;
    }
}

/* --- what the core asks for --- */

static struct sink_core_event answer_of(bool good, const struct error *error) {
    return good ? (struct sink_core_event){.kind = SINK_DONE}
                : (struct sink_core_event){.kind = SINK_FAILED, .error = error};
}

static struct sink_core_event join(struct sink *sink, struct error *error) {
    sink_consumer_close(sink);
    return answer_of(sink_consumer_open(sink, error), error);
}

static struct sink_core_event load(struct sink *sink, size_t index, struct error *error) {
    const struct sink_partition *partition = &sink->partitions[index];
    struct sink_core_event found = {.kind = SINK_FOUND, .ruled = partition->ruled};
    struct sink_offset offset;
    if (!sink_offset_read(sink, partition, true, &offset, error) ||
        !sink_log_bounds(sink, partition, &found.low, &found.high, error)) {
        return answer_of(false, error);
    }
    sink->place = offset.place;
    found.offset = offset.next_offset;
    found.place = offset.placed ? &sink->place : NULL;
    return found;
}

static struct sink_core_event reread(struct sink *sink, size_t index, struct error *error) {
    struct sink_offset offset;
    return sink_offset_read(sink, &sink->partitions[index], false, &offset, error)
               ? (struct sink_core_event){.kind = SINK_FOUND, .offset = offset.next_offset}
               : answer_of(false, error);
}

static struct sink_core_event advance(struct sink *sink, size_t index, struct error *error) {
    const struct sink_core_partition *at = &sink->core.partitions[index];
    bool fenced = false;
    bool good = sink_offset_advance(sink, &sink->partitions[index], at->next_offset, &at->moves_to,
                                    &fenced, error);
    return fenced ? (struct sink_core_event){.kind = SINK_FENCED} : answer_of(good, error);
}

static struct sink_core_event begin(struct sink *sink, struct error *error) {
    sink->began_ms = clock_monotonic_ms();
    return answer_of(pg_begin(sink->pg, error), error);
}

static struct sink_core_event look_for(struct sink *sink, struct error *error) {
    bool fenced = false;
    struct sink_core_event event = answer_of(look(sink, &fenced, error), error);
    if (fenced) {
        event.kind = SINK_FENCED;
    }
    return event;
}

static struct sink_core_event asked_for(struct sink *sink, const struct sink_core_effect *asked,
                                        struct error *error) {
    const struct sink_spec *spec = sink->spec;
    switch (asked->kind) {
    case SINK_ASK_JOIN:
        return join(sink, error);
    case SINK_ASK_LOAD:
        return load(sink, asked->partition, error);
    case SINK_ASK_SKIM:
        return sink_skim(sink, asked->partition, error);
    case SINK_ASK_FLOW:
        return answer_of(sink_consumer_flow(sink, true, error), error);
    case SINK_ASK_POLL:
        return sink_consumer_poll(sink, asked->timeout_ms);
    case SINK_ASK_LOOK:
        return look_for(sink, error);
    case SINK_ASK_REREAD:
        return reread(sink, asked->partition, error);
    case SINK_ASK_DEAD_LETTER:
        return answer_of(sink_batch_dead_letter(sink, asked->entry, error), error);
    case SINK_ASK_BEGIN:
        return begin(sink, error);
    case SINK_ASK_ADVANCE:
        return advance(sink, asked->partition, error);
    case SINK_ASK_HANDLE:
        return answer_of(sink_batch_handle(sink, asked->entry, error), error);
    case SINK_ASK_FLUSH:
        return answer_of(spec->flush == NULL || spec->flush(sink->daemon, sink->pg, error), error);
    case SINK_ASK_COMMIT:
        return answer_of(pg_commit(sink->pg, error), error);
    default:
        assert(asked->kind == SINK_ASK_WAIT);
        wait_for(sink, asked);
        return (struct sink_core_event){.kind = SINK_QUIET};
    }
}

/* What may come before any step. */
static void interruptions_tell(struct sink *sink) {
    if (sink->broken.action != ERROR_NONE && !sink->core.dying) {
        sink_notify(sink, (struct sink_core_event){.kind = SINK_BROKEN, .error = &sink->broken});
    }
    if (daemon_stopping() && !sink->core.stopping) {
        sink_notify(sink, (struct sink_core_event){.kind = SINK_STOP});
    }
}

/* A failure is answered with chance for its back-off. */
static void event_complete(struct sink_core_event *event) {
    event->now_ms = clock_monotonic_ms();
    if (event->kind == SINK_FAILED || event->kind == SINK_FENCED || event->kind == SINK_FOUND) {
        random_fill(&event->random, sizeof event->random);
    }
}

static void sink_loop(struct sink *sink) {
    struct sink_core_event event = {.kind = SINK_START};
    struct sink_core_effects effects;
    struct error error;
    for (;;) {
        interruptions_tell(sink);
        event_complete(&event);
        sink_core_step(&sink->core, &event, &effects);
        for (size_t i = 0; i + 1 < effects.count; i++) {
            sink_told(sink, &effects.items[i]);
        }
        const struct sink_core_effect *asked = &effects.items[effects.count - 1];
        if (asked->kind == SINK_ASK_END) {
            return;
        }
        error = (struct error){0};
        event = asked_for(sink, asked, &error);
    }
}

/* --- life --- */

static void sink_init(struct sink *sink, struct daemon *daemon, const struct sink_spec *spec) {
    *sink = (struct sink){.daemon = daemon, .spec = spec};
    arena_init(&sink->arena);
    sink->codec = codec_new();
    sink->pg = pg_new(config_text(daemon->config, "postgres_url"), daemon->instance);
    sink->producer = producer_new(daemon->config, daemon->instance);
    size_t records_max = (size_t)config_integer(daemon->config, "sink_batch_records_max");
    sink->core_entries = allocate_zeroed(records_max, sizeof sink->core_entries[0]);
    sink_core_init(&sink->core, &(struct sink_core_options){.batch_records_max = records_max,
                                                            .record_tries_max = (int)config_integer(
                                                                daemon->config, "record_tries_max"),
                                                            .entries = sink->core_entries,
                                                            .entry_capacity = records_max});
    sink->handled = metrics_counter("seatlog_records_handled_total", NULL,
                                    "Records handled, each in a committed transaction.");
    sink->dead_letters = metrics_counter("seatlog_dead_letters_total", NULL,
                                         "Records put aside because they could not be used.");
    sink->rollbacks =
        metrics_counter("seatlog_sink_rollbacks_total", NULL, "PostgreSQL transactions undone.");
    for (int i = 0; i < TERM_STALE_COUNT; i++) {
        sink->stale[i] = term_watch_stale_metric((enum term_stale)i);
    }
    sink->commit_duration =
        metrics_histogram("seatlog_commit_duration_seconds", NULL,
                          "From the begin of a batch's transaction to its commit.");
}

static void sink_deinit(struct sink *sink) {
    sink_consumer_close(sink);
    producer_free(sink->producer, DEAD_LETTER_DRAIN_MS);
    pg_free(sink->pg);
    codec_free(sink->codec);
    sink_batch_free(sink);
    arena_deinit(&sink->arena);
}

int sink_run(struct daemon *daemon, const struct sink_spec *spec) {
    struct sink sink;
    sink_init(&sink, daemon, spec);
    sink_topics_await(&sink);
    sink_loop(&sink);
    int status = 0;
    if (sink.core.dying) {
        char reason[ERROR_MESSAGE_SIZE];
        log_error("sink ends", LOG_TEXT("reason", sink_fault_format(&sink, reason)));
        status = EXIT_FAILURE;
    }
    sink_deinit(&sink);
    return status;
}
