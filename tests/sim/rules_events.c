/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of reservation/README.md told a second time: whether an event may follow. */
#include "tests/sim/rules.h"

#include <string.h>

#define GRACE_MS_MAX (5 * 60 * 1000LL)

/* What an event is judged with. */
struct judged {
    struct sim_rules *rules;
    struct sim_world *world;
    struct sim_rule_show *show;
    const struct command *command;
    const struct event *event;
    int64_t at;
    int64_t offset;
};

static bool text_equal(struct text left, struct text right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/* The booking an event is about, in one of the states; else a violation, and NULL. */
static struct sim_rule_booking *booking_in(struct judged *judged, const struct uuid *reservation_id,
                                           uint32_t states) {
    struct sim_rule_booking *booking = sim_rules_booking(judged->show, reservation_id);
    if (booking == NULL || (states >> booking->state & 1) == 0) {
        sim_violated(judged->world, 1, "%s of reservation %s, which is %s",
                     event_kind_name(judged->event->kind), sim_short(judged->world, reservation_id),
                     booking == NULL ? "unknown" : reservation_state_name(booking->state));
        return NULL;
    }
    return booking;
}
#define IN(state) (1u << RESERVATION_STATE_##state)

static void places_set(struct judged *judged, const struct sim_rule_booking *booking, bool take) {
    struct sim_rule_show *show = judged->show;
    if (booking->selection == SELECTION_GENERAL) {
        show->general_used[booking->section] += take ? booking->quantity : -booking->quantity;
        if (show->general_used[booking->section] >
            show->details.sections.items[booking->section].capacity) {
            sim_violated(judged->world, 1, "section %d is overfull", (int)booking->section);
        }
        return;
    }
    for (size_t i = 0; i < booking->seat_count; i++) {
        int32_t seat = booking->seats[i];
        if (take && show->seat_owner[seat] != 0) {
            sim_violated(judged->world, 1, "seat %d is given to two", (int)seat);
        }
        show->seat_owner[seat] = take ? 1 : 0;
    }
}

static int64_t price_of(const struct sim_rule_show *show, int32_t section) {
    return show->details.categories.items[show->details.sections.items[section].category]
        .price_minor;
}

static int64_t total_of(const struct sim_rule_show *show, const struct sim_rule_booking *booking) {
    if (booking->selection == SELECTION_GENERAL) {
        return booking->quantity * price_of(show, booking->section);
    }
    int64_t total = 0;
    for (size_t i = 0; i < booking->seat_count; i++) {
        total += price_of(show, show->seat_section[booking->seats[i]]);
    }
    return total;
}

/* --- Reserved and Refused --- */

static void seats_sort(int32_t *seats, size_t count) {
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && seats[j - 1] > seats[j]; j--) {
            int32_t seat = seats[j];
            seats[j] = seats[j - 1];
            seats[j - 1] = seat;
        }
    }
}

/* The places are those that were asked for, or the best. */
static void selection_check(struct judged *judged, const struct sim_rule_booking *booking) {
    const struct command_reserve *asked = &judged->command->as.reserve;
    bool right = true;
    if (booking->selection == SELECTION_NAMED) {
        int32_t *seats =
            arena_allocate_array(&judged->world->memory, asked->seats.count + 1, sizeof *seats);
        right = asked->seats.count == booking->seat_count;
        for (size_t i = 0; i < asked->seats.count; i++) {
            seats[i] = asked->seats.items[i];
        }
        seats_sort(seats, asked->seats.count);
        right = right && memcmp(seats, booking->seats, booking->seat_count * sizeof *seats) == 0;
    } else if (booking->selection == SELECTION_BEST_AVAILABLE) {
        int32_t best =
            sim_rules_best(judged->show, asked->section, asked->category, asked->quantity);
        right = best >= 0 && booking->seat_count == (size_t)asked->quantity;
        for (size_t i = 0; right && i < booking->seat_count; i++) {
            right = booking->seats[i] == best + (int32_t)i;
        }
    } else {
        right = booking->section == asked->section && booking->quantity == asked->quantity;
    }
    if (!right) {
        sim_violated(judged->world, 3,
                     "reservation %s (%s) has other places than it should have, from seat %d",
                     sim_short(judged->world, &booking->reservation_id),
                     selection_name(booking->selection),
                     booking->seat_count > 0 ? (int)booking->seats[0] : -1);
    }
}

