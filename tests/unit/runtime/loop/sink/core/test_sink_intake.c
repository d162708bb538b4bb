/* SPDX-License-Identifier: Apache-2.0 */
/* Which events the sink takes, as stories: whole commands of the term, and where its rows stand. */
#include "tests/unit/support/sink_story.h"

#include <stdio.h>
#include <string.h>

/* What the transaction that begins now is of: "10 11", and where partition 0 moves. */
static void is_committed_as(const char *offsets, int64_t next_offset, int64_t cursor) {
    char handled[128] = "";
    works(SINK_ASK_BEGIN);
    while (core.asked == SINK_ASK_ADVANCE) {
        happens(SINK_DONE);
    }
    while (core.asked == SINK_ASK_HANDLE) {
        size_t size = strlen(handled);
        snprintf(handled + size, sizeof handled - size, "%s%lld", size > 0 ? " " : "",
                 (long long)entries[asked.entry].offset);
        happens(SINK_DONE);
    }
    assert_string_equal(handled, offsets);
    assert_int_equal(partitions[0].moves_to.next_offset, next_offset);
    assert_int_equal(partitions[0].moves_to.cursor, cursor);
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    assert_int_equal(partitions[0].next_offset, next_offset);
}

static void polls_on(void) {
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_POLL);
}

static void half_a_command_makes_no_batch_and_survives_a_pause(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    ASSERT_TOLD("");
    polls_on();
    polls_on();
    event_comes(0, 11, 5, 20, 1, true);
    happens(SINK_QUIET);
    is_committed_as("10 11", 12, 21);
    ASSERT_TOLD("settled drop");
    assert_int_equal(partitions[0].moves_to.term.offset, 5);
}

static void what_is_held_outlives_the_batch_of_others(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    event_comes(1, 10, 5, 20, 0, true);
    event_comes(0, 11, 5, 20, 1, false);
    happens(SINK_QUIET);
    is_committed_as("10", 10, 0); /* of partition 1 */
    assert_int_equal(partitions[1].next_offset, 11);
    assert_int_equal(partitions[0].next_offset, 10);
    assert_int_equal(core.held_count, 2);
    works(SINK_ASK_LOOK);
    event_comes(0, 12, 5, 20, 2, true);
    happens(SINK_QUIET);
    is_committed_as("10 11 12", 13, 21);
}

static void commands_of_two_partitions_that_arrive_mixed_are_apart_in_the_batch(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    event_comes(1, 10, 5, 20, 0, false);
    event_comes(0, 11, 5, 20, 1, false);
    event_comes(1, 11, 5, 20, 1, true);
    event_comes(0, 12, 5, 20, 2, true);
    happens(SINK_QUIET);
    static const size_t owners[] = {1, 1, 0, 0, 0};
    static const int64_t offsets[] = {10, 11, 10, 11, 12};
    assert_int_equal(core.entry_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(entries[i].partition, owners[i]);
        assert_int_equal(entries[i].offset, offsets[i]);
        assert_int_equal(entries[i].ends, i == 1 || i == 4);
    }
}

static void a_claim_drops_half_a_command_and_begins_a_term(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    event_comes(0, 11, 5, 21, 0, false);
    claim_comes(0, 12);
    ASSERT_TOLD("drop");
    assert_int_equal(core.held_count, 0);
    event_comes(0, 13, 5, 21, 1, true); /* of the decider that was deposed */
    ASSERT_TOLD("stale");
    event_comes(0, 14, 12, 21, 0, true);
    happens(SINK_QUIET);
    is_committed_as("10 14", 15, 22);
    assert_int_equal(partitions[0].moves_to.term.offset, 12);
}

static void a_copy_is_passed_over(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    event_comes(0, 11, 5, 20, 0, true);
    ASSERT_TOLD("stale");
    event_comes(0, 12, 5, 21, 0, true);
    happens(SINK_QUIET);
    is_committed_as("10 12", 13, 22);
}

static void a_row_never_stands_behind_what_does_not_count(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    claim_comes(0, 11);
    event_comes(0, 12, 5, 21, 0, true);
    happens(SINK_QUIET);
    is_committed_as("10", 11, 21);
    assert_int_equal(sink_core_lag(&core, 0, 13), 0); /* it was seen all the same */
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_POLL);
    assert_int_equal(partitions[0].position, 13);
}

