/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of reservation/README.md, reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "reservation/core/state/state.h"

#define NOON (STORY_DAY_MS + 12 * STORY_HOUR_MS)

/* A show that is one general section. */
static void field_create(struct story *story, int32_t capacity) {
    static struct section section = {.name = TEXT_LITERAL("Field"), .kind = SECTION_KIND_GENERAL};
    section.capacity = capacity;
    struct command command = {.kind = COMMAND_CREATE_SHOW};
    command.as.create_show = (struct command_create_show){.head = {.show_id = story_uuid("Field")},
                                                          .owner_id = story_uuid("Olga"),
                                                          .show = story_details()};
    command.as.create_show.show.sections = (struct section_list){&section, 1};
    story_step(story, &command, NOON);
    assert_int_equal(story->effects->events[0].kind, EVENT_SHOW_CREATED);
}

static struct uuid numbered(char kind, int number) {
    char name[17];
    snprintf(name, sizeof(name), "%c%d", kind, number);
    return story_uuid(name);
}

static struct command reserve_one(int number, struct uuid buyer_id) {
    struct command command = {.kind = COMMAND_RESERVE};
    command.as.reserve = (struct command_reserve){.head = {.show_id = story_uuid("Field")},
                                                  .reservation_id = numbered('r', number),
                                                  .buyer_id = buyer_id,
                                                  .selection = SELECTION_GENERAL,
                                                  .section = 0,
                                                  .category = -1,
                                                  .quantity = 1,
                                                  .keyed = true};
    return command;
}

static struct command field_command(enum command_kind kind) {
    struct command command = {.kind = kind};
    command.as.head.show_id = story_uuid("Field");
    return command;
}

/* Without the story's checks: for what must be done very often. */
static const struct event *step(struct story *story, const struct command *command,
                                int64_t now_ms) {
    struct reservation_record record = {
        .command = command, .broker_timestamp_ms = now_ms, .offset = story->offset++};
    reservation_core_step(story->core, &record, story->effects);
    return &story->effects->events[story->effects->count - 1];
}

static void test_reservations_per_buyer(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    field_create(&story, 100);
    struct uuid ada = story_uuid("Ada");
    for (int i = 0; i < RESERVATION_RESERVATIONS_PER_BUYER_MAX; i++) {
        struct command reserve = reserve_one(i, ada);
        story_step(&story, &reserve, NOON + i);
        assert_int_equal(story.effects->events[0].kind, EVENT_RESERVED);
        struct command release = field_command(COMMAND_RELEASE);
        release.as.release.reservation_id = reserve.as.reserve.reservation_id;
        release.as.release.buyer_id = ada;
        story_step(&story, &release, NOON + i);
        assert_int_equal(story.effects->events[0].kind, EVENT_RELEASED);
    }
    struct command more = reserve_one(1000, ada);
    story_step(&story, &more, NOON + 1000);
    assert_int_equal(story.effects->events[0].as.refused.reason,
                     REFUSAL_REASON_TOO_MANY_RESERVATIONS);
    struct command others = reserve_one(1001, story_uuid("Bob"));
    story_step(&story, &others, NOON + 1000);
    assert_int_equal(story.effects->events[0].kind, EVENT_RESERVED);
    /* An hour after the first was let go, it is forgotten. */
    story_step(&story, &more, NOON + RESERVATION_FORGET_AFTER_MS);
    assert_int_equal(story.effects->events[story.effects->count - 1].kind, EVENT_RESERVED);
    story_deinit(&story);
}

static void test_holds_per_event(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    story.restore_every = 97;
    field_create(&story, 700);
    for (int i = 0; i < 600; i++) {
        struct command reserve = reserve_one(i, numbered('b', i));
        story_step(&story, &reserve, NOON + 600 - (i % 7) * 100); /* some at the same time */
    }
    struct command tick = field_command(COMMAND_TICK);
    story_step(&story, &tick, NOON + STORY_HOUR_MS);
    assert_int_equal(story.effects->count, 3);
    size_t counts[] = {RESERVATION_HOLDS_PER_EVENT_MAX, RESERVATION_HOLDS_PER_EVENT_MAX, 88};
    int number = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct event *event = &story.effects->events[i];
        assert_int_equal(event->kind, EVENT_HOLDS_EXPIRED);
        assert_int_equal(event->as.holds_expired.holds.count, counts[i]);
        for (size_t j = 0; j < counts[i]; j++, number++) {
            struct uuid expected = numbered('r', number);
            assert_memory_equal(&event->as.holds_expired.holds.items[j].reservation_id, &expected,
                                sizeof(expected));
        }
    }
    story_deinit(&story);
}

