/* SPDX-License-Identifier: Apache-2.0 */
/* The core and the log: folding, what leaves no state, Ticks, snapshots' queue, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "core_story_render.h"
#include "reservation/core/state/state.h"

#define NOON (STORY_DAY_MS + 12 * STORY_HOUR_MS)

static void play(struct story *story, const char *line) {
    int64_t now_ms;
    struct command command = story_command(story, line, &now_ms);
    story_step(story, &command, now_ms);
}

static struct event event_at(enum event_kind kind, int64_t seq, int64_t offset) {
    struct event event;
    memset(&event, 0, sizeof(event));
    event.kind = kind;
    event.as.head.show_id = story_uuid("Ghost");
    event.as.head.seq = seq;
    event.as.head.at = NOON + seq;
    event.as.head.owner_id = story_uuid("Olga");
    event.as.head.command_offset = offset;
    event.as.head.logic_version = RESERVATION_LOGIC_VERSION;
    return event;
}

static void test_fold_results(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct reservation_core *core = story.core;
    struct event created = event_at(EVENT_SHOW_CREATED, 1, 10);
    created.as.show_created.show = story_details();
    struct event noted = event_at(EVENT_NOTED, 2, 11);
    memset(&noted.as.head.hash, 7, sizeof(noted.as.head.hash));

    assert_int_equal(reservation_core_apply(core, &noted), RESERVATION_APPLY_GAP);
    assert_int_equal(reservation_core_apply(core, &created), RESERVATION_APPLY_APPLIED);
    assert_int_equal(reservation_core_apply(core, &created), RESERVATION_APPLY_SEEN);
    assert_int_equal(reservation_core_apply(core, &noted), RESERVATION_APPLY_APPLIED);
    assert_int_equal(reservation_core_apply(core, &noted), RESERVATION_APPLY_SEEN);
    struct reservation_show *show = reservation_core_show_find(core, &created.as.head.show_id);
    assert_non_null(show);
    struct hash chain = reservation_core_chain_get(core, show);
    assert_memory_equal(&chain, &noted.as.head.hash, sizeof(chain));
    assert_int_equal(show->seq, 2);
    assert_int_equal(show->clock, NOON + 2);
    assert_int_equal(reservation_core_cursor(core), 12);

    struct event later = event_at(EVENT_NOTED, 4, 20);
    assert_int_equal(reservation_core_apply(core, &later), RESERVATION_APPLY_GAP);
    struct event stateless = event_at(EVENT_REJECTED, 0, 30);
    assert_int_equal(reservation_core_apply(core, &stateless), RESERVATION_APPLY_STATELESS);
    assert_int_equal(reservation_core_cursor(core), 31);

    struct event early = event_at(EVENT_NOTED, 3, 31);
    early.as.head.at = NOON;
    assert_int_equal(reservation_core_apply(core, &early), RESERVATION_APPLY_BROKEN);
    struct event twice = created;
    twice.as.head.seq = 3;
    assert_int_equal(reservation_core_apply(core, &twice), RESERVATION_APPLY_BROKEN);
    struct event unknown = event_at(EVENT_SOLD, 3, 31);
    assert_int_equal(reservation_core_apply(core, &unknown), RESERVATION_APPLY_BROKEN);
    assert_string_equal(reservation_apply_result_name(RESERVATION_APPLY_BROKEN), "broken");
    story_deinit(&story);
}

static void test_logic_version(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct event created = event_at(EVENT_SHOW_CREATED, 1, 0);
    created.as.show_created.show = story_details();
    struct event noted = event_at(EVENT_NOTED, 2, 1);
    noted.as.head.logic_version = RESERVATION_LOGIC_VERSION + 1;
    struct event older = event_at(EVENT_NOTED, 3, 2);
    assert_int_equal(reservation_core_apply(story.core, &created), RESERVATION_APPLY_APPLIED);
    assert_int_equal(reservation_core_logic_version(story.core), RESERVATION_LOGIC_VERSION);
    assert_int_equal(reservation_core_apply(story.core, &noted), RESERVATION_APPLY_APPLIED);
    assert_int_equal(reservation_core_logic_version(story.core), RESERVATION_LOGIC_VERSION + 1);
    assert_int_equal(reservation_core_apply(story.core, &older), RESERVATION_APPLY_BROKEN);
    story_deinit(&story);
}

static void assert_told(struct story *story, const char *expected) {
    const char *told = story_transcript(story);
    if (strstr(told, expected) == NULL) {
        fail_msg("expected \"%s\" in \"%s\"", expected, told);
    }
}

/*
 * Seats of this show are held for a minute. A payment used to move that to five; from version 2 on
 * it moves it to a minute from then.
 */
