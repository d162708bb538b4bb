/* SPDX-License-Identifier: Apache-2.0 */
/* The loop that works off payment.work, as a state machine: an event comes in, effects go out. */
#ifndef SEATLOG_PAYMENT_CORE_LEASE_H
#define SEATLOG_PAYMENT_CORE_LEASE_H

#include "payment/core/core.h"
#include "payment/core/flight.h"
#include "payment/core/pace.h"

/*
 * A turn: what was decided is saved in one transaction, what was saved goes on to its report or is
 * given back, open work is counted now and then, due rows are leased and begun, then the loop waits.
 * Pure: no I/O, no clock, no randomness; wall and monotonic time and a jitter number come with each
 * event, memory is the caller's and bounded.
 *
 * The caller steps with PAYMENT_LEASE_TURN and does the effects in their order. The last of them may
 * be an action. Three actions have an outcome, which is the next event: RECOVER, LEASE and SAVE.
 * After any other action the caller steps with PAYMENT_LEASE_TURN again. What happens by itself
 * (ANSWERED, REPORTED, WOKEN, STOP) may be told between any two steps but an action and its outcome,
 * and leads to no action but with the next turn.
 */
#define PAYMENT_LEASE_BATCH_MAX 256
#define PAYMENT_COUNT_INTERVAL_MS 5000
#define PAYMENT_SAVE_RETRY_BASE_MS 100
#define PAYMENT_SAVE_RETRY_MAXIMUM_MS 5000
#define PAYMENT_DRAIN_POLL_MS 50

struct payment_lease_settings {
    struct payment_limits limits;
    int32_t in_flight_max; /* 1 to PAYMENT_FLIGHTS_MAX */
    int64_t lease_ms;      /* how long a row is leased for */
    int64_t timeout_ms;    /* longest call */
    int64_t poll_ms;       /* how often rows that have become due are looked for */
    int64_t drain_ms;      /* how long what is under way is waited for when stopping */
};

enum payment_lease_event_kind {
    PAYMENT_LEASE_TURN,           /* the last action is done, time has passed: what now? */
    PAYMENT_LEASE_RECOVERED,      /* RECOVER was done */
    PAYMENT_LEASE_RECOVER_FAILED, /* … or not; is tried again */
    PAYMENT_LEASE_LEASED,         /* LEASE has given count rows */
    PAYMENT_LEASE_LEASE_FAILED,   /* … or none; hopeless: trying again will not help */
    PAYMENT_LEASE_SAVED,          /* SAVE is committed, with owned set in each flight */
    PAYMENT_LEASE_SAVE_FAILED,    /* … or rolled back, or its outcome is unknown; hopeless */
    PAYMENT_LEASE_ANSWERED,       /* the call of the flight has come to its end */
    PAYMENT_LEASE_REPORTED,       /* the command of the flight is acknowledged, or is not */
    PAYMENT_LEASE_WOKEN,          /* there is new work */
    PAYMENT_LEASE_STOP            /* lease no more, let what is under way end */
};

struct payment_lease_event {
    enum payment_lease_event_kind kind;
    int64_t now_ms;                      /* since the epoch */
    int64_t monotonic_ms;                /* never goes back */
    uint32_t random;                     /* any 32 bits */
    int32_t flight;                      /* ANSWERED, REPORTED: the slot */
    bool acknowledged;                   /* REPORTED */
    bool hopeless;                       /* LEASE_FAILED, SAVE_FAILED */
    int32_t count;                       /* LEASED */
    const struct payment_row *rows;      /* LEASED: copied; their source_id goes with them */
    const struct payment_answer *answer; /* ANSWERED: copied */
    const char *failure;                 /* ANSWERED, REPORTED: why it did not get on; empty */
};

