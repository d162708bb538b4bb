/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of the lease: what is done next, and what each event changes. */
#include "payment/core/lease.h"

#include "payment/core/decision.h"

#include <assert.h>
#include <stddef.h>

static struct payment_lease_effect *effect_add(struct payment_lease_effects *effects,
                                               enum payment_lease_effect_kind kind,
                                               int32_t flight) {
    assert(effects->count < PAYMENT_LEASE_EFFECTS_MAX);
    assert(effects->count == 0 || effects->items[effects->count - 1].kind < PAYMENT_LEASE_RECOVER);
    struct payment_lease_effect *effect = &effects->items[effects->count++];
    *effect = (struct payment_lease_effect){.kind = kind, .flight = flight};
    return effect;
}

/* An action whose outcome comes as the next event. */
static struct payment_lease_effect *effect_ask(struct payment_lease *lease,
                                               struct payment_lease_effects *effects,
                                               enum payment_lease_effect_kind kind) {
    assert(lease->asked == PAYMENT_LEASE_WAIT);
    assert(kind == PAYMENT_LEASE_RECOVER || kind == PAYMENT_LEASE_LEASE ||
           kind == PAYMENT_LEASE_SAVE);
    lease->asked = kind;
    return effect_add(effects, kind, -1);
}

static void outcome_take(struct payment_lease *lease, enum payment_lease_effect_kind kind) {
    assert(kind != PAYMENT_LEASE_WAIT);
    assert(lease->asked == kind);
    lease->asked = PAYMENT_LEASE_WAIT;
}

static struct payment_flight *flight_at(struct payment_lease *lease, int32_t slot,
                                        enum payment_flight_stage stage) {
    assert(slot >= 0 && slot < lease->flights.capacity);
    struct payment_flight *flight = &lease->flights.slots[slot];
    assert(flight->stage == stage);
    assert(payment_work_is_sound(&flight->row.work));
    assert(flight->leased_ms <= lease->monotonic_ms);
    return flight;
}

static void failure_set(struct payment_flight *flight, const char *failure) {
    assert(failure != NULL);
    assert(flight->stage != PAYMENT_FLIGHT_FREE);
    payment_text_copy(flight->failure, sizeof flight->failure, failure);
}

/* ---- what is begun ---- */

/* Whether a call that begins now is over before anybody else may take the row. */
static bool call_is_timely(const struct payment_lease *lease, const struct payment_flight *flight,
                           int64_t monotonic_ms) {
    assert(monotonic_ms >= flight->leased_ms);
    assert(payment_step_calls(flight->row.work.step));
    return payment_call_is_timely(&lease->settings.limits, lease->settings.lease_ms,
                                  lease->settings.timeout_ms, monotonic_ms - flight->leased_ms);
}

/* The flight has left its queue for the stage of calls; here it is begun, or left to whoever takes
 * the row when its lease has run out. */
static void call_begin(struct payment_lease *lease, const struct payment_lease_event *event,
                       struct payment_lease_effects *effects, int32_t slot) {
    struct payment_flight *flight = flight_at(lease, slot, PAYMENT_FLIGHT_CALLING);
    if (call_is_timely(lease, flight, event->monotonic_ms)) {
        flight->step = flight->row.work.step;
        flight->started_ms = event->monotonic_ms;
        effect_add(effects, PAYMENT_LEASE_CALL, slot);
        return;
    }
    effect_add(effects, PAYMENT_LEASE_TELL_LATE, slot)->number =
        event->monotonic_ms - flight->leased_ms;
    payment_flights_land(&lease->flights, slot, PAYMENT_FLIGHT_FREE);
    effect_add(effects, PAYMENT_LEASE_RELEASE, slot);
    assert(flight->stage == PAYMENT_FLIGHT_FREE);
}

/* The command's fate is known: acknowledged, or to be written again. */
static void report_settle(struct payment_lease *lease, const struct payment_lease_event *event,
                          struct payment_lease_effects *effects, int32_t slot, bool acknowledged) {
    struct payment_flight *flight = flight_at(lease, slot, PAYMENT_FLIGHT_REPORTING);
    payment_work_reported(&flight->row.work, acknowledged, &lease->settings.limits, event->now_ms,
                          event->random);
    flight->answered = false;
    if (acknowledged && flight->row.reported) {
        effect_add(effects, PAYMENT_LEASE_TELL_DONE, slot);
    }
    payment_flights_land(&lease->flights, slot, PAYMENT_FLIGHT_UNSAVED);
    assert(acknowledged == (flight->row.work.step == PAYMENT_STEP_DONE));
}

