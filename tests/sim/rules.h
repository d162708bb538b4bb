/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of reservations, told a second time. */
#ifndef SEATLOG_TESTS_SIM_RULES_H
#define SEATLOG_TESTS_SIM_RULES_H

#include "tests/sim/tables.h"

/*
 * What reservation/README.md says, told a second time: a slow and plain model that takes a command
 * and the events it led to, and says which rule they break. Shares no code with the core.
 */
#define SIM_ATTEMPTS_MAX 3
#define SIM_PAYMENTS_KNOWN_MAX 12

struct sim_rule_booking {
    struct uuid reservation_id;
    struct uuid buyer_id;
    enum reservation_state state;
    enum selection selection;
    int32_t *seats; /* ascending */
    size_t seat_count;
    int32_t section, category, quantity; /* as asked */
    int64_t total_minor;
    int64_t made_at;
    int64_t expires_at;
    bool expiry_moved;
    int64_t released_at;
    bool released_by_buyer;
    bool cancel_remembered;
    int32_t attempts;
    struct text sources[SIM_ATTEMPTS_MAX];
    struct {
        int32_t attempt;
        struct text payment_id;
    } payments[SIM_PAYMENTS_KNOWN_MAX]; /* that the events have spoken of */
    size_t payment_count;

    /* For the checks of money, tickets and mails. */
    int sold;
    struct text sold_payment_id;
    int64_t sold_minor;
    int64_t secured_offset; /* of the last Secured; -1: never */
    int64_t refunded_minor;
    bool cancelled_after_sold;
};

struct sim_rule_show {
    struct uuid show_id;
    struct uuid owner_id;
    int32_t partition;
    struct show_details details;
    int64_t at;
    bool cancelled, closed;
    int32_t seat_count;
    int32_t *seat_section;
    int32_t *seat_owner; /* index of a booking + 1, 0: free */
    int32_t *general_used;
    SIM_VECTOR(struct sim_rule_booking *) bookings;
};

struct sim_rules {
    struct sim_world *world;
    SIM_VECTOR(struct sim_rule_show *) shows;
};

void sim_rules_deinit(struct sim_rules *rules);

/*
 * The events of one command, in order, with the offset of the first; command NULL: undecodable, or
 * in the wrong partition. Everything must live as long as the run.
 */
void sim_rules_take(struct sim_rules *rules, int32_t partition, const struct command *command,
                    const struct event *events, const int64_t *offsets, size_t count);

struct sim_rule_show *sim_rules_show(const struct sim_rules *rules, const struct uuid *show_id);
struct sim_rule_booking *sim_rules_booking(const struct sim_rule_show *show,
                                           const struct uuid *reservation_id);

/* Best available by trying everything: the first seat, -1 for none. */
int32_t sim_rules_best(const struct sim_rule_show *show, int32_t section, int32_t category,
                       int32_t quantity);

/* Of rules_events.c: one event. */
void sim_rules_event(struct sim_rules *rules, struct sim_rule_show *show,
                     const struct command *command, const struct event *event, int64_t offset);
/*
 * A Reserve with a new id: noted if the buyer has what it asks for already, by seats or by a double
 * click, and only then; not told before logic version 3.
 */
void sim_rules_again_check(struct sim_rules *rules, const struct sim_rule_show *show,
                           const struct command_reserve *asked, const struct event *last);
/* Live reservations' places. */
int32_t sim_rules_usage(const struct sim_rule_show *show, const struct uuid *buyer_id);
bool sim_rules_is_seat_of(const struct sim_rule_show *show, const struct uuid *buyer_id,
                          int32_t seat);
bool sim_rules_places_free(const struct sim_rule_show *show,
                           const struct sim_rule_booking *booking);
/* The core still has it at this time of the show's clock. */
bool sim_rules_is_known(const struct sim_rule_booking *booking, int64_t at);

#endif
