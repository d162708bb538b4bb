/* SPDX-License-Identifier: Apache-2.0 */
/* How a batch is run, as stories: its transaction, and who is to blame when it fails. */
#include "tests/unit/support/sink_story.h"

#include <string.h>

static void the_offsets_of_all_partitions_move_before_a_record_is_handled(void **state) {
    (void)state;
    comes(0, 10);
    assert_int_equal(asked.timeout_ms, 0); /* what is there already, without waiting */
    comes(1, 17);                          /* transaction markers have offsets too */
    comes(0, 11);
    happens(SINK_QUIET);
    works(SINK_ASK_BEGIN);
    advance_to(12);
    advance_to(18);
    handle_offset(10);
    handle_offset(17);
    handle_offset(11);
    works(SINK_ASK_FLUSH);
    assert_int_equal(partitions[0].next_offset, 10); /* not before the commit */
    works(SINK_ASK_COMMIT);
    ASSERT_TOLD("settled drop");
    assert_int_equal(partitions[0].next_offset, 12);
    assert_int_equal(partitions[1].next_offset, 18);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_POLL);
}

static void a_batch_is_full_at_its_records_or_at_its_bytes(void **state) {
    (void)state;
    a_batch_comes(RECORDS_MAX);
    is_committed(10, 10 + RECORDS_MAX);
    works(SINK_ASK_LOOK);
    step((struct sink_core_event){.kind = SINK_RECORD, .offset = 30, .size = SINK_BATCH_BYTES_MAX});
    ASSERT_ASKED(SINK_ASK_BEGIN);
}

static void an_owner_that_was_replaced_is_fenced_before_it_touches_anything(void **state) {
    (void)state;
    a_batch_comes(3);
    works(SINK_ASK_BEGIN);
    ASSERT_ASKED(SINK_ASK_ADVANCE);
    happens(SINK_FENCED);
    ASSERT_TOLD("rollback discard fenced drop");
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_JOIN); /* leaves and comes back */
    happens(SINK_REVOKED);
    works(SINK_ASK_JOIN);
    is_assigned(1);
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_LOAD);
    stands_at(12);
    works(SINK_ASK_FLOW);
    assert_false(sink_core_expects(&core, 0, 11)); /* the other one has it */
    assert_true(sink_core_expects(&core, 0, 12));
}

static void a_commit_is_lost(void) {
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_COMMIT) {
        happens(SINK_DONE);
    }
    is_away();
    ASSERT_TOLD("discard");
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_REREAD);
}

static void a_commit_that_happened_although_its_answer_was_lost_is_not_done_again(void **state) {
    (void)state;
    a_batch_comes(3);
    a_commit_is_lost();
    stands_at(13);
    stands_at(10);
    works(SINK_ASK_BEGIN);
    works(SINK_ASK_FLUSH); /* nothing is left to move or to handle */
    works(SINK_ASK_COMMIT);
    ASSERT_TOLD("settled drop");
    assert_int_equal(partitions[0].next_offset, 13);
}

static void a_commit_that_was_lost_before_it_happened_is_done_again(void **state) {
    (void)state;
    a_batch_comes(3);
    a_commit_is_lost();
    is_away(); /* still: nobody is to blame for that */
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_REREAD);
    stands_at(10);
    stands_at(10);
    is_committed(10, 13);
}

static void where_another_owner_went_on_after_a_lost_commit_it_is_fenced(void **state) {
    (void)state;
    a_batch_comes(3);
    a_commit_is_lost();
    stands_at(14); /* we have never seen offset 13 */
    ASSERT_TOLD("fenced drop");
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_JOIN);
}

/* The flush fails for whoever tries [from, to) with offset 14 in it. */
static size_t attempts_until_parked(int64_t poison) {
    size_t attempts = 0;
    for (;;) {
        attempts++;
        works(SINK_ASK_BEGIN);
        while (core.asked != SINK_ASK_FLUSH) {
            happens(SINK_DONE);
        }
        bool bad = entries[core.from].offset <= poison && entries[core.to - 1].offset >= poison;
        if (!bad) {
            happens(SINK_DONE);
            works(SINK_ASK_COMMIT);
            continue;
        }
        fails_with(ERROR_PARK, false, "one of them is wrong");
        if (strcmp(told, "rollback discard stuck park") == 0) {
            return attempts;
        }
        ASSERT_TOLD("rollback discard stuck");
    }
}

