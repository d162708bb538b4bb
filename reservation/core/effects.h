/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_EFFECTS_H
#define SEATLOG_RESERVATION_CORE_EFFECTS_H

/* What goes into a step, and what comes out of it. */

#include <stddef.h>
#include <stdint.h>

#include "reservation/core/bounds.h"
#include "reservation/core/host.h"
#include "seatlog_types.h"

struct reservation_show;
struct reservation_scratch;

/* A record of seatlog.commands. The command's strings and lists must outlive the use of effects. */
struct reservation_record {
    const struct command *command;
    int64_t broker_timestamp_ms;
    int64_t offset;
    struct hash command_hash; /* BLAKE2b-256 of the record's value */
};

/*
 * What a step decided. events[0..count) are already applied to the state; their head.hash is zero,
 * for whoever encodes them to seal. Strings and lists point into the effects' scratch memory, the
 * show and the command: valid until the next use of these effects or of the core. show is the show
 * the events belong to, NULL if they leave no state (seq 0).
 */
struct reservation_effects {
    struct event *events; /* room for RESERVATION_EVENTS_PER_COMMAND_MAX */
    size_t count;
    struct reservation_show *show;
    struct reservation_scratch *scratch;
};

/* Effects may be shared by the cores of a thread. The allocator must outlive them. */
struct reservation_effects *reservation_effects_new(const struct reservation_allocator *allocator);
void reservation_effects_free(struct reservation_effects *effects); /* NULL is fine */

/* None so far, and all scratch memory free. */
void reservation_effects_clear(struct reservation_effects *effects);
/* One more event; its fields are those of an older one until they are set. */
struct event *reservation_effects_add(struct reservation_effects *effects, enum event_kind kind);

#endif
