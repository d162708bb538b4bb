/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that send: the actions of notifier/core/sender.h over PostgreSQL and SMTP. */
#include "notifier/daemon/sender.h"

#include "notifier/core/sender.h"
#include "notifier/daemon/outbox.h"
#include "notifier/smtp/message.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/random.h"
#include "runtime/base/time.h"
#include "runtime/loop/daemon.h"
#include "runtime/pg/pg.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct mail_senders {
    struct mail_senders_options options;
    struct mail_relay *relay;
    char *reverse_path;
    pthread_t *threads;
    int thread_count; /* running */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    uint64_t wakes;            /* guarded by mutex */
    struct mail_server server; /* guarded by mutex */

    struct metric *outcomes[MAIL_STATE_COUNT];
    struct metric *queued;
    struct metric *oldest;
    struct metric *duration;
};

/* A thread. */
struct worker {
    struct mail_senders *senders;
    struct mail_sender core;
    struct mail_sender_effects effects; /* what the core wants now */
    struct pg *pg;
    struct arena arena;
    struct mail_due due;
    struct error trouble; /* why the outbox could not be used */
    uint64_t wakes_seen;
};

static void metrics_register(struct mail_senders *senders) {
    static const char *const labels[MAIL_STATE_COUNT] = {
        [MAIL_STATE_QUEUED] = "outcome=\"retry\"",
        [MAIL_STATE_SENT] = "outcome=\"sent\"",
        [MAIL_STATE_REFUSED] = "outcome=\"refused\"",
        [MAIL_STATE_ERASED] = "outcome=\"erased\"",
        [MAIL_STATE_SUPERSEDED] = "outcome=\"superseded\"",
        [MAIL_STATE_EXPIRED] = "outcome=\"expired\"",
    };
    for (int i = 0; i < MAIL_STATE_COUNT; i++) {
        senders->outcomes[i] =
            metrics_counter("seatlog_mails_total", labels[i], "Mails by what came of a try");
    }
    senders->queued = metrics_gauge("seatlog_mails_queued", NULL, "Mails that wait to be sent");
    senders->oldest = metrics_gauge("seatlog_mails_oldest_queued_age_seconds", NULL,
                                    "How long the oldest of them has been waiting");
    senders->duration = metrics_histogram("seatlog_mail_session_duration_seconds", NULL,
                                          "An SMTP session for one mail");
}

static void core_step(struct worker *worker, struct mail_sender_event event) {
    event.now_ms = clock_monotonic_ms();
    event.random = random_below(UINT32_MAX);
    pthread_mutex_lock(&worker->senders->mutex);
    mail_sender_step(&worker->core, &event, &worker->effects);
    pthread_mutex_unlock(&worker->senders->mutex);
}

static struct mail_sender_event event_of(enum mail_sender_event_kind kind) {
    return (struct mail_sender_event){.kind = kind};
}

/* --- the outbox --- */

static struct mail_sender_event outbox_measure(struct worker *worker) {
    int64_t queued = 0, oldest_s = 0;
    struct error error = {0};
    if (mail_outbox_measure(worker->pg, &queued, &oldest_s, &error)) {
        metric_set(worker->senders->queued, queued);
        metric_set(worker->senders->oldest, oldest_s);
    }
    return event_of(MAIL_SENDER_MEASURED);
}

static struct mail_sender_event outbox_take(struct worker *worker) {
    bool found = false;
    worker->trouble = (struct error){0};
    worker->due = (struct mail_due){0};
    arena_reset(&worker->arena);
    if (mail_outbox_take(worker->pg, &worker->arena, &worker->due, &found, &worker->trouble)) {
        struct mail_sender_event event = event_of(found ? MAIL_SENDER_TAKEN : MAIL_SENDER_NONE_DUE);
        event.due = &worker->due;
        return event;
    }
    return event_of(worker->trouble.action == ERROR_DIE ? MAIL_SENDER_OUTBOX_BROKEN
                                                        : MAIL_SENDER_TAKE_FAILED);
}

