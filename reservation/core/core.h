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
 *
 * A batch, as the daemon runs it:
 *
 *     for each record:
 *         reservation_core_prefetch(core, the command a few records on);           optional
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

#include "codec/show_bounds.h"
#include "seatlog_types.h"

/*
 * The newest logic: how this program decides unless told otherwise. The version goes into every
 * event's head and never decreases within a show. What the versions decide differently:
 *   1  a payment moves the end of its hold to five minutes from then at the least
 *   2  or to as long as the show holds seats, if that is shorter (reservation/core/payment.c)
 *   3  the texts of a show and the reason of its cancellation follow the rule of
 *      codec/text/check.h (reservation/core/validate.c, …_cancel.c); the same seats again,
 *      and a double click, find the reservation that is there (…_reserve.c); a refusal says how
 *      much is left (…_reserve.c); nothing to pay needs no source (…_payment.c)
 */
#define RESERVATION_LOGIC_VERSION 3

/* Bounds. Those of a show's fields are in codec/show_bounds.h. */
#define RESERVATION_PLACES_PER_SHOW_MAX PLAN_PLACES_MAX
#define RESERVATION_PLACES_PER_RESERVATION_MAX 100
#define RESERVATION_RESERVATIONS_PER_BUYER_MAX 64
#define RESERVATION_RESERVATIONS_PER_SHOW_MAX 100000
#define RESERVATION_ATTEMPTS_MAX 3
#define RESERVATION_PAYMENTS_MAX 8
#define RESERVATION_REFUND_ATTEMPTS_MAX 100
#define RESERVATION_SOURCE_ID_OCTETS_MAX 255
#define RESERVATION_PAYMENT_ID_OCTETS_MAX 192
#define RESERVATION_CODE_OCTETS_MAX 64
#define RESERVATION_REASON_OCTETS_MAX 1000 /* logic versions 1 and 2: cut */
#define RESERVATION_HOLDS_PER_EVENT_MAX 256
#define RESERVATION_CANCELLED_PER_COMMAND_MAX 64
#define RESERVATION_EVENTS_PER_COMMAND_MAX 640

/* Times. */
#define RESERVATION_PAYMENT_GRACE_MS (5 * 60 * 1000LL)
/* The same wish again within this time of the first, without a key, is a double click. */
#define RESERVATION_DOUBLE_CLICK_MS (5 * 1000LL)
#define RESERVATION_FORGET_AFTER_MS (60 * 60 * 1000LL)
#define RESERVATION_CLOSE_AFTER_MS (7 * 24 * 60 * 60 * 1000LL)

/* A time that never comes. */
#define RESERVATION_NEVER INT64_MAX

/*
 * Where the core's memory comes from. allocate returns memory aligned for any type, or NULL: the
 * core then panics (out of memory, a process dies at one place; its supervisor starts it again).
 * release is told the size that was asked for.
 */
struct reservation_allocator {
    void *(*allocate)(void *context, size_t size);
    void (*release)(void *context, void *memory, size_t size);
    void *context;
};

/*
 * A broken promise within the program (never bad input) ends in the panic handler, which must not
 * return. Process-wide; without one, or if it returns, the core traps.
 */
typedef void reservation_panic_function(const char *expression, const char *file, int line);
void reservation_core_panic_handler_set(reservation_panic_function *handler);

/* All shows of one partition. */
struct reservation_core;

/* One show of a core. A handle stays valid as long as its core. */
struct reservation_show;

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
    struct event *events;
    size_t count;
    struct reservation_show *show;
    struct reservation_scratch *scratch;
};

struct reservation_core *reservation_core_new(const struct reservation_allocator *allocator);
void reservation_core_free(struct reservation_core *core);

/* Effects may be shared by the cores of a thread. The allocator must outlive them. */
struct reservation_effects *reservation_effects_new(const struct reservation_allocator *allocator);
void reservation_effects_free(struct reservation_effects *effects);

