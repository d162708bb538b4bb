/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of reservation/README.md told a second time: shows, holds, places. */
#include "tests/sim/rules.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"

#include <stdlib.h>
#include <string.h>

#define FORGOTTEN_AFTER_MS (60 * 60 * 1000LL)

void sim_rules_deinit(struct sim_rules *rules) {
    for (size_t i = 0; i < rules->shows.count; i++) {
        free(rules->shows.items[i]->bookings.items);
    }
    free(rules->shows.items);
}

struct sim_rule_show *sim_rules_show(const struct sim_rules *rules, const struct uuid *show_id) {
    for (size_t i = 0; i < rules->shows.count; i++) {
        if (uuid_equal(&rules->shows.items[i]->show_id, show_id)) {
            return rules->shows.items[i];
        }
    }
    return NULL;
}

struct sim_rule_booking *sim_rules_booking(const struct sim_rule_show *show,
                                           const struct uuid *reservation_id) {
    for (size_t i = show->bookings.count; i > 0; i--) {
        if (uuid_equal(&show->bookings.items[i - 1]->reservation_id, reservation_id)) {
            return show->bookings.items[i - 1];
        }
    }
    return NULL;
}

bool sim_rules_is_known(const struct sim_rule_booking *booking, int64_t at) {
    return booking != NULL &&
           (booking->state != RESERVATION_STATE_RELEASED || booking->attempts > 0 ||
            at < booking->released_at + FORGOTTEN_AFTER_MS);
}

static bool is_live(const struct sim_rule_booking *booking) {
    return booking->state == RESERVATION_STATE_HELD || booking->state == RESERVATION_STATE_PAYING ||
           booking->state == RESERVATION_STATE_SECURED || booking->state == RESERVATION_STATE_SOLD;
}

int32_t sim_rules_usage(const struct sim_rule_show *show, const struct uuid *buyer_id) {
    int32_t places = 0;
    for (size_t i = 0; i < show->bookings.count; i++) {
        const struct sim_rule_booking *booking = show->bookings.items[i];
        if (is_live(booking) && uuid_equal(&booking->buyer_id, buyer_id)) {
            places += booking->quantity;
        }
    }
    return places;
}

bool sim_rules_places_free(const struct sim_rule_show *show,
                           const struct sim_rule_booking *booking) {
    if (booking->selection == SELECTION_GENERAL) {
        return show->details.sections.items[booking->section].capacity -
                   show->general_used[booking->section] >=
               booking->quantity;
    }
    for (size_t i = 0; i < booking->seat_count; i++) {
        if (show->seat_owner[booking->seats[i]] != 0) {
            return false;
        }
    }
    return true;
}

bool sim_rules_is_seat_of(const struct sim_rule_show *show, const struct uuid *buyer_id,
                          int32_t seat) {
    for (size_t i = 0; i < show->bookings.count; i++) {
        const struct sim_rule_booking *booking = show->bookings.items[i];
        for (size_t j = 0; is_live(booking) && j < booking->seat_count; j++) {
            if (booking->seats[j] == seat && uuid_equal(&booking->buyer_id, buyer_id)) {
                return true;
            }
        }
    }
    return false;
}

/* --- best available, by the words of the README --- */

struct candidate {
    int32_t first;
    bool strands;
    int32_t section;
    int32_t row_distance; /* three times that from a third of the depth */
    int32_t row;
    int32_t middle_distance; /* twice that of the run's middle from the row's */
};

static int compare(int64_t left, int64_t right) { return left < right ? -1 : left > right; }

static bool is_better(const struct candidate *left, const struct candidate *right) {
    if (right->first < 0) {
        return true;
    }
    int orders[] = {compare(left->strands, right->strands),
                    compare(left->section, right->section),
                    compare(left->row_distance, right->row_distance),
                    compare(left->row, right->row),
                    compare(left->middle_distance, right->middle_distance),
                    compare(left->first, right->first)};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i] != 0) {
            return orders[i] < 0;
        }
    }
    return false;
}

