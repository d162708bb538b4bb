/* SPDX-License-Identifier: Apache-2.0 */
#include "payment/daemon/worker.h"

#include "payment/daemon/metrics.h"
#include "payment/daemon/pg.h"
#include "payment/daemon/report.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/daemon.h"
#include "runtime/pg/pg.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESPONSE_SIZE_MAX (256 * 1024)
#define LEASE_BATCH_MAX 256
#define OPEN_COUNT_INTERVAL_MS 5000
#define SAVE_RETRY_BASE_MS 100
#define SAVE_RETRY_MAXIMUM_MS 5000

/* So many calls in a row without an answer, and only a few at a time probe whether the provider is
 * back. */
#define FAILURES_TO_PROBE 20
#define PROBES_MAX 4

/* How long nobody calls after a rate limit that does not say. */
#define LATER_PAUSE_MS 1000

/* One leased row on its way. */
struct flight {
    struct flight *next;
    struct payment_worker *worker;
    struct payment_row row;
    struct payment_answer answer;
    bool answered;          /* the answer is to be kept */
    enum payment_step step; /* that was called */
    int64_t started_ms;     /* monotonic */
    int64_t took_ms;
    char failure[256]; /* why it did not get on */
    bool owned;
    enum producer_outcome outcome;
};

struct flight_list {
    struct flight *first;
    struct flight **end;
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

    struct flight_list unsaved; /* decided, to be written */
    int flights;                /* leased rows of all states */
    int calls;                  /* of them with a call under way */
    int failures;               /* calls in a row that got no answer */
    int64_t paused_until_ms;    /* monotonic: no call before */
    int64_t lease_at_ms;        /* monotonic: when to look for due rows again */
    int64_t count_at_ms;        /* monotonic: when to count open work again */
    int save_failures;
    int64_t save_at_ms; /* monotonic */

    pthread_mutex_t lock; /* of acknowledged */
    struct flight_list acknowledged;
};

static void list_init(struct flight_list *list) {
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct flight_list *list, struct flight *flight) {
    flight->next = NULL;
    *list->end = flight;
    list->end = &flight->next;
}

static void flight_free(struct flight *flight) {
    flight->worker->flights--;
    free(flight->row.source_id);
    free(flight);
}

static void flight_log(const struct flight *flight, const char *message) {
    const struct payment_work *work = &flight->row.work;
    log_info(message, LOG_TEXT("kind", payment_kind_name(work->kind)),
             LOG_UUID("reservation_id", &flight->row.reservation_id),
             LOG_INTEGER("attempt", flight->row.attempt),
             LOG_TEXT("result", payment_result_name(work->result)), LOG_TEXT("code", work->code),
             LOG_INTEGER("took_ms", flight->took_ms));
}

/* ---- calls ---- */

/* What the worker as a whole learns from an answer. */
static void health_note(struct payment_worker *worker, const struct flight *flight) {
    int64_t now_ms = clock_monotonic_ms();
    switch (flight->answer.kind) {
    case PAYMENT_ANSWER_NOT_SENT:
    case PAYMENT_ANSWER_UNKNOWN:
        worker->failures++;
        if (worker->failures == FAILURES_TO_PROBE) {
            log_warning("the provider does not answer; probing",
                        LOG_TEXT("reason", flight->failure));
        }
        return;
    case PAYMENT_ANSWER_UNAUTHORIZED:
        payment_metrics_unauthorized(true);
        worker->paused_until_ms = now_ms + worker->settings->limits.buyer_retry_maximum_ms;
        return;
    case PAYMENT_ANSWER_LATER: {
        int64_t pause_ms = flight->answer.retry_after_ms;
        pause_ms = pause_ms > 0 ? pause_ms : LATER_PAUSE_MS;
        worker->paused_until_ms = now_ms + pause_ms;
        return;
    }
    case PAYMENT_ANSWER_PAYMENT:
    case PAYMENT_ANSWER_REFUND:
    case PAYMENT_ANSWER_ACCEPTED:
    case PAYMENT_ANSWER_REFUSED:
        if (worker->failures >= FAILURES_TO_PROBE) {
            log_info("the provider answers again");
        }
        worker->failures = 0;
        payment_metrics_unauthorized(false);
        return;
    }
}

