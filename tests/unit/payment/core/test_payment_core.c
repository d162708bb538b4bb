/* SPDX-License-Identifier: Apache-2.0 */
/* The table of payment/README.md, cell by cell. */
#include "payment/core/core.h"

#include "payment/core/names.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * Golden traces: each line is something that happens, and where the work stands afterwards. Time
 * begins at 0 s; the hold lasts until 60 s. Waits are without jitter: `random` is chosen so that it
 * is full.
 *
 *   "1.0 unknown"          at 1 s the call of the present step has this answer
 *   "2.0 prepare"          the worker looks at the row
 *   "2.0 acknowledged"     the log has the command; "lost" it has not
 *
 * After the arrow: the step, its due time, tries, and what is known.
 */
#define HOLD_ENDS_MS 60000

static const struct payment_limits limits = {
    .retry_base_ms = 1000,
    .retry_maximum_ms = 60000,
    .buyer_retry_maximum_ms = 4000,
    .settle_ms = 30000,
    .refund_poll_ms = 2000,
    .operator_retry_ms = 3600000,
};

struct trace_line {
    const char *happens;
    const char *stands;
};

static struct payment_work work_of(enum payment_kind kind) {
    struct payment_work work = {
        .kind = kind,
        .step = payment_kind_first_step(kind),
        .amount_minor = 2500,
        .currency = "USD",
        .expires_at_ms = HOLD_ENDS_MS,
    };
    if (kind != PAYMENT_AUTHORIZE) {
        strcpy(work.payment_id, "pay1");
    }
    return work;
}

/*
 * "APPROVED", "COMPLETED 900" (another amount), "COMPLETED refunded 2500", "refund PENDING",
 * "refused CODE", "FAILED CODE", or the name of an answer: "unknown", "later 7" (seconds).
 */
static struct payment_answer answer_of(const char *text) {
    struct payment_answer answer = {.amount_minor = 2500, .currency = "USD"};
    char word[32] = "", rest[64] = "";
    sscanf(text, "%31s %63[^\n]", word, rest);
    strcpy(answer.payment_id, "pay1");
    if (strcmp(word, "refund") == 0) {
        char code[64] = "";
        answer.kind = PAYMENT_ANSWER_REFUND;
        sscanf(rest, "%31s %63s", word, code);
        strcpy(answer.refund_id, "ref1");
        strcpy(answer.code, code);
        assert_true(payment_status_parse(word, &answer.status));
    } else if (strcmp(word, "refused") == 0) {
        answer.kind = PAYMENT_ANSWER_REFUSED;
        strcpy(answer.code, rest);
    } else if (payment_status_parse(word, &answer.status)) {
        answer.kind = PAYMENT_ANSWER_PAYMENT;
        if (sscanf(rest, "refunded %" SCNd64, &answer.refunded_minor) == 1) {
            strcpy(answer.refund_id, "ref0");
        } else if (sscanf(rest, "%" SCNd64, &answer.amount_minor) != 1) {
            strcpy(answer.code, rest);
        }
    } else {
        int seconds = 0;
        int kind = 0;
        while (kind < PAYMENT_ANSWER_COUNT && strcmp(payment_answer_kind_name(kind), word) != 0) {
            kind++;
        }
        assert_true(kind < PAYMENT_ANSWER_COUNT);
        answer.kind = (enum payment_answer_kind)kind;
        if (sscanf(rest, "%d", &seconds) == 1) {
            answer.retry_after_ms = seconds * 1000;
        }
    }
    return answer;
}

static void work_describe(const struct payment_work *work, const char *alarm, char *out,
                          size_t size) {
    int used = snprintf(out, size, "%s", payment_step_name(work->step));
    if (work->step < PAYMENT_STEP_REPORT) {
        used +=
            snprintf(out + used, size - (size_t)used, " at %.1f", (double)work->due_at_ms / 1000);
    }
    if (work->result != PAYMENT_RESULT_NONE) {
        used += snprintf(out + used, size - (size_t)used, " %s", payment_result_name(work->result));
    }
    if (work->result == PAYMENT_RESULT_DECLINED || work->result == PAYMENT_RESULT_CAPTURE_FAILED ||
        work->result == PAYMENT_RESULT_REFUND_FAILED) {
        used += snprintf(out + used, size - (size_t)used, " %s", work->code);
    }
    if (work->amount_minor != 2500) {
        used += snprintf(out + used, size - (size_t)used, " of %" PRId64, work->amount_minor);
    }
    if (alarm != NULL) {
        snprintf(out + used, size - (size_t)used, "; alarm: %s", alarm);
    }
}