static void reserved(struct judged *judged) {
    const struct event_reserved *event = &judged->event->as.reserved;
    struct sim_rule_show *show = judged->show;
    struct sim_rule_booking *booking =
        SIM_VECTOR_ADD(judged->world, show->bookings, struct sim_rule_booking);
    *booking = (struct sim_rule_booking){.reservation_id = event->reservation_id,
                                         .buyer_id = event->buyer_id,
                                         .selection = event->selection,
                                         .seat_count = event->seats.count,
                                         .section = event->section,
                                         .category = event->category,
                                         .quantity = event->quantity,
                                         .total_minor = event->total_minor,
                                         .made_at = judged->at,
                                         .expires_at = event->expires_at,
                                         .secured_offset = -1};
    booking->seats = arena_allocate_array(&judged->world->memory, event->seats.count + 1,
                                          sizeof *booking->seats);
    for (size_t i = 0; i < event->seats.count; i++) {
        booking->seats[i] = event->seats.items[i];
    }
    selection_check(judged, booking);
    if (show->cancelled || show->closed || judged->at >= show->details.starts_at) {
        sim_violated(judged->world, 3, "a reservation of a show that is not on sale");
    }
    if (sim_rules_usage(show, &event->buyer_id) + event->quantity >
        show->details.seats_per_buyer_max) {
        sim_violated(judged->world, 3, "a buyer has more places than one may");
    }
    if (event->expires_at != judged->at + show->details.hold_ttl_ms ||
        event->total_minor != total_of(show, booking)) {
        sim_violated(judged->world, 3, "a hold of %lld ms for %lld", //
                     (long long)(event->expires_at - judged->at), (long long)event->total_minor);
    }
    booking->state = RESERVATION_STATE_HELD;
    places_set(judged, booking, true);
}

/* What a refusal says of limits and of what is left, from logic version 3 on. */
static bool refusal_says_right(const struct judged *judged, const struct event_refused *event) {
    const struct command_reserve *asked = &judged->command->as.reserve;
    const struct sim_rule_show *show = judged->show;
    int32_t free = 0;
    int32_t own = 0;
    if (judged->event->as.head.logic_version < 3) {
        return event->limit == -1 && event->free == -1 && event->seats_own.count == 0;
    }
    switch (event->reason) {
    case REFUSAL_REASON_SEATS_TAKEN:
        for (size_t i = 0; i < event->seats.count; i++) {
            own += sim_rules_is_seat_of(show, &asked->buyer_id, event->seats.items[i]);
        }
        for (size_t i = 0; i < event->seats_own.count; i++) {
            own -= sim_rules_is_seat_of(show, &asked->buyer_id, event->seats_own.items[i]);
        }
        return own == 0;
    case REFUSAL_REASON_NOT_AVAILABLE:
        if (asked->selection == SELECTION_GENERAL) {
            free = show->details.sections.items[asked->section].capacity -
                   show->general_used[asked->section];
        }
        for (int32_t seat = 0; asked->selection != SELECTION_GENERAL && seat < show->seat_count;
             seat++) {
            int32_t section = show->seat_section[seat];
            free += show->seat_owner[seat] == 0 &&
                    (asked->section == -1 || asked->section == section) &&
                    (asked->category == -1 ||
                     asked->category == show->details.sections.items[section].category);
        }
        return event->free == free;
    case REFUSAL_REASON_BUYER_LIMIT:
        return event->limit == show->details.seats_per_buyer_max &&
               event->limit_of == LIMIT_SCOPE_BUYER &&
               event->used == sim_rules_usage(show, &asked->buyer_id);
    case REFUSAL_REASON_TOO_MANY_PLACES:
        return event->limit == 100 && event->limit_of == LIMIT_SCOPE_RESERVATION;
    default:
        return event->limit == -1 && event->free == -1;
    }
}

