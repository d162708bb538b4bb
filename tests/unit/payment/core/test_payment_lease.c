/* SPDX-License-Identifier: Apache-2.0 */
/* The lease's loop, told as stories: what happens, and what is done about it. */
#include "payment/core/lease.h"
#include "payment/core/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * Each line is something that happens at a time in seconds, and all that is done until the loop waits
 * or has asked PostgreSQL for something.
 *
 *   "0 turn"                       time has passed
 *   "0 recovered", "0 recover failed"
 *   "0 leased authorize capture"   these rows; see row_of
 *   "0 lease failed", "0 lease hopeless"
 *   "0 saved", "0 saved, lost 1"   the lease of flight 1 was lost
 *   "0 save failed", "0 save hopeless"
 *   "0 answer 0 APPROVED"          flight 0's call; a status, a refusal's code, or an answer's name
 *   "0 acknowledged 0", "0 refused 0"   flight 0's command
 *   "0 woken", "0 stop"
 *
 * Flights are numbered by their slot; there are four, and they are taken in turn. A row is leased for
 * 60 s, a call takes 20 s at most, the hold ends after 1,000 s. "save 0+" keeps flight 0's lease.
 */
#define SLOTS 4
#define HOLD_ENDS_MS 1000000

static const struct payment_lease_settings settings = {
    .limits =
        {
            .retry_base_ms = 1000,
            .retry_maximum_ms = 60000,
            .buyer_retry_maximum_ms = 4000,
            .settle_ms = 60000,
            .refund_poll_ms = 2000,
            .operator_retry_ms = 3600000,
        },
    .in_flight_max = SLOTS,
    .lease_ms = 60000,
    .timeout_ms = 20000,
    .poll_ms = 200,
    .drain_ms = 3000,
};

struct trace_line {
    const char *happens;
    const char *done;
};

struct story {
    struct payment_lease lease;
    struct payment_flight slots[SLOTS];
    char done[512];
};

/* "authorize", "capture", "void", "refund"; "orphan": a void that the log is not told of; "over": an
 * attempt whose hold is over; "known": an attempt whose result is to be reported. */
static struct payment_row row_of(const char *word) {
    struct payment_row row = {
        .reported = strcmp(word, "orphan") != 0,
        .attempt = 1,
        .work = {.kind = PAYMENT_AUTHORIZE, .amount_minor = 2500, .currency = "USD"},
    };
    struct payment_work *work = &row.work;
    if (strcmp(word, "orphan") == 0) {
        work->kind = PAYMENT_VOID;
    } else if (strcmp(word, "over") != 0 && strcmp(word, "known") != 0) {
        assert_true(payment_kind_parse(word, &work->kind));
    }
    work->step = payment_kind_first_step(work->kind);
    work->expires_at_ms = strcmp(word, "over") == 0 ? 0 : HOLD_ENDS_MS;
    if (work->kind != PAYMENT_AUTHORIZE) {
        strcpy(work->payment_id, "pay1");
    }
    if (strcmp(word, "known") == 0) {
        work->step = PAYMENT_STEP_REPORT;
        work->result = PAYMENT_RESULT_AUTHORIZED;
    }
    return row;
}

static struct payment_answer answer_of(const char *word) {
    struct payment_answer answer = {
        .kind = PAYMENT_ANSWER_PAYMENT, .amount_minor = 2500, .currency = "USD"};
    strcpy(answer.payment_id, "pay1");
    if (payment_status_parse(word, &answer.status)) {
        return answer;
    }
    for (int kind = PAYMENT_ANSWER_ACCEPTED; kind < PAYMENT_ANSWER_COUNT; kind++) {
        if (strcmp(payment_answer_kind_name((enum payment_answer_kind)kind), word) == 0) {
            answer.kind = (enum payment_answer_kind)kind;
            return answer;
        }
    }
    answer.kind = PAYMENT_ANSWER_REFUSED;
    strcpy(answer.code, word);
    return answer;
}

__attribute__((format(printf, 2, 3))) static void done_add(struct story *story, const char *format,
                                                           ...) {
    size_t used = strlen(story->done);
    va_list arguments;
    va_start(arguments, format);
    used +=
        (size_t)snprintf(story->done + used, sizeof story->done - used, "%s", used > 0 ? "; " : "");
    vsnprintf(story->done + used, sizeof story->done - used, format, arguments);
    va_end(arguments);
}