static void trace_run(struct payment_work work, const struct trace_line *lines) {
    for (; lines->happens != NULL; lines++) {
        char stands[256];
        double seconds;
        int at = 0;
        const char *alarm = NULL;
        assert_int_equal(sscanf(lines->happens, "%lf %n", &seconds, &at), 1);
        int64_t now_ms = (int64_t)(seconds * 1000);
        const char *what = lines->happens + at;
        /* A half of the wait is fixed; the largest remainder of any half below 2^31 makes it full.
         */
        if (strcmp(what, "prepare") == 0) {
            payment_work_prepare(&work, &limits, now_ms);
        } else if (strcmp(what, "acknowledged") == 0 || strcmp(what, "lost") == 0) {
            payment_work_reported(&work, what[0] == 'a', &limits, now_ms, 0);
        } else {
            struct payment_answer answer = answer_of(what);
            alarm = payment_work_answered(&work, &answer, &limits, now_ms, 0);
        }
        work_describe(&work, alarm, stands, sizeof stands);
        if (strcmp(stands, lines->stands) != 0) {
            fail_msg("%s\n  is:      %s\n  must be: %s", lines->happens, stands, lines->stands);
        }
    }
}

#define TRACE(kind, ...)                                                                           \
    trace_run(work_of(kind), (const struct trace_line[]){__VA_ARGS__, {NULL, NULL}})

/* With random 0 a wait is its half: retries come after 0.5, 1, 2, 2, … s for buyers, up to 30 s
 * else. */

static void authorized_at_once(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"0.0 prepare", "create at 0.0"},
          {"0.1 APPROVED", "report authorized"}, {"0.2 acknowledged", "done authorized"});
}

static void declined_by_the_card(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"0.1 refused CVV_FAILURE", "report declined CVV_FAILURE"},
          {"0.2 acknowledged", "done declined CVV_FAILURE"});
    TRACE(PAYMENT_AUTHORIZE,
          {"0.1 FAILED INSUFFICIENT_FUNDS", "report declined INSUFFICIENT_FUNDS"});
    TRACE(PAYMENT_AUTHORIZE, {"0.1 refused ", "report declined GENERIC_DECLINE"});
    TRACE(PAYMENT_AUTHORIZE, {"0.1 CANCELED", "report declined DELAYED_TRANSACTION_CANCELED"});
}

static void lost_answer_is_asked_for_again_with_the_same_key(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"20.0 unknown", "create at 20.5"}, {"40.5 unknown", "create at 41.5"},
          {"41.6 APPROVED", "report authorized"});
}

static void unknown_until_the_hold_ends_is_undone_by_key(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"20.0 unknown", "create at 20.5"}, {"59.8 unknown", "create at 60.0"},
          {"60.0 prepare", "cancel_by_key at 89.8"}, {"60.1 prepare", "cancel_by_key at 89.8"},
          {"89.9 unknown", "cancel_by_key at 90.4"}, {"90.4 not_sent", "cancel_by_key at 91.4"},
          {"91.5 accepted", "report declined PROVIDER_UNREACHABLE"});
}

static void never_sent_is_declined_when_the_hold_ends(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"0.1 not_sent", "create at 0.6"}, {"0.6 not_sent", "create at 1.6"},
          {"1.6 not_sent", "create at 3.6"}, {"3.6 not_sent", "create at 5.6"},
          {"59.0 not_sent", "create at 60.0"},
          {"60.0 prepare", "report declined PROVIDER_UNREACHABLE"});
}

static void once_maybe_sent_stays_maybe_sent(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"10.0 unknown", "create at 10.5"},
          {"11.0 not_sent", "create at 12.0"}, {"60.0 prepare", "cancel_by_key at 60.0"},
          {"60.1 accepted", "report declined PROVIDER_UNREACHABLE"});
}

