/* SPDX-License-Identifier: Apache-2.0 */
/* The sender of mails as a state machine, told in prose: what happened, and what it does then. */
#include "notifier/core/sender.h"
#include "runtime/base/buffer.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS (60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)

/* Half of a back-off. */
#define RANDOM_LEAST 0u

static const struct mail_limits limits = {.retry_ms_max = HOUR_MS,
                                          .unreachable_retry_ms_max = 5 * MINUTE_MS,
                                          .give_up_ms = (int64_t)120 * HOUR_MS};

struct story {
    struct mail_server server;
    struct mail_sender sender;
    struct mail_sender_effects effects;
    struct mail_due due;
    int64_t now_ms;
    struct buffer told;
};

static int story_begin(void **state) {
    static struct story story;
    story = (struct story){
        .now_ms = 1000000,
        .due = {.outbox_id = 7,
                .mail = {.template = MAIL_CONFIRMATION, .order_id = {{3}}},
                .message_id = "<7@example.org>",
                .address = "ada@example.com",
                .pdf = {(const uint8_t *)"%PDF", 4}},
    };
    mail_server_init(&story.server);
    mail_sender_init(&story.sender, &limits, &story.server);
    *state = &story;
    return 0;
}

static int story_end(void **state) {
    struct story *story = *state;
    buffer_deinit(&story->told);
    return 0;
}

static void effects_tell(struct story *story) {
    static const char *const names[] = {
        [MAIL_SENDER_MEASURE] = "measure", [MAIL_SENDER_TAKE] = "take",
        [MAIL_SENDER_WAIT] = "wait",       [MAIL_SENDER_PAUSE] = "pause",
        [MAIL_SENDER_SPEAK] = "speak",     [MAIL_SENDER_SETTLE] = "settle",
        [MAIL_SENDER_LEAVE] = "leave",     [MAIL_SENDER_WAKE] = "wake",
        [MAIL_SENDER_END] = "end",
    };
    const struct mail_sender_effects *effects = &story->effects;
    const struct mail_verdict *verdict = effects->verdict;
    buffer_append_text(&story->told, names[effects->action]);
    if (effects->wait_ms > 0) {
        buffer_append_format(&story->told, " %lld ms", (long long)effects->wait_ms);
    }
    if (effects->address != NULL) {
        buffer_append_format(&story->told, " to %s", effects->address->wire);
    }
    if (verdict != NULL) {
        assert_int_equal(effects->due->outbox_id, 7);
        buffer_append_format(&story->told, " %s", mail_state_name(verdict->state));
        if (verdict->retry_ms > 0) {
            buffer_append_format(&story->told, " for %lld ms", (long long)verdict->retry_ms);
        }
        if (verdict->reason != NULL) {
            buffer_append_format(&story->told, ", %s", verdict->reason);
        }
    }
    buffer_append_text(&story->told, "\n");
}

static void happens(struct story *story, struct mail_sender_event event, const char *what) {
    event.now_ms = story->now_ms;
    event.random = RANDOM_LEAST;
    buffer_append_format(&story->told, "%s: ", what);
    mail_sender_step(&story->sender, &event, &story->effects);
    effects_tell(story);
}

static void it_is(struct story *story, enum mail_sender_event_kind kind) {
    static const char *const names[] = {
        [MAIL_SENDER_BEGUN] = "begun",
        [MAIL_SENDER_MEASURED] = "measured",
        [MAIL_SENDER_TAKEN] = "a mail is due",
        [MAIL_SENDER_NONE_DUE] = "nothing is due",
        [MAIL_SENDER_TAKE_FAILED] = "the outbox fails",
        [MAIL_SENDER_OUTBOX_BROKEN] = "the outbox is broken",
        [MAIL_SENDER_WAITED] = "waited",
        [MAIL_SENDER_SETTLED] = "settled",
        [MAIL_SENDER_SETTLE_FAILED] = "not settled",
        [MAIL_SENDER_LEFT] = "left",
        [MAIL_SENDER_WOKEN] = "woken",
        [MAIL_SENDER_WAKE_FAILED] = "not woken",
    };
    struct mail_sender_event event = {.kind = kind};
    event.due = kind == MAIL_SENDER_TAKEN ? &story->due : NULL;
    happens(story, event, names[kind]);
}

static void the_server_says(struct story *story, struct mail_result result) {
    char what[MAIL_ANSWER_SIZE + 8];
    snprintf(what, sizeof(what), "“%s”", result.answer);
    happens(story, (struct mail_sender_event){.kind = MAIL_SENDER_ANSWERED, .result = &result},
            what);
}

