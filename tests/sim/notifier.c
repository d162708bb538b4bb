/* SPDX-License-Identifier: Apache-2.0 */
/* notifier: the daemon as it ships, with senders in steps in the place of its threads. */
#include "notifier/daemon/notifier.h"

#include "notifier/core/sender.h"
#include "notifier/daemon/outbox.h"
#include "notifier/daemon/sender.h"
#include "runtime/base/error.h"
#include "tests/sim/mail_server.h"
#include "tests/sim/outbox.h"
#include "tests/sim/sink.h"

#include <glib.h>
#include <stdlib.h>

#define IDLE_MS 60

struct worker {
    struct sim_session session;
    struct mail_sender core;
    struct mail_sender_effects effects; /* what the core wants now */
    struct arena arena;
    struct mail_due due;
    int64_t resumes_ms; /* from waiting */
};

/* What notifier/daemon/sender.h makes in production. */
struct mail_senders {
    struct sim_world *world;
    struct mail_senders_options options;
    struct mail_server server;
    struct worker *workers;
    int count;
};

struct mailer {
    struct daemon daemon;
    struct sim_sink sink;
    struct mail_senders *senders; /* of the daemon */
};

/* Of the process that starts now: notifier_start makes them. */
static struct mail_senders *senders_made;

/* --- a sender --- */

static void core_step(struct mail_senders *senders, struct worker *worker,
                      struct mail_sender_event event) {
    struct sim_world *world = senders->world;
    event.now_ms = world->now_ms;
    event.random = (uint32_t)sim_random_next(&world->schedule);
    mail_sender_step(&worker->core, &event, &worker->effects);
    worker->resumes_ms = world->now_ms + worker->effects.wait_ms;
}

static struct mail_sender_event outbox_take(struct worker *worker) {
    struct mail_sender_event event = {.due = &worker->due};
    struct error error = {0};
    bool found = false;
    arena_reset(&worker->arena);
    if (mail_outbox_take(sim_session_pg(&worker->session), &worker->arena, &worker->due, &found,
                         &error)) {
        event.kind = found ? MAIL_SENDER_TAKEN : MAIL_SENDER_NONE_DUE;
    } else {
        event.kind =
            error.action == ERROR_DIE ? MAIL_SENDER_OUTBOX_BROKEN : MAIL_SENDER_TAKE_FAILED;
    }
    return event;
}

static struct mail_sender_event outbox_settle(struct worker *worker) {
    struct error error = {0};
    bool settled =
        mail_outbox_settle(sim_session_pg(&worker->session), worker->effects.due->outbox_id,
                           worker->effects.verdict, &error);
    return (struct mail_sender_event){.kind = settled ? MAIL_SENDER_SETTLED
                                                      : MAIL_SENDER_SETTLE_FAILED};
}

static struct mail_result server_speak(struct mail_senders *senders, struct worker *worker) {
    struct buffer message = {0};
    mail_compose(worker->effects.due, worker->effects.address, &senders->options.writer, &message);
    struct mail_result result =
        sim_mail_server_offer(senders->world, (struct text){message.data, message.size});
    buffer_deinit(&message);
    return result;
}

/* One action of the core; the process may be killed after each. true: there was something to do. */
static bool worker_step(struct mail_senders *senders, struct worker *worker) {
    struct pg *pg = sim_session_pg(&worker->session);
    struct mail_sender_event event = {.kind = MAIL_SENDER_WAITED};
    struct mail_result result;
    struct error error = {0};
    int64_t count = 0, oldest_s = 0;
    switch (worker->effects.action) {
    case MAIL_SENDER_WAIT:
    case MAIL_SENDER_PAUSE:
        if (worker->resumes_ms > senders->world->now_ms) {
            return false;
        }
        break;
    case MAIL_SENDER_MEASURE:
        mail_outbox_measure(pg, &count, &oldest_s, &error);
        event.kind = MAIL_SENDER_MEASURED;
        break;
    case MAIL_SENDER_TAKE:
        event = outbox_take(worker);
        break;
    case MAIL_SENDER_SPEAK:
        result = server_speak(senders, worker);
        event = (struct mail_sender_event){.kind = MAIL_SENDER_ANSWERED, .result = &result};
        break;
    case MAIL_SENDER_SETTLE:
        event = outbox_settle(worker);
        break;
    case MAIL_SENDER_LEAVE:
        event.kind = MAIL_SENDER_LEFT;
        break;
    case MAIL_SENDER_WAKE:
        event.kind =
            mail_outbox_wake(pg, &count, &error) ? MAIL_SENDER_WOKEN : MAIL_SENDER_WAKE_FAILED;
        break;
    case MAIL_SENDER_END:
        sim_violated(senders->world, 6, "the outbox cannot be read");
        return false;
    }
    core_step(senders, worker, event);
    return true;
}