static void saving_describe(struct story *story) {
    char text[64] = "save";
    for (int32_t i = payment_lease_saving(&story->lease, -1); i >= 0;
         i = payment_lease_saving(&story->lease, i)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, " %d%s", (int)i,
                 payment_lease_kept_ms(&story->lease, i) > 0 ? "+" : "");
    }
    done_add(story, "%s", text);
}

static void effect_describe(struct story *story, const struct payment_lease_effect *effect) {
    static const struct {
        const char *name;
        enum { NOTHING, SLOT, NUMBER, TEXT } more;
    } words[] = {
        [PAYMENT_LEASE_TELL_ALARM] = {"alarm:", TEXT},
        [PAYMENT_LEASE_TELL_SETTLED] = {"settled", SLOT},
        [PAYMENT_LEASE_TELL_DONE] = {"done", SLOT},
        [PAYMENT_LEASE_TELL_LATE] = {"late by", NUMBER},
        [PAYMENT_LEASE_TELL_PROBING] = {"probing", NOTHING},
        [PAYMENT_LEASE_TELL_ANSWERS_AGAIN] = {"answers again", NOTHING},
        [PAYMENT_LEASE_TELL_UNAUTHORIZED] = {"unauthorized", NOTHING},
        [PAYMENT_LEASE_TELL_AUTHORIZED] = {"authorized", NOTHING},
        [PAYMENT_LEASE_RECOVER] = {"recover", NOTHING},
        [PAYMENT_LEASE_LEASE] = {"lease", NUMBER},
        [PAYMENT_LEASE_CALL] = {"call", SLOT},
        [PAYMENT_LEASE_SAVE] = {"save", NOTHING},
        [PAYMENT_LEASE_REPORT] = {"report", SLOT},
        [PAYMENT_LEASE_RELEASE] = {"release", SLOT},
        [PAYMENT_LEASE_COUNT] = {"count", NOTHING},
        [PAYMENT_LEASE_WAIT] = {"wait", NUMBER},
        [PAYMENT_LEASE_DIE] = {"die:", TEXT},
        [PAYMENT_LEASE_END] = {"end with", NUMBER},
    };
    const char *name = words[effect->kind].name;
    if (effect->kind == PAYMENT_LEASE_SAVE) {
        saving_describe(story);
    } else if (effect->kind == PAYMENT_LEASE_CALL) {
        done_add(story, "%s %d %s", name, (int)effect->flight,
                 payment_step_name(story->slots[effect->flight].row.work.step));
    } else if (effect->kind == PAYMENT_LEASE_LEASE && !effect->calls) {
        done_add(story, "%s %d known", name, (int)effect->number);
    } else if (words[effect->kind].more == SLOT) {
        done_add(story, "%s %d", name, (int)effect->flight);
    } else if (words[effect->kind].more == NUMBER) {
        done_add(story, "%s %d", name, (int)effect->number);
    } else if (words[effect->kind].more == TEXT) {
        done_add(story, "%s %s", name, effect->text);
    } else {
        done_add(story, "%s", name);
    }
}

/* Whether the loop itself goes on: nothing is waited for. */
static bool goes_on(const struct payment_lease_effects *effects) {
    switch (effects->count > 0 ? effects->items[effects->count - 1].kind : PAYMENT_LEASE_WAIT) {
    case PAYMENT_LEASE_CALL:
    case PAYMENT_LEASE_REPORT:
    case PAYMENT_LEASE_RELEASE:
    case PAYMENT_LEASE_COUNT:
        return true;
    default:
        return false;
    }
}

static void event_tell(struct story *story, struct payment_lease_event event) {
    struct payment_lease_effects effects;
    story->done[0] = '\0';
    do {
        payment_lease_step(&story->lease, &event, &effects);
        for (int32_t i = 0; i < effects.count; i++) {
            effect_describe(story, &effects.items[i]);
        }
        event.kind = PAYMENT_LEASE_TURN;
    } while (goes_on(&effects));
}