/* The flight has left its queue for the stage of reports. */
static void report_begin(struct payment_lease *lease, const struct payment_lease_event *event,
                         struct payment_lease_effects *effects, int32_t slot) {
    const struct payment_flight *flight = flight_at(lease, slot, PAYMENT_FLIGHT_REPORTING);
    assert(flight->row.work.step == PAYMENT_STEP_REPORT);
    if (flight->row.reported) {
        effect_add(effects, PAYMENT_LEASE_REPORT, slot);
    } else {
        report_settle(lease, event, effects, slot, true);
    }
}

/* The first of those that were leased: saved, reported or called for. */
static void leased_begin(struct payment_lease *lease, const struct payment_lease_event *event,
                         struct payment_lease_effects *effects) {
    int32_t slot = payment_flights_first(&lease->flights, PAYMENT_FLIGHT_LEASED);
    struct payment_flight *flight = flight_at(lease, slot, PAYMENT_FLIGHT_LEASED);
    struct payment_work *work = &flight->row.work;
    enum payment_step before = work->step;
    payment_work_prepare(work, &lease->settings.limits, lease->leased_now_ms);
    if (work->step != before || work->due_at_ms > lease->leased_now_ms) {
        /* The hold has ended: first of all that is written down. */
        failure_set(flight, work->code);
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_LEASED, PAYMENT_FLIGHT_UNSAVED);
    } else if (work->step == PAYMENT_STEP_REPORT) {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_LEASED, PAYMENT_FLIGHT_REPORTING);
        report_begin(lease, event, effects, slot);
    } else {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_LEASED, PAYMENT_FLIGHT_CALLING);
        call_begin(lease, event, effects, slot);
    }
    assert(flight->stage != PAYMENT_FLIGHT_LEASED);
}

/* The first of those that were written: what has a result is reported, the rest is given back. */
static void saved_go_on(struct payment_lease *lease, const struct payment_lease_event *event,
                        struct payment_lease_effects *effects) {
    int32_t slot = payment_flights_first(&lease->flights, PAYMENT_FLIGHT_SAVED);
    const struct payment_flight *flight = flight_at(lease, slot, PAYMENT_FLIGHT_SAVED);
    if (flight->owned && flight->keeps_lease) {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_SAVED, PAYMENT_FLIGHT_REPORTING);
        report_begin(lease, event, effects, slot);
    } else {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_SAVED, PAYMENT_FLIGHT_FREE);
        effect_add(effects, PAYMENT_LEASE_RELEASE, slot);
    }
    assert(flight->stage != PAYMENT_FLIGHT_SAVED);
}

/* ---- the phases of a turn ---- */

static int32_t unsaved_count(const struct payment_lease *lease) {
    assert(lease->flights.counts[PAYMENT_FLIGHT_SAVING] == 0);
    assert(lease->flights.counts[PAYMENT_FLIGHT_UNSAVED] >= 0);
    return lease->flights.counts[PAYMENT_FLIGHT_UNSAVED];
}

static void recover(struct payment_lease *lease, const struct payment_lease_event *event,
                    struct payment_lease_effects *effects) {
    assert(payment_flights_busy(&lease->flights) == 0);
    assert(lease->phase == PAYMENT_PHASE_RECOVER);
    if (lease->stopping) {
        lease->phase = PAYMENT_PHASE_LEASE;
    } else if (event->monotonic_ms < lease->recover_at_ms) {
        effect_add(effects, PAYMENT_LEASE_WAIT, -1)->number =
            lease->recover_at_ms - event->monotonic_ms;
    } else {
        effect_ask(lease, effects, PAYMENT_LEASE_RECOVER);
    }
}

