/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's rule, as stories: what stands on the log, and what a reader makes of it. */
#include "runtime/term/reader.h"

#include "tests/unit/support/test.h"

#include <string.h>

static struct term_reader reader;

#define A UINT64_C(0xaaaaaaaaaaaaaaaa)
#define B UINT64_C(0xbbbbbbbbbbbbbbbb)

static enum term_verdict claim(int64_t offset, uint64_t nonce) {
    struct term_label label = {.kind = TERM_LABEL_CLAIM, .term = {TERM_NONE, nonce}};
    return term_reader_feed(&reader, offset, &label, 0);
}

/* An event of the term that `nonce` began at `claimed`. */
static enum term_verdict event(int64_t offset, int64_t claimed, uint64_t nonce, int64_t prev,
                               int64_t next, uint32_t index, bool last) {
    struct term_label label = {TERM_LABEL_EVENT, {claimed, nonce}, prev, next, index, last};
    return term_reader_feed(&reader, offset, &label, 0);
}

/* A command with one event. */
static enum term_verdict whole(int64_t offset, int64_t claimed, uint64_t nonce, int64_t prev) {
    return event(offset, claimed, nonce, prev, prev + 1, 0, true);
}

static enum term_verdict unlabelled(int64_t offset, int64_t history_cursor) {
    struct term_label label = {.kind = TERM_LABEL_NONE};
    return term_reader_feed(&reader, offset, &label, history_cursor);
}

static int before(void **state) {
    (void)state;
    struct term_position beginning = term_position_of_beginning();
    term_reader_init(&reader, &beginning);
    return 0;
}

/* The process ends; another goes on from what was kept. */
static void is_restarted(void) {
    char text[TERM_POSITION_TEXT_SIZE];
    struct term_position kept;
    size_t size = term_position_format(&reader.position, text);
    assert_true(term_position_parse(text, size, &kept));
    memset(&reader, 0xff, sizeof reader);
    term_reader_init(&reader, &kept);
}

static void stands_at(int64_t next_offset, int64_t term, int64_t cursor) {
    assert_int_equal(reader.position.next_offset, next_offset);
    assert_int_equal(reader.position.term.offset, term);
    assert_int_equal(reader.position.cursor, cursor);
}

static void a_command_is_held_until_its_last_event_delivers_it(void **state) {
    (void)state;
    assert_int_equal(claim(0, A), TERM_CLAIM);
    stands_at(1, 0, 0);
    assert_int_equal(event(1, 0, A, 0, 5, 0, false), TERM_JOINS);
    assert_int_equal(event(2, 0, A, 0, 5, 1, false), TERM_JOINS);
    assert_int_equal(reader.held, 2);
    stands_at(1, 0, 0); /* never inside a command */
    assert_int_equal(reader.next_offset, 3);
    assert_int_equal(event(3, 0, A, 0, 5, 2, true), TERM_DELIVERS);
    stands_at(4, 0, 5);
    assert_int_equal(whole(4, 0, A, 5), TERM_DELIVERS);
    stands_at(5, 0, 6);
    assert_int_equal(reader.held, 0);
}

static void a_claim_drops_the_command_under_way(void **state) {
    (void)state;
    claim(0, A);
    assert_int_equal(event(1, 0, A, 0, 1, 0, false), TERM_JOINS);
    assert_int_equal(claim(2, B), TERM_CLAIM);
    assert_int_equal(reader.held, 0);
    stands_at(3, 2, 0);
    assert_int_equal(event(3, 0, A, 0, 1, 1, true), TERM_STALE); /* its other half, too late */
    assert_int_equal(whole(4, 2, B, 0), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 1);
}

static void what_a_deposed_decider_has_in_flight_is_foreign(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    claim(2, B);
    assert_int_equal(whole(3, 0, A, 1), TERM_STALE); /* it would continue, but for its term */
    assert_int_equal(whole(4, 2, B, 1), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 1);
    assert_false(reader.deaf);
}

static void a_term_is_its_offset_and_its_nonce(void **state) {
    (void)state;
    claim(0, B); /* a log that lost its tail has used the offset of A's claim again */
    assert_int_equal(whole(1, 0, A, 0), TERM_STALE);
    assert_int_equal(whole(2, 0, B, 0), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 1);
}

static void a_second_copy_does_not_count(void **state) {
    (void)state;
    claim(0, A);
    assert_int_equal(event(1, 0, A, 0, 1, 0, false), TERM_JOINS);
    assert_int_equal(event(2, 0, A, 0, 1, 0, false), TERM_STALE); /* within the command */
    assert_int_equal(event(3, 0, A, 0, 1, 1, true), TERM_DELIVERS);
    assert_int_equal(event(4, 0, A, 0, 1, 1, true), TERM_STALE); /* behind it */
    assert_int_equal(whole(5, 0, A, 1), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_AGAIN], 2);
    assert_int_equal(claim(6, B), TERM_CLAIM);
    assert_int_equal(whole(7, 6, B, 2), TERM_DELIVERS);
}