static void refused_reserve(struct judged *judged, const struct event_refused *event) {
    const struct command_reserve *asked = &judged->command->as.reserve;
    struct sim_rule_show *show = judged->show;
    bool right = true;
    size_t taken = 0;
    switch (event->reason) {
    case REFUSAL_REASON_SEATS_TAKEN:
        for (size_t i = 0; i < asked->seats.count; i++) {
            taken += show->seat_owner[asked->seats.items[i]] != 0;
        }
        for (size_t i = 0; i < event->seats.count; i++) {
            right = right && show->seat_owner[event->seats.items[i]] != 0;
        }
        right = right && taken == event->seats.count && taken > 0;
        break;
    case REFUSAL_REASON_NOT_AVAILABLE:
        right = asked->selection == SELECTION_GENERAL
                    ? show->details.sections.items[asked->section].capacity -
                              show->general_used[asked->section] <
                          asked->quantity
                    : sim_rules_best(show, asked->section, asked->category, asked->quantity) < 0;
        break;
    case REFUSAL_REASON_BUYER_LIMIT: {
        int32_t wanted =
            asked->selection == SELECTION_NAMED ? (int32_t)asked->seats.count : asked->quantity;
        right =
            sim_rules_usage(show, &asked->buyer_id) + wanted > show->details.seats_per_buyer_max;
        break;
    }
    case REFUSAL_REASON_SHOW_STARTED:
        right = judged->at >= show->details.starts_at;
        break;
    case REFUSAL_REASON_SHOW_CANCELLED:
        right = show->cancelled;
        break;
    default:
        break;
    }
    if (!refusal_says_right(judged, event)) {
        sim_violated(judged->world, 3, "a Reserve is refused with %s, and says what is not so",
                     refusal_reason_name(event->reason));
    }
    if (!right) {
        sim_violated(judged->world, 3, "a Reserve is refused with %s, which is not so",
                     refusal_reason_name(event->reason));
    }
}

/* --- the end of holds --- */

static void release(struct judged *judged, struct sim_rule_booking *booking, bool by_buyer) {
    booking->state = RESERVATION_STATE_RELEASED;
    booking->released_at = judged->at;
    booking->released_by_buyer = by_buyer;
    places_set(judged, booking, false);
}

static void holds_expired(struct judged *judged) {
    const struct event_expired_hold_list *holds = &judged->event->as.holds_expired.holds;
    int64_t before = 0;
    for (size_t i = 0; i < holds->count; i++) {
        struct sim_rule_booking *booking =
            booking_in(judged, &holds->items[i].reservation_id, IN(HELD) | IN(PAYING));
        if (booking == NULL) {
            continue;
        }
        if (booking->expires_at > judged->at || booking->expires_at < before) {
            sim_violated(judged->world, 9, "a hold is ended before its time, or out of turn");
        }
        before = booking->expires_at;
        release(judged, booking, false);
    }
}

static void released(struct judged *judged) {
    const struct event_released *event = &judged->event->as.released;
    struct sim_rule_booking *booking =
        booking_in(judged, &event->reservation_id, IN(HELD) | IN(PAYING) | IN(RELEASED));
    bool by_buyer = event->reason == RELEASE_REASON_BUYER;
    if (booking == NULL) {
        return;
    }
    if (booking->state == RESERVATION_STATE_RELEASED) {
        booking->released_by_buyer = by_buyer;
    } else {
        release(judged, booking, by_buyer);
    }
}

/* --- money --- */

static bool payment_is_known(const struct sim_rule_booking *booking, int32_t attempt,
                             struct text payment_id) {
    for (size_t i = 0; i < booking->payment_count; i++) {
        if (booking->payments[i].attempt == attempt &&
            text_equal(booking->payments[i].payment_id, payment_id)) {
            return true;
        }
    }
    return false;
}

static void payment_know(struct sim_rule_booking *booking, int32_t attempt,
                         struct text payment_id) {
    if (booking->payment_count < SIM_PAYMENTS_KNOWN_MAX &&
        !payment_is_known(booking, attempt, payment_id)) {
        booking->payments[booking->payment_count].attempt = attempt;
        booking->payments[booking->payment_count++].payment_id = payment_id;
    }
}

/* From logic version 2 on no longer than the show holds seats. */
static int64_t grace_ms(const struct judged *judged) {
    int64_t hold_ttl_ms = judged->show->details.hold_ttl_ms;
    return judged->event->as.head.logic_version >= 2 && hold_ttl_ms < GRACE_MS_MAX ? hold_ttl_ms
                                                                                   : GRACE_MS_MAX;
}