static void test_versions_decide_differently(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    int64_t now_ms;
    struct command create = story_command(&story, "at 09:00 Olga creates Ghost", &now_ms);
    create.as.create_show.show.hold_ttl_ms = 60 * 1000;
    story_decide_as(&story, 1);
    story_step(&story, &create, now_ms);
    play(&story, "at 10:00 Ada reserves A1 as r1");
    play(&story, "at 10:00 Ada pays r1 with card-1");
    assert_told(&story, "PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:05");

    story_decide_as(&story, 2);
    play(&story, "at 10:04 Bob reserves A2 as r2");
    play(&story, "at 10:04 Bob pays r2 with card-2");
    assert_told(&story, "PaymentRequested r2/1 of Bob: card-2, 10.00 USD, until 10:05");
    assert_int_equal(reservation_core_logic_version(story.core), 2);
    play(&story, "at 10:05 payment authorized r2/1 as pay-2, 10.00 USD");
    assert_told(&story, "HoldsExpired");
    story_deinit(&story);
}

static void test_undecodable(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct uuid show_id = story_uuid("Ghost");
    struct hash hash;
    memset(&hash, 9, sizeof(hash));
    reservation_core_undecodable(story.core, &show_id, NOON, 41, &hash, TEXT_LITERAL("no schema"),
                                 story.effects);
    assert_int_equal(story.effects->count, 1);
    assert_null(story.effects->show);
    const struct event *event = &story.effects->events[0];
    assert_int_equal(event->kind, EVENT_UNDECODABLE);
    assert_memory_equal(&event->as.head.show_id, &show_id, sizeof(show_id));
    assert_int_equal(event->as.head.seq, 0);
    assert_int_equal(event->as.head.at, NOON);
    assert_int_equal(event->as.head.command_offset, 41);
    assert_memory_equal(&event->as.head.command_hash, &hash, sizeof(hash));
    assert_int_equal(event->as.undecodable.reason.size, 9);
    assert_int_equal(reservation_core_cursor(story.core), 42);
    story_deinit(&story);
}

static void test_wrong_partition(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    int64_t now_ms;
    struct command command = story_command(&story, "at 10:00 Ada reserves A1 as r1", &now_ms);
    struct reservation_record record = {
        .command = &command, .broker_timestamp_ms = now_ms, .offset = 7};
    reservation_core_rejected(story.core, &record, REJECTION_REASON_WRONG_PARTITION, story.effects);
    assert_int_equal(story.effects->count, 1);
    assert_null(story.effects->show);
    const struct event *event = &story.effects->events[0];
    assert_int_equal(event->kind, EVENT_REJECTED);
    assert_int_equal(event->as.head.seq, 0);
    assert_int_equal(event->as.rejected.command, COMMAND_TYPE_RESERVE);
    assert_int_equal(event->as.rejected.reason, REJECTION_REASON_WRONG_PARTITION);
    assert_memory_equal(&event->as.rejected.reservation_id, &command.as.reserve.reservation_id,
                        sizeof(struct uuid));
    struct uuid show_id = story_uuid("Ghost");
    assert_int_equal(reservation_core_show_find(story.core, &show_id)->seq, 1);
    story_deinit(&story);
}

