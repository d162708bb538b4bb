/* SPDX-License-Identifier: Apache-2.0 */
/* The same wish again under another id, by the words of reservation/README.md, *The same again*. */
#include "tests/sim/rules.h"

#include "runtime/base/identity.h"

#define SECONDS_OF_A_DOUBLE_CLICK 5

static bool is_unpaid(const struct sim_rule_booking *booking) {
    return booking->state == RESERVATION_STATE_HELD || booking->state == RESERVATION_STATE_PAYING;
}

/* Every seat asked for is the booking's, and the other way round; a seat named twice is none. */
static bool is_of_the_same_seats(const struct sim_rule_booking *booking,
                                 const struct command_reserve *asked) {
    if (booking->selection == SELECTION_GENERAL || asked->selection != SELECTION_NAMED ||
        booking->seat_count != asked->seats.count) {
        return false;
    }
    for (size_t i = 0; i < booking->seat_count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < asked->seats.count; j++) {
            found += asked->seats.items[j] == booking->seats[i];
        }
        if (found != 1) {
            return false;
        }
    }
    return true;
}

static bool is_of_the_same_words(const struct sim_rule_booking *booking,
                                 const struct command_reserve *asked) {
    return asked->selection != SELECTION_NAMED && booking->selection == asked->selection &&
           booking->section == asked->section && booking->quantity == asked->quantity &&
           (asked->selection == SELECTION_GENERAL || booking->category == asked->category);
}

static bool is_had(const struct sim_rule_show *show, const struct sim_rule_booking *booking,
                   const struct command_reserve *asked) {
    if (!uuid_equal(&booking->buyer_id, &asked->buyer_id) || !is_unpaid(booking)) {
        return false;
    }
    bool just_made = show->at <= booking->made_at + SECONDS_OF_A_DOUBLE_CLICK * 1000LL;
    return is_of_the_same_seats(booking, asked) ||
           (!asked->keyed && just_made && booking->state == RESERVATION_STATE_HELD &&
            !booking->expiry_moved && is_of_the_same_words(booking, asked));
}

void sim_rules_again_check(struct sim_rules *rules, const struct sim_rule_show *show,
                           const struct command_reserve *asked, const struct event *last) {
    struct sim_world *world = rules->world;
    const struct sim_rule_booking *noted =
        last->kind == EVENT_NOTED ? sim_rules_booking(show, &last->as.noted.reservation_id) : NULL;
    if (last->as.head.logic_version < 3) {
        if (last->kind == EVENT_NOTED) {
            sim_violated(world, 8, "an unknown reservation is noted");
        }
        return;
    }
    if (last->kind == EVENT_NOTED) {
        if (noted == NULL || !is_had(show, noted, asked)) {
            sim_violated(world, 8, "a new wish is answered with a reservation that it is not");
        }
        return;
    }
    bool on_sale = !show->cancelled && !show->closed && show->at < show->details.starts_at;
    for (size_t i = 0; on_sale && i < show->bookings.count; i++) {
        const struct sim_rule_booking *booking = show->bookings.items[i];
        bool itself = last->kind == EVENT_RESERVED &&
                      uuid_equal(&booking->reservation_id, &asked->reservation_id);
        if (!itself && is_had(show, booking, asked)) {
            sim_violated(world, 8, "the same again leads to %s, though the buyer has %s already",
                         event_kind_name(last->kind), sim_short(world, &booking->reservation_id));
        }
    }
}