static void a_record_that_spoils_the_flush_is_found_by_halving(void **state) {
    (void)state;
    a_batch_comes(RECORDS_MAX);
    size_t attempts = attempts_until_parked(14);
    assert_in_range(attempts, 4, 8);
    ASSERT_ASKED(SINK_ASK_DEAD_LETTER); /* before its offset moves */
    assert_int_equal(entries[asked.entry].offset, 14);
    works(SINK_ASK_DEAD_LETTER);
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_COMMIT) {
        if (core.asked == SINK_ASK_HANDLE) {
            assert_int_not_equal(entries[asked.entry].offset, 14);
        }
        happens(SINK_DONE);
    }
    happens(SINK_DONE);
    while (core.asked != SINK_ASK_LOOK) {
        happens(SINK_DONE);
    }
    assert_int_equal(partitions[0].next_offset, 10 + RECORDS_MAX);
}

static void a_record_that_its_handler_refuses_is_put_aside_and_the_rest_goes_on(void **state) {
    (void)state;
    a_batch_comes(3);
    works(SINK_ASK_BEGIN);
    advance_to(13);
    handle_offset(10);
    fails_with(ERROR_PARK, false, "will never work");
    ASSERT_TOLD("rollback discard stuck park");
    assert_string_equal(core.fault.error.message, "will never work");
    ASSERT_ASKED(SINK_ASK_DEAD_LETTER);
    assert_int_equal(entries[asked.entry].offset, 11);
    happens(SINK_DONE);
    works(SINK_ASK_BEGIN);
    advance_to(13);
    handle_offset(10);
    handle_offset(12);
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    ASSERT_TOLD("settled drop");
}

static void what_cannot_be_decoded_is_a_dead_letter_without_being_handled(void **state) {
    (void)state;
    step((struct sink_core_event){.kind = SINK_RECORD, .offset = 10, .undecodable = true});
    happens(SINK_QUIET);
    works(SINK_ASK_DEAD_LETTER);
    works(SINK_ASK_BEGIN);
    advance_to(11);
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    assert_int_equal(partitions[0].next_offset, 11);
}

static void a_dead_letter_is_sent_until_it_is_acknowledged_and_then_no_more(void **state) {
    (void)state;
    step((struct sink_core_event){.kind = SINK_RECORD, .offset = 10, .undecodable = true});
    comes(0, 11);
    happens(SINK_QUIET);
    ASSERT_ASKED(SINK_ASK_DEAD_LETTER);
    fails_with(ERROR_PARK, false, "the topic does not take it"); /* Kafka's fault all the same */
    is_waited_for();
    works(SINK_ASK_DEAD_LETTER);
    works(SINK_ASK_BEGIN);
    is_away();
    is_waited_for();
    ASSERT_ASKED(SINK_ASK_BEGIN); /* not the letter again */
}

/* Up to the record that fails, without a commit. */
static void is_tried_up_to(int64_t offset) {
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_HANDLE || entries[asked.entry].offset != offset) {
        happens(SINK_DONE);
    }
}

static void what_fails_for_the_same_reason_again_and_again_is_put_aside(void **state) {
    (void)state;
    a_batch_comes(3);
    is_tried_up_to(11);
    fails("no luck after 17 ms");
    ASSERT_TOLD("rollback discard stuck");
    is_waited_for();
    is_committed(10, 11); /* what stood before it need not wait */
    is_tried_up_to(11);
    fails("no luck after 4711 ms");
    is_waited_for();
    is_tried_up_to(11);
    fails("no luck after 0 ms");
    ASSERT_TOLD("rollback discard stuck park");
    assert_int_equal(core.partitions[0].blame.tries, TRIES_MAX);
    works(SINK_ASK_DEAD_LETTER);
    ASSERT_ASKED(SINK_ASK_BEGIN);
}

static void another_reason_begins_to_count_from_the_start(void **state) {
    (void)state;
    a_batch_comes(1);
    for (int i = 0; i < 4 * TRIES_MAX; i++) {
        is_tried_up_to(10);
        fails(i % 2 == 0 ? "this" : "that");
        is_waited_for();
    }
    is_committed(10, 11);
}