static void payment_requested(struct judged *judged) {
    const struct event_payment_requested *event = &judged->event->as.payment_requested;
    struct sim_rule_booking *booking = booking_in(judged, &event->reservation_id, IN(HELD));
    if (booking == NULL) {
        return;
    }
    bool used = false;
    for (int32_t i = 0; i < booking->attempts; i++) {
        used = used || text_equal(booking->sources[i], event->source_id);
    }
    int64_t grace_ends_at = judged->at + grace_ms(judged);
    bool grace = !booking->expiry_moved && booking->expires_at < grace_ends_at;
    int64_t expires_at = grace ? grace_ends_at : booking->expires_at;
    if (used || event->attempt != booking->attempts + 1 || event->attempt > SIM_ATTEMPTS_MAX ||
        event->amount_minor != booking->total_minor) {
        sim_violated(judged->world, 4, "attempt %d over %lld with a %s source", event->attempt,
                     (long long)event->amount_minor, used ? "used" : "new");
    }
    if (event->expires_at != expires_at) {
        sim_violated(judged->world, 9, "payment moves the end of a hold by %lld ms",
                     (long long)(event->expires_at - booking->expires_at));
    }
    if (booking->attempts < SIM_ATTEMPTS_MAX) {
        booking->sources[booking->attempts] = event->source_id;
    }
    booking->attempts = event->attempt;
    booking->expiry_moved = booking->expiry_moved || event->expires_at != booking->expires_at;
    booking->expires_at = event->expires_at;
    booking->state = RESERVATION_STATE_PAYING;
}

/* Whether a late authorization may have the places again. */
static bool may_reseat(const struct judged *judged, const struct sim_rule_booking *booking) {
    const struct sim_rule_show *show = judged->show;
    return !show->cancelled && !booking->released_by_buyer && judged->at < show->details.ends_at &&
           sim_rules_places_free(show, booking) &&
           sim_rules_usage(show, &booking->buyer_id) + booking->quantity <=
               show->details.seats_per_buyer_max;
}

static void secured(struct judged *judged) {
    const struct event_secured *event = &judged->event->as.secured;
    struct sim_rule_booking *booking =
        booking_in(judged, &event->reservation_id, event->reseated ? IN(RELEASED) : IN(PAYING));
    if (booking == NULL) {
        return;
    }
    if (event->amount_minor != booking->total_minor || event->attempt != booking->attempts) {
        sim_violated(judged->world, 4, "secured over %lld by attempt %d",
                     (long long)event->amount_minor, event->attempt);
    }
    if (event->reseated) {
        if (!may_reseat(judged, booking)) {
            sim_violated(judged->world, 1, "reservation %s is seated again and may not be",
                         sim_short(judged->world, &booking->reservation_id));
        }
        places_set(judged, booking, true);
    }
    payment_know(booking, event->attempt, event->payment_id);
    booking->secured_offset = judged->offset;
    booking->state = RESERVATION_STATE_SECURED;
}

static void payment_declined(struct judged *judged) {
    const struct event_payment_declined *event = &judged->event->as.payment_declined;
    struct sim_rule_booking *booking =
        booking_in(judged, &event->reservation_id, IN(PAYING) | IN(RELEASED));
    if (booking != NULL && booking->state == RESERVATION_STATE_PAYING) {
        booking->state = RESERVATION_STATE_HELD;
    }
}

static void void_requested(struct judged *judged) {
    const struct event_void_requested *event = &judged->event->as.void_requested;
    struct sim_rule_booking *booking = sim_rules_booking(judged->show, &event->reservation_id);
    if (booking == NULL) {
        return;
    }
    if (event->reason == VOID_REASON_SEATS_TAKEN && sim_rules_places_free(judged->show, booking)) {
        sim_violated(judged->world, 1, "an authorization is let go though its seats are free");
    }
    if (event->reason == VOID_REASON_LIMIT_EXCEEDED && may_reseat(judged, booking)) {
        sim_violated(judged->world, 1, "an authorization is let go though it could be seated");
    }
    payment_know(booking, event->attempt, event->payment_id);
}

static void sold(struct judged *judged) {
    const struct event_sold *event = &judged->event->as.sold;
    struct sim_rule_booking *booking =
        booking_in(judged, &event->reservation_id, IN(SECURED) | IN(HELD));
    if (booking == NULL) {
        return;
    }
    bool free = booking->total_minor == 0 && event->payment_id.size == 0;
    if ((booking->state == RESERVATION_STATE_HELD) != free || booking->cancel_remembered ||
        event->amount_minor != booking->total_minor ||
        event->places.count != (size_t)booking->quantity) {
        sim_violated(judged->world, 4, "reservation %s is sold and should not be",
                     sim_short(judged->world, &booking->reservation_id));
    }
    booking->state = RESERVATION_STATE_SOLD;
    booking->sold++;
    booking->sold_payment_id = event->payment_id;
    booking->sold_minor = event->amount_minor;
}