/* --- what notifier/daemon/sender.h promises --- */

struct mail_senders *mail_senders_new(const struct mail_senders_options *options,
                                      struct error *error) {
    (void)error;
    struct mail_senders *senders = allocate_zeroed(1, sizeof *senders);
    senders->world = sim_world_running();
    senders->options = *options;
    senders->count = options->threads;
    senders->workers = allocate_zeroed((unsigned long)senders->count, sizeof *senders->workers);
    mail_server_init(&senders->server);
    for (int i = 0; i < senders->count; i++) {
        struct worker *worker = &senders->workers[i];
        worker->session = (struct sim_session){.world = senders->world};
        mail_sender_init(&worker->core, &senders->options.limits, &senders->server);
        core_step(senders, worker, (struct mail_sender_event){.kind = MAIL_SENDER_BEGUN});
    }
    senders_made = senders;
    return senders;
}

void mail_senders_wake(struct mail_senders *senders) {
    for (int i = 0; i < senders->count; i++) {
        if (senders->workers[i].effects.action == MAIL_SENDER_WAIT) {
            senders->workers[i].resumes_ms = senders->world->now_ms;
        }
    }
}

void mail_senders_free(struct mail_senders *senders) {
    for (int i = 0; i < senders->count; i++) {
        sim_outbox_session_end(&senders->workers[i].session);
        arena_deinit(&senders->workers[i].arena);
    }
    free(senders->workers);
    free(senders);
}

/* --- life --- */

/* GLib reads a zone's file again for every mail, unless somebody has the zone. */
static void time_zone_keep(void) {
    static GTimeZone *zone;
    if (zone == NULL) {
        zone = g_time_zone_new_identifier("/usr/share/zoneinfo/America/Los_Angeles");
    }
}

static void *mailer_start(struct sim_world *world, int32_t process) {
    struct mailer *mailer = allocate_zeroed(1, sizeof *mailer);
    struct error error = {0};
    time_zone_keep();
    sim_daemon_init(&mailer->daemon, world, process, notifier_options);
    if (!notifier_start(&mailer->daemon, &error)) {
        die("the notifier does not start: %s", error.message);
    }
    mailer->senders = senders_made;
    sim_sink_start(&mailer->sink, world, process, &mailer->daemon, &notifier_sink);
    return mailer;
}

static void mailer_step(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    struct mail_senders *senders = mailer->senders;
    uint32_t who = sim_random_below(&world->schedule, (uint32_t)senders->count);
    bool busy = sim_random_chance(&world->schedule, 500)
                    ? sim_sink_step(&mailer->sink)
                    : worker_step(senders, &senders->workers[who]);
    if (!busy && sim_random_chance(&world->schedule, 400)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void mailer_stop(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    sim_sink_stop(&mailer->sink);
    notifier_stop(&mailer->daemon);
    free(mailer);
}

static bool mailer_rests(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        if (world->tables->mails.items[i]->state == MAIL_STATE_QUEUED) {
            return false;
        }
    }
    return sim_sink_rests(&mailer->sink);
}

const struct sim_daemon_model sim_notifier_model = {
    .start = mailer_start,
    .step = mailer_step,
    .stop = mailer_stop,
    .rests = mailer_rests,
};
