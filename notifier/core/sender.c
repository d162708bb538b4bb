/* SPDX-License-Identifier: Apache-2.0 */
/* A sender of mails, as a state machine. */
#include "notifier/core/sender.h"

#include "runtime/base/backoff.h"

#include <assert.h>
#include <stddef.h>

/* How often the outbox is looked at when nobody says that there is something. */
#define IDLE_MS 1000
#define MEASURE_INTERVAL_MS 5000
#define OUTBOX_RETRY_BASE_MS 200
#define OUTBOX_RETRY_MS_MAX 10000

void mail_server_init(struct mail_server *server) {
    assert(server != NULL);
    *server = (struct mail_server){.unreachable = true};
}

void mail_sender_init(struct mail_sender *sender, const struct mail_limits *limits,
                      struct mail_server *server) {
    assert(limits->retry_ms_max > 0 && limits->unreachable_retry_ms_max > 0);
    assert(limits->give_up_ms > 0);
    assert(server != NULL);
    *sender = (struct mail_sender){
        .limits = limits, .server = server, .action = MAIL_SENDER_WAIT, .measure_at_ms = INT64_MIN};
}

/* What the caller is to do next. */
static void act(struct mail_sender *sender, struct mail_sender_effects *effects,
                enum mail_sender_action action) {
    assert(sender->action != MAIL_SENDER_END);
    assert(sender->due != NULL || action == MAIL_SENDER_END || MAIL_SENDER_MAY_STOP(action));
    sender->action = action;
    *effects = (struct mail_sender_effects){.action = action, .due = sender->due};
}

static void turn_begin(struct mail_sender *sender, const struct mail_sender_event *event,
                       struct mail_sender_effects *effects) {
    assert(sender->due == NULL);
    assert(!sender->sent);
    act(sender, effects,
        event->now_ms >= sender->measure_at_ms ? MAIL_SENDER_MEASURE : MAIL_SENDER_TAKE);
}

static void outbox_failed(struct mail_sender *sender, const struct mail_sender_event *event,
                          struct mail_sender_effects *effects) {
    assert(sender->due == NULL);
    assert(sender->failures >= 0);
    sender->failures++;
    act(sender, effects, MAIL_SENDER_PAUSE);
    effects->wait_ms = backoff_delay_ms(sender->failures, OUTBOX_RETRY_BASE_MS, OUTBOX_RETRY_MS_MAX,
                                        event->random);
}

/* The mail is settled, or it is not: then the outbox is in trouble. */
static void turn_end(struct mail_sender *sender, const struct mail_sender_event *event,
                     struct mail_sender_effects *effects) {
    bool settled = sender->settled;
    assert(sender->due != NULL);
    assert(!sender->sent || sender->asked);
    sender->due = NULL;
    sender->sent = sender->asked = sender->settled = false;
    if (!settled) {
        outbox_failed(sender, event, effects);
        return;
    }
    sender->failures = 0;
    turn_begin(sender, event, effects);
}

static void measured(struct mail_sender *sender, const struct mail_sender_event *event,
                     struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_MEASURE);
    assert(event->now_ms >= sender->measure_at_ms);
    sender->measure_at_ms = event->now_ms + MEASURE_INTERVAL_MS;
    act(sender, effects, MAIL_SENDER_TAKE);
}

static void taken(struct mail_sender *sender, const struct mail_sender_event *event,
                  struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_TAKE);
    assert(sender->due == NULL && event->due != NULL);
    sender->due = event->due;
    if (mail_verdict_unasked(sender->due, sender->limits, event->random, &sender->address,
                             &sender->verdict)) {
        act(sender, effects, MAIL_SENDER_SETTLE);
        effects->verdict = &sender->verdict;
        return;
    }
    act(sender, effects, MAIL_SENDER_SPEAK);
    effects->address = &sender->address;
}

static void none_due(struct mail_sender *sender, struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_TAKE);
    assert(sender->due == NULL);
    sender->failures = 0;
    act(sender, effects, MAIL_SENDER_WAIT);
    effects->wait_ms = IDLE_MS;
}

static void outbox_broken(struct mail_sender *sender, struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_TAKE);
    assert(sender->due == NULL);
    act(sender, effects, MAIL_SENDER_END);
}

static void answered(struct mail_sender *sender, const struct mail_sender_event *event,
                     struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_SPEAK);
    assert(event->result != NULL);
    mail_verdict_answered(sender->due, event->result, sender->limits, event->random,
                          &sender->verdict);
    sender->asked = true;
    sender->sent = event->result->outcome == MAIL_SENT;
    sender->server->unreachable |= mail_result_is_unreachable(event->result);
    act(sender, effects, MAIL_SENDER_SETTLE);
    effects->verdict = &sender->verdict;
}

static void settled(struct mail_sender *sender, const struct mail_sender_event *event,
                    struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_SETTLE);
    assert(!sender->settled);
    sender->settled = event->kind == MAIL_SENDER_SETTLED;
    if (sender->asked) {
        act(sender, effects, MAIL_SENDER_LEAVE);
    } else {
        turn_end(sender, event, effects);
    }
}

/* The first mail that goes out again makes all those due that found no server. */
static void left(struct mail_sender *sender, const struct mail_sender_event *event,
                 struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_LEAVE);
    assert(sender->asked);
    if (sender->sent && sender->server->unreachable) {
        sender->server->unreachable = false;
        act(sender, effects, MAIL_SENDER_WAKE);
    } else {
        turn_end(sender, event, effects);
    }
}

static void woken(struct mail_sender *sender, const struct mail_sender_event *event,
                  struct mail_sender_effects *effects) {
    assert(sender->action == MAIL_SENDER_WAKE);
    assert(sender->sent);
    sender->server->unreachable |= event->kind == MAIL_SENDER_WAKE_FAILED;
    turn_end(sender, event, effects);
}

void mail_sender_step(struct mail_sender *sender, const struct mail_sender_event *event,
                      struct mail_sender_effects *effects) {
    switch (event->kind) {
    case MAIL_SENDER_BEGUN:
    case MAIL_SENDER_WAITED:
        assert(sender->action == MAIL_SENDER_WAIT || sender->action == MAIL_SENDER_PAUSE);
        turn_begin(sender, event, effects);
        break;
    case MAIL_SENDER_MEASURED:
        measured(sender, event, effects);
        break;
    case MAIL_SENDER_TAKEN:
        taken(sender, event, effects);
        break;
    case MAIL_SENDER_NONE_DUE:
        none_due(sender, effects);
        break;
    case MAIL_SENDER_TAKE_FAILED:
        assert(sender->action == MAIL_SENDER_TAKE);
        outbox_failed(sender, event, effects);
        break;
    case MAIL_SENDER_OUTBOX_BROKEN:
        outbox_broken(sender, effects);
        break;
    case MAIL_SENDER_ANSWERED:
        answered(sender, event, effects);
        break;
    case MAIL_SENDER_SETTLED:
    case MAIL_SENDER_SETTLE_FAILED:
        settled(sender, event, effects);
        break;
    case MAIL_SENDER_LEFT:
        left(sender, event, effects);
        break;
    case MAIL_SENDER_WOKEN:
    case MAIL_SENDER_WAKE_FAILED:
        woken(sender, event, effects);
        break;
    }
    assert(effects->action == sender->action);
    assert((effects->verdict != NULL) == (effects->action == MAIL_SENDER_SETTLE));
    assert((effects->address != NULL) == (effects->action == MAIL_SENDER_SPEAK));
}