static void what_was_seen_is_passed_over(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    assert_int_equal(claim(0, A), TERM_PASSED);
    assert_int_equal(whole(1, 0, A, 0), TERM_PASSED);
    stands_at(2, 0, 1);
    assert_int_equal(reader.stale[TERM_STALE_AGAIN], 0);
}

static void a_hole_is_read_again_and_then_makes_deaf_until_the_next_claim(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    assert_int_equal(event(2, 0, A, 1, 2, 0, false), TERM_JOINS);
    /* Its second event was lost on the way to the log; the next command's is there. */
    assert_int_equal(whole(3, 0, A, 2), TERM_REREAD);
    assert_int_equal(reader.next_offset, 2);
    assert_int_equal(reader.held, 0);
    assert_int_equal(event(2, 0, A, 1, 2, 0, false), TERM_JOINS);
    assert_int_equal(whole(3, 0, A, 2), TERM_STALE);
    assert_true(reader.deaf);
    assert_int_equal(whole(4, 0, A, 3), TERM_STALE);
    assert_int_equal(event(5, 0, A, 1, 2, 1, true), TERM_STALE); /* too late to count */
    assert_int_equal(reader.stale[TERM_STALE_HOLE], 3);
    stands_at(2, 0, 1);
    assert_int_equal(claim(6, B), TERM_CLAIM);
    assert_false(reader.deaf);
    assert_int_equal(whole(7, 6, B, 1), TERM_DELIVERS);
}

static void a_missing_place_in_a_command_is_a_hole(void **state) {
    (void)state;
    claim(0, A);
    event(1, 0, A, 0, 1, 0, false);
    assert_int_equal(event(2, 0, A, 0, 1, 2, true), TERM_REREAD);
    assert_int_equal(event(1, 0, A, 0, 1, 0, false), TERM_JOINS);
    assert_int_equal(event(2, 0, A, 0, 1, 2, true), TERM_STALE);
    assert_true(reader.deaf);
    assert_int_equal(reader.stale[TERM_STALE_MISMATCH], 1); /* nothing of the term has counted */
}

static void a_record_that_the_consumer_skipped_is_read_again(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    assert_int_equal(whole(3, 0, A, 2), TERM_REREAD); /* 2 is on the log, but did not come */
    assert_int_equal(whole(2, 0, A, 1), TERM_DELIVERS);
    assert_int_equal(whole(3, 0, A, 2), TERM_DELIVERS);
    assert_int_equal(whole(5, 0, A, 4), TERM_REREAD); /* each once */
    assert_int_equal(whole(4, 0, A, 3), TERM_DELIVERS);
    assert_int_equal(whole(5, 0, A, 4), TERM_DELIVERS);
    assert_false(reader.deaf);
}

static void a_record_that_was_skipped_last_is_noticed_at_the_end(void **state) {
    (void)state;
    unlabelled(0, 1);
    assert_false(term_reader_end(&reader, 3)); /* markers of transactions */
    claim(3, A);
    whole(4, 3, A, 1);
    assert_false(term_reader_end(&reader, 5));
    assert_true(term_reader_end(&reader, 6));
    assert_int_equal(reader.next_offset, 5);
    assert_int_equal(event(5, 3, A, 2, 3, 0, false), TERM_JOINS);
    assert_true(term_reader_end(&reader, 7));
    assert_int_equal(reader.held, 0);
    assert_int_equal(event(5, 3, A, 2, 3, 0, false), TERM_JOINS);
    assert_false(term_reader_end(&reader, 7)); /* it is really not there */
    assert_int_equal(reader.held, 1);
    assert_int_equal(event(7, 3, A, 2, 3, 1, true), TERM_DELIVERS);
}

static void a_claim_that_the_consumer_skipped_is_read_again(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    /* B's claim at 2 did not come, and what comes would continue A's term. */
    assert_int_equal(whole(3, 0, A, 1), TERM_REREAD);
    assert_int_equal(claim(2, B), TERM_CLAIM);
    assert_int_equal(whole(3, 0, A, 1), TERM_STALE);
    assert_int_equal(whole(4, 2, B, 1), TERM_DELIVERS);
}

static void the_first_claim_that_the_consumer_skipped_is_read_again(void **state) {
    (void)state;
    unlabelled(0, 1);
    assert_int_equal(whole(2, 1, A, 1), TERM_REREAD);
    assert_int_equal(reader.next_offset, 1);
    assert_int_equal(claim(1, A), TERM_CLAIM);
    assert_int_equal(whole(2, 1, A, 1), TERM_DELIVERS);
}

