/* SPDX-License-Identifier: Apache-2.0 */
/* mail.outbox as a table of the simulator: what notifier/daemon/outbox.h asks for. */
#include "tests/sim/outbox.h"

#include "notifier/core/facts.h"
#include "notifier/daemon/outbox.h"
#include "runtime/base/uuid.h"
#include "tests/sim/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOST_COMMITS_PER_MILLE 20

static bool session_is_alive(struct pg *pg, struct error *error) {
    return sim_database_is_up(sim_session_world(pg)) ||
           error_set_outside(error, "PostgreSQL does not answer");
}

/* --- rows --- */

static struct sim_mail *mail_find(const struct sim_tables *tables, const struct uuid *mail_id) {
    for (size_t i = 0; i < tables->mails.count; i++) {
        if (uuid_equal(&tables->mails.items[i]->mail_id, mail_id)) {
            return tables->mails.items[i];
        }
    }
    return NULL;
}

bool mail_outbox_add(struct pg *pg, const struct mail *mail, const char *domain,
                     struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    char message_id[MAIL_MESSAGE_ID_SIZE];
    (void)error;
    if (mail_find(world->tables, &mail->mail_id) != NULL) {
        return true;
    }
    char *facts = mail_facts_format(&mail->facts);
    struct sim_mail *row = SIM_VECTOR_ADD(world, world->tables->mails, struct sim_mail);
    mail_core_message_id(mail, domain, message_id);
    *row = (struct sim_mail){
        .mail_id = mail->mail_id,
        .message_id = arena_text_copy_string(&world->memory, message_id).data,
        .template = mail->template,
        .show_id = mail->show_id,
        .order_id = mail->order_id,
        .buyer_id = mail->buyer_id,
        .facts = arena_text_copy_string(&world->memory, facts).data,
        .happened_at_ms = mail->happened_at_ms,
        .queued_at_ms = world->now_ms,
        .state = MAIL_STATE_QUEUED,
        .next_attempt_ms = world->now_ms,
        .last_code = SIM_MAIL_NEVER_TRIED,
    };
    free(facts);
    return true;
}

static const struct sim_cancelled_show *cancelled_show_find(const struct sim_tables *tables,
                                                            const struct uuid *show_id) {
    for (size_t i = 0; i < tables->cancelled_shows.count; i++) {
        if (uuid_equal(&tables->cancelled_shows.items[i]->show_id, show_id)) {
            return tables->cancelled_shows.items[i];
        }
    }
    return NULL;
}

bool mail_outbox_show_cancelled(struct pg *pg, const struct uuid *show_id, struct text reason,
                                struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    (void)error;
    if (cancelled_show_find(world->tables, show_id) == NULL) {
        struct sim_cancelled_show *row =
            SIM_VECTOR_ADD(world, world->tables->cancelled_shows, struct sim_cancelled_show);
        row->show_id = *show_id;
        row->reason = arena_text_copy(&world->memory, reason);
    }
    return true;
}

/* --- what a sender takes --- */

static bool is_locked(const struct sim_world *world, const struct sim_mail *mail) {
    return mail->locked_by != NULL && world->database_down_until_ms <= mail->locked_at_ms;
}

/* Mails of an order go out in their order. */
static bool is_first_of_order(const struct sim_tables *tables, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (tables->mails.items[i]->state == MAIL_STATE_QUEUED &&
            uuid_equal(&tables->mails.items[i]->order_id, &tables->mails.items[index]->order_id)) {
            return false;
        }
    }
    return true;
}

/* The row that is due for longest; the count of rows: none is. */
static size_t due_find(const struct sim_world *world) {
    const struct sim_tables *tables = world->tables;
    size_t found = tables->mails.count;
    for (size_t i = 0; i < tables->mails.count; i++) {
        const struct sim_mail *mail = tables->mails.items[i];
        if (mail->state == MAIL_STATE_QUEUED && mail->next_attempt_ms <= world->now_ms &&
            (found == tables->mails.count ||
             mail->next_attempt_ms < tables->mails.items[found]->next_attempt_ms) &&
            !is_locked(world, mail) && is_first_of_order(tables, i)) {
            found = i;
        }
    }
    return found;
}

/* What other mails of the order say of this one. */
static void order_read(const struct sim_tables *tables, const struct sim_mail *mail,
                       struct mail_due *due) {
    for (size_t i = 0; i < tables->mails.count; i++) {
        const struct sim_mail *other = tables->mails.items[i];
        if (!uuid_equal(&other->order_id, &mail->order_id)) {
            continue;
        }
        due->called_off |=
            other->template == MAIL_ORDER_CANCELLED || other->template == MAIL_SHOW_CANCELLED;
        if (other != mail && other->template == MAIL_CONFIRMATION &&
            other->state == MAIL_STATE_SENT) {
            due->refers_to = other->message_id;
        }
    }
}