enum payment_lease_effect_kind {
    /* To tell people; the flight's row says about what. */
    PAYMENT_LEASE_TELL_ALARM,         /* text: what an operator must hear */
    PAYMENT_LEASE_TELL_SETTLED,       /* the result of the flight is known */
    PAYMENT_LEASE_TELL_DONE,          /* the log has acknowledged the flight's result */
    PAYMENT_LEASE_TELL_LATE,          /* number: leased so many ms ago, too long for a call */
    PAYMENT_LEASE_TELL_PROBING,       /* the provider does not answer */
    PAYMENT_LEASE_TELL_ANSWERS_AGAIN, /* it does */
    PAYMENT_LEASE_TELL_UNAUTHORIZED,  /* our token is not accepted */
    PAYMENT_LEASE_TELL_AUTHORIZED,    /* it is again */

    /* Actions. */
    PAYMENT_LEASE_RECOVER, /* give up what a predecessor of the same name held */
    PAYMENT_LEASE_LEASE,   /* lease up to number rows as of now_ms; calls: also such as need one */
    PAYMENT_LEASE_CALL,    /* call for the flight: row.work.step */
    PAYMENT_LEASE_SAVE,    /* write all flights that are SAVING, in one transaction, at now_ms */
    PAYMENT_LEASE_REPORT,  /* write the flight's command */
    PAYMENT_LEASE_RELEASE, /* the flight is over: free its row's source_id */
    PAYMENT_LEASE_COUNT,   /* count open work */
    PAYMENT_LEASE_WAIT,    /* number: so many ms, or until something happens */
    PAYMENT_LEASE_DIE,     /* text: why the process cannot go on */
    PAYMENT_LEASE_END      /* stopped; number: flights that are still under way */
};

struct payment_lease_effect {
    enum payment_lease_effect_kind kind;
    int32_t flight; /* -1: none */
    int64_t number;
    int64_t now_ms;
    bool calls;
    const char *text;
};

#define PAYMENT_LEASE_EFFECTS_MAX 6

struct payment_lease_effects {
    struct payment_lease_effect items[PAYMENT_LEASE_EFFECTS_MAX];
    int32_t count;
};

/* What the turn comes to next. */
enum payment_lease_phase {
    PAYMENT_PHASE_RECOVER,
    PAYMENT_PHASE_LEASE,
    PAYMENT_PHASE_BEGIN,
    PAYMENT_PHASE_WAIT,
    PAYMENT_PHASE_SAVE,
    PAYMENT_PHASE_GO_ON,
    PAYMENT_PHASE_COUNT,
    PAYMENT_PHASE_ENDED
};

/* For the lease itself; others may read. Monotonic times. */
struct payment_lease {
    struct payment_lease_settings settings;
    struct payment_flights flights;
    struct payment_pace pace;
    enum payment_lease_phase phase;
    enum payment_lease_effect_kind asked; /* the action whose outcome is awaited; WAIT: none is */
    int64_t monotonic_ms;                 /* of the last event */
    bool woken;
    bool stopping;
    int32_t recover_failures;
    int64_t recover_at_ms; /* not before */
    int32_t lease_limit;   /* of the LEASE that is awaited */
    int64_t lease_at_ms;   /* when to look for due rows again */
    int64_t leased_ms;     /* when the last LEASE was asked for */
    int64_t leased_now_ms; /* the same since the epoch: as of then rows are begun */
    int64_t count_at_ms;
    int32_t save_failures; /* in a row */
    int64_t save_at_ms;
    int64_t drain_until_ms; /* stopping */
};

/* slots: settings->in_flight_max of them; the caller's, as long as the lease lives. */
void payment_lease_init(struct payment_lease *lease, const struct payment_lease_settings *settings,
                        struct payment_flight *slots);

/* One event; *effects is written over. */
void payment_lease_step(struct payment_lease *lease, const struct payment_lease_event *event,
                        struct payment_lease_effects *effects);

/* The flights that are SAVING, in order: after is -1 for the first; returns -1 after the last. */
int32_t payment_lease_saving(const struct payment_lease *lease, int32_t after);

/* For how long a flight that is SAVING keeps its lease; 0: it is given up. */
int64_t payment_lease_kept_ms(const struct payment_lease *lease, int32_t flight);

#endif