static void failure_describe(struct flight *flight, const struct http_response *response) {
    if (flight->answer.kind == PAYMENT_ANSWER_PAYMENT ||
        flight->answer.kind == PAYMENT_ANSWER_REFUND ||
        flight->answer.kind == PAYMENT_ANSWER_ACCEPTED) {
        flight->failure[0] = '\0';
    } else if (response->status == 0) {
        snprintf(flight->failure, sizeof flight->failure, "%s", response->failure);
    } else {
        snprintf(flight->failure, sizeof flight->failure, "HTTP %d %s", response->status,
                 flight->answer.code);
    }
}

static void alarm_raise(const struct flight *flight, const char *alarm) {
    payment_metrics_alarm();
    log_error(alarm, LOG_TEXT("kind", payment_kind_name(flight->row.work.kind)),
              LOG_UUID("reservation_id", &flight->row.reservation_id),
              LOG_INTEGER("attempt", flight->row.attempt),
              LOG_TEXT("payment_id", flight->row.work.payment_id),
              LOG_TEXT("failure", flight->failure));
}

static void on_answer(void *context, const struct http_response *response) {
    struct flight *flight = context;
    struct payment_worker *worker = flight->worker;
    worker->calls--;
    flight->took_ms = clock_monotonic_ms() - flight->started_ms;
    flight->answered = true;
    payment_square_answer(flight->step, response, &flight->answer);
    failure_describe(flight, response);
    payment_metrics_call(flight->step, flight->answer.kind, flight->took_ms);
    log_trace_set(flight->row.traceparent);
    health_note(worker, flight);
    const char *alarm =
        payment_work_answered(&flight->row.work, &flight->answer, &worker->settings->limits,
                              clock_now_ms(), arc4random());
    if (alarm != NULL) {
        alarm_raise(flight, alarm);
    }
    if (flight->row.work.result != PAYMENT_RESULT_NONE) {
        flight_log(flight, "settled");
    }
    list_add(&worker->unsaved, flight);
}

static void call_start(struct payment_worker *worker, struct flight *flight) {
    struct payment_square_call call;
    flight->step = flight->row.work.step;
    flight->started_ms = clock_monotonic_ms();
    payment_square_call_init(&call, &worker->settings->square, &flight->row);
    http_client_start(worker->client, &call.request, on_answer, flight);
    payment_square_call_deinit(&call);
    worker->calls++;
}

/* ---- reports ---- */

static void on_report(void *context, const struct producer_report *report) {
    struct flight *flight = context;
    struct payment_worker *worker = flight->worker;
    pthread_mutex_lock(&worker->lock);
    flight->outcome = report->outcome;
    list_add(&worker->acknowledged, flight);
    pthread_mutex_unlock(&worker->lock);
    http_client_wake(worker->client);
}

/* The command's fate is known: acknowledged, or to be written again. */
static void report_settle(struct payment_worker *worker, struct flight *flight, bool acknowledged) {
    payment_work_reported(&flight->row.work, acknowledged, &worker->settings->limits,
                          clock_now_ms(), arc4random());
    flight->answered = false;
    if (acknowledged && flight->row.reported) {
        payment_metrics_result(flight->row.work.result);
    }
    list_add(&worker->unsaved, flight);
}

static void report_start(struct payment_worker *worker, struct flight *flight) {
    struct error error = {0};
    if (!flight->row.reported) {
        report_settle(worker, flight, true);
    } else if (!payment_report_send(worker->producer, worker->codec, worker->settings->source,
                                    &flight->row, on_report, flight, &error)) {
        snprintf(flight->failure, sizeof flight->failure, "%.255s", error.message);
        report_settle(worker, flight, false);
    }
}

static void acknowledged_take(struct payment_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    struct flight *flight = worker->acknowledged.first;
    list_init(&worker->acknowledged);
    pthread_mutex_unlock(&worker->lock);
    while (flight != NULL) {
        struct flight *next = flight->next;
        bool persisted = flight->outcome == PRODUCER_PERSISTED;
        snprintf(flight->failure, sizeof flight->failure, "%s",
                 persisted ? "" : "the command was not acknowledged");
        report_settle(worker, flight, persisted);
        flight = next;
    }
}

/* ---- the table ---- */