static void found_only_after_the_hold(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"60.0 prepare", "report declined HOLD_EXPIRED"},
          {"60.1 acknowledged", "done declined HOLD_EXPIRED"});
}

static void answer_after_the_hold_still_counts(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"75.0 APPROVED", "report authorized"});
}

static void rate_limit_is_obeyed_within_the_hold(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"1.0 later 7", "create at 8.0"}, {"8.0 later 600", "create at 60.0"});
}

static void wrong_token_keeps_the_work(void **state) {
    (void)state;
    TRACE(
        PAYMENT_AUTHORIZE,
        {"1.0 unauthorized", "create at 1.5; alarm: the provider does not accept our access token"},
        {"2.0 APPROVED", "report authorized"});
    TRACE(PAYMENT_CAPTURE, {"1.0 unauthorized", "complete at 1.5; alarm: the provider does not "
                                                "accept our access token"});
    TRACE(PAYMENT_VOID, {"1.0 unauthorized", "cancel at 1.5; alarm: the provider does not accept "
                                             "our access token"});
    TRACE(PAYMENT_REFUND, {"1.0 unauthorized", "refund at 1.5; alarm: the provider does not accept "
                                               "our access token"});
}

static void key_used_with_other_settings_is_undone(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE,
          {"1.0 refused IDEMPOTENCY_KEY_REUSED",
           "cancel_by_key at 31.0; alarm: an attempt was begun with other settings; it is undone"},
          {"31.1 accepted", "report declined PROVIDER_UNREACHABLE"});
}

static void another_amount_is_undone(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE,
          {"1.0 APPROVED 900",
           "cancel_by_key at 31.0; alarm: the provider set aside another amount "
           "than was asked for"},
          {"31.1 accepted", "report declined AMOUNT_MISMATCH"});
}

static void pending_authorization_is_looked_up(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"1.0 PENDING", "look_up at 1.5"}, {"1.5 PENDING", "look_up at 2.5"},
          {"2.5 APPROVED", "report authorized"});
    TRACE(PAYMENT_AUTHORIZE, {"1.0 PENDING", "look_up at 1.5"},
          {"60.0 prepare", "cancel_by_key at 60.0"},
          {"60.1 accepted", "report declined PROVIDER_UNREACHABLE"});
}

static void undoing_meets_a_settled_payment(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"1.0 unknown", "create at 1.5"},
          {"60.0 prepare", "cancel_by_key at 60.0"},
          {"60.1 refused DELAYED_TRANSACTION_EXPIRED", "report declined PROVIDER_UNREACHABLE"});
    TRACE(PAYMENT_AUTHORIZE, {"1.0 unknown", "create at 1.5"},
          {"60.0 prepare", "cancel_by_key at 60.0"},
          {"60.1 refused DELAYED_TRANSACTION_CAPTURED",
           "cancel_by_key at 3660.1; alarm: an unsettled authorization cannot be undone by its "
           "key"});
}

static void command_not_acknowledged_is_written_again(void **state) {
    (void)state;
    TRACE(PAYMENT_AUTHORIZE, {"0.1 APPROVED", "report authorized"},
          {"0.2 lost", "report authorized"}, {"0.9 prepare", "report authorized"},
          {"70.0 prepare", "report authorized"}, {"70.1 acknowledged", "done authorized"});
}

static void captured(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"0.0 prepare", "complete at 0.0"}, {"0.1 COMPLETED", "report captured"},
          {"0.2 acknowledged", "done captured"});
    TRACE(PAYMENT_CAPTURE,
          {"0.1 COMPLETED 2400", "report captured of 2400; alarm: the provider captured another "
                                 "amount than was authorized"});
}

static void unknown_capture_is_looked_up(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"20.0 unknown", "look_up at 20.5"},
          {"20.6 COMPLETED", "report captured"});
    TRACE(PAYMENT_CAPTURE, {"20.0 unknown", "look_up at 20.5"}, {"20.6 unknown", "look_up at 21.6"},
          {"21.6 APPROVED", "complete at 23.6"}, {"23.7 COMPLETED", "report captured"});
}