static void a_gap_that_stays_is_no_matter(void **state) {
    (void)state;
    claim(0, A);
    assert_int_equal(whole(3, 0, A, 0), TERM_REREAD);
    assert_int_equal(whole(3, 0, A, 0), TERM_DELIVERS);
    assert_int_equal(claim(9, B), TERM_REREAD);
    assert_int_equal(claim(9, B), TERM_CLAIM);
}

static void a_label_of_a_claim_that_is_not_there_is_read_again_once(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    claim(2, B);
    whole(3, 2, B, 1);
    is_restarted();
    assert_int_equal(whole(4, 3, A, 2), TERM_REREAD); /* of a claim at 3, which is none */
    assert_int_equal(whole(4, 3, A, 2), TERM_STALE);
    assert_int_equal(whole(5, 3, A, 3), TERM_STALE);
    assert_int_equal(whole(6, 2, B, 2), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 2);
}

/* Each was once read again because of the other, without end. */
static void labels_of_two_claims_that_are_not_there_come_to_an_end(void **state) {
    (void)state;
    claim(0, B);
    int rereads = 0;
    for (int64_t offset = 1; offset < 9; offset++) {
        /* Their claims stood at 1 and 2, in a tail that the log has lost. */
        int64_t claimed = 1 + offset % 2;
        if (whole(offset, claimed, A, 0) == TERM_REREAD) {
            assert_true(++rereads <= 8);
            offset = reader.next_offset - 1;
        }
    }
    assert_int_equal(reader.next_offset, 9);
    assert_true(reader.stale[TERM_STALE_FOREIGN] >= 8);
    assert_int_equal(whole(9, 0, B, 0), TERM_DELIVERS);
}

static void a_term_that_begins_above_the_cursor_is_a_mismatch(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    claim(2, B);
    assert_int_equal(whole(3, 2, B, 2), TERM_REREAD); /* what it stands on is not on the log */
    assert_int_equal(whole(3, 2, B, 2), TERM_STALE);
    assert_true(reader.deaf);
    assert_int_equal(whole(4, 2, B, 3), TERM_STALE);
    assert_int_equal(reader.stale[TERM_STALE_MISMATCH], 2);
    stands_at(3, 2, 1);
}

static void a_term_that_begins_below_the_cursor_means_that_the_log_forgot(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    whole(2, 0, A, 1);
    claim(3, B);
    assert_int_equal(whole(4, 3, B, 1), TERM_REREAD); /* it has folded less than was delivered */
    assert_int_equal(whole(4, 3, B, 1), TERM_FORGOTTEN);
}

static void the_second_copy_of_a_terms_first_command_is_no_mismatch(void **state) {
    (void)state;
    claim(0, A);
    event(1, 0, A, 0, 1, 0, false);
    assert_int_equal(event(2, 0, A, 0, 1, 0, false), TERM_STALE);
    assert_int_equal(reader.stale[TERM_STALE_AGAIN], 1);
    assert_int_equal(event(3, 0, A, 0, 1, 1, true), TERM_DELIVERS);
    assert_int_equal(event(4, 0, A, 0, 1, 0, false), TERM_STALE);
    is_restarted();
    assert_int_equal(event(4, 0, A, 0, 1, 0, false), TERM_STALE);
    assert_false(reader.deaf);
}

static void history_counts_record_by_record_until_the_first_claim(void **state) {
    (void)state;
    assert_int_equal(unlabelled(0, 1), TERM_HISTORY);
    assert_int_equal(unlabelled(1, 1), TERM_HISTORY); /* the same command */
    assert_int_equal(unlabelled(4, 7), TERM_HISTORY); /* behind markers of transactions */
    assert_int_equal(unlabelled(5, 0), TERM_HISTORY); /* it has no head */
    stands_at(6, TERM_NONE, 7);
    assert_int_equal(claim(8, A), TERM_CLAIM);
    stands_at(9, 8, 7);
    assert_int_equal(whole(9, 8, A, 7), TERM_DELIVERS);
    assert_int_equal(unlabelled(10, 9), TERM_STALE); /* an old decider that woke up too late */
    stands_at(10, 8, 8);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 1);
}

static void labels_before_the_first_claim_are_foreign(void **state) {
    (void)state;
    unlabelled(0, 1);
    assert_int_equal(whole(1, 77, A, 1), TERM_STALE); /* of a claim that cannot be yet */
    struct term_label malformed = {.kind = TERM_LABEL_MALFORMED};
    assert_int_equal(term_reader_feed(&reader, 2, &malformed, 5), TERM_STALE);
    stands_at(1, TERM_NONE, 1);
    assert_int_equal(reader.next_offset, 3);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 2);
}