static void test_portions(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    story.restore_every = 5;
    field_create(&story, 300);
    for (int i = 0; i < 200; i++) {
        struct command reserve = reserve_one(i, numbered('b', i));
        story_step(&story, &reserve, NOON);
    }
    struct command cancel = field_command(COMMAND_CANCEL_SHOW);
    cancel.as.cancel_show.requested_by = story_uuid("Olga");
    story_step(&story, &cancel, NOON + 1);
    assert_int_equal(story.effects->count, 1 + RESERVATION_CANCELLED_PER_COMMAND_MAX);
    assert_int_equal(reservation_core_due_next(story.core), NOON + 1);

    /* A command for one that the portions have not reached finds it called off. */
    struct command pay = field_command(COMMAND_PAY);
    pay.as.pay.reservation_id = numbered('r', 199);
    pay.as.pay.buyer_id = numbered('b', 199);
    pay.as.pay.source_id = TEXT_LITERAL("card");
    story_step(&story, &pay, NOON + 2);
    assert_int_equal(story.effects->count, 2);
    assert_int_equal(story.effects->events[0].kind, EVENT_RELEASED);
    assert_int_equal(story.effects->events[0].as.released.reason, RELEASE_REASON_SHOW_CANCELLED);
    assert_int_equal(story.effects->events[1].as.refused.reason,
                     REFUSAL_REASON_RESERVATION_RELEASED);

    struct command tick = field_command(COMMAND_TICK);
    size_t counts[] = {64, 64, 7};
    for (size_t i = 0; i < 3; i++) {
        story_step(&story, &tick, NOON + 3);
        assert_int_equal(story.effects->count, counts[i]);
        assert_int_equal(story.effects->events[0].kind, EVENT_RELEASED);
    }
    story_step(&story, &tick, NOON + 3);
    assert_int_equal(story.effects->events[0].kind, EVENT_NOTED);
    struct uuid show_id = story_uuid("Field");
    const struct reservation_show *show = reservation_core_show_find(story.core, &show_id);
    assert_int_equal(reservation_core_due_next(story.core), reservation_show_closes_at(show));
    story_deinit(&story);
}

/* More holds cannot end at once than there are places; all in one command, within its bound. */
static void test_everything_at_once(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    field_create(&story, RESERVATION_PLACES_PER_SHOW_MAX);
    for (int i = 0; i < RESERVATION_PLACES_PER_SHOW_MAX; i++) {
        struct command reserve = reserve_one(i, numbered('b', i));
        assert_int_equal(step(&story, &reserve, NOON)->kind, EVENT_RESERVED);
    }
    struct command reserve = reserve_one(70000, numbered('b', 70000));
    assert_int_equal(step(&story, &reserve, NOON)->as.refused.reason, REFUSAL_REASON_NOT_AVAILABLE);
    struct command tick = field_command(COMMAND_TICK);
    step(&story, &tick, NOON + STORY_HOUR_MS);
    size_t expected = (RESERVATION_PLACES_PER_SHOW_MAX + RESERVATION_HOLDS_PER_EVENT_MAX - 1) /
                      RESERVATION_HOLDS_PER_EVENT_MAX;
    assert_int_equal(story.effects->count, expected);
    assert_true(expected + 2 * RESERVATION_CANCELLED_PER_COMMAND_MAX + 8 <
                RESERVATION_EVENTS_PER_COMMAND_MAX);
    story_check_places(&story, story.core);
    struct uuid show_id = story_uuid("Field");
    struct reservation_show *show = reservation_core_show_find(story.core, &show_id);
    struct octets snapshot = story_snapshot(&story, story.core, show);
    print_message("a snapshot of 60,000 released reservations: %zu octets\n", snapshot.size);
    /* And all of them are forgotten at once. */
    step(&story, &tick, NOON + 3 * STORY_HOUR_MS);
    assert_int_equal(show->reservations, 0);
    story_deinit(&story);
}