static void order_cancelled(struct judged *judged) {
    const struct event_order_cancelled *event = &judged->event->as.order_cancelled;
    struct sim_rule_booking *booking =
        booking_in(judged, &event->reservation_id, IN(SOLD) | IN(SECURED));
    if (booking == NULL) {
        return;
    }
    booking->cancelled_after_sold = booking->state == RESERVATION_STATE_SOLD;
    booking->state = RESERVATION_STATE_REFUNDING;
    places_set(judged, booking, false);
}

/* The state that an event names, of whatever payment it speaks. */
static void state_follow(struct judged *judged, const struct uuid *reservation_id,
                         enum reservation_state state) {
    struct sim_rule_booking *booking = sim_rules_booking(judged->show, reservation_id);
    if (booking != NULL && booking->state >= RESERVATION_STATE_REFUNDING &&
        state >= RESERVATION_STATE_REFUNDING) {
        booking->state = state;
    }
}

static void capture_failed(struct judged *judged) {
    struct sim_rule_booking *booking =
        booking_in(judged, &judged->event->as.capture_failed.reservation_id, IN(SECURED));
    if (booking != NULL) {
        release(judged, booking, false);
    }
}

static void refunded(struct judged *judged) {
    const struct event_refunded *event = &judged->event->as.refunded;
    struct sim_rule_booking *booking = sim_rules_booking(judged->show, &event->reservation_id);
    if (booking != NULL) {
        booking->refunded_minor += event->amount_minor;
    }
    state_follow(judged, &event->reservation_id, event->state);
}

/* An authorization ends in Secured or in VoidRequested, unless it is known. */
static void noted(struct judged *judged) {
    if (judged->command->kind != COMMAND_PAYMENT_AUTHORIZED) {
        return;
    }
    const struct command_payment_authorized *told = &judged->command->as.payment_authorized;
    const struct sim_rule_booking *booking = sim_rules_booking(judged->show, &told->reservation_id);
    if (booking == NULL || !payment_is_known(booking, told->attempt, told->payment_id)) {
        sim_violated(judged->world, 4, "an authorization that nobody knew is only noted");
    }
}

void sim_rules_event(struct sim_rules *rules, struct sim_rule_show *show,
                     const struct command *command, const struct event *event, int64_t offset) {
    struct judged judged = {rules, rules->world, show, command, event, event->as.head.at, offset};
    switch (event->kind) {
    case EVENT_RESERVED:
        reserved(&judged);
        break;
    case EVENT_REFUSED:
        if (command->kind == COMMAND_RESERVE) {
            refused_reserve(&judged, &event->as.refused);
        }
        break;
    case EVENT_HOLDS_EXPIRED:
        holds_expired(&judged);
        break;
    case EVENT_RELEASED:
        released(&judged);
        break;
    case EVENT_PAYMENT_REQUESTED:
        payment_requested(&judged);
        break;
    case EVENT_SECURED:
        secured(&judged);
        break;
    case EVENT_PAYMENT_DECLINED:
        payment_declined(&judged);
        break;
    case EVENT_VOID_REQUESTED:
        void_requested(&judged);
        break;
    case EVENT_SOLD:
        sold(&judged);
        break;
    case EVENT_CAPTURE_FAILED:
        capture_failed(&judged);
        break;
    case EVENT_CANCEL_REMEMBERED: {
        struct sim_rule_booking *booking =
            booking_in(&judged, &event->as.cancel_remembered.reservation_id, IN(SECURED));
        if (booking != NULL) {
            booking->cancel_remembered = true;
        }
        break;
    }
    case EVENT_ORDER_CANCELLED:
        order_cancelled(&judged);
        break;
    case EVENT_REFUND_REQUESTED:
        state_follow(&judged, &event->as.refund_requested.reservation_id,
                     event->as.refund_requested.state);
        break;
    case EVENT_REFUNDED:
        refunded(&judged);
        break;
    case EVENT_REFUND_FAILED:
        state_follow(&judged, &event->as.refund_failed.reservation_id,
                     event->as.refund_failed.state);
        break;
    case EVENT_NOTED:
        noted(&judged);
        break;
    case EVENT_SHOW_CANCELLED:
        show->cancelled = true;
        break;
    case EVENT_SHOW_CLOSED:
        show->closed = true;
        break;
    default:
        break;
    }
}
