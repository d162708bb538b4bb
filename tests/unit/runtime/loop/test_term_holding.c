/* SPDX-License-Identifier: Apache-2.0 */
/* What is held, released and handed out, as the rule judges labels; ASan sees what is lost. */
#include "runtime/loop/term_holding.h"

#include "runtime/base/error.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static struct term_reader reader;
static struct term_holding holding;
static int64_t next_offset;

static void release(void *record) { free(record); }

static int setup(void **state) {
    (void)state;
    struct term_position beginning = term_position_of_beginning();
    term_reader_init(&reader, &beginning);
    term_holding_init(&holding, release);
    next_offset = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    term_holding_deinit(&holding);
    return 0;
}

static enum term_held record(const char *label) {
    struct term_label parsed = {.kind = TERM_LABEL_NONE};
    if (label != NULL) {
        parsed = term_label_parse(label, strlen(label));
        assert_int_not_equal(parsed.kind, TERM_LABEL_MALFORMED);
    }
    int64_t *own = allocate(sizeof *own);
    *own = next_offset;
    enum term_verdict verdict = term_reader_feed(&reader, next_offset++, &parsed, 0);
    return term_holding_take(&holding, &reader, verdict, own);
}

static void held_are(size_t count, int64_t first) {
    assert_int_equal(holding.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(*(const int64_t *)holding.records[i], first + (int64_t)i);
    }
}

static void a_record_of_history_is_whole_by_itself(void **state) {
    (void)state;
    assert_int_equal(record(NULL), TERM_HELD_WHOLE);
    held_are(1, 0);
    assert_int_equal(record(NULL), TERM_HELD_WHOLE);
    held_are(1, 1);
}

static void a_command_is_handed_out_when_its_last_event_is_there(void **state) {
    (void)state;
    assert_int_equal(record("claim " A), TERM_HELD_ON);
    for (int i = 0; i < 20; i++) {
        char label[TERM_LABEL_TEXT_SIZE];
        struct term_label event = {.kind = TERM_LABEL_EVENT,
                                   .term = reader.position.term,
                                   .next = 1,
                                   .index = (uint32_t)i,
                                   .last = i == 19};
        term_label_format(&event, label);
        assert_int_equal(record(label), i == 19 ? TERM_HELD_WHOLE : TERM_HELD_ON);
    }
    held_are(20, 1);
    assert_int_equal(record("0-" A " 1 2 0 0"), TERM_HELD_ON);
    held_are(1, 21);
}

static void what_is_stale_leaves_what_is_held(void **state) {
    (void)state;
    record("claim " A);
    record("0-" A " 0 1 0 0");
    assert_int_equal(record("0-" A " 0 1 0 0"), TERM_HELD_ON); /* a copy */
    assert_int_equal(record(NULL), TERM_HELD_ON);
    held_are(1, 1);
    assert_int_equal(record("0-" A " 0 1 1 1"), TERM_HELD_WHOLE);
    assert_int_equal(holding.count, 2);
    assert_int_equal(*(const int64_t *)holding.records[1], 4);
}

static void a_claim_drops_half_a_command(void **state) {
    (void)state;
    record("claim " A);
    record("0-" A " 0 1 0 0");
    assert_int_equal(record("claim " B), TERM_HELD_ON);
    held_are(0, 0);
    assert_int_equal(record("0-" A " 0 1 1 1"), TERM_HELD_ON);
    assert_int_equal(record("2-" B " 0 1 0 1"), TERM_HELD_WHOLE);
    held_are(1, 4);
}

static void a_hole_drops_half_a_command(void **state) {
    (void)state;
    record("claim " A);
    record("0-" A " 0 1 0 0");
    assert_int_equal(record("0-" A " 1 2 0 1"), TERM_HELD_ON); /* to be read again */
    held_are(0, 0);
    next_offset = reader.position.next_offset;
    assert_int_equal(record("0-" A " 0 1 0 0"), TERM_HELD_ON);
    held_are(1, 1);
    assert_int_equal(record("0-" A " 1 2 0 1"), TERM_HELD_ON); /* still missing */
    assert_true(reader.deaf);
    held_are(0, 0);
}

static void memory_ends_somewhere(void **state) {
    (void)state;
    record("claim " A);
    enum term_held held = TERM_HELD_ON;
    uint32_t index = 0;
    while (held == TERM_HELD_ON) {
        char label[TERM_LABEL_TEXT_SIZE];
        struct term_label event = {
            .kind = TERM_LABEL_EVENT, .term = reader.position.term, .next = 1, .index = index++};
        term_label_format(&event, label);
        held = record(label);
    }
    assert_int_equal(held, TERM_HELD_TOO_MANY);
    assert_int_equal(holding.count, TERM_HELD_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_record_of_history_is_whole_by_itself),
        TEST(a_command_is_handed_out_when_its_last_event_is_there),
        TEST(what_is_stale_leaves_what_is_held),
        TEST(a_claim_drops_half_a_command),
        TEST(a_hole_drops_half_a_command),
        TEST(memory_ends_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