static void test_reservations_per_show(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    field_create(&story, 10);
    struct command release = field_command(COMMAND_RELEASE);
    for (int i = 0; i < RESERVATION_RESERVATIONS_PER_SHOW_MAX; i++) {
        struct command reserve = reserve_one(i, numbered('b', i));
        assert_int_equal(step(&story, &reserve, NOON)->kind, EVENT_RESERVED);
        release.as.release.reservation_id = reserve.as.reserve.reservation_id;
        release.as.release.buyer_id = reserve.as.reserve.buyer_id;
        assert_int_equal(step(&story, &release, NOON)->kind, EVENT_RELEASED);
    }
    struct command reserve = reserve_one(200000, story_uuid("Ada"));
    assert_int_equal(step(&story, &reserve, NOON)->as.refused.reason,
                     REFUSAL_REASON_TOO_MANY_RESERVATIONS);
    assert_int_equal(step(&story, &reserve, NOON + RESERVATION_FORGET_AFTER_MS)->kind,
                     EVENT_RESERVED);
    story_deinit(&story);
}

static void play(struct story *story, const char *line) {
    int64_t now_ms;
    struct command command = story_command(story, line, &now_ms);
    story_step(story, &command, now_ms);
}

static void test_refund_attempts(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 10:00 Ada reserves A1 as r1");
    play(&story, "at 10:00 Ada pays r1 with card-1");
    play(&story, "at 10:00 payment authorized r1/1 as pay-1, 10.00 USD");
    play(&story, "at 10:00 payment captured r1/1 as pay-1, 10.00 USD");
    play(&story, "at 10:00 Ada cancels r1");
    int attempts = 1;
    for (;; attempts++) {
        char line[64];
        snprintf(line, sizeof(line), "at 10:01 refund failed r1#%d as ref: NO", attempts);
        play(&story, line);
        assert_int_equal(story.effects->events[0].kind, EVENT_REFUND_FAILED);
        play(&story, "at 10:01 Otto retries r1");
        if (story.effects->events[0].kind != EVENT_REFUND_REQUESTED) {
            break;
        }
    }
    assert_int_equal(attempts, RESERVATION_REFUND_ATTEMPTS_MAX - RESERVATION_PAYMENTS_MAX);
    assert_int_equal(story.effects->events[0].as.refused.reason, REFUSAL_REASON_ATTEMPTS_EXHAUSTED);
    /* Nothing more is captured unasked, either. */
    play(&story, "at 10:02 payment captured r1/1 as odd-1, 10.00 USD");
    assert_int_equal(story.effects->events[0].as.refused.reason, REFUSAL_REASON_ATTEMPTS_EXHAUSTED);
    story_deinit(&story);
}

/* By logic versions 1 and 2. */
static void test_reason_is_cut_at_a_character(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    story_decide_as(&story, 2);
    play(&story, "at 09:00 Olga creates Ghost");
    char reason[RESERVATION_REASON_OCTETS_MAX + 10];
    memset(reason, 'x', sizeof(reason));
    memcpy(reason + RESERVATION_REASON_OCTETS_MAX - 2, "\xe9\x9b\xa8", 3); /* rain, in Japanese */
    struct command cancel = {.kind = COMMAND_CANCEL_SHOW};
    cancel.as.cancel_show =
        (struct command_cancel_show){.head = {.show_id = story_uuid("Ghost")},
                                     .requested_by = story_uuid("Olga"),
                                     .reason = {.data = reason, .size = sizeof(reason)}};
    story_step(&story, &cancel, NOON);
    assert_int_equal(story.effects->events[0].as.show_cancelled.reason.size,
                     RESERVATION_REASON_OCTETS_MAX - 2);
    story_deinit(&story);
}

