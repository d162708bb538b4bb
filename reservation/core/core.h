/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_CORE_H
#define SEATLOG_RESERVATION_CORE_CORE_H

/*
 * The core of reservation: all shows of one partition, as a pure state machine.
 *
 *     step(state, command, effects)   decide: expire what is due, then judge; effects = events
 *     apply(state, event)             fold one event; the only way that state changes
 *
 * It does no I/O, reads no clock, draws no random number, and takes memory only from the allocator
 * it is given. The same records in the same order give the same events, on any machine. The table
 * command x state, with every rule and bound, is in reservation/README.md.
 *
 * Times are milliseconds since the epoch. Not thread-safe: one core, one thread at a time.
 * What is here and in the headers below belongs to it: bounds and versions in bounds.h, memory and
 * panic in host.h, a step's record and effects in effects.h, and of state/ what becomes of an event
 * (apply.h), shows that have changed and are due (changed.h, due.h), snapshots (snapshot.h).
 *
 * A batch, as the daemon runs it:
 *
 *     for each record:
 *         reservation_core_step(core, &record, effects);
 *         struct hash chain;
 *         if (effects->show != NULL)
 *             chain = reservation_core_chain_get(core, effects->show);
 *         for each event of effects: encode it; if its seq is not 0, seal it with chain (which
 *             event_chain_seal replaces by the event's own hash); produce it;
 *         if (effects->show != NULL)
 *             reservation_core_chain_set(core, effects->show, &chain);
 *
 * A step cannot be taken back. After an aborted transaction the state is ahead of the log: produce
 * the same events again, or drop the core and rebuild it (restore, then apply).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reservation/core/bounds.h"
#include "reservation/core/effects.h"
#include "reservation/core/host.h"
#include "reservation/core/state/apply.h"
#include "reservation/core/state/changed.h"
#include "reservation/core/state/due.h"
#include "reservation/core/state/snapshot.h"
#include "seatlog_types.h"

/* All shows of one partition. */
struct reservation_core;

/* One show of a core. A handle stays valid as long as its core. */
struct reservation_show;

struct reservation_core *reservation_core_new(const struct reservation_allocator *allocator);
void reservation_core_free(struct reservation_core *core); /* NULL is fine */

/* Decides one command; always at least one event, at most RESERVATION_EVENTS_PER_COMMAND_MAX. */
void reservation_core_step(struct reservation_core *core, const struct reservation_record *record,
                           struct reservation_effects *effects);

/* A record that cannot be decoded: Undecodable with seq 0. show_id: from the key, or zero. */
void reservation_core_undecodable(struct reservation_core *core, const struct uuid *show_id,
                                  int64_t broker_timestamp_ms, int64_t offset,
                                  const struct hash *command_hash, struct text reason,
                                  struct reservation_effects *effects);

/* A command that this partition must not decide: Rejected with seq 0. */
void reservation_core_rejected(struct reservation_core *core,
                               const struct reservation_record *record,
                               enum rejection_reason reason, struct reservation_effects *effects);

/* Folds one event from the log, sealed: the show's chain becomes its head.hash. */
enum reservation_apply_result reservation_core_apply(struct reservation_core *core,
                                                     const struct event *event);

/* The highest command_offset of any event stepped or folded, + 1; 0 before the first. */
int64_t reservation_core_cursor(const struct reservation_core *core);
/* After restoring snapshots: the partition snapshot's cursor. Never moves it back. */
void reservation_core_cursor_advance(struct reservation_core *core, int64_t cursor);

/*
 * From now on the core decides as that version did, 1 to RESERVATION_LOGIC_VERSION: for auditors,
 * and for a decider that must still be followed by an older program. Folding is the same for all.
 */
void reservation_core_decide_as(struct reservation_core *core, int32_t logic_version);

/*
 * The highest logic version of any event folded or snapshot restored. Above the version that the
 * core decides as, this program must fold only: step panics on such a show.
 */
int32_t reservation_core_logic_version(const struct reservation_core *core);

/* Shows. find: NULL if there is none. show_next: all of them; NULL begins, NULL ends. */
struct reservation_show *reservation_core_show_find(struct reservation_core *core,
                                                    const struct uuid *show_id);
struct reservation_show *reservation_core_show_next(struct reservation_core *core,
                                                    struct reservation_show *previous);
struct uuid reservation_show_id(const struct reservation_show *show);

/* The hash of a show's last sealed event; zero before the first. */
struct hash reservation_core_chain_get(const struct reservation_core *core,
                                       const struct reservation_show *show);
void reservation_core_chain_set(struct reservation_core *core, struct reservation_show *show,
                                const struct hash *chain);

/* Memory and contents, for metrics and benchmarks. */
struct reservation_statistics {
    size_t shows;
    size_t seats;        /* of all plans, seated */
    size_t reservations; /* known, released ones included */
    size_t payments;
    size_t octets_shows;        /* shows, plans with labels and texts, seats' state, their index */
    size_t octets_reservations; /* reservations, payments, their indexes */
    size_t octets_allocated;    /* everything ever asked of the allocator and not released */
    uint64_t allocations;       /* number of calls to allocate */
};
void reservation_core_statistics_get(const struct reservation_core *core,
                                     struct reservation_statistics *out);

#endif