static void capture_waits_out_an_outage_past_the_hold(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"1.0 not_sent", "complete at 1.5"},
          {"100.0 prepare", "complete at 1.5"}, {"100.0 not_sent", "complete at 101.0"},
          {"101.0 later 30", "complete at 131.0"}, {"131.0 COMPLETED", "report captured"});
}

static void capture_failed_for_good(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"0.1 refused DELAYED_TRANSACTION_EXPIRED", "look_up at 0.1"},
          {"0.2 CANCELED", "report capture_failed DELAYED_TRANSACTION_EXPIRED"});
    TRACE(PAYMENT_CAPTURE, {"0.1 unknown", "look_up at 0.6"},
          {"0.7 CANCELED", "report capture_failed DELAYED_TRANSACTION_CANCELED"});
    TRACE(PAYMENT_CAPTURE, {"0.1 FAILED", "report capture_failed DELAYED_TRANSACTION_FAILED"});
    TRACE(PAYMENT_CAPTURE, {"0.1 refused NOT_FOUND", "look_up at 0.1"},
          {"0.2 refused NOT_FOUND", "report capture_failed NOT_FOUND; alarm: the provider does not "
                                    "know a payment of ours"});
}

static void capture_refused_because_it_was_done(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"0.1 refused DELAYED_TRANSACTION_CAPTURED", "look_up at 0.1"},
          {"0.2 COMPLETED", "report captured"});
}

static void capture_refused_and_still_approved_is_no_busy_loop(void **state) {
    (void)state;
    TRACE(PAYMENT_CAPTURE, {"0.1 refused CONFLICT", "look_up at 0.1"},
          {"0.2 APPROVED", "complete at 1.2"}, {"1.3 refused CONFLICT", "look_up at 3.3"},
          {"3.4 APPROVED", "complete at 5.4"}, {"5.5 COMPLETED", "report captured"});
}

static void voided(void **state) {
    (void)state;
    TRACE(PAYMENT_VOID, {"0.1 CANCELED", "report voided"}, {"0.2 acknowledged", "done voided"});
    TRACE(PAYMENT_VOID, {"0.1 refused DELAYED_TRANSACTION_CANCELED", "look_up at 0.1"},
          {"0.2 CANCELED", "report voided"});
    TRACE(PAYMENT_VOID, {"0.1 unknown", "look_up at 0.6"}, {"0.7 APPROVED", "cancel at 1.7"},
          {"1.8 CANCELED", "report voided"});
    TRACE(PAYMENT_VOID, {"0.1 refused NOT_FOUND", "look_up at 0.1"},
          {"0.2 refused NOT_FOUND",
           "report voided; alarm: the provider does not know a payment of ours"});
}

static void void_of_a_captured_payment_waits_for_an_operator(void **state) {
    (void)state;
    TRACE(
        PAYMENT_VOID, {"0.1 refused DELAYED_TRANSACTION_CAPTURED", "look_up at 0.1"},
        {"0.2 COMPLETED", "look_up at 3600.2; alarm: a payment that is to be voided was captured: "
                          "refund it at the provider"},
        {"3600.3 COMPLETED refunded 1000",
         "look_up at 7200.3; alarm: a payment that is to be voided was captured: refund it at the "
         "provider"},
        {"7200.4 COMPLETED refunded 2500", "report voided"});
}

static void refunded(void **state) {
    (void)state;
    TRACE(PAYMENT_REFUND, {"0.1 refund COMPLETED", "report refunded"},
          {"0.2 acknowledged", "done refunded"});
    TRACE(PAYMENT_REFUND, {"0.1 unknown", "refund at 0.6"}, {"0.7 not_sent", "refund at 1.7"},
          {"1.8 refund PENDING", "look_up_refund at 2.8"},
          {"2.9 refund PENDING", "look_up_refund at 4.9"}, {"4.9 unknown", "look_up_refund at 6.9"},
          {"7.0 refund COMPLETED", "report refunded"});
}