static void verdict_log(const struct mail_due *due, const struct mail_verdict *verdict) {
    const char *template = mail_template_name(due->mail.template);
    if (!verdict->asked) {
        log_info("mail not sent", LOG_UUID("mail_id", &due->mail.mail_id),
                 LOG_TEXT("template", template), LOG_TEXT("state", mail_state_name(verdict->state)),
                 LOG_TEXT("reason", verdict->answer));
        return;
    }
    const char *what = verdict->state == MAIL_STATE_SENT      ? "mail sent"
                       : verdict->state == MAIL_STATE_REFUSED ? "mail refused for good"
                                                              : "mail not sent yet";
    log_info(what, LOG_UUID("mail_id", &due->mail.mail_id),
             LOG_UUID("order_id", &due->mail.order_id), LOG_TEXT("template", template),
             LOG_INTEGER("attempt", due->attempts + 1), LOG_TEXT("answer", verdict->answer));
}

static struct mail_sender_event outbox_settle(struct worker *worker) {
    const struct mail_due *due = worker->effects.due;
    const struct mail_verdict *verdict = worker->effects.verdict;
    struct error error = {0};
    metric_add(worker->senders->outcomes[verdict->state], 1);
    verdict_log(due, verdict);
    if (mail_outbox_settle(worker->pg, due->outbox_id, verdict, &error)) {
        return event_of(MAIL_SENDER_SETTLED);
    }
    log_warning("what came of a mail cannot be recorded: it will be sent again",
                LOG_TEXT("reason", error.message), LOG_UUID("mail_id", &due->mail.mail_id));
    error_set(&worker->trouble, ERROR_RETRY, "a mail could not be settled");
    return event_of(MAIL_SENDER_SETTLE_FAILED);
}

static struct mail_sender_event outbox_wake(struct worker *worker) {
    int64_t woken = 0;
    struct error error = {0};
    bool done = mail_outbox_wake(worker->pg, &woken, &error);
    log_info("the mail server answers", LOG_INTEGER("mails_due", woken));
    return event_of(done ? MAIL_SENDER_WOKEN : MAIL_SENDER_WAKE_FAILED);
}

/* --- the mail server --- */

/* What came of it is in the outbox before the session is ended, where a server may stall. */
static void server_answered(void *context, const struct mail_result *result) {
    struct worker *worker = context;
    struct mail_sender_event event = event_of(MAIL_SENDER_ANSWERED);
    event.result = result;
    core_step(worker, event);
    assert(worker->effects.action == MAIL_SENDER_SETTLE);
    core_step(worker, outbox_settle(worker));
}

static struct mail_sender_event server_speak(struct worker *worker) {
    struct mail_senders *senders = worker->senders;
    const struct address *to = worker->effects.address;
    struct buffer message = {0};
    mail_compose(worker->effects.due, to, &senders->options.writer, &message);
    int64_t begin_ms = clock_monotonic_ms();
    mail_relay_send(senders->relay, senders->reverse_path, to->wire, to->needs_smtputf8,
                    (struct text){message.data, message.size}, server_answered, worker);
    metric_observe_ms(senders->duration, (double)(clock_monotonic_ms() - begin_ms));
    buffer_deinit(&message);
    assert(worker->effects.action == MAIL_SENDER_LEAVE);
    return event_of(MAIL_SENDER_LEFT);
}

/* --- a thread --- */

/* Until somebody says that something may be due since it was said last. */
static void wake_wait(struct worker *worker) {
    struct mail_senders *senders = worker->senders;
    int64_t duration_ms = worker->effects.wait_ms;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += duration_ms / 1000;
    until.tv_nsec += (long)(duration_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&senders->mutex);
    int expired = 0;
    while (expired == 0 && worker->wakes_seen == senders->wakes && !daemon_stopping()) {
        expired = pthread_cond_timedwait(&senders->condition, &senders->mutex, &until);
    }
    worker->wakes_seen = senders->wakes;
    pthread_mutex_unlock(&senders->mutex);
}