static void a_malformed_label_is_foreign_and_harms_nothing(void **state) {
    (void)state;
    struct term_label malformed = {.kind = TERM_LABEL_MALFORMED};
    claim(0, A);
    event(1, 0, A, 0, 1, 0, false);
    assert_int_equal(term_reader_feed(&reader, 2, &malformed, 0), TERM_STALE);
    assert_int_equal(event(3, 0, A, 0, 1, 1, true), TERM_DELIVERS);
    assert_int_equal(reader.stale[TERM_STALE_FOREIGN], 1);
}

static void a_restart_in_the_middle_reads_the_command_again(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    event(2, 0, A, 1, 2, 0, false);
    is_restarted();
    stands_at(2, 0, 1);
    assert_int_equal(event(2, 0, A, 1, 2, 0, false), TERM_JOINS);
    assert_int_equal(event(3, 0, A, 1, 2, 1, true), TERM_DELIVERS);
    term_reader_restart(&reader); /* at the end of a command: nothing is left to be done */
    assert_int_equal(reader.next_offset, 4);
    event(4, 0, A, 2, 3, 0, false);
    term_reader_restart(&reader);
    assert_int_equal(reader.held, 0);
    assert_int_equal(event(4, 0, A, 2, 3, 0, false), TERM_JOINS);
}

static void a_restart_right_behind_a_claim_still_knows_a_mismatch(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    claim(2, B);
    is_restarted();
    assert_true(reader.fresh);
    assert_int_equal(whole(3, 2, B, 0), TERM_REREAD);
    assert_int_equal(whole(3, 2, B, 0), TERM_FORGOTTEN);
    whole(1, 0, A, 0);
    is_restarted();
    assert_true(reader.fresh);
}

static void a_restart_while_deaf_becomes_deaf_again(void **state) {
    (void)state;
    claim(0, A);
    whole(1, 0, A, 0);
    whole(2, 0, A, 2);
    assert_int_equal(whole(2, 0, A, 2), TERM_STALE);
    assert_true(reader.deaf);
    is_restarted();
    assert_false(reader.deaf);
    assert_int_equal(whole(2, 0, A, 2), TERM_REREAD);
    assert_int_equal(whole(2, 0, A, 2), TERM_STALE);
    assert_true(reader.deaf);
}

static void kinds_of_stale_records_have_names(void **state) {
    (void)state;
    assert_string_equal(term_stale_name(TERM_STALE_FOREIGN), "foreign");
    assert_string_equal(term_stale_name(TERM_STALE_AGAIN), "again");
    assert_string_equal(term_stale_name(TERM_STALE_HOLE), "hole");
    assert_string_equal(term_stale_name(TERM_STALE_MISMATCH), "mismatch");
}

#define STORY(name) cmocka_unit_test_setup(name, before)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_command_is_held_until_its_last_event_delivers_it),
        STORY(a_claim_drops_the_command_under_way),
        STORY(what_a_deposed_decider_has_in_flight_is_foreign),
        STORY(a_term_is_its_offset_and_its_nonce),
        STORY(a_second_copy_does_not_count),
        STORY(what_was_seen_is_passed_over),
        STORY(a_hole_is_read_again_and_then_makes_deaf_until_the_next_claim),
        STORY(a_missing_place_in_a_command_is_a_hole),
        STORY(a_record_that_the_consumer_skipped_is_read_again),
        STORY(a_record_that_was_skipped_last_is_noticed_at_the_end),
        STORY(a_claim_that_the_consumer_skipped_is_read_again),
        STORY(the_first_claim_that_the_consumer_skipped_is_read_again),
        STORY(a_gap_that_stays_is_no_matter),
        STORY(a_label_of_a_claim_that_is_not_there_is_read_again_once),
        STORY(labels_of_two_claims_that_are_not_there_come_to_an_end),
        STORY(a_term_that_begins_above_the_cursor_is_a_mismatch),
        STORY(a_term_that_begins_below_the_cursor_means_that_the_log_forgot),
        STORY(the_second_copy_of_a_terms_first_command_is_no_mismatch),
        STORY(history_counts_record_by_record_until_the_first_claim),
        STORY(labels_before_the_first_claim_are_foreign),
        STORY(a_malformed_label_is_foreign_and_harms_nothing),
        STORY(a_restart_in_the_middle_reads_the_command_again),
        STORY(a_restart_right_behind_a_claim_still_knows_a_mismatch),
        STORY(a_restart_while_deaf_becomes_deaf_again),
        STORY(kinds_of_stale_records_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