static void refund_fails(void **state) {
    (void)state;
    TRACE(PAYMENT_REFUND, {"0.1 refund PENDING", "look_up_refund at 1.1"},
          {"1.2 refund REJECTED", "report refund_failed REFUND_REJECTED"});
    TRACE(PAYMENT_REFUND, {"0.1 refund FAILED", "report refund_failed REFUND_FAILED"});
    TRACE(PAYMENT_REFUND, {"0.1 refused REFUND_DECLINED", "report refund_failed REFUND_DECLINED"});
}

static void second_refund_finds_everything_given_back(void **state) {
    (void)state;
    TRACE(PAYMENT_REFUND, {"0.1 refused REFUND_ALREADY_PENDING", "refund at 0.6"},
          {"0.7 refused REFUND_AMOUNT_INVALID", "look_up at 0.7"},
          {"0.8 COMPLETED refunded 2500", "report refunded"});
    TRACE(PAYMENT_REFUND, {"0.1 refused PAYMENT_NOT_REFUNDABLE", "look_up at 0.1"},
          {"0.2 CANCELED", "report refund_failed PAYMENT_NOT_REFUNDABLE"});
    TRACE(PAYMENT_REFUND, {"0.1 refused REFUND_AMOUNT_INVALID", "look_up at 0.1"},
          {"0.2 COMPLETED refunded 100", "report refund_failed REFUND_AMOUNT_INVALID"});
}

static void lost_refund_is_asked_for_again(void **state) {
    (void)state;
    TRACE(PAYMENT_REFUND, {"0.1 refund PENDING", "look_up_refund at 1.1"},
          {"1.2 refused NOT_FOUND",
           "refund at 2.2; alarm: the provider does not know a refund of ours"},
          {"2.3 refund COMPLETED", "report refunded"});
}

static void waits_grow_to_their_bound_and_spread(void **state) {
    (void)state;
    struct payment_answer unknown = {.kind = PAYMENT_ANSWER_UNKNOWN};
    struct payment_work work = work_of(PAYMENT_REFUND);
    for (int i = 0; i < 100; i++) {
        payment_work_answered(&work, &unknown, &limits, 0, UINT32_MAX - (uint32_t)i * 7919);
        int64_t full_ms = i < 6 ? INT64_C(1000) << i : 60000;
        assert_in_range(work.due_at_ms, full_ms / 2, full_ms);
    }
}

static void the_token_is_kept_as_long_as_it_is_needed(void **state) {
    (void)state;
    for (int step = 0; step < PAYMENT_STEP_COUNT; step++) {
        struct payment_work work = work_of(PAYMENT_AUTHORIZE);
        work.step = (enum payment_step)step;
        assert_int_equal(payment_work_needs_source(&work), step == PAYMENT_STEP_CREATE);
    }
}

/* Every answer to every step of every kind leads somewhere, and a result only to its report. */
static void every_cell_is_filled(void **state) {
    (void)state;
    static const struct {
        enum payment_kind kind;
        enum payment_step step;
    } rows[] = {
        {PAYMENT_AUTHORIZE, PAYMENT_STEP_CREATE},  {PAYMENT_AUTHORIZE, PAYMENT_STEP_CANCEL_BY_KEY},
        {PAYMENT_AUTHORIZE, PAYMENT_STEP_LOOK_UP}, {PAYMENT_CAPTURE, PAYMENT_STEP_COMPLETE},
        {PAYMENT_CAPTURE, PAYMENT_STEP_LOOK_UP},   {PAYMENT_VOID, PAYMENT_STEP_CANCEL},
        {PAYMENT_VOID, PAYMENT_STEP_LOOK_UP},      {PAYMENT_REFUND, PAYMENT_STEP_REFUND},
        {PAYMENT_REFUND, PAYMENT_STEP_LOOK_UP},    {PAYMENT_REFUND, PAYMENT_STEP_LOOK_UP_REFUND},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (int kind = 0; kind < PAYMENT_ANSWER_COUNT; kind++) {
            for (int status = 0; status <= PAYMENT_STATUS_REJECTED; status++) {
                struct payment_work work = work_of(rows[row].kind);
                struct payment_answer answer = {
                    .kind = (enum payment_answer_kind)kind,
                    .status = (enum payment_status)status,
                    .amount_minor = 2500,
                    .currency = "USD",
                };
                work.step = rows[row].step;
                payment_work_answered(&work, &answer, &limits, 1000, 0);
                assert_int_not_equal(work.step, PAYMENT_STEP_DONE);
                assert_int_equal(work.step == PAYMENT_STEP_REPORT,
                                 work.result != PAYMENT_RESULT_NONE);
                assert_true(work.due_at_ms >= 1000);
                bool failed = work.result == PAYMENT_RESULT_CAPTURE_FAILED ||
                              work.result == PAYMENT_RESULT_REFUND_FAILED;
                assert_true(!failed || work.code[0] != '\0');
            }
        }
    }
}