static void test_ticks(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct reservation_core *core = story.core;
    struct uuid id;
    assert_int_equal(reservation_core_due_next(core), RESERVATION_NEVER);
    assert_false(reservation_core_due_pop(core, INT64_MAX - 1, INT64_MAX, &id));
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 09:00 Olga creates Ghost2");
    int64_t closes_at = STORY_DAY_MS + 22 * STORY_HOUR_MS + RESERVATION_CLOSE_AFTER_MS;
    assert_int_equal(reservation_core_due_next(core), closes_at);

    play(&story, "at 10:00 Ada reserves A1 as r1");
    play(&story, "at 10:01 in Ghost2 Bob reserves A1 as r1");
    int64_t ten = STORY_DAY_MS + 10 * STORY_HOUR_MS;
    int64_t minute = 60 * 1000;
    assert_int_equal(reservation_core_due_next(core), ten + 10 * minute);
    assert_false(reservation_core_due_pop(core, ten + 10 * minute - 1, ten, &id));
    /* One outstanding a show: not due again before the retry. */
    assert_true(reservation_core_due_pop(core, ten + 10 * minute, ten + 10 * minute + 1000, &id));
    struct uuid ghost = story_uuid("Ghost");
    assert_memory_equal(&id, &ghost, sizeof(id));
    assert_false(reservation_core_due_pop(core, ten + 10 * minute, ten + 11 * minute, &id));
    assert_int_equal(reservation_core_due_next(core), ten + 10 * minute + 1000);
    assert_true(
        reservation_core_due_pop(core, ten + 10 * minute + 1000, ten + 10 * minute + 2000, &id));
    assert_memory_equal(&id, &ghost, sizeof(id));
    play(&story, "at 10:10:01.500 tick");
    assert_int_equal(story.effects->events[0].kind, EVENT_HOLDS_EXPIRED);
    assert_int_equal(reservation_core_due_next(core), ten + 11 * minute);

    /* Let go before it was due: nothing but the closing is left. */
    play(&story, "at 10:05 in Ghost2 Bob releases r1");
    assert_int_equal(reservation_core_due_next(core), closes_at);
    play(&story, "at day 7 22:00 tick");
    play(&story, "at day 7 22:00 in Ghost2 tick");
    assert_int_equal(reservation_core_due_next(core), RESERVATION_NEVER);
    story_deinit(&story);
}

/* What waits for a payment's result needs no Tick. */
static void test_no_ticks_for_what_others_settle(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 10:00 Ada reserves A1 as r1");
    play(&story, "at 10:00 Ada pays r1 with card-1");
    play(&story, "at 10:00 payment authorized r1/1 as pay-1, 10.00 USD");
    assert_int_equal(reservation_core_due_next(story.core), RESERVATION_NEVER);
    play(&story, "at 10:00 payment captured r1/1 as pay-1, 10.00 USD");
    assert_int_equal(reservation_core_due_next(story.core),
                     STORY_DAY_MS + 22 * STORY_HOUR_MS + RESERVATION_CLOSE_AFTER_MS);
    story_deinit(&story);
}

static void test_changed_shows(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    story.restore_every = 0;
    struct reservation_core *core = story.core;
    assert_null(reservation_core_changed_pop(core));
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 09:00 Olga creates Ghost2");
    play(&story, "at 09:00 Olga creates Ghost3");
    play(&story, "at 09:00 Ada reserves A1 as r1");
    assert_int_equal(reservation_core_changed_count(core), 3);
    struct reservation_show *first = reservation_core_changed_pop(core);
    struct uuid ghost = story_uuid("Ghost");
    struct uuid id = reservation_show_id(first);
    assert_memory_equal(&id, &ghost, sizeof(id));
    assert_int_equal(reservation_core_changed_count(core), 2);
    play(&story, "at 09:00 Ada releases r1"); /* changes while the round goes on */
    reservation_core_changed_push(core, first);
    assert_int_equal(reservation_core_changed_count(core), 3);
    assert_non_null(reservation_core_changed_pop(core));
    assert_non_null(reservation_core_changed_pop(core));
    assert_ptr_equal(reservation_core_changed_pop(core), first);
    assert_null(reservation_core_changed_pop(core));
    assert_int_equal(reservation_core_changed_count(core), 0);

    /* A restored show is as its snapshot: unchanged. */
    struct reservation_core *restored = story_restored(&story, core);
    assert_int_equal(reservation_core_changed_count(restored), 0);
    reservation_core_free(restored);
    story_deinit(&story);
}