/* The event's kind by its words; *rest is behind them. */
static enum payment_lease_event_kind kind_of(const char *text, const char **rest) {
    static const struct {
        const char *words;
        enum payment_lease_event_kind kind;
    } kinds[] = {
        {"turn", PAYMENT_LEASE_TURN},
        {"recovered", PAYMENT_LEASE_RECOVERED},
        {"recover failed", PAYMENT_LEASE_RECOVER_FAILED},
        {"leased", PAYMENT_LEASE_LEASED},
        {"lease ", PAYMENT_LEASE_LEASE_FAILED},
        {"saved", PAYMENT_LEASE_SAVED},
        {"save ", PAYMENT_LEASE_SAVE_FAILED},
        {"answer ", PAYMENT_LEASE_ANSWERED},
        {"acknowledged ", PAYMENT_LEASE_REPORTED},
        {"refused ", PAYMENT_LEASE_REPORTED},
        {"woken", PAYMENT_LEASE_WOKEN},
        {"stop", PAYMENT_LEASE_STOP},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t size = strlen(kinds[i].words);
        if (strncmp(text, kinds[i].words, size) == 0) {
            *rest = text + size;
            return kinds[i].kind;
        }
    }
    fail_msg("nothing happens like \"%s\"", text);
    return PAYMENT_LEASE_TURN;
}

static void line_tell(struct story *story, const char *happens) {
    struct payment_row rows[SLOTS];
    struct payment_answer answer;
    char word[64];
    const char *rest = NULL;
    double seconds;
    int at = 0, slot = 0;
    assert_int_equal(sscanf(happens, "%lf %n", &seconds, &at), 1);
    struct payment_lease_event event = {
        .kind = kind_of(happens + at, &rest),
        .now_ms = (int64_t)(seconds * 1000),
        .monotonic_ms = (int64_t)(seconds * 1000),
        .rows = rows,
        .answer = &answer,
        .failure = "",
    };
    event.hopeless = strcmp(rest, "hopeless") == 0;
    if (event.kind == PAYMENT_LEASE_LEASED) {
        for (int used = 0; sscanf(rest, " %63s%n", word, &used) == 1; rest += used) {
            rows[event.count++] = row_of(word);
        }
    } else if (event.kind == PAYMENT_LEASE_SAVED) {
        bool lost = sscanf(rest, ", lost %d", &slot) == 1;
        for (int32_t i = 0; i < SLOTS; i++) {
            story->slots[i].owned = !(lost && slot == i);
        }
    } else if (event.kind == PAYMENT_LEASE_ANSWERED) {
        assert_int_equal(sscanf(rest, "%d %63s", &slot, word), 2);
        answer = answer_of(word);
    } else if (event.kind == PAYMENT_LEASE_REPORTED) {
        slot = atoi(rest);
        event.acknowledged = happens[at] == 'a';
        event.failure = event.acknowledged ? "" : "no leader";
    }
    event.flight = slot;
    event_tell(story, event);
}

/* Counting is left to its own story. */
static void story_begin(struct story *story) {
    memset(story, 0, sizeof *story);
    payment_lease_init(&story->lease, &settings, story->slots);
    story->lease.count_at_ms = INT64_MAX;
}

static void story_go_on(struct story *story, const struct trace_line *lines) {
    for (; lines->happens != NULL; lines++) {
        line_tell(story, lines->happens);
        if (strcmp(story->done, lines->done) != 0) {
            fail_msg("%s\n  is done: %s\n  must be: %s", lines->happens, story->done, lines->done);
        }
    }
}

#define STORY(story, ...)                                                                          \
    story_go_on((story), (const struct trace_line[]){__VA_ARGS__, {NULL, NULL}})

/* Begins with rows at 0 s, right after the start. */
static void story_begin_with(struct story *story, const char *rows, const char *done) {
    char leased[64];
    snprintf(leased, sizeof leased, "0 leased %s", rows);
    story_begin(story);
    STORY(story, {"0 turn", "recover"}, {"0 recovered", "lease 4"}, {leased, done});
}

static void authorized_from_lease_to_done(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize", "call 0 create; wait 200");
    STORY(&story, {"0.1 answer 0 APPROVED", "settled 0"}, {"0.1 turn", "save 0+"},
          {"0.1 saved", "report 0; lease 3"}, {"0.1 leased", "wait 200"},
          {"0.2 acknowledged 0", "done 0"}, {"0.2 turn", "save 0"},
          {"0.2 saved", "release 0; lease 4"}, {"0.2 leased", "wait 200"});
}