/* Decides one command; always at least one event, at most RESERVATION_EVENTS_PER_COMMAND_MAX. */
void reservation_core_step(struct reservation_core *core, const struct reservation_record *record,
                           struct reservation_effects *effects);

/*
 * Hints that this command will be stepped soon, so that its memory is near by then. Worth while
 * when it is called for every command of a batch, in order, RESERVATION_PREFETCH_AHEAD commands
 * before its step: what it looks at for one command, it fetches with the next calls. Changes no
 * state; the command need not outlive the call.
 */
#define RESERVATION_PREFETCH_AHEAD 12
void reservation_core_prefetch(struct reservation_core *core, const struct command *command);

/* A record that cannot be decoded: Undecodable with seq 0. show_id: from the key, or zero. */
void reservation_core_undecodable(struct reservation_core *core, const struct uuid *show_id,
                                  int64_t broker_timestamp_ms, int64_t offset,
                                  const struct hash *command_hash, struct text reason,
                                  struct reservation_effects *effects);

/* A command that this partition must not decide: Rejected with seq 0. */
void reservation_core_rejected(struct reservation_core *core,
                               const struct reservation_record *record,
                               enum rejection_reason reason, struct reservation_effects *effects);

/* What became of an event that was folded. */
enum reservation_apply_result {
    RESERVATION_APPLY_APPLIED,   /* the state now includes it */
    RESERVATION_APPLY_STATELESS, /* seq 0: only the cursor moved */
    RESERVATION_APPLY_SEEN,      /* the state included it before */
    RESERVATION_APPLY_GAP,       /* events of its show before it are missing: nothing changed */
    RESERVATION_APPLY_BROKEN,    /* it contradicts the state: nothing but the cursor may be relied
                                    on, drop the core */
};
const char *reservation_apply_result_name(enum reservation_apply_result result);

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
int64_t reservation_show_seq(const struct reservation_show *show);
int64_t reservation_show_clock(const struct reservation_show *show);

/* The hash of a show's last sealed event; zero before the first. */
struct hash reservation_core_chain_get(const struct reservation_core *core,
                                       const struct reservation_show *show);
void reservation_core_chain_set(struct reservation_core *core, struct reservation_show *show,
                                const struct hash *chain);

/*
 * Ticks. due_next: the earliest time at which some show has work that no command may come for
 * (a hold to expire, a cancelled show's next portion, a show to close), RESERVATION_NEVER if none.
 * due_pop: one show whose work was due at now_ms or before; false if there is none. The show is
 * not due again before retry_at_ms, so that a Tick has time to come round. Not part of the state
 * that snapshots keep. The order of shows due at the same time is unspecified.
 */
int64_t reservation_core_due_next(struct reservation_core *core);
bool reservation_core_due_pop(struct reservation_core *core, int64_t now_ms, int64_t retry_at_ms,
                              struct uuid *show_id);

/*
 * Snapshots. Every event applied puts its show at the end of the queue of changed shows, once.
 * A round: take changed_count() shows off the queue, snapshot each.
 */
size_t reservation_core_changed_count(const struct reservation_core *core);
struct reservation_show *reservation_core_changed_pop(struct reservation_core *core);
void reservation_core_changed_push(struct reservation_core *core, struct reservation_show *show);

/*
 * The show as a record, event_offset 0 (the caller knows it). Strings and lists point into the
 * effects' scratch memory and the show: valid until the next use of these effects or of the core.
 */
void reservation_core_show_snapshot(const struct reservation_core *core,
                                    const struct reservation_show *show,
                                    struct reservation_effects *effects,
                                    struct snapshot_show_snapshot *out);

/* APPLIED; SEEN if the core has this show at the same seq or later; BROKEN if it makes no sense. */
enum reservation_apply_result
reservation_core_show_restore(struct reservation_core *core,
                              const struct snapshot_show_snapshot *snapshot);

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