/* Compaction may leave several snapshots of a show: the newest wins, in whatever order they come.
 */
static void test_newer_snapshots(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 10:00 Ada reserves A1 A2 A3 A4 A5 as r1");
    struct uuid id = story_uuid("Ghost");
    struct reservation_core *restored = story_restored(&story, story.core);
    play(&story, "at 10:01 Ada pays r1 with card-1");
    play(&story, "at 10:01 Bob reserves B1 as r2");
    struct reservation_show *show = reservation_core_show_find(story.core, &id);
    struct snapshot_show_snapshot snapshot;
    reservation_core_show_snapshot(story.core, show, story.others, &snapshot);
    assert_int_equal(reservation_core_show_restore(restored, &snapshot), RESERVATION_APPLY_APPLIED);
    assert_int_equal(reservation_core_show_restore(restored, &snapshot), RESERVATION_APPLY_SEEN);
    story_check_same(&story, story.core, restored);
    story_check_places(&story, restored);

    snapshot.seq++;
    snapshot.status = SHOW_CLOSED + 1;
    assert_int_equal(reservation_core_show_restore(restored, &snapshot), RESERVATION_APPLY_BROKEN);
    reservation_core_free(restored);
    story_deinit(&story);
}

static void test_snapshots_that_make_no_sense(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    play(&story, "at 10:00 Ada reserves A1 A2 as r1");
    play(&story, "at 10:00 Bob reserves B1 as r2");
    play(&story, "at 10:01 Ada pays r1 with card-1");
    struct uuid id = story_uuid("Ghost");
    struct reservation_show *show = reservation_core_show_find(story.core, &id);
    struct snapshot_show_snapshot good;
    reservation_core_show_snapshot(story.core, show, story.others, &good);
    for (int fault = 0; fault < 13; fault++) {
        struct snapshot_reservation reservations[2];
        memcpy(reservations, good.reservations.items, sizeof(reservations));
        struct snapshot_payment payments[2];
        assert_int_equal(reservations[0].payments.count, 1);
        payments[0] = payments[1] = reservations[0].payments.items[0];
        reservations[0].payments.items = payments;
        struct snapshot_show_snapshot bad = good;
        bad.reservations.items = reservations;
        static const int32_t twice[] = {3, 3};
        switch (fault) {
        case 0:
            bad.seq = 0;
            break;
        case 1:
            bad.show.title.size = 0;
            break;
        case 2: /* the same seats */
            reservations[1].view.seats = reservations[0].view.seats;
            reservations[1].view.quantity = 2;
            break;
        case 3:
            reservations[0].view.seats.items = twice;
            break;
        case 4:
            reservations[1].reservation_id = reservations[0].reservation_id;
            break;
        case 5:
            reservations[0].view.state = RESERVATION_STATE_NONE;
            break;
        case 6:
            reservations[0].view.quantity = 3;
            break;
        case 7:
            reservations[0].selection_section = 77;
            break;
        case 8:
            reservations[0].view.attempt = 4;
            break;
        case 9: /* the payment of an attempt that was never made */
            reservations[0].view.attempt = 0;
            break;
        case 10: /* an attempt without a payment */
            reservations[0].view.attempt = 2;
            break;
        case 11: /* two payments of one attempt */
            reservations[0].payments.count = 2;
            break;
        case 12:
            payments[0].refund_attempt = reservations[0].refund_attempt + 1;
            break;
        }
        struct reservation_core *core = reservation_core_new(&story.allocator);
        assert_int_equal(reservation_core_show_restore(core, &bad), RESERVATION_APPLY_BROKEN);
        reservation_core_free(core);
    }
    story_deinit(&story);
}