/* From version 3 on a reason is taken as it is, or not at all. */
static void test_reason_is_a_text(void **state) {
    (void)state;
    static char longest[PLAN_REASON_OCTETS_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    const struct {
        struct text reason;
        bool good;
    } samples[] = {
        {TEXT_LITERAL(""), true},
        {TEXT_LITERAL("Two\nlines,\tand \xf0\x9f\x8e\x89"), true},
        {{longest, PLAN_REASON_OCTETS_MAX}, true},
        {{longest, PLAN_REASON_OCTETS_MAX + 1}, false},
        {TEXT_LITERAL("Two\r\nlines"), false},
        {TEXT_LITERAL("  "), false},
        {TEXT_LITERAL("\xe2\x80\x8b"), false},
        {TEXT_LITERAL("rain "), false},
        {TEXT_LITERAL("\xef\xbf\xbe"), false},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        for (int32_t version = 2; version <= 3; version++) {
            struct story story;
            story_init(&story);
            story_decide_as(&story, version);
            play(&story, "at 09:00 Olga creates Ghost");
            struct command cancel = {.kind = COMMAND_CANCEL_SHOW};
            cancel.as.cancel_show =
                (struct command_cancel_show){.head = {.show_id = story_uuid("Ghost")},
                                             .requested_by = story_uuid("Olga"),
                                             .reason = samples[i].reason};
            story_step(&story, &cancel, NOON);
            const struct event *event = &story.effects->events[0];
            if (samples[i].good || version < 3) {
                assert_int_equal(event->kind, EVENT_SHOW_CANCELLED);
                if (version == 3) {
                    assert_int_equal(event->as.show_cancelled.reason.size, samples[i].reason.size);
                }
            } else {
                assert_int_equal(event->kind, EVENT_REFUSED);
                assert_int_equal(event->as.refused.reason, REFUSAL_REASON_INVALID_REASON);
            }
            story_deinit(&story);
        }
    }
}

/* Sixty thousand seats in rows of fifty: sold one by one and restored from the snapshot. */
static void test_largest_house(void **state) {
    (void)state;
    static struct text labels[50];
    static struct row rows[1200];
    static char names[1200][6];
    struct story story;
    story_init(&story);
    for (size_t i = 0; i < 1200; i++) {
        size_t size = (size_t)snprintf(names[i], sizeof(names[i]), "%zu", i + 1);
        if (i < 50) {
            labels[i] = (struct text){.data = names[i], .size = size};
        }
        rows[i] = (struct row){.label = {.data = names[i], .size = size}, .seats = {labels, 50}};
    }
    struct section section = {.name = TEXT_LITERAL("Arena"), .rows = {rows, 1200}};
    struct command create = {.kind = COMMAND_CREATE_SHOW};
    create.as.create_show = (struct command_create_show){.head = {.show_id = story_uuid("Field")},
                                                         .owner_id = story_uuid("Olga"),
                                                         .show = story_details()};
    create.as.create_show.show.sections = (struct section_list){&section, 1};
    assert_int_equal(step(&story, &create, NOON)->kind, EVENT_SHOW_CREATED);
    for (int i = 0; i < 60000; i++) {
        struct command command = reserve_one(i, numbered('b', i));
        command.as.reserve.selection = SELECTION_BEST_AVAILABLE;
        command.as.reserve.section = -1;
        assert_int_equal(step(&story, &command, NOON)->kind, EVENT_RESERVED);
        command.kind = COMMAND_PAY;
        command.as.pay.source_id = TEXT_LITERAL("card");
        assert_int_equal(step(&story, &command, NOON)->kind, EVENT_PAYMENT_REQUESTED);
        command.kind = COMMAND_PAYMENT_AUTHORIZED;
        command.as.payment_authorized.attempt = 1;
        command.as.payment_authorized.payment_id = TEXT_LITERAL("bP9mAsEMYPUGjjGNaNO5ZDVyLhSZY");
        command.as.payment_authorized.amount_minor = 1000;
        command.as.payment_authorized.currency = TEXT_LITERAL("USD");
        assert_int_equal(step(&story, &command, NOON)->kind, EVENT_SECURED);
        command.kind = COMMAND_PAYMENT_CAPTURED;
        assert_int_equal(step(&story, &command, NOON)->kind, EVENT_SOLD);
    }
    story_check_places(&story, story.core);
    struct reservation_core *restored = story_restored(&story, story.core);
    story_check_same(&story, story.core, restored);
    reservation_core_free(restored);
    struct uuid show_id = story_uuid("Field");
    struct octets snapshot =
        story_snapshot(&story, story.core, reservation_core_show_find(story.core, &show_id));
    print_message("a snapshot of 60,000 seats sold one by one: %zu octets\n", snapshot.size);
    assert_true(snapshot.size < 16 * 1024 * 1024);
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reservations_per_buyer),
        cmocka_unit_test(test_holds_per_event),
        cmocka_unit_test(test_portions),
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_reservations_per_show),
        cmocka_unit_test(test_refund_attempts),
        cmocka_unit_test(test_reason_is_cut_at_a_character),
        cmocka_unit_test(test_reason_is_a_text),
        cmocka_unit_test(test_largest_house),
    };
    return cmocka_run_group_tests_name("core: bounds", tests, NULL, NULL);
}