static struct mail_sender_event act(struct worker *worker) {
    switch (worker->effects.action) {
    case MAIL_SENDER_MEASURE:
        return outbox_measure(worker);
    case MAIL_SENDER_TAKE:
        return outbox_take(worker);
    case MAIL_SENDER_WAIT:
        wake_wait(worker);
        return event_of(MAIL_SENDER_WAITED);
    case MAIL_SENDER_PAUSE:
        log_warning("the outbox cannot be read now", LOG_TEXT("reason", worker->trouble.message));
        daemon_sleep_ms((int)worker->effects.wait_ms);
        return event_of(MAIL_SENDER_WAITED);
    case MAIL_SENDER_SPEAK:
        return server_speak(worker);
    case MAIL_SENDER_SETTLE:
        return outbox_settle(worker);
    case MAIL_SENDER_WAKE:
        return outbox_wake(worker);
    case MAIL_SENDER_LEAVE: /* server_speak has done it */
    case MAIL_SENDER_END:   /* worker_run */
        break;
    }
    die("a sender wants what it cannot have");
}

static void worker_run(struct worker *worker) {
    core_step(worker, event_of(MAIL_SENDER_BEGUN));
    while (!MAIL_SENDER_MAY_STOP(worker->effects.action) || !daemon_stopping()) {
        if (worker->effects.action == MAIL_SENDER_END) {
            log_error("the outbox cannot be served", LOG_TEXT("reason", worker->trouble.message));
            daemon_stop(EXIT_FAILURE);
            return;
        }
        core_step(worker, act(worker));
    }
}

static void *worker_thread(void *argument) {
    struct mail_senders *senders = argument;
    struct worker *worker = allocate_zeroed(1, sizeof(*worker));
    worker->senders = senders;
    worker->pg = pg_new(senders->options.postgres_url, "notifier-sender");
    mail_sender_init(&worker->core, &senders->options.limits, &senders->server);
    worker_run(worker);
    arena_deinit(&worker->arena);
    pg_free(worker->pg);
    free(worker);
    return NULL;
}

static void threads_start(struct mail_senders *senders) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&senders->mutex, NULL);
    pthread_cond_init(&senders->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    senders->threads = allocate_zeroed((unsigned long)senders->options.threads, sizeof(pthread_t));
    while (senders->thread_count < senders->options.threads) {
        if (pthread_create(&senders->threads[senders->thread_count], NULL, worker_thread,
                           senders) != 0) {
            die("a thread cannot be started");
        }
        senders->thread_count++;
    }
}

struct mail_senders *mail_senders_new(const struct mail_senders_options *options,
                                      struct error *error) {
    char *reverse_path = mail_mailbox_address(options->writer.from);
    if (reverse_path == NULL) {
        error_set(error, ERROR_DIE, "mail_from is not one mailbox: %s", options->writer.from);
        return NULL;
    }
    struct mail_senders *senders = allocate_zeroed(1, sizeof(*senders));
    senders->options = *options;
    senders->reverse_path = reverse_path;
    mail_server_init(&senders->server);
    senders->relay = mail_relay_new(&senders->options.relay, error);
    if (senders->relay == NULL) {
        free(reverse_path);
        free(senders);
        return NULL;
    }
    metrics_register(senders);
    threads_start(senders);
    return senders;
}

void mail_senders_wake(struct mail_senders *senders) {
    pthread_mutex_lock(&senders->mutex);
    senders->wakes++;
    pthread_cond_broadcast(&senders->condition);
    pthread_mutex_unlock(&senders->mutex);
}

void mail_senders_free(struct mail_senders *senders) {
    if (senders == NULL) {
        return;
    }
    mail_senders_wake(senders);
    for (int i = 0; i < senders->thread_count; i++) {
        pthread_join(senders->threads[i], NULL);
    }
    pthread_cond_destroy(&senders->condition);
    pthread_mutex_destroy(&senders->mutex);
    mail_relay_free(senders->relay);
    free(senders->threads);
    free(senders->reverse_path);
    free(senders);
}
