/* SPDX-License-Identifier: Apache-2.0 */
#include "notifier/daemon/sender.h"

#include "notifier/core/reason.h"
#include "notifier/core/text.h"
#include "notifier/daemon/outbox.h"
#include "notifier/smtp/message.h"
#include "runtime/base/address.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/loop/daemon.h"
#include "runtime/pg/pg.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_MS                                                                                    \
    1000 /* how often the outbox is looked at when nobody says that there is something */
#define MEASURE_INTERVAL_MS 5000
#define UNREACHABLE_RETRY_BASE_MS 1000
#define RETRY_BASE_MS 5000
#define PG_RETRY_BASE_MS 200
#define PG_RETRY_MS_MAX 10000

struct mail_sender {
    struct mail_sender_options options;
    struct mail_relay *relay;
    char *reverse_path;
    pthread_t *threads;
    int thread_count; /* running */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    uint64_t wakes;          /* guarded by mutex */
    atomic_bool unreachable; /* since the last mail that went out */

    struct metric *sent;
    struct metric *refused;
    struct metric *retried;
    struct metric *erased;
    struct metric *superseded;
    struct metric *expired;
    struct metric *queued;
    struct metric *oldest;
    struct metric *duration;
};

/* One mail on its way: what `settled` needs. */
struct delivery {
    struct mail_sender *sender;
    struct pg *pg;
    const struct mail_due *due;
    struct address address;            /* of the buyer, if it is one */
    char sentence[MAIL_SENTENCE_SIZE]; /* of the verdict */
    bool stored;                       /* what came of it is in the outbox */
};

static void metrics_register(struct mail_sender *sender) {
    static const char name[] = "seatlog_mails_total";
    static const char help[] = "Mails by what came of a try";
    sender->sent = metrics_counter(name, "outcome=\"sent\"", help);
    sender->refused = metrics_counter(name, "outcome=\"refused\"", help);
    sender->retried = metrics_counter(name, "outcome=\"retry\"", help);
    sender->erased = metrics_counter(name, "outcome=\"erased\"", help);
    sender->superseded = metrics_counter(name, "outcome=\"superseded\"", help);
    sender->expired = metrics_counter(name, "outcome=\"expired\"", help);
    sender->queued = metrics_gauge("seatlog_mails_queued", NULL, "Mails that wait to be sent");
    sender->oldest = metrics_gauge("seatlog_mails_oldest_queued_age_seconds", NULL,
                                   "How long the oldest of them has been waiting");
    sender->duration = metrics_histogram("seatlog_mail_session_duration_seconds", NULL,
                                         "An SMTP session for one mail");
}

static void verdict_store(struct delivery *delivery, const struct mail_verdict *verdict) {
    struct error error = {0};
    delivery->stored = mail_outbox_settle(delivery->pg, delivery->due->outbox_id, verdict, &error);
    if (!delivery->stored) {
        log_warning("what came of a mail cannot be recorded: it will be sent again",
                    LOG_TEXT("reason", error.message),
                    LOG_UUID("mail_id", &delivery->due->mail.mail_id));
    }
}

static void verdict_explain(struct delivery *delivery, enum mail_reason reason, const char *detail,
                            struct mail_verdict *verdict) {
    bool final = strcmp(verdict->state, "queued") != 0;
    verdict->reason = mail_reason_name(reason);
    verdict->sentence = mail_reason_sentence(reason, final, delivery->due->mail.template, detail,
                                             delivery->sentence);
}

static void outcome_log(const struct mail_due *due, const char *what,
                        const struct mail_result *result) {
    log_info(what, LOG_UUID("mail_id", &due->mail.mail_id),
             LOG_UUID("order_id", &due->mail.order_id),
             LOG_TEXT("template", mail_template_name(due->mail.template)),
             LOG_INTEGER("attempt", due->attempts + 1), LOG_TEXT("answer", result->answer));
}