static bool is_free(const struct sim_rule_show *show, int32_t seat, int32_t begin, int32_t end) {
    return seat >= begin && seat < end && show->seat_owner[seat] == 0;
}

/* Exactly one free seat on a side. */
static bool strands(const struct sim_rule_show *show, int32_t first, int32_t quantity,
                    int32_t begin, int32_t end) {
    bool left = is_free(show, first - 1, begin, end) && !is_free(show, first - 2, begin, end);
    int32_t last = first + quantity - 1;
    bool right = is_free(show, last + 1, begin, end) && !is_free(show, last + 2, begin, end);
    return left || right;
}

static void row_try(const struct sim_rule_show *show, struct candidate *candidate, int32_t begin,
                    int32_t count, int32_t quantity, struct candidate *best) {
    for (int32_t first = begin; first + quantity <= begin + count; first++) {
        bool all = true;
        for (int32_t i = 0; i < quantity; i++) {
            all = all && show->seat_owner[first + i] == 0;
        }
        if (!all) {
            continue;
        }
        candidate->first = first;
        candidate->strands = strands(show, first, quantity, begin, begin + count);
        candidate->middle_distance = abs(2 * (first - begin) + quantity - count);
        if (is_better(candidate, best)) {
            *best = *candidate;
        }
    }
}

int32_t sim_rules_best(const struct sim_rule_show *show, int32_t section, int32_t category,
                       int32_t quantity) {
    struct candidate best = {.first = -1};
    int32_t seat = 0;
    for (size_t i = 0; i < show->details.sections.count; i++) {
        const struct section *one = &show->details.sections.items[i];
        int32_t depth = (int32_t)one->rows.count - 1;
        bool allowed = one->kind == SECTION_KIND_SEATED && (section < 0 || section == (int32_t)i) &&
                       (category < 0 || category == one->category);
        for (size_t row = 0; row < one->rows.count; row++) {
            int32_t count = (int32_t)one->rows.items[row].seats.count;
            struct candidate candidate = {.section = (int32_t)i,
                                          .row = (int32_t)row,
                                          .row_distance = abs(3 * (int32_t)row - depth)};
            if (allowed) {
                row_try(show, &candidate, seat, count, quantity, &best);
            }
            seat += count;
        }
    }
    return best.first;
}

/* --- a command and what it led to --- */

static void show_open(struct sim_rules *rules, int32_t partition, const struct event *event) {
    struct sim_world *world = rules->world;
    struct sim_rule_show *show = SIM_VECTOR_ADD(world, rules->shows, struct sim_rule_show);
    show->show_id = event->as.head.show_id;
    show->owner_id = event->as.head.owner_id;
    show->partition = partition;
    show->details = event->as.show_created.show;
    for (size_t i = 0; i < show->details.sections.count; i++) {
        const struct row_list *rows = &show->details.sections.items[i].rows;
        for (size_t j = 0; j < rows->count; j++) {
            show->seat_count += (int32_t)rows->items[j].seats.count;
        }
    }
    size_t seats = (size_t)show->seat_count + 1;
    show->seat_section = arena_allocate_array(&world->memory, seats, sizeof(int32_t));
    show->seat_owner = arena_allocate_array(&world->memory, seats, sizeof(int32_t));
    show->general_used =
        arena_allocate_array(&world->memory, show->details.sections.count, sizeof(int32_t));
    memset(show->seat_owner, 0, seats * sizeof(int32_t));
    memset(show->general_used, 0, show->details.sections.count * sizeof(int32_t));
    int32_t seat = 0;
    for (size_t i = 0; i < show->details.sections.count; i++) {
        const struct row_list *rows = &show->details.sections.items[i].rows;
        for (size_t j = 0; j < rows->count; j++) {
            for (size_t k = 0; k < rows->items[j].seats.count; k++) {
                show->seat_section[seat++] = (int32_t)i;
            }
        }
    }
}