static bool flights_write(struct payment_worker *worker, struct error *error) {
    int64_t now_ms = clock_now_ms();
    if (!pg_begin(worker->pg, error)) {
        return false;
    }
    for (struct flight *flight = worker->unsaved.first; flight != NULL; flight = flight->next) {
        bool report = flight->row.work.step == PAYMENT_STEP_REPORT;
        bool report_now = report && flight->row.work.due_at_ms <= now_ms;
        struct payment_save save = {
            .row = &flight->row,
            .answer = flight->answered ? &flight->answer : NULL,
            .answered_step = flight->step,
            .took_ms = flight->took_ms,
            .last_error = flight->failure,
            .lease_ms = report_now ? worker->settings->lease_ms : 0,
            .now_ms = now_ms,
        };
        if (!payment_pg_save(worker->pg, &save, &flight->owned, error)) {
            return false;
        }
        flight->owned = flight->owned && report_now;
    }
    return pg_commit(worker->pg, error);
}

/* After the commit: what has a result is reported, the rest is given back. */
static void flights_go_on(struct payment_worker *worker) {
    struct flight *flight = worker->unsaved.first;
    list_init(&worker->unsaved);
    while (flight != NULL) {
        struct flight *next = flight->next;
        if (flight->owned) {
            log_trace_set(flight->row.traceparent);
            report_start(worker, flight);
        } else {
            flight_free(flight);
        }
        flight = next;
    }
    worker->lease_at_ms = 0;
}

/* Returns whether there was something to write and it is written. */
static bool flights_save(struct payment_worker *worker) {
    struct error error = {0};
    if (worker->unsaved.first == NULL || clock_monotonic_ms() < worker->save_at_ms) {
        return false;
    }
    if (flights_write(worker, &error)) {
        worker->save_failures = 0;
        worker->save_at_ms = 0;
        flights_go_on(worker);
        return true;
    }
    pg_rollback(worker->pg);
    worker->save_failures++;
    worker->save_at_ms =
        clock_monotonic_ms() +
        backoff_ms(worker->save_failures, SAVE_RETRY_BASE_MS, SAVE_RETRY_MAXIMUM_MS);
    if (error.action == ERROR_DIE || error.action == ERROR_PARK) {
        die("what the provider said can not be written: %s", error.message);
    }
    log_warning("what the provider said can not be written yet", LOG_TEXT("reason", error.message));
    return false;
}

/* Too late for a call: the row is left to its lease's end, and to whoever takes it then. */
static bool call_is_timely(const struct payment_worker *worker, const struct flight *flight,
                           int64_t leased_ms) {
    int64_t since_leased_ms = clock_monotonic_ms() - leased_ms;
    if (payment_call_is_timely(&worker->settings->limits, worker->settings->lease_ms,
                               worker->settings->square.timeout_ms, since_leased_ms)) {
        return true;
    }
    log_warning("work was leased too long ago for a call",
                LOG_UUID("reservation_id", &flight->row.reservation_id),
                LOG_INTEGER("since_leased_ms", since_leased_ms));
    return false;
}

static void flight_begin(struct payment_worker *worker, const struct payment_row *row,
                         int64_t now_ms, int64_t leased_ms) {
    struct flight *flight = allocate_zeroed(1, sizeof *flight);
    flight->worker = worker;
    flight->row = *row;
    worker->flights++;
    log_trace_set(row->traceparent);
    enum payment_step before = row->work.step;
    payment_work_prepare(&flight->row.work, &worker->settings->limits, now_ms);
    struct payment_work *work = &flight->row.work;
    if (work->step != before || work->due_at_ms > now_ms) {
        /* The hold has ended: first of all that is written down. */
        snprintf(flight->failure, sizeof flight->failure, "%s", work->code);
        list_add(&worker->unsaved, flight);
    } else if (work->step == PAYMENT_STEP_REPORT) {
        report_start(worker, flight);
    } else if (call_is_timely(worker, flight, leased_ms)) {
        call_start(worker, flight);
    } else {
        flight_free(flight);
    }
}

/* How many rows may be leased, and whether such as need a call. */
static int lease_limit(const struct payment_worker *worker, int64_t monotonic_ms, bool *calls) {
    int room = worker->settings->in_flight_max - worker->flights;
    *calls = monotonic_ms >= worker->paused_until_ms;
    if (*calls && worker->failures >= FAILURES_TO_PROBE) {
        int probes = PROBES_MAX - worker->calls;
        *calls = probes > 0;
        room = *calls && probes < room ? probes : room;
    }
    return room < LEASE_BATCH_MAX ? room : LEASE_BATCH_MAX;
}

