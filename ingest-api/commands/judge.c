/* SPDX-License-Identifier: Apache-2.0 */
/* Which event answers which command. */
#include "ingest-api/commands/judge.h"

#include <string.h>

static bool same(const struct uuid *left, const struct uuid *right) {
    return memcmp(left->octets, right->octets, sizeof left->octets) == 0;
}

bool judge_follows_reservation(const struct judge *judge) { return judge->command == COMMAND_PAY; }

/* The reservation as it stands says whether Pay still has something to wait for. */
static bool pay_noted(struct judge *judge, const struct event_noted *noted) {
    switch (noted->view.state) {
    case RESERVATION_STATE_PAYING:
    case RESERVATION_STATE_SECURED:
        judge->accepted = true;
        judge->attempt = noted->view.attempt;
        return false;
    default:
        return true;
    }
}

static bool of_attempt(const struct judge *judge, const struct uuid *reservation_id,
                       int32_t attempt) {
    return judge->accepted && same(&judge->reservation_id, reservation_id) &&
           (judge->attempt == 0 || attempt == judge->attempt);
}

static bool of_reservation(const struct judge *judge, const struct uuid *reservation_id) {
    return judge->accepted && same(&judge->reservation_id, reservation_id);
}

static bool pay_judge(struct judge *judge, const struct event *event) {
    bool own = same(&event->as.head.command_id, &judge->command_id);
    switch (event->kind) {
    case EVENT_NOTED:
        return own && pay_noted(judge, &event->as.noted);
    case EVENT_REFUSED:
    case EVENT_REJECTED:
    case EVENT_UNDECODABLE:
        return own;
    case EVENT_PAYMENT_REQUESTED:
        if (own) {
            judge->accepted = true;
            judge->attempt = event->as.payment_requested.attempt;
        }
        return false;
    case EVENT_SOLD: /* at once, where there was nothing to pay */
        return (own && same(&judge->reservation_id, &event->as.sold.reservation_id)) ||
               of_reservation(judge, &event->as.sold.reservation_id);
    case EVENT_PAYMENT_DECLINED:
        return of_attempt(judge, &event->as.payment_declined.reservation_id,
                          event->as.payment_declined.attempt);
    case EVENT_CAPTURE_FAILED:
        return of_attempt(judge, &event->as.capture_failed.reservation_id,
                          event->as.capture_failed.attempt);
    case EVENT_VOID_REQUESTED: /* the reservation of an attempt that came too late is RELEASED */
        return of_attempt(judge, &event->as.void_requested.reservation_id,
                          event->as.void_requested.attempt) &&
               event->as.void_requested.state == RESERVATION_STATE_RELEASED;
    case EVENT_RELEASED:
        return of_reservation(judge, &event->as.released.reservation_id);
    case EVENT_ORDER_CANCELLED:
        return of_reservation(judge, &event->as.order_cancelled.reservation_id);
    default:
        return false;
    }
}

bool judge_event(struct judge *judge, const struct event *event) {
    if (judge->command == COMMAND_PAY) {
        return pay_judge(judge, event);
    }
    if (!same(&event->as.head.command_id, &judge->command_id)) {
        return false;
    }
    switch (event->kind) {
    case EVENT_NOTED:
    case EVENT_REFUSED:
    case EVENT_REJECTED:
    case EVENT_UNDECODABLE:
        return true;
    case EVENT_SHOW_CREATED:
        return judge->command == COMMAND_CREATE_SHOW;
    case EVENT_SHOW_CANCELLED:
        return judge->command == COMMAND_CANCEL_SHOW;
    case EVENT_RESERVED:
        return judge->command == COMMAND_RESERVE;
    case EVENT_RELEASED:
        return judge->command == COMMAND_RELEASE &&
               same(&event->as.released.reservation_id, &judge->reservation_id);
    case EVENT_ORDER_CANCELLED:
        return judge->command == COMMAND_CANCEL &&
               same(&event->as.order_cancelled.reservation_id, &judge->reservation_id);
    case EVENT_CANCEL_REMEMBERED:
        return judge->command == COMMAND_CANCEL &&
               same(&event->as.cancel_remembered.reservation_id, &judge->reservation_id);
    case EVENT_REFUND_REQUESTED:
        return judge->command == COMMAND_RETRY_REFUND;
    default:
        return false;
    }
}