static void save(struct payment_lease *lease, const struct payment_lease_event *event,
                 struct payment_lease_effects *effects) {
    assert(lease->phase == PAYMENT_PHASE_SAVE);
    lease->phase = PAYMENT_PHASE_GO_ON;
    if (unsaved_count(lease) == 0 || event->monotonic_ms < lease->save_at_ms) {
        return;
    }
    while (payment_flights_first(&lease->flights, PAYMENT_FLIGHT_UNSAVED) >= 0) {
        int32_t slot =
            payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_UNSAVED, PAYMENT_FLIGHT_SAVING);
        struct payment_flight *flight = &lease->flights.slots[slot];
        const struct payment_work *work = &flight->row.work;
        flight->keeps_lease = work->step == PAYMENT_STEP_REPORT && work->due_at_ms <= event->now_ms;
        flight->owned = false;
    }
    assert(lease->flights.counts[PAYMENT_FLIGHT_SAVING] > 0);
    effect_ask(lease, effects, PAYMENT_LEASE_SAVE)->now_ms = event->now_ms;
    assert(lease->asked == PAYMENT_LEASE_SAVE);
}

static void open_count(struct payment_lease *lease, const struct payment_lease_event *event,
                       struct payment_lease_effects *effects) {
    assert(lease->phase == PAYMENT_PHASE_COUNT);
    assert(lease->flights.counts[PAYMENT_FLIGHT_SAVED] == 0);
    lease->phase = PAYMENT_PHASE_LEASE;
    if (!lease->stopping && event->monotonic_ms >= lease->count_at_ms &&
        lease->save_failures == 0) {
        lease->count_at_ms = event->monotonic_ms + PAYMENT_COUNT_INTERVAL_MS;
        effect_add(effects, PAYMENT_LEASE_COUNT, -1);
    }
}

/* How many rows may be leased, and whether such as need a call. */
static int32_t lease_limit(const struct payment_lease *lease, int64_t monotonic_ms, bool *calls) {
    int32_t room = lease->settings.in_flight_max - payment_flights_busy(&lease->flights);
    int32_t limit = payment_pace_limit(
        &lease->pace, room, lease->flights.counts[PAYMENT_FLIGHT_CALLING], monotonic_ms, calls);
    assert(room >= 0);
    assert(limit <= room);
    return limit < PAYMENT_LEASE_BATCH_MAX ? limit : PAYMENT_LEASE_BATCH_MAX;
}

static void lease_more(struct payment_lease *lease, const struct payment_lease_event *event,
                       struct payment_lease_effects *effects) {
    bool calls;
    assert(lease->phase == PAYMENT_PHASE_LEASE);
    int32_t limit = lease_limit(lease, event->monotonic_ms, &calls);
    bool due = lease->woken || event->monotonic_ms >= lease->lease_at_ms;
    assert(!lease->stopping);
    assert(lease->flights.counts[PAYMENT_FLIGHT_LEASED] == 0);
    lease->phase = PAYMENT_PHASE_BEGIN;
    if (limit == 0 || lease->save_failures > 0 || !due) {
        return;
    }
    lease->woken = false;
    lease->lease_limit = limit;
    lease->leased_ms = event->monotonic_ms;
    lease->leased_now_ms = event->now_ms;
    struct payment_lease_effect *effect = effect_ask(lease, effects, PAYMENT_LEASE_LEASE);
    effect->number = limit;
    effect->calls = calls;
    effect->now_ms = event->now_ms;
}

/* Stopping: the end comes when nothing is under way, or the time is up. */
static void drain(struct payment_lease *lease, const struct payment_lease_event *event,
                  struct payment_lease_effects *effects) {
    int32_t busy = payment_flights_busy(&lease->flights);
    assert(lease->phase == PAYMENT_PHASE_LEASE);
    assert(lease->stopping);
    assert(lease->asked == PAYMENT_LEASE_WAIT);
    if (busy > 0 && event->monotonic_ms < lease->drain_until_ms) {
        lease->phase = PAYMENT_PHASE_BEGIN;
        return;
    }
    lease->phase = PAYMENT_PHASE_ENDED;
    effect_add(effects, PAYMENT_LEASE_END, -1)->number = busy;
}