static void rows_lease(struct payment_worker *worker) {
    struct payment_row rows[LEASE_BATCH_MAX];
    struct error error = {0};
    bool calls;
    int64_t monotonic_ms = clock_monotonic_ms();
    int limit = lease_limit(worker, monotonic_ms, &calls);
    bool woken = atomic_exchange(&worker->woken, false);
    if (limit <= 0 || worker->save_failures > 0 || (!woken && monotonic_ms < worker->lease_at_ms)) {
        if (woken) {
            atomic_store(&worker->woken, true);
        }
        return;
    }
    int64_t now_ms = clock_now_ms();
    int count = payment_pg_lease(worker->pg, worker->settings->instance, worker->settings->lease_ms,
                                 limit, calls, now_ms, rows, &error);
    if (count < 0) {
        if (error.action == ERROR_DIE || error.action == ERROR_PARK) {
            die("work can not be leased: %s", error.message);
        }
        log_warning("work can not be leased yet", LOG_TEXT("reason", error.message));
    }
    worker->lease_at_ms = count == limit ? 0 : monotonic_ms + worker->settings->poll_ms;
    for (int i = 0; i < count; i++) {
        flight_begin(worker, &rows[i], now_ms, monotonic_ms);
    }
}

static void open_count(struct payment_worker *worker) {
    int64_t counts[4], oldest_s;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= worker->count_at_ms && worker->save_failures == 0) {
        worker->count_at_ms = now_ms + OPEN_COUNT_INTERVAL_MS;
        if (payment_pg_open(worker->pg, counts, &oldest_s, NULL)) {
            payment_metrics_open(counts, oldest_s);
        }
    }
    payment_metrics_in_flight(worker->calls);
}

/* A predecessor of the same name is dead: what it had leased need not wait out its lease. */
static void leases_recover(struct payment_worker *worker) {
    for (int failures = 1; !atomic_load(&worker->stopping); failures++) {
        struct error error = {0};
        int64_t released = 0;
        if (payment_pg_release(worker->pg, worker->settings->instance, &released, &error)) {
            if (released > 0) {
                log_info("took up a predecessor's work", LOG_INTEGER("rows", released));
            }
            return;
        }
        log_warning("PostgreSQL is not there yet", LOG_TEXT("reason", error.message));
        daemon_sleep_ms(backoff_ms(failures, SAVE_RETRY_BASE_MS, SAVE_RETRY_MAXIMUM_MS));
    }
}

static int poll_wait_ms(struct payment_worker *worker) {
    int64_t now_ms = clock_monotonic_ms();
    if (worker->unsaved.first != NULL && worker->save_failures == 0) {
        return 0;
    }
    if (atomic_load(&worker->woken) && worker->flights < worker->settings->in_flight_max &&
        now_ms >= worker->paused_until_ms && worker->save_failures == 0) {
        return 0;
    }
    int64_t wait_ms = worker->lease_at_ms - now_ms;
    if (worker->flights >= worker->settings->in_flight_max || worker->save_failures > 0 ||
        wait_ms > worker->settings->poll_ms) {
        wait_ms = worker->settings->poll_ms;
    }
    return wait_ms < 0 ? 0 : (int)wait_ms;
}

static void *worker_run(void *context) {
    struct payment_worker *worker = context;
    leases_recover(worker);
    while (!atomic_load(&worker->stopping)) {
        rows_lease(worker);
        http_client_poll(worker->client, poll_wait_ms(worker));
        acknowledged_take(worker);
        flights_save(worker);
        open_count(worker);
    }
    int64_t end_ms = clock_monotonic_ms() + worker->settings->drain_ms;
    while (worker->flights > 0 && clock_monotonic_ms() < end_ms) {
        http_client_poll(worker->client, worker->unsaved.first != NULL ? 0 : 50);
        acknowledged_take(worker);
        flights_save(worker);
    }
    if (worker->flights > 0) {
        log_warning("stopping with calls under way: they are settled after the next start",
                    LOG_INTEGER("rows", worker->flights));
    }
    return NULL;
}

struct payment_worker *payment_worker_start(const struct payment_worker_settings *settings,
                                            struct producer *producer) {
    struct payment_worker *worker = allocate_zeroed(1, sizeof *worker);
    worker->settings = settings;
    worker->producer = producer;
    worker->pg = pg_new(settings->postgres_url, "seatlog-payment-worker");
    worker->client = http_client_new(settings->in_flight_max, settings->ca_file, RESPONSE_SIZE_MAX);
    worker->codec = codec_new();
    list_init(&worker->unsaved);
    list_init(&worker->acknowledged);
    pthread_mutex_init(&worker->lock, NULL);
    if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0) {
        die("the worker's thread can not be started");
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
    free(worker);
}
