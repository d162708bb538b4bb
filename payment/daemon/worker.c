/* SPDX-License-Identifier: Apache-2.0 */
/* The lease's hands: a thread, PostgreSQL, the provider over HTTP, the log. */
#include "payment/daemon/worker.h"

#include "payment/core/lease.h"
#include "payment/core/names.h"
#include "payment/daemon/metrics.h"
#include "payment/daemon/pg.h"
#include "payment/daemon/report.h"
#include "runtime/base/log.h"
#include "runtime/base/random.h"
#include "runtime/base/time.h"
#include "runtime/pg/pg.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RESPONSE_SIZE_MAX (256 * 1024)

/* What belongs to a slot of the lease but is not the lease's business. */
struct slot {
    struct payment_worker *worker;
    struct slot *next; /* in reported */
    enum producer_outcome outcome;
};

struct payment_worker {
    const struct payment_worker_settings *settings;
    struct producer *producer;
    struct pg *pg;
    struct http_client *client;
    struct codec *codec;
    pthread_t thread;
    atomic_bool woken;
    atomic_bool stopping;

    struct payment_lease lease;
    struct payment_flight *flights; /* in_flight_max of them, and of slots */
    struct slot *slots;
    struct error error; /* of the last action */
    bool ended;

    pthread_mutex_t lock; /* of reported */
    struct slot *reported;
    struct slot **reported_end;
};

static void event_handle(struct payment_worker *worker, struct payment_lease_event event);

static int32_t slot_index(const struct payment_worker *worker, const struct slot *slot) {
    int32_t index = (int32_t)(slot - worker->slots);
    assert(index >= 0 && index < worker->settings->lease.in_flight_max);
    return index;
}

/* ---- the provider ---- */

static void failure_describe(const struct payment_answer *answer,
                             const struct http_response *response, char *out, size_t out_size) {
    if (answer->kind == PAYMENT_ANSWER_PAYMENT || answer->kind == PAYMENT_ANSWER_REFUND ||
        answer->kind == PAYMENT_ANSWER_ACCEPTED) {
        out[0] = '\0';
    } else if (response->status == 0) {
        snprintf(out, out_size, "%s", response->failure);
    } else {
        snprintf(out, out_size, "HTTP %d %s", response->status, answer->code);
    }
}

static void on_answer(void *context, const struct http_response *response) {
    struct slot *slot = context;
    struct payment_worker *worker = slot->worker;
    int32_t index = slot_index(worker, slot);
    const struct payment_flight *flight = &worker->flights[index];
    struct payment_answer answer;
    char failure[PAYMENT_FAILURE_SIZE];
    payment_square_answer(flight->step, response, &answer);
    failure_describe(&answer, response, failure, sizeof failure);
    event_handle(worker, (struct payment_lease_event){.kind = PAYMENT_LEASE_ANSWERED,
                                                      .flight = index,
                                                      .answer = &answer,
                                                      .failure = failure});
    payment_metrics_call(flight->step, answer.kind, flight->took_ms);
}

static void call_start(struct payment_worker *worker, int32_t flight) {
    struct payment_square_call call;
    payment_square_call_init(&call, &worker->settings->square, &worker->flights[flight].row);
    http_client_start(worker->client, &call.request, on_answer, &worker->slots[flight]);
    payment_square_call_deinit(&call);
}

/* ---- the log ---- */

/* From the producer's thread. */
static void on_report(void *context, const struct producer_report *report) {
    struct slot *slot = context;
    struct payment_worker *worker = slot->worker;
    pthread_mutex_lock(&worker->lock);
    assert(slot->next == NULL && worker->reported_end != &slot->next);
    slot->outcome = report->outcome;
    *worker->reported_end = slot;
    worker->reported_end = &slot->next;
    pthread_mutex_unlock(&worker->lock);
    http_client_wake(worker->client);
}

/* Returns what there is to tell: nothing yet, or that the command could not even be queued. */
static struct payment_lease_event report_start(struct payment_worker *worker, int32_t flight) {
    if (payment_report_send(worker->producer, worker->codec, worker->settings->source,
                            &worker->flights[flight].row, on_report, &worker->slots[flight],
                            &worker->error)) {
        return (struct payment_lease_event){.kind = PAYMENT_LEASE_TURN};
    }
    return (struct payment_lease_event){
        .kind = PAYMENT_LEASE_REPORTED, .flight = flight, .failure = worker->error.message};
}

