/* SPDX-License-Identifier: Apache-2.0 */
/* What the sink decides, as stories: what happened, what it told, what it asked for. */
#include "runtime/loop/sink/core.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

#define RECORDS_MAX 8
#define TRIES_MAX 3

static struct sink_core core;
static struct sink_core_entry entries[RECORDS_MAX];
static struct sink_core_partition partitions[2];
static struct sink_core_effect asked;
static char told[256]; /* "rollback discard" */
static int64_t now_ms;

static void step(struct sink_core_event event) {
    static const char *const words[] = {
        [SINK_TELL_DROP] = "drop",         [SINK_TELL_PARK] = "park",
        [SINK_TELL_ROLLBACK] = "rollback", [SINK_TELL_DISCARD] = "discard",
        [SINK_TELL_SETTLED] = "settled",   [SINK_TELL_STUCK] = "stuck",
        [SINK_TELL_FENCED] = "fenced"};
    struct sink_core_effects effects;
    event.now_ms = now_ms;
    told[0] = '\0';
    sink_core_step(&core, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.items[i].kind > SINK_ASK_NOTHING) {
            asked = effects.items[i];
            assert_int_equal(i, effects.count - 1);
            continue;
        }
        size_t size = strlen(told);
        snprintf(told + size, sizeof told - size, "%s%s", size > 0 ? " " : "",
                 words[effects.items[i].kind]);
    }
    assert_int_equal(asked.kind, core.asked);
}

static void happens(enum sink_core_event_kind kind) {
    step((struct sink_core_event){.kind = kind});
}

static void fails_with(enum error_action action, bool outside, const char *message) {
    struct error error = {.action = action, .outside = outside};
    snprintf(error.message, sizeof error.message, "%s", message);
    step((struct sink_core_event){.kind = SINK_FAILED, .error = &error});
}

static void fails(const char *message) { fails_with(ERROR_RETRY, false, message); }
static void is_away(void) { fails_with(ERROR_RETRY, true, "PostgreSQL is away"); }

static void stands_at(int64_t offset) {
    step((struct sink_core_event){.kind = SINK_FOUND, .offset = offset, .high = 100});
}

static void comes(size_t partition, int64_t offset) {
    assert_true(sink_core_wants(&core, partition, offset));
    step((struct sink_core_event){
        .kind = SINK_RECORD, .partition = partition, .offset = offset, .size = 1});
}

#define ASSERT_ASKED(wanted) assert_int_equal(asked.kind, (wanted))
#define ASSERT_TOLD(words) assert_string_equal(told, (words))

/* Answers "it worked" to what is asked for, as long as it is this. */
static void works(enum sink_core_effect_kind kind) {
    ASSERT_ASKED(kind);
    happens(SINK_DONE);
}

static void is_waited_for(void) {
    ASSERT_ASKED(SINK_ASK_WAIT);
    now_ms = asked.until_ms;
    happens(SINK_QUIET);
}

static void is_assigned(size_t count) {
    step((struct sink_core_event){
        .kind = SINK_ASSIGNED, .partitions = partitions, .partition_count = count});
}

/* In the group, owner of both partitions, at offset 10 of each; records flow. */
static int before(void **state) {
    (void)state;
    now_ms = 1000;
    memset(&asked, 0, sizeof asked);
    sink_core_init(&core, &(struct sink_core_options){.batch_records_max = RECORDS_MAX,
                                                      .record_tries_max = TRIES_MAX,
                                                      .entries = entries});
    happens(SINK_START);
    works(SINK_ASK_JOIN);
    ASSERT_ASKED(SINK_ASK_POLL);
    is_assigned(2);
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_LOAD);
    stands_at(10);
    ASSERT_ASKED(SINK_ASK_LOAD);
    stands_at(10);
    works(SINK_ASK_FLOW);
    ASSERT_ASKED(SINK_ASK_POLL);
    assert_int_equal(asked.timeout_ms, SINK_POLL_MS);
    return 0;
}

/* Records 10, 11, … of partition 0, and then none. */
static void a_batch_comes(int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        comes(0, 10 + i);
    }
    if (core.asked == SINK_ASK_POLL) {
        happens(SINK_QUIET);
    }
}

static void advance_to(int64_t offset) {
    ASSERT_ASKED(SINK_ASK_ADVANCE);
    assert_int_equal(partitions[asked.partition].moves_to, offset);
    happens(SINK_DONE);
}

static void handle_offset(int64_t offset) {
    ASSERT_ASKED(SINK_ASK_HANDLE);
    assert_int_equal(entries[asked.entry].offset, offset);
    happens(SINK_DONE);
}

/* From BEGIN to what is asked for after the COMMIT. */
static void is_committed(int64_t from, int64_t to) {
    works(SINK_ASK_BEGIN);
    advance_to(to);
    for (int64_t offset = from; offset < to; offset++) {
        handle_offset(offset);
    }
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    assert_int_equal(partitions[0].next_offset, to);
}

/* --- stories --- */

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

static void what_has_come_already_is_not_wanted_again(void **state) {
    (void)state;
    assert_false(sink_core_wants(&core, 0, 9));
    comes(0, 12);
    assert_false(sink_core_wants(&core, 0, 12));
    assert_true(sink_core_wants(&core, 0, 13));
    assert_true(sink_core_wants(&core, 1, 10));
    assert_false(sink_core_wants(&core, 2, 10)); /* no partition of ours */
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
    assert_false(sink_core_wants(&core, 0, 11)); /* the other one has it */
    assert_true(sink_core_wants(&core, 0, 12));
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
    assert_false(sink_core_wants(&core, 0, 11));
    is_waited_for();
    is_committed(10, 11);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_FLOW); /* from the position on: 11 comes again */
    assert_int_equal(partitions[0].position, 11);
    happens(SINK_DONE);
    assert_true(sink_core_wants(&core, 0, 11));
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

static void an_assignment_that_does_not_work_out_is_left(void **state) {
    (void)state;
    comes(0, 10);
    happens(SINK_UNASSIGNABLE);
    ASSERT_TOLD("drop");
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_JOIN);
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

#define STORY(name) cmocka_unit_test_setup(name, before)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(the_offsets_of_all_partitions_move_before_a_record_is_handled),
        STORY(what_has_come_already_is_not_wanted_again),
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
        STORY(it_waits_longer_and_longer_up_to_a_bound),
        STORY(while_it_waits_no_record_is_taken_and_none_is_lost),
        STORY(a_batch_whose_partitions_are_revoked_while_it_waits_is_dropped),
        STORY(an_assignment_that_does_not_work_out_is_left),
        STORY(a_commit_that_postgresql_refuses_is_no_commit),
        STORY(what_cannot_be_ends_it_with_nothing_committed),
        STORY(asked_to_stop_it_ends_its_transaction_and_drops_the_rest),
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