static void while_postgresql_is_away_nothing_counts(void **state) {
    (void)state;
    a_batch_comes(2);
    for (int i = 1; i <= 4 * TRIES_MAX; i++) {
        ASSERT_ASKED(SINK_ASK_BEGIN);
        is_away();
        assert_int_equal(asked.failures, i);
        is_waited_for();
    }
    is_tried_up_to(10);
    is_away();
    is_waited_for();
    is_tried_up_to(10);
    assert_int_equal(partitions[0].blame.tries, 0);
}

static void a_batch_whose_partitions_are_revoked_while_it_waits_is_dropped(void **state) {
    (void)state;
    a_batch_comes(3);
    is_away();
    ASSERT_ASKED(SINK_ASK_WAIT);
    happens(SINK_REVOKED);
    ASSERT_TOLD("drop");
    ASSERT_ASKED(SINK_ASK_WAIT); /* what was asked for stays asked for */
    is_assigned(1);
    is_waited_for();
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_LOAD);
    stands_at(13); /* somebody else was faster */
    works(SINK_ASK_FLOW);
    assert_int_equal(core.entry_count, 0);
}

static void a_commit_that_postgresql_refuses_is_no_commit(void **state) {
    (void)state;
    a_batch_comes(2);
    works(SINK_ASK_BEGIN);
    while (core.asked != SINK_ASK_COMMIT) {
        happens(SINK_DONE);
    }
    fails_with(ERROR_PARK, false, "a deferred constraint");
    ASSERT_TOLD("discard stuck"); /* there is nothing left to roll back */
    is_committed(10, 11);         /* halved, not read again */
}

static void what_cannot_be_ends_it_with_nothing_committed(void **state) {
    (void)state;
    a_batch_comes(2);
    is_tried_up_to(11);
    fails_with(ERROR_DIE, false, "a table is missing");
    ASSERT_TOLD("rollback discard drop");
    ASSERT_ASKED(SINK_ASK_END);
    assert_true(core.dying);
    assert_string_equal(core.fault.error.message, "a table is missing");
    assert_int_equal(partitions[0].next_offset, 10);
    happens(SINK_REVOKED); /* as the group is left */
}

static void asked_to_stop_it_ends_its_transaction_and_drops_the_rest(void **state) {
    (void)state;
    a_batch_comes(2);
    is_tried_up_to(10);
    happens(SINK_STOP);
    ASSERT_ASKED(SINK_ASK_HANDLE);
    happens(SINK_DONE);
    handle_offset(11);
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    ASSERT_TOLD("settled drop");
    ASSERT_ASKED(SINK_ASK_END);
    assert_false(core.dying);
}

#define STORY(name) cmocka_unit_test_setup(name, sink_story_begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(the_offsets_of_all_partitions_move_before_a_record_is_handled),
        STORY(a_batch_is_full_at_its_records_or_at_its_bytes),
        STORY(an_owner_that_was_replaced_is_fenced_before_it_touches_anything),
        STORY(a_commit_that_happened_although_its_answer_was_lost_is_not_done_again),
        STORY(a_commit_that_was_lost_before_it_happened_is_done_again),
        STORY(where_another_owner_went_on_after_a_lost_commit_it_is_fenced),
        STORY(a_record_that_spoils_the_flush_is_found_by_halving),
        STORY(a_record_that_its_handler_refuses_is_put_aside_and_the_rest_goes_on),
        STORY(what_cannot_be_decoded_is_a_dead_letter_without_being_handled),
        STORY(a_dead_letter_is_sent_until_it_is_acknowledged_and_then_no_more),
        STORY(what_fails_for_the_same_reason_again_and_again_is_put_aside),
        STORY(another_reason_begins_to_count_from_the_start),
        STORY(while_postgresql_is_away_nothing_counts),
        STORY(a_batch_whose_partitions_are_revoked_while_it_waits_is_dropped),
        STORY(a_commit_that_postgresql_refuses_is_no_commit),
        STORY(what_cannot_be_ends_it_with_nothing_committed),
        STORY(asked_to_stop_it_ends_its_transaction_and_drops_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