static void it_takes_the_mail(struct story *story) {
    the_server_says(story, (struct mail_result){MAIL_SENT, 250, "250 ok", false, false});
}

static void nobody_answers(struct story *story) {
    the_server_says(story, (struct mail_result){MAIL_RETRY, 0, "no answer", false, false});
}

/* What has been told since this was asked last. */
static void it_was(struct story *story, const char *expected) {
    assert_string_equal(story->told.data, expected);
    buffer_reset(&story->told);
}

/* It has measured, and asks for a mail. */
static void it_asks_for_a_mail(struct story *story) {
    it_is(story, MAIL_SENDER_BEGUN);
    it_is(story, MAIL_SENDER_MEASURED);
    it_was(story, "begun: measure\nmeasured: take\n");
}

static void the_server_answers_again(struct story *story) {
    it_is(story, MAIL_SENDER_TAKEN);
    it_takes_the_mail(story);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_is(story, MAIL_SENDER_WOKEN);
    buffer_reset(&story->told);
    assert_false(story->server.unreachable);
}

static void a_mail_is_settled_before_the_session_ends(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    the_server_answers_again(story);
    it_is(story, MAIL_SENDER_TAKEN);
    it_takes_the_mail(story);
    assert_string_equal(story->effects.verdict->answer, "250 ok");
    assert_int_equal(story->effects.verdict->code, 250);
    assert_true(story->effects.verdict->tried);
    assert_true(story->effects.verdict->asked);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_is(story, MAIL_SENDER_NONE_DUE);
    it_is(story, MAIL_SENDER_WAITED);
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "settled: leave\n"
                  "left: take\n"
                  "nothing is due: wait 1000 ms\n"
                  "waited: take\n");
}

static void the_first_mail_that_goes_out_wakes_those_that_found_no_server(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_TAKEN); /* a predecessor may have left some behind */
    it_takes_the_mail(story);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_is(story, MAIL_SENDER_WOKEN);
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "settled: leave\n"
                  "left: wake\n"
                  "woken: take\n");
    it_is(story, MAIL_SENDER_TAKEN);
    nobody_answers(story);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_is(story, MAIL_SENDER_TAKEN);
    it_takes_the_mail(story);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_is(story, MAIL_SENDER_WAKE_FAILED);
    assert_true(story->server.unreachable); /* the next one tries again */
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“no answer”: settle queued for 500 ms, server-unreachable\n"
                  "settled: leave\n"
                  "left: take\n"
                  "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "settled: leave\n"
                  "left: wake\n"
                  "not woken: take\n");
}

static void one_sender_wakes_for_all_of_a_process(void **state) {
    struct story *story = *state;
    struct mail_sender other;
    struct mail_sender_effects effects;
    mail_sender_init(&other, &limits, &story->server);
    it_asks_for_a_mail(story);
    the_server_answers_again(story);
    const struct mail_result silence = {.outcome = MAIL_RETRY, .answer = "no answer"};
    const struct mail_sender_event events[] = {
        {.kind = MAIL_SENDER_BEGUN},
        {.kind = MAIL_SENDER_MEASURED},
        {.kind = MAIL_SENDER_TAKEN, .due = &story->due},
        {.kind = MAIL_SENDER_ANSWERED, .result = &silence},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        mail_sender_step(&other, &events[i], &effects);
    }
    assert_int_equal(effects.action, MAIL_SENDER_SETTLE);
    it_is(story, MAIL_SENDER_TAKEN);
    it_takes_the_mail(story);
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "settled: leave\n"
                  "left: wake\n");
}

static void a_mail_that_cannot_be_settled_makes_it_pause(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    the_server_answers_again(story);
    for (int i = 0; i < 2; i++) {
        it_is(story, MAIL_SENDER_TAKEN);
        it_takes_the_mail(story);
        it_is(story, MAIL_SENDER_SETTLE_FAILED);
        it_is(story, MAIL_SENDER_LEFT);
        it_is(story, MAIL_SENDER_WAITED);
    }
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "not settled: leave\n"
                  "left: pause 100 ms\n"
                  "waited: take\n"
                  "a mail is due: speak to ada@example.com\n"
                  "“250 ok”: settle sent\n"
                  "not settled: leave\n"
                  "left: pause 200 ms\n"
                  "waited: take\n");
    it_is(story, MAIL_SENDER_NONE_DUE); /* it works again */
    it_is(story, MAIL_SENDER_WAITED);
    it_is(story, MAIL_SENDER_TAKE_FAILED);
    it_was(story, "nothing is due: wait 1000 ms\n"
                  "waited: take\n"
                  "the outbox fails: pause 100 ms\n");
}

