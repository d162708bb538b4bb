/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/sim_sink.h"

#include <stdlib.h>

/*
 * notifier: the sink of notifier.c, and the sender of notifier/daemon/sender.c: take a row and its lock, speak
 * to the server, settle. And the mail server.
 */
#define IDLE_MS 60
#define RETRY_MS 1000
#define RETRY_MS_MAX 60000

enum sender_stage { SENDER_IDLE, SENDER_TAKEN, SENDER_TRIED };

struct mailer {
    struct daemon daemon;
    struct sim_sink sink;
    enum sender_stage stage;
    struct sim_mail *mail;
    bool accepted; /* as the sender knows it */
};

/* --- the outbox ----------------------------------------------------------------------------------
 */

static void mail_add(struct sim_world *world, const struct mail *mail) {
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        if (uuid_equal(&world->tables->mails.items[i]->mail_id, &mail->mail_id)) {
            return;
        }
    }
    struct sim_mail *row = SIM_VECTOR_ADD(world, world->tables->mails, struct sim_mail);
    *row = (struct sim_mail){
        .mail_id = mail->mail_id,
        .order_id = mail->order_id,
        .template = mail->template,
        .next_attempt_ms = world->now_ms,
        .locked_by = -1,
    };
}

static bool notifier_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                            struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    struct mail mail;
    (void)daemon;
    (void)error;
    if (record->event != NULL ? mail_core_of_event(record->event, &mail)
                              : mail_core_of_tickets(record->tickets, &world->scratch, &mail)) {
        mail_add(world, &mail);
    }
    return true;
}

static const char *const topics[] = {TOPIC_EVENTS, TOPIC_TICKETS, NULL};
static const struct sink_spec notifier_sink = {.topics = topics, .handle = notifier_handle};

/* --- the sender ----------------------------------------------------------------------------------
 */

static bool is_called_off(const struct sim_tables *tables, const struct sim_mail *mail) {
    for (size_t i = 0; i < tables->mails.count; i++) {
        const struct sim_mail *other = tables->mails.items[i];
        if (uuid_equal(&other->order_id, &mail->order_id) &&
            (other->template == MAIL_ORDER_CANCELLED || other->template == MAIL_SHOW_CANCELLED)) {
            return true;
        }
    }
    return false;
}

/* Mails of an order go out in their order. */
static bool is_first_of_order(const struct sim_tables *tables, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (tables->mails.items[i]->state == SIM_MAIL_QUEUED &&
            uuid_equal(&tables->mails.items[i]->order_id, &tables->mails.items[index]->order_id)) {
            return false;
        }
    }
    return true;
}

static struct sim_mail *mail_take(struct sim_world *world, int32_t process) {
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        struct sim_mail *mail = world->tables->mails.items[i];
        if (mail->state == SIM_MAIL_QUEUED && mail->next_attempt_ms <= world->now_ms &&
            mail->locked_by < 0 && is_first_of_order(world->tables, i)) {
            mail->locked_by = process;
            return mail;
        }
    }
    return NULL;
}

/* The server: true means that the sender hears of its taking the mail. */
static bool smtp_send(struct sim_world *world, const struct sim_mail *mail) {
    struct sim_tables *tables = world->tables;
    if (tables->smtp_down_until_ms > world->now_ms || sim_fault(world, SIM_FAULT_SMTP, 30)) {
        return false;
    }
    struct sim_accepted *accepted = SIM_VECTOR_ADD(world, tables->accepted, struct sim_accepted);
    *accepted = (struct sim_accepted){mail->mail_id, mail->order_id, mail->template};
    sim_trace(world, "the mail server takes the %s of order %s", mail_template_name(mail->template),
              sim_short(world, &mail->order_id));
    return !sim_fault(world, SIM_FAULT_SMTP, 60);
}

static void mail_settle(struct sim_world *world, struct mailer *mailer) {
    struct sim_mail *mail = mailer->mail;
    mail->attempts++;
    if (mailer->accepted) {
        mail->state = SIM_MAIL_SENT;
    } else {
        int64_t wait_ms = (int64_t)RETRY_MS << (mail->attempts < 8 ? mail->attempts : 8);
        mail->next_attempt_ms = world->now_ms + (wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX);
    }
    mail->locked_by = -1;
}

/* true: there was something to do. */
static bool sender_step(struct sim_world *world, int32_t process, struct mailer *mailer) {
    if (!sim_database_is_up(world) && mailer->stage != SENDER_TAKEN) {
        /* The session has died, and the lock with it. */
        if (mailer->stage == SENDER_TRIED && mailer->mail->locked_by == process) {
            mailer->mail->locked_by = -1;
        }
        mailer->stage = SENDER_IDLE;
        return false;
    }
    switch (mailer->stage) {
    case SENDER_IDLE:
        mailer->mail = mail_take(world, process);
        if (mailer->mail == NULL) {
            return false;
        }
        if (mailer->mail->template == MAIL_CONFIRMATION &&
            is_called_off(world->tables, mailer->mail)) {
            mailer->mail->state = SIM_MAIL_SUPERSEDED;
            mailer->mail->locked_by = -1;
            return true;
        }
        mailer->stage = SENDER_TAKEN;
        return true;
    case SENDER_TAKEN:
        mailer->accepted = smtp_send(world, mailer->mail);
        mailer->stage = SENDER_TRIED;
        return true;
    case SENDER_TRIED:
        if (mailer->mail->locked_by == process) {
            mail_settle(world, mailer);
        }
        mailer->stage = SENDER_IDLE;
        return true;
    }
    return false;
}

/* --- life
 * ------------------------------------------------------------------------------------------ */

static void *notifier_start(struct sim_world *world, int32_t process) {
    struct mailer *mailer = allocate_zeroed(1, sizeof *mailer);
    sim_daemon_init(&mailer->daemon, world, process, NULL);
    sim_sink_start(&mailer->sink, world, process, &mailer->daemon, &notifier_sink);
    return mailer;
}

static void notifier_step(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    bool busy = sim_random_chance(&world->schedule, 500) ? sim_sink_step(&mailer->sink)
                                                         : sender_step(world, process, mailer);
    if (!busy && mailer->stage == SENDER_IDLE && sim_random_chance(&world->schedule, 400)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void notifier_stop(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    if (mailer->stage != SENDER_IDLE && mailer->mail->locked_by == process) {
        mailer->mail->locked_by = -1;
    }
    sim_sink_stop(&mailer->sink);
    free(mailer);
}

static bool notifier_rests(struct sim_world *world, int32_t process) {
    struct mailer *mailer = world->processes[process].state;
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        if (world->tables->mails.items[i]->state == SIM_MAIL_QUEUED) {
            return false;
        }
    }
    return sim_sink_rests(&mailer->sink);
}

const struct sim_daemon_model sim_notifier_model = {
    .start = notifier_start,
    .step = notifier_step,
    .stop = notifier_stop,
    .rests = notifier_rests,
};