static void what_may_have_been_skipped_is_read_again_once(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    event_comes(0, 12, 5, 22, 0, true);
    is_committed_as("10", 11, 21); /* at once: nothing more flows */
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_FLOW);
    assert_int_equal(partitions[0].position, 11);
    works(SINK_ASK_FLOW);
    event_comes(0, 11, 5, 21, 0, true);
    event_comes(0, 12, 5, 22, 0, true);
    happens(SINK_QUIET);
    is_committed_as("11 12", 13, 23);
}

static void a_hole_that_stays_makes_the_partition_deaf_until_the_next_claim(void **state) {
    (void)state;
    event_comes(0, 10, 5, 21, 0, true);
    works(SINK_ASK_LOOK);
    works(SINK_ASK_FLOW);
    event_comes(0, 10, 5, 21, 0, true);
    ASSERT_TOLD("stale");
    assert_true(partitions[0].reader.deaf);
    assert_int_equal(sink_core_lag(&core, 0, 11), 1); /* it does not get on */
    now_ms += TERM_DEAF_MS_MAX - 1;
    happens(SINK_QUIET);
    ASSERT_TOLD("");
    works(SINK_ASK_LOOK);
    now_ms++;
    happens(SINK_QUIET);
    ASSERT_TOLD("deaf");
    assert_int_equal(asked.kind, SINK_ASK_LOOK);
    works(SINK_ASK_LOOK);
    polls_on();
    ASSERT_TOLD(""); /* once is enough */
    claim_comes(0, 11);
    event_comes(0, 12, 11, 20, 0, true);
    happens(SINK_QUIET);
    is_committed_as("12", 13, 21);
}

static void a_log_that_forgot_what_was_handled_ends_it(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    claim_comes(0, 11);
    event_comes(0, 12, 11, 20, 0, true); /* a decider that never saw offset 10 */
    is_committed_as("10", 11, 21);
    works(SINK_ASK_LOOK);
    works(SINK_ASK_FLOW);
    event_comes(0, 12, 11, 20, 0, true);
    ASSERT_ASKED(SINK_ASK_END);
    assert_true(core.dying);
    assert_int_equal(core.fault.kind, SINK_FAULT_LOG_FORGOT);
    assert_int_equal(core.fault.edge, 20);
}

static void a_batch_exceeds_its_limit_only_to_the_end_of_a_command(void **state) {
    (void)state;
    for (uint32_t i = 0; i < RECORDS_MAX; i++) {
        event_comes(0, 10 + i, 5, 20, i, false);
        ASSERT_ASKED(SINK_ASK_POLL);
    }
    event_comes(0, 10 + RECORDS_MAX, 5, 20, RECORDS_MAX, true);
    ASSERT_ASKED(SINK_ASK_BEGIN);
    is_committed_as("10 11 12 13 14 15 16 17 18", 19, 21);
}

static void a_batch_is_halved_where_a_command_ends(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    event_comes(0, 11, 5, 21, 0, false);
    event_comes(0, 12, 5, 21, 1, false);
    event_comes(0, 13, 5, 21, 2, true);
    happens(SINK_QUIET);
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_FLUSH) {
        happens(SINK_DONE);
    }
    fails_with(ERROR_PARK, false, "one of them is wrong");
    ASSERT_TOLD("rollback discard stuck");
    is_committed_as("10", 11, 21);
    ASSERT_ASKED(SINK_ASK_BEGIN);
    assert_int_equal(core.to - core.from, 3);
}

/* The flush fails for whoever has handled the offset, until it is put aside; in how many attempts. */
static int attempts_until_parked(int64_t poison) {
    for (int attempts = 1;; attempts++) {
        bool bad = false;
        works(SINK_ASK_BEGIN);
        while (core.asked != SINK_ASK_FLUSH) {
            bad = bad || (core.asked == SINK_ASK_HANDLE && entries[asked.entry].offset == poison);
            happens(SINK_DONE);
        }
        if (bad) {
            fails_with(ERROR_PARK, false, "one of them is wrong");
        } else {
            happens(SINK_DONE);
            ASSERT_TOLD("rollback discard"); /* a beginning is never committed */
        }
        if (strstr(told, "park") != NULL) {
            assert_int_equal(entries[asked.entry].offset, poison);
            return attempts;
        }
    }
}