static void many_are_under_way_and_saved_together(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize capture refund",
                     "call 0 create; call 1 complete; call 2 refund; wait 200");
    STORY(&story, {"0.1 answer 2 unknown", ""}, {"0.1 answer 0 CVV_FAILURE", "settled 0"},
          {"0.1 turn", "save 2 0+"}, {"0.1 saved", "release 2; report 0; lease 2"},
          {"0.1 leased", "wait 200"}, {"0.2 answer 1 COMPLETED", "settled 1"},
          {"0.2 acknowledged 0", "done 0"}, {"0.2 turn", "save 1+ 0"},
          {"0.2 saved", "report 1; release 0; lease 3"});
}

static void a_full_batch_is_followed_by_the_next_at_once(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize authorize authorize authorize",
                     "call 0 create; call 1 create; call 2 create; call 3 create; wait 200");
    /* There is no room: nothing is leased until something is written. */
    STORY(&story, {"0.1 woken", ""}, {"0.1 turn", "wait 200"}, {"5 turn", "wait 200"},
          {"5.1 answer 1 unknown", ""}, {"5.1 turn", "save 1"}, {"5.1 saved", "release 1; lease 1"},
          {"5.1 leased capture", "call 1 complete; wait 200"});
}

static void idle_looks_for_due_rows_every_poll(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "", "wait 200");
    STORY(&story, {"0.15 turn", "wait 50"}, {"0.2 turn", "lease 4"}, {"0.2 leased", "wait 200"},
          {"0.25 woken", ""}, {"0.25 turn", "lease 4"}, {"0.25 leased", "wait 200"});
}

static void woken_while_full_is_not_forgotten(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "known known known known",
                     "report 0; report 1; report 2; report 3; wait 200");
    STORY(&story, {"0.1 woken", ""}, {"0.1 turn", "wait 200"}, {"0.2 acknowledged 0", "done 0"},
          {"0.2 turn", "save 0"}, {"0.2 save failed", "wait 200"}, {"0.3 turn", "save 0"},
          {"0.3 saved", "release 0; lease 1"});
    assert_false(story.lease.woken);
}

static void lease_lost_between_call_and_save(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize authorize", "call 0 create; call 1 create; wait 200");
    /* Somebody else has flight 0's row by now: its result is theirs to report. */
    STORY(&story, {"90 answer 0 APPROVED", "settled 0"}, {"90 answer 1 APPROVED", "settled 1"},
          {"90 turn", "save 0+ 1+"}, {"90 saved, lost 0", "release 0; report 1; lease 3"});
}

static void lease_lost_between_report_and_save(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "known", "report 0; wait 200");
    STORY(&story, {"90 acknowledged 0", "done 0"}, {"90 turn", "save 0"},
          {"90 saved, lost 0", "release 0; lease 4"});
}

static void slept_since_leasing_and_does_not_call(void **state) {
    (void)state;
    struct story story;
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recovered", "lease 4"},
          {"40 leased authorize capture", "call 0 create; call 1 complete; wait 0"});
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recovered", "lease 4"},
          {"40.001 leased authorize known capture",
           "late by 40001; release 0; report 1; late by 40001; release 2; wait 0"});
}

static void slept_between_two_calls(void **state) {
    (void)state;
    struct story story;
    struct payment_lease_effects effects;
    struct payment_row rows[] = {row_of("authorize"), row_of("authorize")};
    struct payment_lease_event event = {
        .kind = PAYMENT_LEASE_LEASED, .count = 2, .rows = rows, .monotonic_ms = 100};
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recovered", "lease 4"});
    payment_lease_step(&story.lease, &event, &effects);
    assert_int_equal(effects.items[0].kind, PAYMENT_LEASE_CALL);
    STORY(&story, {"50 turn", "late by 50000; release 1; wait 0"});
}

static void hold_that_is_over_is_written_down_first(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "over", "wait 0");
    assert_string_equal(story.slots[0].failure, "HOLD_EXPIRED");
    STORY(&story, {"0 turn", "save 0+"}, {"0 saved", "report 0; lease 3"});
}

static void orphan_is_voided_without_a_word(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "orphan", "call 0 cancel; wait 200");
    STORY(&story, {"0.1 answer 0 CANCELED", "settled 0"}, {"0.1 turn", "save 0+"},
          {"0.1 saved", "lease 3"}, {"0.1 leased", "wait 0"}, {"0.1 turn", "save 0"},
          {"0.1 saved", "release 0; lease 4"});
}