static void the_pause_is_ten_seconds_at_most(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    for (int i = 0; i < 40; i++) {
        it_is(story, MAIL_SENDER_TAKE_FAILED);
        assert_int_equal(story->effects.action, MAIL_SENDER_PAUSE);
        it_is(story, MAIL_SENDER_WAITED);
    }
    buffer_reset(&story->told);
    it_is(story, MAIL_SENDER_TAKE_FAILED);
    it_was(story, "the outbox fails: pause 5000 ms\n");
}

static void an_outbox_that_nobody_can_read_ends_the_process(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_OUTBOX_BROKEN);
    it_was(story, "the outbox is broken: end\n");
    assert_false(MAIL_SENDER_MAY_STOP(story->effects.action));
}

static void it_measures_every_five_seconds(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_NONE_DUE);
    story->now_ms += 4999;
    it_is(story, MAIL_SENDER_WAITED);
    it_is(story, MAIL_SENDER_NONE_DUE);
    story->now_ms += 1;
    it_is(story, MAIL_SENDER_WAITED);
    story->now_ms += 300;
    it_is(story, MAIL_SENDER_MEASURED);
    it_is(story, MAIL_SENDER_NONE_DUE);
    story->now_ms += 4999;
    it_is(story, MAIL_SENDER_WAITED);
    it_was(story, "nothing is due: wait 1000 ms\n"
                  "waited: take\n"
                  "nothing is due: wait 1000 ms\n"
                  "waited: measure\n"
                  "measured: take\n"
                  "nothing is due: wait 1000 ms\n"
                  "waited: take\n");
}

static void it_stops_between_mails_only(void **state) {
    (void)state;
    assert_true(MAIL_SENDER_MAY_STOP(MAIL_SENDER_MEASURE));
    assert_true(MAIL_SENDER_MAY_STOP(MAIL_SENDER_TAKE));
    assert_true(MAIL_SENDER_MAY_STOP(MAIL_SENDER_WAIT));
    assert_true(MAIL_SENDER_MAY_STOP(MAIL_SENDER_PAUSE));
    assert_false(MAIL_SENDER_MAY_STOP(MAIL_SENDER_SPEAK));
    assert_false(MAIL_SENDER_MAY_STOP(MAIL_SENDER_SETTLE));
    assert_false(MAIL_SENDER_MAY_STOP(MAIL_SENDER_LEAVE));
    assert_false(MAIL_SENDER_MAY_STOP(MAIL_SENDER_WAKE));
}

static void back_off_doubles_and_depends_on_who_keeps_us_waiting(void **state) {
    struct story *story = *state;
    static const struct {
        int attempts, code;
        const char *told;
    } cases[] = {
        {0, 451, "“451 later”: settle queued for 2500 ms, server-put-off\n"},
        {1, 451, "“451 later”: settle queued for 5000 ms, server-put-off\n"},
        {30, 451, "“451 later”: settle queued for 1800000 ms, server-put-off\n"},
        {0, 0, "“451 later”: settle queued for 500 ms, server-unreachable\n"},
        {30, 0, "“451 later”: settle queued for 150000 ms, server-unreachable\n"},
    };
    it_asks_for_a_mail(story);
    the_server_answers_again(story);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        story->due.attempts = cases[i].attempts;
        it_is(story, MAIL_SENDER_TAKEN);
        buffer_reset(&story->told);
        the_server_says(story,
                        (struct mail_result){MAIL_RETRY, cases[i].code, "451 later", false, false});
        it_was(story, cases[i].told);
        assert_int_equal(story->server.unreachable, cases[i].code == 0);
        it_is(story, MAIL_SENDER_SETTLED);
        it_is(story, MAIL_SENDER_LEFT);
        buffer_reset(&story->told);
        story->server.unreachable = false;
    }
}

static void a_refusal_for_good_is_not_tried_again(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_TAKEN);
    the_server_says(story,
                    (struct mail_result){MAIL_REFUSED, 550, "550 no such user", false, false});
    assert_non_null(strstr(story->effects.verdict->sentence, "550 no such user"));
    it_is(story, MAIL_SENDER_SETTLED);
    it_is(story, MAIL_SENDER_LEFT);
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“550 no such user”: settle refused, server-refused\n"
                  "settled: leave\n"
                  "left: take\n");
    story->due.address = "jürgen@example.com";
    it_is(story, MAIL_SENDER_TAKEN);
    assert_true(story->effects.address->needs_smtputf8);
    the_server_says(story, (struct mail_result){MAIL_REFUSED, 0, "no SMTPUTF8", true, false});
    it_was(story, "a mail is due: speak to jürgen@example.com\n"
                  "“no SMTPUTF8”: settle refused, address-needs-smtputf8\n");
    assert_true(story->server.unreachable); /* it says nothing about other mails */
}