static void a_record_that_spoils_its_command_is_put_aside_alone(void **state) {
    (void)state;
    for (int64_t poison = 10; poison < 15; poison++) {
        sink_story_begin_ruled(NULL);
        for (uint32_t i = 0; i < 5; i++) {
            event_comes(0, 10 + i, 5, 20, i, i == 4);
        }
        happens(SINK_QUIET);
        assert_in_range(attempts_until_parked(poison), 2, 5);
        assert_int_equal(partitions[0].next_offset, 10);
        works(SINK_ASK_DEAD_LETTER);
        works(SINK_ASK_BEGIN);
        advance_to(15);
        for (int64_t offset = 10; offset < 15; offset++) {
            if (offset != poison) {
                handle_offset(offset);
            }
        }
        works(SINK_ASK_FLUSH);
        works(SINK_ASK_COMMIT);
        assert_int_equal(partitions[0].next_offset, 15);
    }
}

static void what_fails_for_now_is_tried_again_with_its_whole_command(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, true);
    event_comes(0, 11, 5, 21, 0, false);
    event_comes(0, 12, 5, 21, 1, true);
    happens(SINK_QUIET);
    works(SINK_ASK_BEGIN);
    advance_to(13);
    handle_offset(10);
    handle_offset(11);
    fails("not now");
    is_waited_for();
    is_committed_as("10", 11, 21); /* what stood before it need not wait */
    is_committed_as("11 12", 13, 22);
}

static void a_command_whose_commit_is_refused_loses_its_last_record(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    event_comes(0, 11, 5, 20, 1, true);
    happens(SINK_QUIET);
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_COMMIT) {
        happens(SINK_DONE);
    }
    fails_with(ERROR_PARK, false, "a deferred constraint");
    ASSERT_TOLD("discard stuck park");
    assert_int_equal(entries[asked.entry].offset, 11);
    works(SINK_ASK_DEAD_LETTER);
    is_committed_as("10", 12, 21);
}

static void half_a_command_goes_with_its_partition(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    happens(SINK_REVOKED);
    ASSERT_TOLD("drop");
    assert_int_equal(core.held_count, 0);
}

static void half_a_command_outlives_a_wait_and_is_not_read_again(void **state) {
    (void)state;
    event_comes(0, 10, 5, 20, 0, false);
    happens(SINK_QUIET);
    is_away(); /* as it looks around */
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_FLOW);
    assert_int_equal(partitions[0].position, 11);
    works(SINK_ASK_FLOW);
    event_comes(0, 11, 5, 20, 1, true);
    happens(SINK_QUIET);
    is_committed_as("10 11", 12, 21);
}

static void long_without_anything_that_counts_it_looks_around(void **state) {
    (void)state;
    for (int64_t i = 0; i < (int64_t)SINK_POLLED_MAX; i++) {
        ASSERT_ASKED(SINK_ASK_POLL);
        event_comes(0, 10 + i, 4, 20, 0, true);
        ASSERT_TOLD("stale");
    }
    ASSERT_ASKED(SINK_ASK_LOOK);
}

/* --- rows from before --- */

static struct term_reader found;

/* Partition 0 of one, whose row is at offset 12 and has kept no term. */
static void is_to_be_skimmed(void) {
    is_in_the_group(1);
    step((struct sink_core_event){.kind = SINK_FOUND, .offset = 12, .high = 100, .ruled = true});
    ASSERT_ASKED(SINK_ASK_SKIM);
    assert_int_equal(partitions[0].position, 12);
}

static void a_row_without_a_term_is_worked_out(void **state) {
    (void)state;
    const struct term_position place = {.next_offset = 11, .term = {5, 5}, .cursor = 20};
    is_to_be_skimmed();
    term_reader_init(&found, &place);
    found.next_offset = 12;
    step((struct sink_core_event){.kind = SINK_FOUND, .reader = &found});
    works(SINK_ASK_FLOW);
    assert_int_equal(partitions[0].position, 12);
    event_comes(0, 12, 5, 20, 0, true);
    happens(SINK_QUIET);
    is_committed_as("12", 13, 21);
}

/* An old sink stopped behind offset 11, inside the command that begins there. */
static void stands_inside_a_command(void) {
    const struct term_position place = {.next_offset = 11, .term = {5, 5}, .cursor = 20};
    is_to_be_skimmed();
    term_reader_init(&found, &place);
    found.next_offset = 12;
    found.held = 1;
    step((struct sink_core_event){.kind = SINK_FOUND, .reader = &found});
    works(SINK_ASK_FLOW);
}

static void a_row_inside_a_command_goes_on_with_the_rest_of_it(void **state) {
    (void)state;
    stands_inside_a_command();
    event_comes(0, 12, 5, 20, 1, false);
    event_comes(0, 13, 5, 20, 2, true);
    happens(SINK_QUIET);
    is_committed_as("12 13", 14, 21);
}

