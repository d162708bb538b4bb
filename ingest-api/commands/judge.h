/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_JUDGE_H
#define SEATLOG_INGEST_API_COMMANDS_JUDGE_H

#include "seatlog_types.h"

#include <stdbool.h>

/*
 * Which event answers a command: what a request waits for. Pure.
 *
 * A command's events carry its id, but not each of them is the answer: holds that were due expire
 * first. A payment is answered by events of later commands (payment's), so those are told by
 * reservation and attempt. Events of a show come in order: the judge sees each once.
 */
struct judge {
    enum command_kind command;
    struct uuid command_id;
    struct uuid reservation_id; /* zero where the command names none */
    bool accepted;              /* Pay: an attempt is under way */
    int32_t attempt;            /* Pay: its number, 0 while it is not known */
};

/* Whether the event is the answer. Changes *judge as it follows a payment. */
bool judge_event(struct judge *judge, const struct event *event);

/* Whether it must see events of other commands too. */
bool judge_follows_reservation(const struct judge *judge);

#endif