static void mail_settle(void *context, const struct mail_result *result) {
    struct delivery *delivery = context;
    struct mail_sender *sender = delivery->sender;
    const struct mail_due *due = delivery->due;
    struct mail_verdict verdict = {
        .state = "sent", .tried = true, .code = result->code, .answer = result->answer};
    switch (result->outcome) {
    case MAIL_SENT:
        metric_add(sender->sent, 1);
        outcome_log(due, "mail sent", result);
        break;
    case MAIL_REFUSED:
        verdict.state = "refused";
        verdict_explain(delivery,
                        result->smtputf8_missing ? MAIL_REASON_ADDRESS_NEEDS_SMTPUTF8
                                                 : MAIL_REASON_SERVER_REFUSED,
                        result->answer, &verdict);
        metric_add(sender->refused, 1);
        outcome_log(due, "mail refused for good", result);
        break;
    case MAIL_RETRY: {
        bool unreachable = result->code == 0;
        verdict.state = "queued";
        verdict.retry_ms = unreachable ? backoff_ms(due->attempts + 1, UNREACHABLE_RETRY_BASE_MS,
                                                    sender->options.unreachable_retry_ms_max)
                                       : backoff_ms(due->attempts + 1, RETRY_BASE_MS,
                                                    sender->options.retry_ms_max);
        enum mail_reason reason =
            unreachable ? MAIL_REASON_SERVER_UNREACHABLE : MAIL_REASON_SERVER_PUT_OFF;
        verdict_explain(delivery, result->about_us ? MAIL_REASON_SENDER_NOT_ALLOWED : reason,
                        result->answer, &verdict);
        metric_add(sender->retried, 1);
        if (unreachable) {
            atomic_store(&sender->unreachable, true);
        }
        outcome_log(due, "mail not sent yet", result);
        break;
    }
    }
    verdict_store(delivery, &verdict);
}

/* The tickets of a mail that was sent before are gone for good: their time was up. */
static void tickets_missing(struct delivery *delivery, struct mail_verdict *verdict) {
    const struct mail_due *due = delivery->due;
    bool gone = due->sent_count > 0;
    verdict->state = gone ? "refused" : "queued";
    verdict->tried = true;
    verdict->retry_ms =
        gone ? 0
             : backoff_ms(due->attempts + 1, RETRY_BASE_MS, delivery->sender->options.retry_ms_max);
    verdict->answer = "the tickets are not in the store";
    verdict->code = 1; /* no server was asked: one that answers again changes nothing */
    verdict_explain(delivery, MAIL_REASON_TICKETS_MISSING, "", verdict);
}

/* Decides about a mail that no server need be asked about. *verdict has no state where one must. */
static struct metric *unsent_judge(struct delivery *delivery, struct mail_verdict *verdict) {
    struct mail_sender *sender = delivery->sender;
    const struct mail_due *due = delivery->due;
    bool confirmation = due->mail.template == MAIL_CONFIRMATION;
    if (confirmation && due->called_off) {
        verdict->state = "superseded";
        verdict->answer = "the order was cancelled first";
        return sender->superseded;
    }
    if (due->address == NULL) {
        verdict->state = "erased";
        verdict->answer = "the account is gone";
        verdict_explain(delivery, MAIL_REASON_ACCOUNT_GONE, "", verdict);
        return sender->erased;
    }
    if (due->queued_ms > sender->options.give_up_ms) {
        verdict->state = "expired";
        verdict->answer = "given up";
        verdict_explain(delivery, MAIL_REASON_GAVE_UP, "", verdict);
        return sender->expired;
    }
    enum address_fault fault =
        address_parse(due->address, strlen(due->address), &delivery->address);
    if (fault != ADDRESS_GOOD) {
        verdict->state = "refused";
        verdict->answer = address_fault_name(fault);
        verdict_explain(delivery, MAIL_REASON_ADDRESS_INVALID, address_fault_words(fault), verdict);
        return sender->refused;
    }
    if (confirmation && due->pdf.size == 0) {
        tickets_missing(delivery, verdict);
        return due->sent_count > 0 ? sender->refused : sender->retried;
    }
    return NULL;
}