static void a_server_that_does_not_let_us_in_is_no_fault_of_the_mail(void **state) {
    struct story *story = *state;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_TAKEN);
    the_server_says(story, (struct mail_result){MAIL_RETRY, 535, "535 who?", false, true});
    it_was(story, "a mail is due: speak to ada@example.com\n"
                  "“535 who?”: settle queued for 2500 ms, sender-not-allowed\n");
}

/* A mail that is due, and what is settled without asking a server. */
static void unasked(struct story *story, struct mail_due due, const char *told) {
    story->due = due;
    it_is(story, MAIL_SENDER_TAKEN);
    assert_int_equal(story->effects.action, MAIL_SENDER_SETTLE);
    assert_false(story->effects.verdict->asked);
    assert_int_equal(story->effects.verdict->sentence[0] != '\0',
                     story->effects.verdict->reason != NULL);
    it_is(story, MAIL_SENDER_SETTLED);
    it_was(story, told);
}

static void no_server_is_asked_about_a_mail_that_is_not_to_go_out(void **state) {
    struct story *story = *state;
    const struct mail_due due = story->due;
    struct mail_due other = due;
    it_asks_for_a_mail(story);

    other.called_off = true;
    unasked(story, other, "a mail is due: settle superseded\nsettled: take\n");
    other = due;
    other.address = NULL;
    unasked(story, other, "a mail is due: settle erased, account-gone\nsettled: take\n");
    other = due;
    other.queued_ms = limits.give_up_ms + 1;
    unasked(story, other, "a mail is due: settle expired, gave-up\nsettled: take\n");
    other = due;
    other.address = "ada";
    unasked(story, other, "a mail is due: settle refused, address-invalid\nsettled: take\n");

    other = due; /* the last moment */
    other.queued_ms = limits.give_up_ms;
    other.mail.template = MAIL_REFUNDED; /* has no tickets, and is told though it was called off */
    other.called_off = true;
    other.pdf.size = 0;
    story->due = other;
    it_is(story, MAIL_SENDER_TAKEN);
    it_was(story, "a mail is due: speak to ada@example.com\n");
}

static void tickets_that_are_not_in_the_store_are_waited_for_unless_they_were_sent(void **state) {
    struct story *story = *state;
    struct mail_due due = story->due;
    due.pdf.size = 0;
    it_asks_for_a_mail(story);
    story->due = due;
    it_is(story, MAIL_SENDER_TAKEN);
    assert_true(story->effects.verdict->tried);
    assert_int_not_equal(story->effects.verdict->code, 0); /* no server that answers changes it */
    it_is(story, MAIL_SENDER_SETTLED);
    it_was(story, "a mail is due: settle queued for 2500 ms, tickets-missing\nsettled: take\n");
    due.sent_count = 1;
    unasked(story, due, "a mail is due: settle refused, tickets-missing\nsettled: take\n");
}

static void what_cannot_be_settled_unasked_makes_it_pause_too(void **state) {
    struct story *story = *state;
    story->due.called_off = true;
    it_asks_for_a_mail(story);
    it_is(story, MAIL_SENDER_TAKEN);
    it_is(story, MAIL_SENDER_SETTLE_FAILED);
    it_was(story, "a mail is due: settle superseded\nnot settled: pause 100 ms\n");
}

int main(void) {
#define STORY(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)
    const struct CMUnitTest tests[] = {
        STORY(a_mail_is_settled_before_the_session_ends),
        STORY(the_first_mail_that_goes_out_wakes_those_that_found_no_server),
        STORY(one_sender_wakes_for_all_of_a_process),
        STORY(a_mail_that_cannot_be_settled_makes_it_pause),
        STORY(the_pause_is_ten_seconds_at_most),
        STORY(an_outbox_that_nobody_can_read_ends_the_process),
        STORY(it_measures_every_five_seconds),
        STORY(it_stops_between_mails_only),
        STORY(back_off_doubles_and_depends_on_who_keeps_us_waiting),
        STORY(a_refusal_for_good_is_not_tried_again),
        STORY(a_server_that_does_not_let_us_in_is_no_fault_of_the_mail),
        STORY(no_server_is_asked_about_a_mail_that_is_not_to_go_out),
        STORY(tickets_that_are_not_in_the_store_are_waited_for_unless_they_were_sent),
        STORY(what_cannot_be_settled_unasked_makes_it_pause_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