static void report_not_acknowledged_is_left_to_its_next_try(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "known", "report 0; wait 200");
    STORY(&story, {"0.1 refused 0", ""}, {"0.1 turn", "save 0"},
          {"0.1 saved", "release 0; lease 4"}, {"0.1 leased", "wait 200"});
    assert_int_equal(story.slots[0].row.work.step, PAYMENT_STEP_REPORT);
    assert_int_equal(story.slots[0].row.work.tries, 1);
    assert_string_equal(story.slots[0].failure, "no leader");
}

static void answers_are_kept_while_postgresql_is_away(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "capture capture", "call 0 complete; call 1 complete; wait 200");
    /* Nothing is leased and nothing is asked again; what comes in meanwhile is written with it. */
    STORY(&story, {"1 answer 0 COMPLETED", "settled 0"}, {"1 turn", "save 0+"},
          {"1 save failed", "wait 200"}, {"1.04 turn", "wait 200"},
          {"1.05 answer 1 COMPLETED", "settled 1"}, {"1.1 turn", "save 0+ 1+"},
          {"1.1 save failed", "wait 200"}, {"1.19 turn", "wait 200"}, {"1.3 turn", "save 0+ 1+"},
          {"1.3 saved", "report 0; report 1; lease 2"});
    assert_int_equal(story.lease.save_failures, 0);
}

static void what_cannot_be_written_ends_the_process(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "capture", "call 0 complete; wait 200");
    STORY(&story, {"1 answer 0 COMPLETED", "settled 0"}, {"1 turn", "save 0+"},
          {"1 save hopeless", "die: what the provider said cannot be written"});
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recovered", "lease 4"},
          {"0 lease hopeless", "die: work cannot be leased"});
}

static void lease_that_fails_is_tried_at_the_next_poll(void **state) {
    (void)state;
    struct story story;
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recovered", "lease 4"},
          {"0.1 lease failed", "wait 100"}, {"0.2 turn", "lease 4"});
}

static void predecessors_leases_are_given_up_first(void **state) {
    (void)state;
    struct story story;
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recover failed", "wait 50"}, {"0.01 woken", ""},
          {"0.01 turn", "wait 40"}, {"0.05 turn", "recover"}, {"0.05 recover failed", "wait 100"},
          {"0.15 turn", "recover"}, {"0.15 recovered", "lease 4"});
}

static void silent_provider_is_probed_by_a_few(void **state) {
    (void)state;
    struct story story;
    struct payment_pace pace = {.failures = PAYMENT_FAILURES_TO_PROBE - 1};
    story_begin_with(&story, "capture capture", "call 0 complete; call 1 complete; wait 200");
    story.lease.pace = pace;
    STORY(&story, {"1 answer 0 unknown", "probing"}, {"1 answer 1 not_sent", ""},
          {"1 turn", "save 0 1"}, {"1 saved", "release 0; release 1; lease 4"},
          {"1 leased capture capture", "call 2 complete; call 3 complete; wait 200"},
          {"1.2 turn", "lease 2"},
          {"1.2 leased capture capture", "call 0 complete; call 1 complete; wait 200"},
          {"2 answer 2 COMPLETED", "answers again; settled 2"}, {"2 turn", "save 2+"});
}

static void rate_limit_pauses_all_calls_but_no_reports(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "capture", "call 0 complete; wait 200");
    STORY(&story, {"1 answer 0 later", ""}, {"1 turn", "save 0"},
          {"1 saved", "release 0; lease 4 known"}, {"1 leased known", "report 1; wait 200"},
          {"1.5 woken", ""}, {"1.5 turn", "lease 3 known"}, {"1.5 leased", "wait 200"},
          {"2 turn", "lease 3"});
}

static void wrong_token_pauses_until_it_is_right(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "capture capture", "call 0 complete; call 1 complete; wait 200");
    STORY(&story,
          {"1 answer 0 unauthorized",
           "unauthorized; alarm: the provider does not accept our access token"},
          {"1 answer 1 unauthorized", "alarm: the provider does not accept our access token"},
          {"1 turn", "save 0 1"}, {"1 saved", "release 0; release 1; lease 4 known"},
          {"1 leased", "wait 200"}, {"5 turn", "lease 4"},
          {"5 leased capture", "call 2 complete; wait 200"},
          {"5.1 answer 2 COMPLETED", "authorized; settled 2"});
}

