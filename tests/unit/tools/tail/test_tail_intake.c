/* SPDX-License-Identifier: Apache-2.0 */
/* What ./seatlog tail tells of a partition, and in which order. */
#include "tools/tail/intake.h"

#include "runtime/base/error.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static struct tail_intake intake;
static struct term_reader reader;
static char told[512];

static void release(void *record) { free(record); }

static void begin(bool all) {
    struct term_position beginning = term_position_of_beginning();
    term_reader_init(&reader, &beginning);
    tail_intake_init(&intake, all, release);
    told[0] = '\0';
}

/* Feeds a log from the beginning on, reads again where that is asked for, and tells what may be. */
static void read_log(const char *const *labels) {
    for (int64_t offset = 0; labels[offset] != NULL; offset++) {
        const char *text = labels[offset];
        struct term_label label = {.kind = TERM_LABEL_NONE};
        if (text[0] != '\0') {
            label = term_label_parse(text, strlen(text));
        }
        enum term_verdict verdict = term_reader_feed(&reader, offset, &label, 0);
        tail_intake_take(&intake, &reader, verdict, offset, allocate(1));
        for (const struct tail_record *record; (record = tail_intake_first(&intake)) != NULL;
             tail_intake_pass(&intake)) {
            char line[128];
            snprintf(line, sizeof line, "%lld%s%s%s ", (long long)record->offset,
                     record->why != NULL ? " (" : "", record->why != NULL ? record->why : "",
                     record->why != NULL ? ")" : "");
            strcat(told, line);
        }
        if (verdict == TERM_REREAD) {
            tail_intake_restart(&intake, &reader);
            offset = reader.position.next_offset - 1;
        }
    }
    tail_intake_deinit(&intake);
}

static const char *const disturbed[] = {
    "",                /* 0: history */
    "claim " A,        /* 1 */
    "1-" A " 0 1 0 0", /* 2 */
    "1-" A " 0 1 0 0", /* 3: a copy */
    "1-" A " 0 1 1 1", /* 4 */
    "1-" A " 1 2 0 0", /* 5: half a command */
    "claim " B,        /* 6 */
    "1-" A " 1 2 1 1", /* 7: its other half */
    "6-" B " 1 2 0 1", /* 8 */
    "6-" B " 3 4 0 1", /* 9: behind a hole */
    NULL,
};

static void what_counts_is_told_in_order(void **state) {
    (void)state;
    begin(false);
    read_log(disturbed);
    assert_string_equal(told, "0 2 4 8 ");
}

static void all_is_told_once_with_the_reason(void **state) {
    (void)state;
    begin(true);
    read_log(disturbed);
    assert_string_equal(told,
                        "0 1 (a claim) 2 3 (a copy) 4 5 (its command was never whole) "
                        "6 (a claim) 7 (of another term) 8 9 (an event before it is missing) ");
}

static void half_a_command_waits(void **state) {
    (void)state;
    begin(true);
    read_log((const char *const[]){"claim " A, "0-" A " 0 1 0 0", "", NULL});
    assert_string_equal(told, "0 (a claim) ");
}

/* What stood behind half a command is read again with it, and told once. */
static void a_reread_tells_nothing_twice(void **state) {
    (void)state;
    begin(true);
    read_log((const char *const[]){"claim " A, "0-" A " 0 1 0 1", "", "0-" A " 1 2 0 0", "",
                                   "0-" A " 2 3 0 1", "claim " B, NULL});
    assert_string_equal(told, "0 (a claim) 1 2 (of another term) "
                              "3 (its command was never whole) 4 (of another term) "
                              "5 (an event before it is missing) 6 (a claim) ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_is_told_in_order),
        cmocka_unit_test(all_is_told_once_with_the_reason),
        cmocka_unit_test(half_a_command_waits),
        cmocka_unit_test(a_reread_tells_nothing_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