static int64_t wait_of(const struct payment_lease *lease, int64_t monotonic_ms) {
    const struct payment_lease_settings *settings = &lease->settings;
    bool full = payment_flights_busy(&lease->flights) >= settings->in_flight_max;
    bool saves = lease->save_failures == 0;
    assert(settings->poll_ms > 0);
    assert(lease->phase == PAYMENT_PHASE_WAIT);
    if (saves && unsaved_count(lease) > 0) {
        return 0;
    }
    if (lease->stopping) {
        return PAYMENT_DRAIN_POLL_MS;
    }
    if (saves && lease->woken && !full && payment_pace_is_open(&lease->pace, monotonic_ms)) {
        return 0;
    }
    int64_t wait_ms = lease->lease_at_ms - monotonic_ms;
    if (full || !saves || wait_ms > settings->poll_ms) {
        return settings->poll_ms;
    }
    return wait_ms < 0 ? 0 : wait_ms;
}

static void wait(struct payment_lease *lease, const struct payment_lease_event *event,
                 struct payment_lease_effects *effects) {
    int64_t wait_ms = wait_of(lease, event->monotonic_ms);
    assert(wait_ms >= 0);
    assert(lease->flights.counts[PAYMENT_FLIGHT_LEASED] == 0);
    lease->phase = PAYMENT_PHASE_SAVE;
    effect_add(effects, PAYMENT_LEASE_WAIT, -1)->number = wait_ms;
}

/* One phase, or one flight of it. */
static void phase_step(struct payment_lease *lease, const struct payment_lease_event *event,
                       struct payment_lease_effects *effects) {
    assert(lease->asked == PAYMENT_LEASE_WAIT);
    assert(lease->phase != PAYMENT_PHASE_ENDED);
    switch (lease->phase) {
    case PAYMENT_PHASE_RECOVER:
        recover(lease, event, effects);
        return;
    case PAYMENT_PHASE_LEASE:
        if (lease->stopping) {
            drain(lease, event, effects);
        } else {
            lease_more(lease, event, effects);
        }
        return;
    case PAYMENT_PHASE_BEGIN:
        if (payment_flights_first(&lease->flights, PAYMENT_FLIGHT_LEASED) >= 0) {
            leased_begin(lease, event, effects);
        } else {
            lease->phase = PAYMENT_PHASE_WAIT;
        }
        return;
    case PAYMENT_PHASE_WAIT:
        wait(lease, event, effects);
        return;
    case PAYMENT_PHASE_SAVE:
        save(lease, event, effects);
        return;
    case PAYMENT_PHASE_GO_ON:
        if (payment_flights_first(&lease->flights, PAYMENT_FLIGHT_SAVED) >= 0) {
            saved_go_on(lease, event, effects);
        } else {
            lease->phase = PAYMENT_PHASE_COUNT;
        }
        return;
    case PAYMENT_PHASE_COUNT:
        open_count(lease, event, effects);
        return;
    case PAYMENT_PHASE_ENDED:
        return;
    }
}

/* Goes on until there is something to do: every phase ends, and waiting is something. */
static void turn(struct payment_lease *lease, const struct payment_lease_event *event,
                 struct payment_lease_effects *effects) {
    assert(lease->asked == PAYMENT_LEASE_WAIT);
    while (effects->count == 0 || effects->items[effects->count - 1].kind < PAYMENT_LEASE_RECOVER) {
        phase_step(lease, event, effects);
    }
    assert(effects->count <= PAYMENT_LEASE_EFFECTS_MAX);
}

/* ---- what happens ---- */

static void recovered(struct payment_lease *lease, const struct payment_lease_event *event) {
    outcome_take(lease, PAYMENT_LEASE_RECOVER);
    assert(lease->phase == PAYMENT_PHASE_RECOVER);
    if (event->kind == PAYMENT_LEASE_RECOVERED) {
        lease->phase = PAYMENT_PHASE_LEASE;
        return;
    }
    lease->recover_failures++;
    lease->recover_at_ms =
        event->monotonic_ms + payment_wait_ms(PAYMENT_SAVE_RETRY_BASE_MS,
                                              PAYMENT_SAVE_RETRY_MAXIMUM_MS,
                                              lease->recover_failures, event->random);
    assert(lease->recover_at_ms > event->monotonic_ms);
}

static void leased(struct payment_lease *lease, const struct payment_lease_event *event) {
    outcome_take(lease, PAYMENT_LEASE_LEASE);
    assert(event->count >= 0 && event->count <= lease->lease_limit);
    assert(event->count == 0 || event->rows != NULL);
    assert(lease->phase == PAYMENT_PHASE_BEGIN);
    for (int32_t i = 0; i < event->count; i++) {
        int32_t slot =
            payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_FREE, PAYMENT_FLIGHT_LEASED);
        struct payment_flight *flight = &lease->flights.slots[slot];
        flight->row = event->rows[i];
        flight->answered = false;
        flight->leased_ms = lease->leased_ms;
        flight->took_ms = 0;
        failure_set(flight, "");
    }
    bool more = event->count == lease->lease_limit;
    lease->lease_at_ms = more ? 0 : lease->leased_ms + lease->settings.poll_ms;
}