static void what_was_handled_of_it_is_not_handled_when_it_is_read_again(void **state) {
    (void)state;
    stands_inside_a_command();
    event_comes(0, 13, 5, 20, 2, true); /* 12 was skipped */
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_FLOW);
    assert_int_equal(partitions[0].position, 11);
    works(SINK_ASK_FLOW);
    event_comes(0, 11, 5, 20, 0, false);
    event_comes(0, 12, 5, 20, 1, false);
    event_comes(0, 13, 5, 20, 2, true);
    happens(SINK_QUIET);
    is_committed_as("12 13", 14, 21);
}

static void what_is_skimmed_for_a_partition_that_is_gone_is_of_no_use(void **state) {
    (void)state;
    is_to_be_skimmed();
    happens(SINK_REVOKED);
    ASSERT_ASKED(SINK_ASK_SKIM);
    is_assigned(1);
    happens(SINK_QUIET);
    ASSERT_ASKED(SINK_ASK_LOAD);
    assert_int_equal(partitions[0].next_offset, SINK_OFFSET_UNKNOWN);
}

static void a_skim_that_fails_is_tried_again_and_a_stop_ends_it(void **state) {
    (void)state;
    is_to_be_skimmed();
    is_away();
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_LOAD);
    step((struct sink_core_event){.kind = SINK_FOUND, .offset = 12, .high = 100, .ruled = true});
    ASSERT_ASKED(SINK_ASK_SKIM);
    happens(SINK_STOP);
    fails("cancelled");
    ASSERT_ASKED(SINK_ASK_END);
    assert_false(core.dying);
}

static void history_counts_record_by_record_and_moves_the_cursor(void **state) {
    (void)state;
    const struct term_position place = {.next_offset = 10, .term = {.offset = TERM_NONE}};
    const struct term_label none = {.kind = TERM_LABEL_NONE};
    is_in_the_group(1);
    step((struct sink_core_event){
        .kind = SINK_FOUND, .offset = 10, .high = 100, .ruled = true, .place = &place});
    works(SINK_ASK_FLOW);
    for (int64_t offset = 10; offset < 14; offset += 2) { /* markers are between them */
        assert_true(sink_core_counts(&core, 0, offset, &none));
        step((struct sink_core_event){.kind = SINK_RECORD,
                                      .offset = offset,
                                      .label = &none,
                                      .history_cursor = offset + 7,
                                      .record = &found});
    }
    claim_comes(0, 15);
    event_comes(0, 16, 15, 19, 0, true);
    happens(SINK_QUIET);
    is_committed_as("10 12 16", 17, 20);
}

#define STORY(name) cmocka_unit_test_setup(name, sink_story_begin_ruled)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(half_a_command_makes_no_batch_and_survives_a_pause),
        STORY(what_is_held_outlives_the_batch_of_others),
        STORY(commands_of_two_partitions_that_arrive_mixed_are_apart_in_the_batch),
        STORY(a_claim_drops_half_a_command_and_begins_a_term),
        STORY(a_copy_is_passed_over),
        STORY(a_row_never_stands_behind_what_does_not_count),
        STORY(what_may_have_been_skipped_is_read_again_once),
        STORY(a_hole_that_stays_makes_the_partition_deaf_until_the_next_claim),
        STORY(a_log_that_forgot_what_was_handled_ends_it),
        STORY(a_batch_exceeds_its_limit_only_to_the_end_of_a_command),
        STORY(a_batch_is_halved_where_a_command_ends),
        STORY(a_record_that_spoils_its_command_is_put_aside_alone),
        STORY(what_fails_for_now_is_tried_again_with_its_whole_command),
        STORY(a_command_whose_commit_is_refused_loses_its_last_record),
        STORY(half_a_command_goes_with_its_partition),
        STORY(half_a_command_outlives_a_wait_and_is_not_read_again),
        STORY(long_without_anything_that_counts_it_looks_around),
        STORY(a_row_without_a_term_is_worked_out),
        STORY(a_row_inside_a_command_goes_on_with_the_rest_of_it),
        STORY(what_was_handled_of_it_is_not_handled_when_it_is_read_again),
        STORY(what_is_skimmed_for_a_partition_that_is_gone_is_of_no_use),
        STORY(a_skim_that_fails_is_tried_again_and_a_stop_ends_it),
        STORY(history_counts_record_by_record_and_moves_the_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