static void open_work_is_counted_now_and_then(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "", "wait 200");
    story.lease.count_at_ms = 0;
    STORY(&story, {"1 turn", "count; lease 4"}, {"1 leased capture", "call 0 complete; wait 200"},
          {"5.9 turn", "lease 3"}, {"5.9 leased", "wait 200"},
          {"6 answer 0 COMPLETED", "settled 0"}, {"6 turn", "save 0+"},
          {"6 save failed", "wait 200"}, {"6.1 turn", "save 0+"},
          {"6.1 saved", "report 0; count; lease 3"});
}

static void answer_after_a_stop_is_saved_and_reported(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize", "call 0 create; wait 200");
    STORY(&story, {"1 stop", ""}, {"1 turn", "wait 50"}, {"1.05 woken", ""},
          {"1.05 turn", "wait 50"}, {"2 answer 0 APPROVED", "settled 0"}, {"2 turn", "save 0+"},
          {"2 saved", "report 0; wait 50"}, {"2.1 acknowledged 0", "done 0"},
          {"2.1 turn", "save 0"}, {"2.1 saved", "release 0; end with 0"});
}

static void stop_waits_for_no_answer_longer_than_it_may(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "authorize authorize", "call 0 create; call 1 create; wait 200");
    STORY(&story, {"1 stop", ""}, {"1 turn", "wait 50"}, {"2 stop", ""}, {"3.9 turn", "wait 50"},
          {"4 turn", "end with 2"});
}

static void stop_while_postgresql_is_away_does_not_spin(void **state) {
    (void)state;
    struct story story;
    story_begin_with(&story, "capture", "call 0 complete; wait 200");
    STORY(&story, {"1 answer 0 COMPLETED", "settled 0"}, {"1 turn", "save 0+"},
          {"1 save failed", "wait 200"}, {"1.01 stop", ""}, {"1.01 turn", "wait 50"},
          {"1.06 turn", "save 0+"}, {"1.06 save failed", "wait 50"});
}

static void stop_before_postgresql_was_ever_there(void **state) {
    (void)state;
    struct story story;
    story_begin(&story);
    STORY(&story, {"0 turn", "recover"}, {"0 recover failed", "wait 50"}, {"0.01 stop", ""},
          {"0.01 turn", "end with 0"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorized_from_lease_to_done),
        cmocka_unit_test(many_are_under_way_and_saved_together),
        cmocka_unit_test(a_full_batch_is_followed_by_the_next_at_once),
        cmocka_unit_test(idle_looks_for_due_rows_every_poll),
        cmocka_unit_test(woken_while_full_is_not_forgotten),
        cmocka_unit_test(lease_lost_between_call_and_save),
        cmocka_unit_test(lease_lost_between_report_and_save),
        cmocka_unit_test(slept_since_leasing_and_does_not_call),
        cmocka_unit_test(slept_between_two_calls),
        cmocka_unit_test(hold_that_is_over_is_written_down_first),
        cmocka_unit_test(orphan_is_voided_without_a_word),
        cmocka_unit_test(report_not_acknowledged_is_left_to_its_next_try),
        cmocka_unit_test(answers_are_kept_while_postgresql_is_away),
        cmocka_unit_test(what_cannot_be_written_ends_the_process),
        cmocka_unit_test(lease_that_fails_is_tried_at_the_next_poll),
        cmocka_unit_test(predecessors_leases_are_given_up_first),
        cmocka_unit_test(silent_provider_is_probed_by_a_few),
        cmocka_unit_test(rate_limit_pauses_all_calls_but_no_reports),
        cmocka_unit_test(wrong_token_pauses_until_it_is_right),
        cmocka_unit_test(open_work_is_counted_now_and_then),
        cmocka_unit_test(answer_after_a_stop_is_saved_and_reported),
        cmocka_unit_test(stop_waits_for_no_answer_longer_than_it_may),
        cmocka_unit_test(stop_while_postgresql_is_away_does_not_spin),
        cmocka_unit_test(stop_before_postgresql_was_ever_there),
    };
    return cmocka_run_group_tests_name("payment lease", tests, NULL, NULL);
}