/* Once it has seen its usual load, a partition asks for no more memory, whatever it decides. */
static void test_no_allocation_a_command(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    uint64_t allocations = 0;
    size_t reserved = 0;
    for (int i = 0; i < 30000; i++) {
        char lines[5][64];
        snprintf(lines[0], sizeof(lines[0]), "at 10:00 Ada%d reserves A1 A2 A3 A4 A5 as r%d", i, i);
        snprintf(lines[1], sizeof(lines[1]), "at 10:00 Ada%d releases r%d", i, i);
        snprintf(lines[2], sizeof(lines[2]), "at 10:00 Bob%d reserves 3 best as s%d", i, i);
        snprintf(lines[3], sizeof(lines[3]), "at 10:00 Bob%d releases s%d", i, i);
        snprintf(lines[4], sizeof(lines[4]), "at 10:00 Bob%d cancels r%d", i, i);
        for (int j = 0; j < 5; j++) {
            int64_t now_ms;
            struct command command = story_command(&story, lines[j], &now_ms);
            struct reservation_record record = {.command = &command,
                                                .broker_timestamp_ms = now_ms + 1000LL * i,
                                                .offset = story.offset++};
            reservation_core_step(story.core, &record, story.effects);
            reserved += story.effects->events[0].kind == EVENT_RESERVED;
        }
        arena_reset(&story.arena);
        struct reservation_statistics statistics;
        reservation_core_statistics_get(story.core, &statistics);
        if (i < 10000) { /* nearly three hours of the show's time: things are made and forgotten */
            allocations = statistics.allocations;
        }
    }
    struct reservation_statistics statistics;
    reservation_core_statistics_get(story.core, &statistics);
    assert_int_equal(statistics.allocations, allocations);
    assert_int_equal(reserved, 60000);
    assert_in_range(statistics.reservations, 7000, 7300); /* of the last hour */
    story_deinit(&story);
}

/* Every kind of event that a reservation can lead to. */
static const char *const history[] = {
    "at 10:00 Ada reserves A1 A2 as r1",
    "at 10:00 Bob reserves 3 on Floor as r2",
    "at 10:00 Cy reserves G1 as r3",
    "at 10:00 Cy pays r3 with card-3",
    "at 10:01 Ada pays r1 with card-1",
    "at 10:01 payment declined r1/1: NO",
    "at 10:01 Ada pays r1 with card-2",
    "at 10:02 payment authorized r1/2 as pay-2, 20.00 USD",
    "at 10:02 payment authorized r1/1 as pay-1, 20.00 USD",
    "at 10:02 payment voided r1/1 as pay-1",
    "at 10:03 Ada cancels r1",
    "at 10:04 payment captured r1/2 as pay-2, 20.00 USD",
    "at 10:05 refund failed r1#1 as ref-1: NO",
    "at 10:06 Otto retries r1",
    "at 10:07 refund completed r1#2 as ref-2, 20.00 USD",
    "at 10:11 Di reserves A1 as r4",
    "at 10:12 Di pays r4 with card-4",
    "at 10:13 payment authorized r4/1 as pay-4, 10.00 USD",
    "at 10:14 capture failed r4/1 as pay-4: NO",
    "at 10:15 Eve reserves A1 A2 A3 A4 A5 as r5",
    "at 10:16 Eve pays r5 with card-5",
    "at 10:30 payment authorized r5/1 as pay-5, 50.00 USD",
    "at 10:31 payment captured r5/1 as pay-5, 50.00 USD",
    "at 10:32 Eve releases r5",
    "at 10:33 Olga cancels Ghost: rain",
};

/*
 * Events of one history, put where they do not belong: the fold may find them out or take them, but
 * it never breaks its own promises (an assertion would end the test) and never sells a seat twice.
 */