static void lease_failed(struct payment_lease *lease, const struct payment_lease_event *event,
                         struct payment_lease_effects *effects) {
    outcome_take(lease, PAYMENT_LEASE_LEASE);
    assert(lease->flights.counts[PAYMENT_FLIGHT_LEASED] == 0);
    lease->lease_at_ms = lease->leased_ms + lease->settings.poll_ms;
    if (event->hopeless) {
        effect_add(effects, PAYMENT_LEASE_DIE, -1)->text = "work cannot be leased";
    }
    assert(lease->lease_at_ms > lease->leased_ms);
}

static void saved(struct payment_lease *lease) {
    outcome_take(lease, PAYMENT_LEASE_SAVE);
    assert(lease->flights.counts[PAYMENT_FLIGHT_SAVED] == 0);
    while (payment_flights_first(&lease->flights, PAYMENT_FLIGHT_SAVING) >= 0) {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_SAVING, PAYMENT_FLIGHT_SAVED);
    }
    lease->save_failures = 0;
    lease->save_at_ms = 0;
    lease->lease_at_ms = 0; /* there is room again, and work that has become due */
    assert(lease->flights.counts[PAYMENT_FLIGHT_SAVED] > 0);
}

static void save_failed(struct payment_lease *lease, const struct payment_lease_event *event,
                        struct payment_lease_effects *effects) {
    outcome_take(lease, PAYMENT_LEASE_SAVE);
    assert(lease->flights.counts[PAYMENT_FLIGHT_UNSAVED] == 0);
    while (payment_flights_first(&lease->flights, PAYMENT_FLIGHT_SAVING) >= 0) {
        payment_flights_shift(&lease->flights, PAYMENT_FLIGHT_SAVING, PAYMENT_FLIGHT_UNSAVED);
    }
    lease->save_failures++;
    lease->save_at_ms = event->monotonic_ms + payment_wait_ms(PAYMENT_SAVE_RETRY_BASE_MS,
                                                              PAYMENT_SAVE_RETRY_MAXIMUM_MS,
                                                              lease->save_failures, event->random);
    if (event->hopeless) {
        effect_add(effects, PAYMENT_LEASE_DIE, -1)->text =
            "what the provider said cannot be written";
    }
    assert(lease->flights.counts[PAYMENT_FLIGHT_UNSAVED] > 0);
}

static void pace_tell(const struct payment_pace_change *change,
                      struct payment_lease_effects *effects, int32_t slot) {
    assert(slot >= 0);
    assert(effects->count == 0);
    if (change->probing) {
        effect_add(effects, PAYMENT_LEASE_TELL_PROBING, slot);
    }
    if (change->answers_again) {
        effect_add(effects, PAYMENT_LEASE_TELL_ANSWERS_AGAIN, slot);
    }
    if (change->unauthorized || change->authorized) {
        effect_add(effects,
                   change->unauthorized ? PAYMENT_LEASE_TELL_UNAUTHORIZED
                                        : PAYMENT_LEASE_TELL_AUTHORIZED,
                   slot);
    }
}

static void answered(struct payment_lease *lease, const struct payment_lease_event *event,
                     struct payment_lease_effects *effects) {
    struct payment_flight *flight = flight_at(lease, event->flight, PAYMENT_FLIGHT_CALLING);
    const struct payment_limits *limits = &lease->settings.limits;
    assert(flight->row.work.step == flight->step);
    assert(event->answer != NULL && event->failure != NULL);
    flight->answer = *event->answer;
    flight->answered = true;
    flight->took_ms = event->monotonic_ms - flight->started_ms;
    failure_set(flight, event->failure);
    struct payment_pace_change change =
        payment_pace_note(&lease->pace, &flight->answer, limits, event->monotonic_ms);
    pace_tell(&change, effects, event->flight);
    const char *alarm = payment_work_answered(&flight->row.work, &flight->answer, limits,
                                              event->now_ms, event->random);
    if (alarm != NULL) {
        effect_add(effects, PAYMENT_LEASE_TELL_ALARM, event->flight)->text = alarm;
    }
    if (flight->row.work.result != PAYMENT_RESULT_NONE) {
        effect_add(effects, PAYMENT_LEASE_TELL_SETTLED, event->flight);
    }
    payment_flights_land(&lease->flights, event->flight, PAYMENT_FLIGHT_UNSAVED);
    assert(flight->took_ms >= 0);
}