static void reported_take(struct payment_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    struct slot *slot = worker->reported;
    worker->reported = NULL;
    worker->reported_end = &worker->reported;
    pthread_mutex_unlock(&worker->lock);
    while (slot != NULL) {
        struct slot *next = slot->next;
        bool persisted = slot->outcome == PRODUCER_PERSISTED;
        slot->next = NULL;
        event_handle(worker, (struct payment_lease_event){
                                 .kind = PAYMENT_LEASE_REPORTED,
                                 .flight = slot_index(worker, slot),
                                 .acknowledged = persisted,
                                 .failure = persisted ? "" : "the command was not acknowledged"});
        slot = next;
    }
}

/* ---- the table ---- */

/* What trying again cannot mend. */
static bool is_hopeless(const struct error *error) {
    return error->action == ERROR_DIE || error->action == ERROR_PARK;
}

static struct payment_lease_event leases_recover(struct payment_worker *worker) {
    int64_t released = 0;
    if (!payment_pg_release(worker->pg, worker->settings->instance, &released, &worker->error)) {
        log_warning("PostgreSQL is not there yet", LOG_TEXT("reason", worker->error.message));
        return (struct payment_lease_event){.kind = PAYMENT_LEASE_RECOVER_FAILED};
    }
    if (released > 0) {
        log_info("took up a predecessor's work", LOG_INTEGER("rows", released));
    }
    return (struct payment_lease_event){.kind = PAYMENT_LEASE_RECOVERED};
}

/* Leases into rows, PAYMENT_LEASE_BATCH_MAX of them. */
static struct payment_lease_event rows_lease(struct payment_worker *worker,
                                             const struct payment_lease_effect *effect,
                                             struct payment_row *rows) {
    int count =
        payment_pg_lease(worker->pg, worker->settings->instance, worker->settings->lease.lease_ms,
                         (int)effect->number, effect->calls, effect->now_ms, rows, &worker->error);
    if (count >= 0) {
        return (struct payment_lease_event){
            .kind = PAYMENT_LEASE_LEASED, .count = count, .rows = rows};
    }
    log_warning("work cannot be leased yet", LOG_TEXT("reason", worker->error.message));
    return (struct payment_lease_event){.kind = PAYMENT_LEASE_LEASE_FAILED,
                                        .hopeless = is_hopeless(&worker->error)};
}

static bool flights_write(struct payment_worker *worker, int64_t now_ms) {
    if (!pg_begin(worker->pg, &worker->error)) {
        return false;
    }
    for (int32_t i = payment_lease_saving(&worker->lease, -1); i >= 0;
         i = payment_lease_saving(&worker->lease, i)) {
        struct payment_flight *flight = &worker->flights[i];
        struct payment_save save = {
            .row = &flight->row,
            .answer = flight->answered ? &flight->answer : NULL,
            .answered_step = flight->step,
            .took_ms = flight->took_ms,
            .last_error = flight->failure,
            .lease_ms = payment_lease_kept_ms(&worker->lease, i),
            .now_ms = now_ms,
        };
        if (!payment_pg_save(worker->pg, &save, &flight->owned, &worker->error)) {
            return false;
        }
    }
    return pg_commit(worker->pg, &worker->error);
}

static struct payment_lease_event flights_save(struct payment_worker *worker, int64_t now_ms) {
    if (flights_write(worker, now_ms)) {
        return (struct payment_lease_event){.kind = PAYMENT_LEASE_SAVED};
    }
    pg_rollback(worker->pg);
    log_warning("what the provider said cannot be written yet",
                LOG_TEXT("reason", worker->error.message));
    return (struct payment_lease_event){.kind = PAYMENT_LEASE_SAVE_FAILED,
                                        .hopeless = is_hopeless(&worker->error)};
}

static void open_count(struct payment_worker *worker) {
    int64_t counts[PAYMENT_KIND_COUNT], oldest_s;
    if (payment_pg_open(worker->pg, counts, &oldest_s, NULL)) {
        payment_metrics_open(counts, oldest_s);
    }
}

/* ---- effects ---- */