static void test_misplaced_events(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost");
    struct arena kept;
    arena_init(&kept);
    struct event events[64];
    size_t count = 0;
    int results[RESERVATION_APPLY_BROKEN + 1] = {0};
    for (size_t i = 0; i < sizeof(history) / sizeof(*history); i++) {
        play(&story, history[i]);
        for (size_t j = 0; j < story.effects->count; j++) {
            struct text reason;
            struct octets wire = arena_octets_copy(
                &kept, codec_event_encode(story.codec, &story.effects->events[j]));
            assert_true(codec_event_decode(story.codec, &kept, wire, &events[count++], &reason));
        }
        for (size_t j = 0; j < count; j++) {
            struct reservation_core *core = story_restored(&story, story.core);
            struct uuid id = story_uuid("Ghost");
            const struct reservation_show *show = reservation_core_show_find(core, &id);
            struct event event = events[j];
            event.as.head.seq = show->seq + 1;
            event.as.head.at = show->clock + (int64_t)(j % 3) * STORY_HOUR_MS;
            enum reservation_apply_result result = reservation_core_apply(core, &event);
            results[result]++;
            if (result == RESERVATION_APPLY_APPLIED) {
                story_check_places(&story, core);
                reservation_core_free(story_restored(&story, core));
            }
            reservation_core_free(core);
            arena_reset(&story.arena);
        }
    }
    print_message("%d taken, %d found out\n", results[RESERVATION_APPLY_APPLIED],
                  results[RESERVATION_APPLY_BROKEN]);
    assert_true(results[RESERVATION_APPLY_APPLIED] > 10);
    assert_true(results[RESERVATION_APPLY_BROKEN] > 200);
    arena_deinit(&kept);
    story_deinit(&story);
}

/* The same with events that have an byte wrong, at their own place. */
static void test_damaged_events(void **state) {
    (void)state;
    struct story story;
    story_init(&story);
    struct arena kept;
    arena_init(&kept);
    play(&story, "at 09:00 Olga creates Ghost");
    int results[RESERVATION_APPLY_BROKEN + 1] = {0};
    uint32_t random = 7;
    for (size_t i = 0; i < sizeof(history) / sizeof(*history); i++) {
        struct reservation_core *before = story_restored(&story, story.core);
        play(&story, history[i]);
        struct octets wire =
            arena_octets_copy(&kept, codec_event_encode(story.codec, &story.effects->events[0]));
        for (int damage = 0; damage < 300; damage++) {
            uint8_t *octets = arena_allocate(&story.arena, wire.size);
            memcpy(octets, wire.data, wire.size);
            random = random * 1664525u + 1013904223u;
            size_t place = 5 + (random >> 8) % (wire.size - 5);
            random = random * 1664525u + 1013904223u;
            octets[place] = (uint8_t)(octets[place] ^ 1u << (random >> 16) % 8);
            struct event event;
            struct text reason;
            if (!codec_event_decode(story.codec, &story.arena,
                                    (struct octets){.data = octets, .size = wire.size}, &event,
                                    &reason)) {
                continue;
            }
            struct reservation_core *core = story_restored(&story, before);
            enum reservation_apply_result result = reservation_core_apply(core, &event);
            results[result]++;
            if (result == RESERVATION_APPLY_APPLIED) {
                story_check_places(&story, core);
                reservation_core_free(story_restored(&story, core));
            }
            reservation_core_free(core);
            arena_reset(&story.arena);
        }
        reservation_core_free(before);
    }
    print_message("%d taken, %d found out\n", results[RESERVATION_APPLY_APPLIED],
                  results[RESERVATION_APPLY_BROKEN]);
    assert_true(results[RESERVATION_APPLY_BROKEN] > 500);
    arena_deinit(&kept);
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_results),
        cmocka_unit_test(test_logic_version),
        cmocka_unit_test(test_versions_decide_differently),
        cmocka_unit_test(test_undecodable),
        cmocka_unit_test(test_wrong_partition),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_no_ticks_for_what_others_settle),
        cmocka_unit_test(test_changed_shows),
        cmocka_unit_test(test_newer_snapshots),
        cmocka_unit_test(test_snapshots_that_make_no_sense),
        cmocka_unit_test(test_no_allocation_a_command),
        cmocka_unit_test(test_misplaced_events),
        cmocka_unit_test(test_damaged_events),
    };
    return cmocka_run_group_tests_name("core: the log", tests, NULL, NULL);
}
