/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories, the same for the same seed. story_step checks every command of them (no seat
 * twice, seq without gaps, fold equals decision, snapshot and tail equal the fold); here the money
 * and the limits are watched, from the events alone.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "reservation/core/equal.h"
#include "reservation/core/state/payments.h"
#include "reservation/core/state/places.h"
#include "reservation/core/state/store.h"

#define SHOWS 3
#define BUYERS 5
#define RESERVATIONS 90
#define PAYMENTS_MAX 4096
#define SEEDS 200
#define COMMANDS 500

/* What became of a payment id, as the events tell. */
struct payment_fate {
    struct uuid show_id;
    struct uuid reservation_id;
    int32_t attempt;
    char payment_id[24];
    int sold;
    int refunds; /* asked for the first time: retries are not counted */
    int voids;
};

struct history {
    struct story story;
    uint64_t random;
    int64_t now_ms;
    struct payment_fate fates[PAYMENTS_MAX];
    size_t fates_count;
    int64_t kinds[EVENT_KIND_COUNT];
};

static uint64_t random_next(struct history *history) {
    history->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = history->random;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int pick(struct history *history, int count) {
    return (int)(random_next(history) % (uint64_t)count);
}

static struct uuid numbered(const char *name, int number) {
    char text[16];
    snprintf(text, sizeof(text), "%s%d", name, number);
    return story_uuid(text);
}

static struct text formatted(struct history *history, const char *name, int number) {
    return arena_text_format(&history->story.arena, "%s-%d", name, number);
}

static void reserve_random(struct history *history, struct command_reserve *reserve) {
    static int32_t seats[8];
    reserve->reservation_id = numbered("r", pick(history, RESERVATIONS));
    reserve->buyer_id = numbered("buyer", pick(history, BUYERS));
    reserve->selection = (enum selection)pick(history, SELECTION_COUNT);
    reserve->keyed = pick(history, 3) != 0;
    reserve->section = pick(history, 6) - 1;
    reserve->category = pick(history, 4) == 0 ? pick(history, 5) : -1;
    reserve->quantity = pick(history, 20) == 0 ? pick(history, 200) - 20 : 1 + pick(history, 4);
    if (reserve->selection != SELECTION_NAMED) {
        return;
    }
    int count = 1 + pick(history, pick(history, 10) == 0 ? 7 : 3);
    int32_t first = pick(history, 26) - 1;
    for (int i = 0; i < count; i++) {
        seats[i] = pick(history, 8) == 0 ? pick(history, 24) : first + i;
    }
    reserve->seats = (struct integers){.items = seats, .count = (size_t)count};
}

static struct reservation_show *show_of(struct history *history, const struct command *command) {
    return reservation_core_show_find(history->story.core, &command->as.head.show_id);
}

/* One of the show's in this state, if there is any: the third that comes along, if there are so
 * many. */
static struct reservation *in_state(struct history *history, const struct command *command,
                                    enum reservation_state state) {
    struct reservation_show *show = show_of(history, command);
    struct reservation *found = NULL;
    int skip = pick(history, 3);
    uint32_t slot = show == NULL ? 0 : show->order.first;
    while (slot != 0 && skip >= 0) {
        struct reservation *reservation = reservation_at(history->story.core, slot);
        slot = reservation->next_in_show;
        if (reservation->state != state) {
            continue;
        }
        found = reservation;
        skip--;
    }
    return found;
}

static const struct reservation_payment *payment_any(struct history *history,
                                                     const struct reservation *reservation) {
    const struct reservation_payment *payment = reservation->payments;
    for (int skip = pick(history, 3); payment != NULL && payment->next != NULL && skip > 0;
         skip--) {
        payment = payment->next;
    }
    return payment;
}

/* What a provider's result says. */
struct result {
    bool is_likely;
    struct uuid reservation_id;
    int32_t attempt;
    int32_t refund_attempt;
    struct text payment_id;
    int64_t amount_minor;
    struct text currency;
};

/* Nearly always of a reservation that waits for such a result, else of any, or of none. */
static struct result result_random(struct history *history, const struct command *command) {
    static const enum reservation_state waiting[COMMAND_KIND_COUNT] = {
        [COMMAND_PAYMENT_AUTHORIZED] = RESERVATION_STATE_PAYING,
        [COMMAND_PAYMENT_DECLINED] = RESERVATION_STATE_PAYING,
        [COMMAND_PAYMENT_CAPTURED] = RESERVATION_STATE_SECURED,
        [COMMAND_CAPTURE_FAILED] = RESERVATION_STATE_SECURED,
        [COMMAND_PAYMENT_VOIDED] = RESERVATION_STATE_RELEASED,
        [COMMAND_REFUND_COMPLETED] = RESERVATION_STATE_REFUNDING,
        [COMMAND_REFUND_FAILED] = RESERVATION_STATE_REFUNDING,
    };
    enum reservation_state state = waiting[command->kind];
    if (pick(history, 4) == 0) {
        state = (enum reservation_state)(1 + pick(history, RESERVATION_STATE_COUNT - 1));
    }
    const struct reservation *reservation = in_state(history, command, state);
    int32_t attempt = pick(history, 5);
    struct result result = {.reservation_id = numbered("r", pick(history, RESERVATIONS)),
                            .attempt = attempt,
                            .refund_attempt = pick(history, 4),
                            .amount_minor = pick(history, 5000),
                            .currency = TEXT_LITERAL("USD")};
    if (reservation != NULL && pick(history, 12) != 0) {
        const struct reservation_payment *payment = payment_any(history, reservation);
        result.is_likely = true;
        result.reservation_id = reservation->reservation_id;
        result.attempt = reservation->attempt;
        result.refund_attempt = reservation->refund_attempt;
        if (payment != NULL && payment->payment_id != NULL) {
            result.attempt = payment->attempt;
            result.payment_id = reservation_payment_id(payment);
        }
        if (pick(history, 15) != 0) {
            result.amount_minor = reservation_total_minor(show_of(history, command), reservation);
        }
    }
    if (result.payment_id.size == 0 || pick(history, 15) == 0) {
        result.payment_id = formatted(history, pick(history, 12) != 0 ? "pay" : "odd",
                                      result.attempt + 10 * pick(history, 2));
    }
    if (pick(history, 60) == 0) {
        result.currency = TEXT_LITERAL("EUR");
    }
    return result;
}

static void provider_random(struct history *history, struct command *command) {
    static const enum command_kind kinds[] = {
        COMMAND_PAYMENT_AUTHORIZED, COMMAND_PAYMENT_AUTHORIZED, COMMAND_PAYMENT_AUTHORIZED,
        COMMAND_PAYMENT_AUTHORIZED, COMMAND_PAYMENT_CAPTURED,   COMMAND_PAYMENT_CAPTURED,
        COMMAND_PAYMENT_CAPTURED,   COMMAND_PAYMENT_DECLINED,   COMMAND_CAPTURE_FAILED,
        COMMAND_PAYMENT_VOIDED,     COMMAND_PAYMENT_VOIDED,     COMMAND_REFUND_COMPLETED,
        COMMAND_REFUND_FAILED};
    command->kind = kinds[pick(history, sizeof(kinds) / sizeof(*kinds))];
    struct result result = result_random(history, command);
    if (!result.is_likely && pick(history, 6) != 0) {
        command->kind = COMMAND_RESERVE;
        reserve_random(history, &command->as.reserve);
        return;
    }
    struct uuid reservation_id = result.reservation_id;
    int32_t attempt = result.attempt;
    struct text payment_id = result.payment_id;
    switch (command->kind) {
    case COMMAND_PAYMENT_AUTHORIZED:
    case COMMAND_PAYMENT_CAPTURED: /* the same fields */
        command->as.payment_authorized.reservation_id = reservation_id;
        command->as.payment_authorized.attempt = attempt;
        command->as.payment_authorized.payment_id = payment_id;
        command->as.payment_authorized.amount_minor = result.amount_minor;
        command->as.payment_authorized.currency = result.currency;
        return;
    case COMMAND_PAYMENT_DECLINED:
        command->as.payment_declined.reservation_id = reservation_id;
        command->as.payment_declined.attempt = attempt;
        command->as.payment_declined.code = formatted(history, "DECLINED", pick(history, 3));
        return;
    case COMMAND_CAPTURE_FAILED:
        command->as.capture_failed.reservation_id = reservation_id;
        command->as.capture_failed.attempt = attempt;
        command->as.capture_failed.payment_id = payment_id;
        command->as.capture_failed.code = TEXT_LITERAL("EXPIRED");
        return;
    case COMMAND_PAYMENT_VOIDED:
        command->as.payment_voided.reservation_id = reservation_id;
        command->as.payment_voided.attempt = attempt;
        command->as.payment_voided.payment_id = payment_id;
        return;
    case COMMAND_REFUND_COMPLETED:
        command->as.refund_completed.reservation_id = reservation_id;
        command->as.refund_completed.refund_attempt = result.refund_attempt;
        command->as.refund_completed.refund_id = formatted(history, "ref", pick(history, 3));
        command->as.refund_completed.amount_minor = result.amount_minor;
        command->as.refund_completed.currency = result.currency;
        return;
    default:
        command->as.refund_failed.reservation_id = reservation_id;
        command->as.refund_failed.refund_attempt = result.refund_attempt;
        command->as.refund_failed.refund_id = formatted(history, "ref", pick(history, 3));
        command->as.refund_failed.code = TEXT_LITERAL("REFUND_DECLINED");
        return;
    }
}

/* Release, Pay, Cancel: their first fields are the same. */
static void buyer_random(struct history *history, struct command *command) {
    static const enum reservation_state willing[COMMAND_KIND_COUNT] = {
        [COMMAND_RELEASE] = RESERVATION_STATE_PAYING,
        [COMMAND_PAY] = RESERVATION_STATE_HELD,
        [COMMAND_CANCEL] = RESERVATION_STATE_SOLD,
    };
    enum reservation_state state = willing[command->kind];
    if (command->kind == COMMAND_CANCEL && pick(history, 2) == 0) {
        state = RESERVATION_STATE_SECURED;
    }
    if (pick(history, 4) == 0) {
        state = (enum reservation_state)(1 + pick(history, RESERVATION_STATE_COUNT - 1));
    }
    const struct reservation *reservation = in_state(history, command, state);
    command->as.release.reservation_id = numbered("r", pick(history, RESERVATIONS));
    command->as.release.buyer_id = numbered("buyer", pick(history, BUYERS));
    if (reservation != NULL && pick(history, 12) != 0) {
        command->as.release.reservation_id = reservation->reservation_id;
        command->as.release.buyer_id = reservation->buyer_id;
    }
    if (command->kind == COMMAND_PAY) {
        command->as.pay.source_id = formatted(history, "card", pick(history, 6));
    }
}

static struct command command_random(struct history *history) {
    struct command command;
    memset(&command, 0, sizeof(command));
    command.as.head.show_id = numbered("show", pick(history, SHOWS));
    command.as.head.command_id = numbered("c", (int)history->story.offset);
    int what = pick(history, 100);
    if (what < 26) {
        command.kind = COMMAND_RESERVE;
        reserve_random(history, &command.as.reserve);
    } else if (what < 52) {
        command.kind = what < 43 ? COMMAND_PAY : what < 47 ? COMMAND_RELEASE : COMMAND_CANCEL;
        buyer_random(history, &command);
    } else if (what < 93) {
        provider_random(history, &command);
    } else if (what < 95) {
        const struct reservation *failed =
            in_state(history, &command, RESERVATION_STATE_REFUND_FAILED);
        command.kind = COMMAND_RETRY_REFUND;
        command.as.retry_refund.reservation_id =
            failed != NULL ? failed->reservation_id : numbered("r", pick(history, RESERVATIONS));
        command.as.retry_refund.requested_by = story_uuid("Otto");
    } else if (pick(history, 30) != 0) {
        command.kind = COMMAND_TICK;
    } else {
        command.kind = COMMAND_CANCEL_SHOW;
        command.as.cancel_show.requested_by = story_uuid(pick(history, 2) == 0 ? "Olga" : "Otto");
        command.as.cancel_show.by_operator = pick(history, 3) == 0;
        command.as.cancel_show.reason = TEXT_LITERAL("rain");
    }
    return command;
}

static struct payment_fate *fate_of(struct history *history, const struct event *event,
                                    const struct uuid *reservation_id, int32_t attempt,
                                    struct text payment_id) {
    char name[24];
    snprintf(name, sizeof(name), "%.*s", TEXT_FORMAT(payment_id));
    for (size_t i = 0; i < history->fates_count; i++) {
        struct payment_fate *fate = &history->fates[i];
        if (memcmp(&fate->show_id, &event->as.head.show_id, sizeof(struct uuid)) == 0 &&
            memcmp(&fate->reservation_id, reservation_id, sizeof(struct uuid)) == 0 &&
            fate->attempt == attempt && strcmp(fate->payment_id, name) == 0) {
            return fate;
        }
    }
    assert_true(history->fates_count < PAYMENTS_MAX);
    struct payment_fate *fate = &history->fates[history->fates_count++];
    *fate = (struct payment_fate){
        .show_id = event->as.head.show_id, .reservation_id = *reservation_id, .attempt = attempt};
    snprintf(fate->payment_id, sizeof(fate->payment_id), "%s", name);
    return fate;
}

static void fates_watch(struct history *history, const struct command *command,
                        const struct event *event) {
    switch (event->kind) {
    case EVENT_SOLD:
        if (event->as.sold.amount_minor > 0) {
            fate_of(history, event, &event->as.sold.reservation_id, event->as.sold.attempt,
                    event->as.sold.payment_id)
                ->sold++;
        }
        return;
    case EVENT_REFUND_REQUESTED:
        if (command->kind != COMMAND_RETRY_REFUND &&
            event->as.refund_requested.state != RESERVATION_STATE_NONE) {
            fate_of(history, event, &event->as.refund_requested.reservation_id,
                    event->as.refund_requested.attempt, event->as.refund_requested.payment_id)
                ->refunds++;
        }
        return;
    case EVENT_VOID_REQUESTED:
        if (event->as.void_requested.state != RESERVATION_STATE_NONE) {
            fate_of(history, event, &event->as.void_requested.reservation_id,
                    event->as.void_requested.attempt, event->as.void_requested.payment_id)
                ->voids++;
        }
        return;
    default:
        return;
    }
}

/* A capture that was taken note of has been sold, or its refund asked for: once. */
static void capture_check(struct history *history, const struct command *command) {
    const struct reservation_effects *effects = history->story.effects;
    const struct event *last = &effects->events[effects->count - 1];
    const struct command_payment_captured *captured = &command->as.payment_captured;
    if (command->kind != COMMAND_PAYMENT_CAPTURED || last->kind == EVENT_REFUSED ||
        last->kind == EVENT_REJECTED) {
        return;
    }
    if (last->kind == EVENT_REFUND_REQUESTED &&
        last->as.refund_requested.state == RESERVATION_STATE_NONE) {
        return;
    }
    const struct payment_fate *fate =
        fate_of(history, last, &captured->reservation_id, captured->attempt, captured->payment_id);
    assert_true(fate->sold + fate->refunds >= 1);
}

static void fates_check(const struct history *history) {
    for (size_t i = 0; i < history->fates_count; i++) {
        const struct payment_fate *fate = &history->fates[i];
        assert_true(fate->sold <= 1);
        /* Those beyond RESERVATION_PAYMENTS_MAX are not remembered, and may be asked for again. */
        if (strncmp(fate->payment_id, "pay", 3) == 0) {
            assert_true(fate->refunds <= 1);
        }
    }
}

static void limits_check(struct history *history) {
    struct reservation_show *show = history->story.effects->show;
    if (show == NULL || show->plan == NULL) {
        return;
    }
    for (int i = 0; i < BUYERS; i++) {
        struct uuid buyer_id = numbered("buyer", i);
        struct reservation_buyer_usage usage =
            reservation_store_buyer_usage(history->story.core, show, &buyer_id);
        assert_true(usage.places <= show->plan->seats_per_buyer_max);
    }
    assert_true(reservation_core_due_next(history->story.core) > 0);
}

static void time_passes(struct history *history) {
    if (pick(history, 400) == 0) {
        history->now_ms += 24 * 3600 * 1000;
    }
    switch (pick(history, 100)) {
    case 0:
        history->now_ms += 3600 * 1000;
        return;
    case 1:
        history->now_ms -= pick(history, 60000); /* brokers do not agree */
        return;
    case 2:
    case 3:
    case 4:
        history->now_ms += pick(history, 12 * 60 * 1000);
        return;
    default:
        history->now_ms += pick(history, 20000);
    }
}

static void history_step(struct history *history, const struct command *command) {
    story_step(&history->story, command, history->now_ms);
    const struct reservation_effects *effects = history->story.effects;
    for (size_t i = 0; i < effects->count; i++) {
        history->kinds[effects->events[i].kind]++;
        fates_watch(history, command, &effects->events[i]);
    }
    capture_check(history, command);
    limits_check(history);
}

static void history_begin(struct history *history, uint64_t seed) {
    memset(history, 0, sizeof(*history));
    story_init(&history->story);
    history->story.restore_every = 11;
    history->random = seed;
    history->now_ms = STORY_DAY_MS + 9 * STORY_HOUR_MS;
    for (int i = 0; i < SHOWS; i++) {
        struct command command = {.kind = COMMAND_CREATE_SHOW};
        command.as.create_show = (struct command_create_show){
            .head = {.show_id = numbered("show", i)},
            .owner_id = story_uuid("Olga"),
            .show = story_details(),
        };
        command.as.create_show.show.seats_per_buyer_max = 4 + 4 * i;
        history_step(history, &command);
    }
}

/* Everything that is still under way ends, and then the shows close. */
static void history_end(struct history *history) {
    history->now_ms += 30LL * 24 * 3600 * 1000;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < SHOWS; i++) {
            struct command command = {.kind = COMMAND_TICK};
            command.as.head.show_id = numbered("show", i);
            history_step(history, &command);
        }
    }
    story_check_same(&history->story, history->story.core, history->story.folded);
    fates_check(history);
    story_deinit(&history->story);
}

static void test_histories(void **state) {
    (void)state;
    static struct history history;
    int64_t kinds[EVENT_KIND_COUNT] = {0};
    const char *only = getenv("SEATLOG_SEED");
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        if (only != NULL && strtoull(only, NULL, 10) != seed) {
            continue;
        }
        history_begin(&history, seed);
        for (int i = 0; i < COMMANDS; i++) {
            struct command command = command_random(&history);
            history_step(&history, &command);
            time_passes(&history);
        }
        history_end(&history);
        for (int i = 0; i < EVENT_KIND_COUNT; i++) {
            kinds[i] += history.kinds[i];
        }
    }
    /* A history that never comes by a kind of event proves nothing about it. */
    for (int i = 0; i < EVENT_KIND_COUNT; i++) {
        print_message("%-18s %8" PRId64 "\n", event_kind_name((enum event_kind)i), kinds[i]);
        if (only == NULL && i != EVENT_REJECTED && i != EVENT_UNDECODABLE) {
            assert_true(kinds[i] > 20);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories),
    };
    return cmocka_run_group_tests_name("core: random histories", tests, NULL, NULL);
}