static void flight_log(const struct payment_flight *flight, const char *message) {
    const struct payment_work *work = &flight->row.work;
    log_info(message, LOG_TEXT("kind", payment_kind_name(work->kind)),
             LOG_UUID("reservation_id", &flight->row.reservation_id),
             LOG_INTEGER("attempt", flight->row.attempt),
             LOG_TEXT("result", payment_result_name(work->result)), LOG_TEXT("code", work->code),
             LOG_INTEGER("took_ms", flight->took_ms));
}

static void alarm_raise(const struct payment_flight *flight, const char *alarm) {
    payment_metrics_alarm();
    log_error(alarm, LOG_TEXT("kind", payment_kind_name(flight->row.work.kind)),
              LOG_UUID("reservation_id", &flight->row.reservation_id),
              LOG_INTEGER("attempt", flight->row.attempt),
              LOG_TEXT("payment_id", flight->row.work.payment_id),
              LOG_TEXT("failure", flight->failure));
}

static void effect_tell(const struct payment_flight *flight,
                        const struct payment_lease_effect *effect) {
    switch (effect->kind) {
    case PAYMENT_LEASE_TELL_ALARM:
        alarm_raise(flight, effect->text);
        return;
    case PAYMENT_LEASE_TELL_SETTLED:
        flight_log(flight, "settled");
        return;
    case PAYMENT_LEASE_TELL_DONE:
        payment_metrics_result(flight->row.work.result);
        return;
    case PAYMENT_LEASE_TELL_LATE:
        log_warning("work was leased too long ago for a call",
                    LOG_UUID("reservation_id", &flight->row.reservation_id),
                    LOG_INTEGER("since_leased_ms", effect->number));
        return;
    case PAYMENT_LEASE_TELL_PROBING:
        log_warning("the provider does not answer; probing", LOG_TEXT("reason", flight->failure));
        return;
    case PAYMENT_LEASE_TELL_ANSWERS_AGAIN:
        log_info("the provider answers again");
        return;
    case PAYMENT_LEASE_TELL_UNAUTHORIZED:
    case PAYMENT_LEASE_TELL_AUTHORIZED:
        payment_metrics_unauthorized(effect->kind == PAYMENT_LEASE_TELL_UNAUTHORIZED);
        return;
    default:
        die("an effect that tells nothing: %d", (int)effect->kind);
    }
}

/* Answers and reports come in meanwhile. */
static void events_wait(struct payment_worker *worker, int64_t wait_ms) {
    payment_metrics_in_flight(worker->lease.flights.counts[PAYMENT_FLIGHT_CALLING]);
    http_client_poll(worker->client, (int)wait_ms);
    reported_take(worker);
    if (atomic_exchange(&worker->woken, false)) {
        event_handle(worker, (struct payment_lease_event){.kind = PAYMENT_LEASE_WOKEN});
    }
    if (atomic_load(&worker->stopping)) {
        event_handle(worker, (struct payment_lease_event){.kind = PAYMENT_LEASE_STOP});
    }
}

static void flight_release(struct payment_worker *worker, int32_t flight) {
    free(worker->flights[flight].row.source_id);
    worker->flights[flight].row.source_id = NULL;
}

static void end(struct payment_worker *worker, int64_t flights) {
    worker->ended = true;
    if (flights > 0) {
        log_warning("stopping with calls under way: they are settled after the next start",
                    LOG_INTEGER("rows", flights));
    }
}

/* Does the action; returns its outcome, or that the next turn has come. rows: of a LEASE. */
static struct payment_lease_event action_do(struct payment_worker *worker,
                                            const struct payment_lease_effect *effect,
                                            struct payment_row *rows) {
    worker->error = (struct error){0};
    switch (effect->kind) {
    case PAYMENT_LEASE_RECOVER:
        return leases_recover(worker);
    case PAYMENT_LEASE_LEASE:
        return rows_lease(worker, effect, rows);
    case PAYMENT_LEASE_SAVE:
        return flights_save(worker, effect->now_ms);
    case PAYMENT_LEASE_REPORT:
        return report_start(worker, effect->flight);
    case PAYMENT_LEASE_CALL:
        call_start(worker, effect->flight);
        break;
    case PAYMENT_LEASE_RELEASE:
        flight_release(worker, effect->flight);
        break;
    case PAYMENT_LEASE_COUNT:
        open_count(worker);
        break;
    case PAYMENT_LEASE_WAIT:
        events_wait(worker, effect->number);
        break;
    case PAYMENT_LEASE_END:
        end(worker, effect->number);
        break;
    default:
        die("an effect that is no action: %d", (int)effect->kind);
    }
    return (struct payment_lease_event){.kind = PAYMENT_LEASE_TURN};
}