/* account.person, mail.cancelled_show and ticket.document. */
static void joined_read(const struct sim_tables *tables, struct arena *arena,
                        struct mail_due *due) {
    char buyer[UUID_TEXT_SIZE];
    due->address =
        arena_text_format(arena, "%.8s@example.org", uuid_format(&due->mail.buyer_id, buyer)).data;
    const struct sim_cancelled_show *show = cancelled_show_find(tables, &due->mail.show_id);
    if (due->mail.template == MAIL_SHOW_CANCELLED && show != NULL) {
        due->organizer_reason = show->reason;
    }
    const struct sim_issue *issue = sim_issue_find(tables, &due->mail.order_id);
    if (due->mail.template == MAIL_CONFIRMATION && issue != NULL) {
        due->pdf = issue->pdf;
    }
}

static bool due_read(const struct sim_world *world, size_t index, struct arena *arena,
                     struct mail_due *due) {
    const struct sim_mail *mail = world->tables->mails.items[index];
    *due = (struct mail_due){
        .outbox_id = (int64_t)index + 1,
        .mail = {.mail_id = mail->mail_id,
                 .template = mail->template,
                 .show_id = mail->show_id,
                 .order_id = mail->order_id,
                 .buyer_id = mail->buyer_id,
                 .happened_at_ms = mail->happened_at_ms},
        .message_id = mail->message_id,
        .attempts = mail->attempts,
        .queued_ms = world->now_ms - mail->queued_at_ms,
        .sent_count = mail->state == MAIL_STATE_SENT,
    };
    order_read(world->tables, mail, due);
    joined_read(world->tables, arena, due);
    return mail_facts_parse(mail->facts, arena, &due->mail.facts);
}

bool mail_outbox_take(struct pg *pg, struct arena *arena, struct mail_due *due, bool *found,
                      struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    *found = false;
    if (!session_is_alive(pg, error)) {
        return false;
    }
    size_t index = due_find(world);
    if (index == world->tables->mails.count) {
        return true;
    }
    if (!due_read(world, index, arena, due)) {
        return error_set(error, ERROR_DIE, "mail %zu of the outbox cannot be read", index + 1);
    }
    struct sim_mail *mail = world->tables->mails.items[index];
    mail->locked_by = sim_session_of(pg);
    mail->locked_at_ms = world->now_ms;
    *found = true;
    return true;
}

bool mail_outbox_settle(struct pg *pg, int64_t outbox_id, const struct mail_verdict *verdict,
                        struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    struct sim_mail *mail = world->tables->mails.items[outbox_id - 1];
    bool locked = mail->locked_by == sim_session_of(pg) && is_locked(world, mail);
    sim_outbox_session_end(sim_session_of(pg)); /* whatever comes of it, the lock ends */
    if (!session_is_alive(pg, error)) {
        return false;
    }
    if (!locked) {
        return error_set_outside(error, "the session with the lock has ended");
    }
    assert(mail->state == MAIL_STATE_QUEUED);
    mail->state = verdict->state;
    mail->attempts += verdict->tried ? 1 : 0;
    mail->next_attempt_ms = world->now_ms + verdict->retry_ms;
    mail->last_code = verdict->code;
    return !sim_fault(world, SIM_FAULT_DATABASE, LOST_COMMITS_PER_MILLE) ||
           error_set_outside(error, "the answer to COMMIT was lost");
}

bool mail_outbox_wake(struct pg *pg, int64_t *woken, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        struct sim_mail *mail = world->tables->mails.items[i];
        if (mail->state == MAIL_STATE_QUEUED && mail->last_code == 0 &&
            mail->next_attempt_ms > world->now_ms && !is_locked(world, mail)) {
            mail->next_attempt_ms = world->now_ms;
            ++*woken;
        }
    }
    return true;
}

bool mail_outbox_measure(struct pg *pg, int64_t *queued, int64_t *oldest_s, struct error *error) {
    const struct sim_world *world = sim_session_world(pg);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    for (size_t i = 0; i < world->tables->mails.count; i++) {
        const struct sim_mail *mail = world->tables->mails.items[i];
        int64_t age_s = (world->now_ms - mail->queued_at_ms) / 1000;
        if (mail->state == MAIL_STATE_QUEUED) {
            ++*queued;
            *oldest_s = age_s > *oldest_s ? age_s : *oldest_s;
        }
    }
    return true;
}

void sim_outbox_session_end(struct sim_session *session) {
    for (size_t i = 0; i < session->world->tables->mails.count; i++) {
        struct sim_mail *mail = session->world->tables->mails.items[i];
        if (mail->locked_by == session) {
            mail->locked_by = NULL;
        }
    }
}