static void reported(struct payment_lease *lease, const struct payment_lease_event *event,
                     struct payment_lease_effects *effects) {
    struct payment_flight *flight = flight_at(lease, event->flight, PAYMENT_FLIGHT_REPORTING);
    assert(flight->row.reported);
    assert(event->acknowledged == (event->failure[0] == '\0'));
    failure_set(flight, event->failure);
    report_settle(lease, event, effects, event->flight, event->acknowledged);
}

static void stop(struct payment_lease *lease, const struct payment_lease_event *event) {
    assert(lease->settings.drain_ms >= 0);
    assert(event->kind == PAYMENT_LEASE_STOP);
    if (!lease->stopping) {
        lease->stopping = true;
        lease->drain_until_ms = event->monotonic_ms + lease->settings.drain_ms;
    }
    assert(lease->drain_until_ms <= event->monotonic_ms + lease->settings.drain_ms);
}

void payment_lease_init(struct payment_lease *lease, const struct payment_lease_settings *settings,
                        struct payment_flight *slots) {
    assert(settings->lease_ms > 0 && settings->timeout_ms > 0);
    assert(settings->poll_ms > 0 && settings->drain_ms >= 0);
    *lease = (struct payment_lease){
        .settings = *settings,
        .phase = PAYMENT_PHASE_RECOVER,
        .asked = PAYMENT_LEASE_WAIT,
    };
    payment_flights_init(&lease->flights, slots, settings->in_flight_max);
}

void payment_lease_step(struct payment_lease *lease, const struct payment_lease_event *event,
                        struct payment_lease_effects *effects) {
    assert(lease->phase != PAYMENT_PHASE_ENDED);
    assert(event->monotonic_ms >= lease->monotonic_ms);
    lease->monotonic_ms = event->monotonic_ms;
    effects->count = 0;
    switch (event->kind) {
    case PAYMENT_LEASE_ANSWERED:
        answered(lease, event, effects);
        return;
    case PAYMENT_LEASE_REPORTED:
        reported(lease, event, effects);
        return;
    case PAYMENT_LEASE_WOKEN:
        lease->woken = true;
        return;
    case PAYMENT_LEASE_STOP:
        stop(lease, event);
        return;
    case PAYMENT_LEASE_TURN:
        break;
    case PAYMENT_LEASE_RECOVERED:
    case PAYMENT_LEASE_RECOVER_FAILED:
        recovered(lease, event);
        break;
    case PAYMENT_LEASE_LEASED:
        leased(lease, event);
        break;
    case PAYMENT_LEASE_LEASE_FAILED:
        lease_failed(lease, event, effects);
        break;
    case PAYMENT_LEASE_SAVED:
        saved(lease);
        break;
    case PAYMENT_LEASE_SAVE_FAILED:
        save_failed(lease, event, effects);
        break;
    }
    turn(lease, event, effects);
    assert(effects->count > 0);
    assert(effects->items[effects->count - 1].kind >= PAYMENT_LEASE_RECOVER);
}

int32_t payment_lease_saving(const struct payment_lease *lease, int32_t after) {
    assert(lease->asked == PAYMENT_LEASE_SAVE);
    if (after < 0) {
        return payment_flights_first(&lease->flights, PAYMENT_FLIGHT_SAVING);
    }
    assert(lease->flights.slots[after].stage == PAYMENT_FLIGHT_SAVING);
    return lease->flights.slots[after].next;
}

int64_t payment_lease_kept_ms(const struct payment_lease *lease, int32_t flight) {
    assert(flight >= 0 && flight < lease->flights.capacity);
    assert(lease->flights.slots[flight].stage == PAYMENT_FLIGHT_SAVING);
    return lease->flights.slots[flight].keeps_lease ? lease->settings.lease_ms : 0;
}