static void effects_of(struct payment_worker *worker, struct payment_lease_event *event,
                       struct payment_lease_effects *effects) {
    event->now_ms = clock_now_ms();
    event->monotonic_ms = clock_monotonic_ms();
    random_fill(&event->random, sizeof event->random);
    payment_lease_step(&worker->lease, event, effects);
    for (int32_t i = 0; i < effects->count; i++) {
        const struct payment_lease_effect *effect = &effects->items[i];
        if (effect->flight >= 0) {
            log_trace_set(worker->flights[effect->flight].row.traceparent);
        }
        if (effect->kind < PAYMENT_LEASE_RECOVER) {
            effect_tell(&worker->flights[effect->flight], effect);
        }
    }
}

/* Something that leads to no action. */
static void event_handle(struct payment_worker *worker, struct payment_lease_event event) {
    struct payment_lease_effects effects;
    effects_of(worker, &event, &effects);
    assert(effects.count == 0 || effects.items[effects.count - 1].kind < PAYMENT_LEASE_RECOVER);
}

/* The lease's next action, or an outcome that leads to none. */
static struct payment_lease_event event_next(struct payment_worker *worker,
                                             struct payment_lease_event event,
                                             struct payment_row *rows) {
    struct payment_lease_effects effects;
    effects_of(worker, &event, &effects);
    const struct payment_lease_effect *last =
        effects.count > 0 ? &effects.items[effects.count - 1] : NULL;
    if (last == NULL || last->kind < PAYMENT_LEASE_RECOVER) {
        return (struct payment_lease_event){.kind = PAYMENT_LEASE_TURN};
    }
    if (last->kind == PAYMENT_LEASE_DIE) {
        die("%s: %s", last->text, worker->error.message);
    }
    return action_do(worker, last, rows);
}

static void *worker_run(void *context) {
    struct payment_worker *worker = context;
    struct payment_row *rows = allocate_zeroed(PAYMENT_LEASE_BATCH_MAX, sizeof *rows);
    struct payment_lease_event event = {.kind = PAYMENT_LEASE_TURN};
    while (!worker->ended) {
        event = event_next(worker, event, rows);
    }
    free(rows);
    return NULL;
}

/* ---- life ---- */

struct payment_worker *payment_worker_start(const struct payment_worker_settings *settings,
                                            struct producer *producer) {
    struct payment_worker *worker = allocate_zeroed(1, sizeof *worker);
    size_t slots = (size_t)settings->lease.in_flight_max;
    worker->settings = settings;
    worker->producer = producer;
    worker->pg = pg_new(settings->postgres_url, "seatlog-payment-worker");
    worker->client =
        http_client_new(settings->lease.in_flight_max, settings->ca_file, RESPONSE_SIZE_MAX);
    worker->codec = codec_new();
    worker->flights = allocate_zeroed(slots, sizeof *worker->flights);
    worker->slots = allocate_zeroed(slots, sizeof *worker->slots);
    for (size_t i = 0; i < slots; i++) {
        worker->slots[i].worker = worker;
    }
    worker->reported_end = &worker->reported;
    payment_lease_init(&worker->lease, &settings->lease, worker->flights);
    pthread_mutex_init(&worker->lock, NULL);
    if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0) {
        die("the worker's thread cannot be started");
    }
    return worker;
}

void payment_worker_wake(struct payment_worker *worker) {
    atomic_store(&worker->woken, true);
    http_client_wake(worker->client);
}

void payment_worker_stop(struct payment_worker *worker) {
    atomic_store(&worker->stopping, true);
    http_client_wake(worker->client);
    pthread_join(worker->thread, NULL);
}

void payment_worker_free(struct payment_worker *worker) {
    http_client_free(worker->client);
    codec_free(worker->codec);
    pg_free(worker->pg);
    pthread_mutex_destroy(&worker->lock);
    for (int32_t i = 0; i < worker->settings->lease.in_flight_max; i++) {
        free(worker->flights[i].row.source_id);
    }
    free(worker->flights);
    free(worker->slots);
    free(worker);
}