static bool settle_unsent(struct delivery *delivery) {
    const struct mail_due *due = delivery->due;
    struct mail_verdict verdict = {.state = NULL};
    struct metric *metric = unsent_judge(delivery, &verdict);
    if (verdict.state == NULL) {
        return false;
    }
    metric_add(metric, 1);
    log_info("mail not sent", LOG_UUID("mail_id", &due->mail.mail_id),
             LOG_TEXT("template", mail_template_name(due->mail.template)),
             LOG_TEXT("state", verdict.state), LOG_TEXT("reason", verdict.answer));
    verdict_store(delivery, &verdict);
    return true;
}

static void message_compose(const struct delivery *delivery, struct buffer *out) {
    const struct mail_sender *sender = delivery->sender;
    const struct mail_due *due = delivery->due;
    const struct mail_letter letter = {
        .template = due->mail.template,
        .show_id = due->mail.show_id,
        .order_id = due->mail.order_id,
        .facts = due->mail.facts,
        .organizer_reason = due->organizer_reason,
        .issuer = sender->options.issuer,
    };
    struct buffer subject = {0}, plain = {0}, html = {0};
    char order_id[UUID_TEXT_SIZE], pdf_name[32];
    mail_text_subject(&letter, &subject);
    mail_text_plain(&letter, &plain);
    mail_text_html(&letter, &html);
    snprintf(pdf_name, sizeof(pdf_name), "tickets-%.8s.pdf",
             uuid_format(&due->mail.order_id, order_id));
    const struct mail_message message = {
        .mail_id = due->mail.mail_id,
        .message_id = due->message_id,
        .refers_to = due->refers_to,
        .from = sender->options.from,
        .reply_to = sender->options.reply_to,
        .to = delivery->address.wire,
        .date_ms = due->mail.happened_at_ms,
        .subject = {subject.data, subject.size},
        .plain = {plain.data, plain.size},
        .html = {html.data, html.size},
        .pdf = due->pdf,
        .pdf_name = pdf_name,
    };
    mail_message_write(&message, out);
    buffer_deinit(&subject);
    buffer_deinit(&plain);
    buffer_deinit(&html);
}

static void due_send(struct delivery *delivery) {
    struct mail_sender *sender = delivery->sender;
    struct buffer message = {0};
    message_compose(delivery, &message);
    int64_t begin_ms = clock_monotonic_ms();
    struct mail_result result =
        mail_relay_send(sender->relay, sender->reverse_path, delivery->address.wire,
                        delivery->address.needs_smtputf8, (struct text){message.data, message.size},
                        mail_settle, delivery);
    metric_observe_ms(sender->duration, (double)(clock_monotonic_ms() - begin_ms));
    buffer_deinit(&message);
    if (result.outcome == MAIL_SENT && atomic_exchange(&sender->unreachable, false)) {
        int64_t woken = 0;
        struct error error = {0};
        if (!mail_outbox_wake(delivery->pg, &woken, &error)) {
            atomic_store(&sender->unreachable, true);
        }
        log_info("the mail server answers", LOG_INTEGER("mails_due", woken));
    }
}

/* Takes and settles one mail. *found: there was one. */
static bool one_handle(struct mail_sender *sender, struct pg *pg, struct arena *arena, bool *found,
                       struct error *error) {
    struct mail_due due = {0};
    arena_reset(arena);
    if (!mail_outbox_take(pg, arena, &due, found, error)) {
        return false;
    }
    if (!*found) {
        return true;
    }
    struct delivery delivery = {.sender = sender, .pg = pg, .due = &due};
    if (!settle_unsent(&delivery)) {
        due_send(&delivery);
    }
    return delivery.stored || error_set(error, ERROR_RETRY, "a mail could not be settled");
}