/* Who may do what, and what a repetition is answered with. */
static void answer_check(struct sim_rules *rules, const struct sim_rule_show *show,
                         const struct sim_rule_booking *before, bool was_known,
                         const struct command *command, const struct event *last) {
    struct sim_world *world = rules->world;
    bool refused = last->kind == EVENT_REFUSED;
    const struct uuid *buyer_id = command->kind == COMMAND_RELEASE  ? &command->as.release.buyer_id
                                  : command->kind == COMMAND_PAY    ? &command->as.pay.buyer_id
                                  : command->kind == COMMAND_CANCEL ? &command->as.cancel.buyer_id
                                                                    : NULL;
    if (buyer_id != NULL && was_known && !uuid_equal(buyer_id, &before->buyer_id) && !refused) {
        sim_violated(world, 1, "%s of somebody else's reservation leads to %s",
                     command_kind_name(command->kind), event_kind_name(last->kind));
    }
    if (command->kind != COMMAND_RESERVE || show->closed) {
        return;
    }
    if (was_known && last->kind == EVENT_RESERVED) {
        sim_violated(world, 8, "reservation %s is known and made a second time",
                     sim_short(world, &before->reservation_id));
    }
    if (!was_known) {
        sim_rules_again_check(rules, show, &command->as.reserve, last);
    }
    if (was_known && last->kind == EVENT_REFUSED &&
        last->as.refused.reason != REFUSAL_REASON_IDEMPOTENCY_KEY_REUSED) {
        sim_violated(world, 8, "a repeated Reserve is refused: %s",
                     refusal_reason_name(last->as.refused.reason));
    }
    if (was_known && last->kind == EVENT_NOTED) {
        const struct integers *seats = &last->as.noted.view.seats;
        bool same =
            seats->count == before->seat_count && last->as.noted.view.quantity == before->quantity;
        for (size_t i = 0; same && i < seats->count; i++) {
            same = seats->items[i] == before->seats[i];
        }
        if (!same) {
            sim_violated(world, 8, "a repeated Reserve is answered with other places");
        }
    }
}

static void overdue_check(struct sim_rules *rules, const struct sim_rule_show *show) {
    for (size_t i = 0; i < show->bookings.count; i++) {
        const struct sim_rule_booking *booking = show->bookings.items[i];
        if ((booking->state == RESERVATION_STATE_HELD ||
             booking->state == RESERVATION_STATE_PAYING) &&
            booking->expires_at <= show->at) {
            sim_violated(rules->world, 9,
                         "a command was decided %lld ms after the hold %s was over, which lives on",
                         (long long)(show->at - booking->expires_at),
                         sim_short(rules->world, &booking->reservation_id));
            return;
        }
    }
}

static const struct uuid *reservation_of(const struct command *command) {
    switch (command->kind) {
    case COMMAND_RESERVE:
        return &command->as.reserve.reservation_id;
    case COMMAND_RELEASE:
        return &command->as.release.reservation_id;
    case COMMAND_PAY:
        return &command->as.pay.reservation_id;
    case COMMAND_CANCEL:
        return &command->as.cancel.reservation_id;
    default:
        return NULL;
    }
}

void sim_rules_take(struct sim_rules *rules, int32_t partition, const struct command *command,
                    const struct event *events, const int64_t *offsets, size_t count) {
    if (command == NULL || events[0].as.head.seq == 0) {
        return;
    }
    if (events[0].kind == EVENT_SHOW_CREATED) {
        show_open(rules, partition, &events[0]);
    }
    struct sim_rule_show *show = sim_rules_show(rules, &events[0].as.head.show_id);
    if (show == NULL) {
        sim_violated(rules->world, 2, "%s of a show that was never created",
                     event_kind_name(events[0].kind));
        return;
    }
    const struct uuid *reservation_id = reservation_of(command);
    struct sim_rule_booking *before =
        reservation_id == NULL ? NULL : sim_rules_booking(show, reservation_id);
    bool was_known = sim_rules_is_known(before, events[0].as.head.at);
    for (size_t i = 0; i < count; i++) {
        show->at = events[i].as.head.at;
        sim_rules_event(rules, show, command, &events[i], offsets[i]);
    }
    answer_check(rules, show, before, was_known, command, &events[count - 1]);
    if (!show->closed) {
        overdue_check(rules, show);
    }
}
