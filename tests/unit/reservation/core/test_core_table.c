/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every cell of the table command x state of reservation/README.md: every command that names a
 * reservation, in every state a reservation can be in. What must come of each stands in
 * core_table.txt; with SEATLOG_GOLDEN_WRITE set, the test writes what does come of it there, for
 * people to read against the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"

#define GOLDEN SEATLOG_SOURCE_DIRECTORY "/tests/unit/reservation/core/core_table.txt"

#define HELD "at 10:00 Ada reserves A1 A2 as r1\n"
#define PAYING HELD "at 10:01 Ada pays r1 with card-1\n"
#define SECURED PAYING "at 10:02 payment authorized r1/1 as pay-1, 20.00 USD\n"
#define SOLD SECURED "at 10:03 payment captured r1/1 as pay-1, 20.00 USD\n"
#define REFUNDING SOLD "at 10:04 Ada cancels r1\n"
#define CANCELLED "at 10:05 Olga cancels Ghost: rain\n"

/* A state, and how a reservation comes to it. */
static const struct {
    const char *name;
    const char *prelude;
} states[] = {
    {"NONE", ""},
    {"HELD", HELD},
    {"HELD, declined once", PAYING "at 10:02 payment declined r1/1: CARD_DECLINED\n"},
    {"HELD, another amount was authorized",
     PAYING "at 10:02 payment authorized r1/1 as pay-1, 19.00 USD\n"},
    {"PAYING", PAYING},
    {"SECURED", SECURED},
    {"SECURED, cancel remembered", SECURED "at 10:03 Ada cancels r1\n"},
    {"SOLD", SOLD},
    {"RELEASED, expired before any payment", HELD "at 10:10 tick\n"},
    {"RELEASED, expired while paying", PAYING "at 10:20 tick\n"},
    {"RELEASED, expired while paying, then authorized too late",
     PAYING "at 10:20 tick\n"
            "at 10:20 Bob reserves A2 A3 as r2\n"
            "at 10:20 payment authorized r1/1 as pay-1, 20.00 USD\n"},
    {"RELEASED by the buyer", HELD "at 10:03 Ada releases r1\n"},
    {"RELEASED by the buyer while paying", PAYING "at 10:03 Ada releases r1\n"},
    {"RELEASED, capture failed", SECURED "at 10:03 capture failed r1/1 as pay-1: EXPIRED\n"},
    {"RELEASED, show cancelled", HELD CANCELLED},
    {"RELEASED, show cancelled while paying", PAYING CANCELLED},
    {"SECURED, show cancelled", SECURED CANCELLED},
    {"REFUNDING", REFUNDING},
    {"REFUNDED", REFUNDING "at 10:05 refund completed r1#1 as ref-1, 20.00 USD\n"},
    {"REFUND_FAILED", REFUNDING "at 10:05 refund failed r1#1 as ref-1: REFUND_DECLINED\n"},
    {"REFUNDING, show cancelled", SOLD CANCELLED},
};

static const char *const commands[] = {
    "Ada reserves A1 A2 as r1",
    "Ada reserves A2 A1 as r1",
    "Ada reserves A3 as r1",
    "Ada reserves 2 best as r1",
    "Bob reserves A1 A2 as r1",
    "Ada reserves A2 A1 as r7",
    "Ada reserves A2 A1 as r7 unkeyed",
    "Bob reserves A1 A2 as r7",
    "Ada reserves 2 best as r7 unkeyed",
    "Ada releases r1",
    "Bob releases r1",
    "Ada pays r1 with card-1",
    "Ada pays r1 with card-2",
    "Ada pays r1 with ccof:card-3",
    "Ada pays r1 with nothing",
    "Bob pays r1 with card-1",
    "payment authorized r1/1 as pay-1, 20.00 USD",
    "payment authorized r1/1 as pay-9, 20.00 USD",
    "payment authorized r1/1 as pay-9, 19.00 USD",
    "payment authorized r1/1 as pay-9, 20.00 EUR",
    "payment authorized r1/2 as pay-9, 20.00 USD",
    "payment authorized r1/1 as \"\", 20.00 USD",
    "payment declined r1/1: CARD_DECLINED",
    "payment declined r1/2: CARD_DECLINED",
    "payment captured r1/1 as pay-1, 20.00 USD",
    "payment captured r1/1 as pay-1, 19.00 USD",
    "payment captured r1/1 as pay-9, 20.00 USD",
    "payment captured r1/2 as pay-9, 20.00 USD",
    "payment captured r1/1 as pay-1, -1.00 USD",
    "capture failed r1/1 as pay-1: EXPIRED",
    "capture failed r1/1 as pay-9: EXPIRED",
    "payment voided r1/1 as pay-1",
    "payment voided r1/1 as pay-9",
    "Ada cancels r1",
    "Bob cancels r1",
    "refund completed r1#1 as ref-1, 20.00 USD",
    "refund completed r1#1 as ref-1, 19.00 USD",
    "refund completed r1#2 as ref-2, 20.00 USD",
    "refund failed r1#1 as ref-1: REFUND_DECLINED",
    "refund failed r1#2 as ref-2: REFUND_DECLINED",
    "Otto retries r1",
    "tick",
};

static void play(struct story *story, const char *lines) {
    char line[256];
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");
        assert_true(size < sizeof(line));
        memcpy(line, lines, size);
        line[size] = '\0';
        lines += size + 1;
        int64_t now_ms;
        struct command command = story_command(story, line, &now_ms);
        story_step(story, &command, now_ms);
    }
}

static void cell_play(FILE *out, const char *prelude, const char *command) {
    struct story story;
    story_init(&story);
    play(&story, "at 09:00 Olga creates Ghost\n");
    play(&story, prelude);
    size_t begin = strlen(story_transcript(&story));
    char line[256];
    snprintf(line, sizeof(line), "at 10:06 %s\n", command);
    play(&story, line);
    fprintf(out, "%s%s\n", command, story_transcript(&story) + begin);
    story_deinit(&story);
}

static char *table_play(void) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        fprintf(out, "== %s\n", states[i].name);
        for (size_t j = 0; j < sizeof(commands) / sizeof(*commands); j++) {
            cell_play(out, states[i].prelude, commands[j]);
        }
        fprintf(out, "\n");
    }
    fclose(out);
    return text;
}

static char *golden_read(void) {
    FILE *file = fopen(GOLDEN, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

static void test_table(void **state) {
    (void)state;
    char *happens = table_play();
    if (getenv("SEATLOG_GOLDEN_WRITE") != NULL) {
        FILE *file = fopen(GOLDEN, "w");
        fputs(happens, file);
        fclose(file);
    }
    char *golden = golden_read();
    char *rest_happens = NULL;
    char *rest_golden = NULL;
    const char *section = "";
    const char *command = "";
    char *line = strtok_r(happens, "\n", &rest_happens);
    char *expected = strtok_r(golden, "\n", &rest_golden);
    while (line != NULL && expected != NULL) {
        if (line[0] == '=') {
            section = line + 3;
        } else if (line[0] != ' ') {
            command = line;
        }
        if (strcmp(line, expected) != 0) {
            fail_msg("%s, \"%s\":\n  expected: %s\n  happens:  %s", section, command, expected,
                     line);
        }
        line = strtok_r(NULL, "\n", &rest_happens);
        expected = strtok_r(NULL, "\n", &rest_golden);
    }
    assert_true(line == NULL && expected == NULL);
    free(happens);
    free(golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests_name("core: every command in every state", tests, NULL, NULL);
}