static void names_are_read_back(void **state) {
    (void)state;
    for (int i = 0; i < PAYMENT_STEP_COUNT; i++) {
        enum payment_step step;
        assert_true(payment_step_parse(payment_step_name((enum payment_step)i), &step));
        assert_int_equal(step, i);
    }
    for (int i = 0; i < PAYMENT_RESULT_COUNT; i++) {
        enum payment_result result;
        assert_true(payment_result_parse(payment_result_name((enum payment_result)i), &result));
        assert_int_equal(result, i);
    }
    enum payment_kind kind;
    assert_true(payment_kind_parse("refund", &kind) && kind == PAYMENT_REFUND);
    assert_false(payment_kind_parse("donate", &kind));
    assert_false(payment_kind_parse(NULL, &kind));
}

static void who_has_slept_does_not_call(void **state) {
    (void)state;
    const struct payment_limits patient = {.settle_ms = 60000}, hasty = {.settle_ms = 25000};
    assert_true(payment_call_is_timely(&patient, 50000, 20000, 0));
    assert_true(payment_call_is_timely(&patient, 50000, 20000, 30000));
    assert_false(payment_call_is_timely(&patient, 50000, 20000, 30001));
    assert_true(payment_call_is_timely(&hasty, 50000, 20000, 5000));
    assert_false(payment_call_is_timely(&hasty, 50000, 20000, 5001));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorized_at_once),
        cmocka_unit_test(declined_by_the_card),
        cmocka_unit_test(lost_answer_is_asked_for_again_with_the_same_key),
        cmocka_unit_test(unknown_until_the_hold_ends_is_undone_by_key),
        cmocka_unit_test(never_sent_is_declined_when_the_hold_ends),
        cmocka_unit_test(once_maybe_sent_stays_maybe_sent),
        cmocka_unit_test(found_only_after_the_hold),
        cmocka_unit_test(answer_after_the_hold_still_counts),
        cmocka_unit_test(rate_limit_is_obeyed_within_the_hold),
        cmocka_unit_test(wrong_token_keeps_the_work),
        cmocka_unit_test(key_used_with_other_settings_is_undone),
        cmocka_unit_test(another_amount_is_undone),
        cmocka_unit_test(pending_authorization_is_looked_up),
        cmocka_unit_test(undoing_meets_a_settled_payment),
        cmocka_unit_test(who_has_slept_does_not_call),
        cmocka_unit_test(command_not_acknowledged_is_written_again),
        cmocka_unit_test(captured),
        cmocka_unit_test(unknown_capture_is_looked_up),
        cmocka_unit_test(capture_waits_out_an_outage_past_the_hold),
        cmocka_unit_test(capture_failed_for_good),
        cmocka_unit_test(capture_refused_because_it_was_done),
        cmocka_unit_test(capture_refused_and_still_approved_is_no_busy_loop),
        cmocka_unit_test(voided),
        cmocka_unit_test(void_of_a_captured_payment_waits_for_an_operator),
        cmocka_unit_test(refunded),
        cmocka_unit_test(refund_fails),
        cmocka_unit_test(second_refund_finds_everything_given_back),
        cmocka_unit_test(lost_refund_is_asked_for_again),
        cmocka_unit_test(waits_grow_to_their_bound_and_spread),
        cmocka_unit_test(the_token_is_kept_as_long_as_it_is_needed),
        cmocka_unit_test(every_cell_is_filled),
        cmocka_unit_test(names_are_read_back),
    };
    return cmocka_run_group_tests_name("payment core", tests, NULL, NULL);
}
