/* SPDX-License-Identifier: Apache-2.0 */
/* How the sink comes to its batches, as stories: the group, the log, waiting, ending. */
#include "tests/unit/support/sink_story.h"

#include <string.h>

static void what_has_come_already_is_not_wanted_again(void **state) {
    (void)state;
    assert_false(sink_core_expects(&core, 0, 9));
    comes(0, 12);
    assert_false(sink_core_expects(&core, 0, 12));
    assert_true(sink_core_expects(&core, 0, 13));
    assert_true(sink_core_expects(&core, 1, 10));
    assert_false(sink_core_expects(&core, 2, 10)); /* no partition of ours */
}

static void it_waits_longer_and_longer_up_to_a_bound(void **state) {
    (void)state;
    int64_t before_ms = 0;
    a_batch_comes(1);
    for (int i = 0; i < 10; i++) {
        ASSERT_ASKED(SINK_ASK_BEGIN);
        is_away();
        int64_t delay_ms = asked.until_ms - now_ms;
        assert_true(delay_ms >= before_ms && delay_ms <= SINK_RETRY_MAX_MS);
        before_ms = delay_ms;
        is_waited_for();
    }
    assert_int_equal(before_ms, SINK_RETRY_MAX_MS / 2); /* chance drew nothing */
    is_committed(10, 11);
    works(SINK_ASK_LOOK);
    works(SINK_ASK_FLOW);
    comes(0, 11);
    happens(SINK_QUIET);
    is_away();
    assert_int_equal(asked.failures, 1); /* a commit ends the row */
}

static void while_it_waits_no_record_is_taken_and_none_is_lost(void **state) {
    (void)state;
    a_batch_comes(1);
    is_away();
    ASSERT_ASKED(SINK_ASK_WAIT);
    assert_false(sink_core_expects(&core, 0, 11));
    is_waited_for();
    is_committed(10, 11);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_FLOW); /* from the position on: 11 comes again */
    assert_int_equal(partitions[0].position, 11);
    happens(SINK_DONE);
    assert_true(sink_core_expects(&core, 0, 11));
}

static void an_assignment_that_does_not_work_out_is_left(void **state) {
    (void)state;
    comes(0, 10);
    happens(SINK_UNASSIGNABLE);
    ASSERT_TOLD("drop");
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_JOIN);
}

static void asked_to_stop_it_waits_no_longer(void **state) {
    (void)state;
    a_batch_comes(2);
    is_away();
    happens(SINK_STOP);
    happens(SINK_QUIET);
    ASSERT_TOLD("drop");
    ASSERT_ASKED(SINK_ASK_END);
}

static void a_consumer_that_is_of_no_use_any_more_ends_it(void **state) {
    (void)state;
    struct error error = {.action = ERROR_DIE, .message = "FENCED_INSTANCE_ID"};
    comes(0, 10);
    step((struct sink_core_event){.kind = SINK_BROKEN, .error = &error});
    happens(SINK_OTHER);
    ASSERT_TOLD("drop");
    ASSERT_ASKED(SINK_ASK_END);
    assert_string_equal(core.fault.error.message, "FENCED_INSTANCE_ID");
}

/* Both partitions anew, of a log from 5 to 100. */
static void is_loaded_at(int64_t offset) {
    happens(SINK_REVOKED);
    is_assigned(2);
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_LOAD);
    step((struct sink_core_event){.kind = SINK_FOUND, .offset = offset, .low = 5, .high = 100});
}

static void records_that_were_deleted_before_they_were_handled_end_it(void **state) {
    (void)state;
    is_loaded_at(4);
    ASSERT_ASKED(SINK_ASK_END);
    assert_int_equal(core.fault.kind, SINK_FAULT_LOG_BEGINS);
    assert_int_equal(core.fault.edge, 5);
}

static void a_log_that_ends_too_early_is_waited_for(void **state) {
    (void)state;
    is_loaded_at(101);
    ASSERT_ASKED(SINK_ASK_WAIT);
    assert_int_equal(core.fault.kind, SINK_FAULT_LOG_ENDS);
    assert_int_equal(core.fault.edge, 100);
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_LOAD); /* from the first partition on */
    assert_int_equal(asked.partition, 0);
}

static void a_log_that_does_not_hold_what_comes_next_ends_it(void **state) {
    (void)state;
    comes(1, 10);
    step((struct sink_core_event){.kind = SINK_GAP, .partition = 1});
    happens(SINK_OTHER);
    ASSERT_ASKED(SINK_ASK_END);
    assert_int_equal(core.fault.kind, SINK_FAULT_LOG_GAP);
    assert_int_equal(core.fault.offset, 11);
}

static void another_owner_seen_between_batches_makes_it_join_again(void **state) {
    (void)state;
    struct error error = {
        .action = ERROR_RETRY, .outside = true, .message = "another instance owns the partition"};
    happens(SINK_QUIET);
    ASSERT_ASKED(SINK_ASK_LOOK);
    step((struct sink_core_event){.kind = SINK_FENCED, .error = &error});
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_JOIN);
}

static void turns_that_fail_in_a_row_are_counted_until_one_works(void **state) {
    (void)state;
    for (int i = 1; i <= 3; i++) {
        happens(SINK_QUIET);
        ASSERT_ASKED(SINK_ASK_LOOK);
        is_away();
        assert_int_equal(asked.failures, i);
        is_waited_for();
        works(SINK_ASK_FLOW);
    }
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    happens(SINK_QUIET);
    is_away();
    assert_int_equal(asked.failures, 1);
}

static void nothing_is_behind_once_only_markers_are_left(void **state) {
    (void)state;
    assert_int_equal(sink_core_lag(&core, 0, 100), 90);
    assert_false(sink_core_caught_up(&core));
    step((struct sink_core_event){.kind = SINK_DRAINED, .partition = 0, .offset = 100});
    assert_int_equal(sink_core_lag(&core, 0, 100), 0);
    assert_int_equal(sink_core_lag(&core, 0, 103), 3);
    assert_false(sink_core_caught_up(&core)); /* there is partition 1 */
    step((struct sink_core_event){.kind = SINK_DRAINED, .partition = 1, .offset = 100});
    sink_core_lag(&core, 1, 100);
    assert_true(sink_core_caught_up(&core));
    happens(SINK_REVOKED);
    is_assigned(1);
    assert_int_equal(sink_core_lag(&core, 0, 100), -1);
}

#define STORY(name) cmocka_unit_test_setup(name, sink_story_begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_has_come_already_is_not_wanted_again),
        STORY(it_waits_longer_and_longer_up_to_a_bound),
        STORY(while_it_waits_no_record_is_taken_and_none_is_lost),
        STORY(an_assignment_that_does_not_work_out_is_left),
        STORY(asked_to_stop_it_waits_no_longer),
        STORY(a_consumer_that_is_of_no_use_any_more_ends_it),
        STORY(records_that_were_deleted_before_they_were_handled_end_it),
        STORY(a_log_that_ends_too_early_is_waited_for),
        STORY(a_log_that_does_not_hold_what_comes_next_ends_it),
        STORY(another_owner_seen_between_batches_makes_it_join_again),
        STORY(turns_that_fail_in_a_row_are_counted_until_one_works),
        STORY(nothing_is_behind_once_only_markers_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