static void wake_wait(struct mail_sender *sender, uint64_t *seen, int duration_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += duration_ms / 1000;
    until.tv_nsec += (long)(duration_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&sender->mutex);
    int expired = 0;
    while (expired == 0 && *seen == sender->wakes && !daemon_stopping()) {
        expired = pthread_cond_timedwait(&sender->condition, &sender->mutex, &until);
    }
    *seen = sender->wakes;
    pthread_mutex_unlock(&sender->mutex);
}

static void outbox_measure(struct mail_sender *sender, struct pg *pg) {
    int64_t queued = 0, oldest_s = 0;
    struct error error = {0};
    if (mail_outbox_measure(pg, &queued, &oldest_s, &error)) {
        metric_set(sender->queued, queued);
        metric_set(sender->oldest, oldest_s);
    }
}

static void *sender_thread(void *argument) {
    struct mail_sender *sender = argument;
    struct pg *pg = pg_new(sender->options.postgres_url, "notifier-sender");
    struct arena arena = {0};
    uint64_t seen = 0;
    int failures = 0;
    int64_t measure_at_ms = 0;
    while (!daemon_stopping()) {
        bool found = false;
        struct error error = {0};
        if (clock_monotonic_ms() >= measure_at_ms) {
            outbox_measure(sender, pg);
            measure_at_ms = clock_monotonic_ms() + MEASURE_INTERVAL_MS;
        }
        if (one_handle(sender, pg, &arena, &found, &error)) {
            failures = 0;
            if (!found) {
                wake_wait(sender, &seen, IDLE_MS);
            }
            continue;
        }
        if (error.action == ERROR_DIE) {
            log_error("the outbox cannot be served", LOG_TEXT("reason", error.message));
            daemon_stop(EXIT_FAILURE);
            break;
        }
        failures++;
        log_warning("the outbox cannot be read now", LOG_TEXT("reason", error.message));
        daemon_sleep_ms(backoff_ms(failures, PG_RETRY_BASE_MS, PG_RETRY_MS_MAX));
    }
    arena_deinit(&arena);
    pg_free(pg);
    return NULL;
}

static void threads_start(struct mail_sender *sender) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&sender->mutex, NULL);
    pthread_cond_init(&sender->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    sender->threads = allocate_zeroed((unsigned long)sender->options.threads, sizeof(pthread_t));
    while (sender->thread_count < sender->options.threads) {
        if (pthread_create(&sender->threads[sender->thread_count], NULL, sender_thread, sender) !=
            0) {
            die("a thread cannot be started");
        }
        sender->thread_count++;
    }
}

struct mail_sender *mail_sender_new(const struct mail_sender_options *options,
                                    struct error *error) {
    char *reverse_path = mail_mailbox_address(options->from);
    if (reverse_path == NULL) {
        error_set(error, ERROR_DIE, "mail_from is not one mailbox: %s", options->from);
        return NULL;
    }
    struct mail_sender *sender = allocate_zeroed(1, sizeof(*sender));
    sender->options = *options;
    sender->reverse_path = reverse_path;
    atomic_store(&sender->unreachable, true); /* a predecessor may have left mails behind */
    sender->relay = mail_relay_new(&sender->options.relay, error);
    if (sender->relay == NULL) {
        free(reverse_path);
        free(sender);
        return NULL;
    }
    metrics_register(sender);
    threads_start(sender);
    return sender;
}

void mail_sender_wake(struct mail_sender *sender) {
    pthread_mutex_lock(&sender->mutex);
    sender->wakes++;
    pthread_cond_broadcast(&sender->condition);
    pthread_mutex_unlock(&sender->mutex);
}

void mail_sender_free(struct mail_sender *sender) {
    if (sender == NULL) {
        return;
    }
    mail_sender_wake(sender);
    for (int i = 0; i < sender->thread_count; i++) {
        pthread_join(sender->threads[i], NULL);
    }
    pthread_cond_destroy(&sender->condition);
    pthread_mutex_destroy(&sender->mutex);
    mail_relay_free(sender->relay);
    free(sender->threads);
    free(sender->reverse_path);
    free(sender);
}
