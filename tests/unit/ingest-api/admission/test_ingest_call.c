/* SPDX-License-Identifier: Apache-2.0 */
/* How a call goes from step to step, and what it holds until it is over. */
#include "ingest-api/admission/call.h"
#include "ingest-api/calls/routes.h"
#include "ingest-api/http/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ingest ingest;
static struct http_loop loop;
static struct request *request;
static char told[64]; /* what has happened, a letter each */

static void tell(char letter) { told[strlen(told)] = letter; }

static int setup(void **state) {
    (void)state;
    memset(told, 0, sizeof told);
    loop = (struct http_loop){0};
    http_loop_init(&loop, 1000);
    request = call_new(&ingest);
    request_init(request, &loop, NULL, "GET", "/somewhere");
    return 0;
}

static void end(void) {
    request_deinit(request);
    call_free(request);
    http_loop_deinit(&loop);
}

/* As the server does while nothing suspends. */
static void run(void) {
    for (int i = 0; i < 20 && !request->flow.answered; i++) {
        call_go_on(request);
    }
}

static void step_a(struct request *own) {
    assert_ptr_equal(own, request);
    tell('a');
}

static void step_b(struct request *own) {
    (void)own;
    tell('b');
}

static void step_answer(struct request *own) {
    tell('!');
    request_answer_empty(own, MHD_HTTP_NO_CONTENT);
}

static void test_steps_come_in_the_order_of_the_table(void **state) {
    (void)state;
    static const struct call_step steps[] = {STEP(step_a), STEP(step_b), STEP(step_a),
                                             STEP(step_answer), STEPS_END};
    call_begin(request, steps);
    run();
    assert_string_equal(told, "aba!");
    assert_int_equal(request->answer.status, MHD_HTTP_NO_CONTENT);
    end();
}

static void test_an_answer_ends_the_call(void **state) {
    (void)state;
    static const struct call_step steps[] = {STEP(step_a), STEP(step_answer), STEP(step_b),
                                             STEPS_END};
    call_begin(request, steps);
    run();
    assert_string_equal(told, "a!");
    end();
}

static const struct call_step other_steps[] = {STEP(step_b), STEP(step_answer), STEPS_END};

static void step_into_another_table(struct request *own) {
    tell('>');
    call_begin(own, other_steps);
}

static void test_a_step_may_begin_another_table(void **state) {
    (void)state;
    static const struct call_step steps[] = {STEP(step_into_another_table), STEP(step_a),
                                             STEPS_END};
    call_begin(request, steps);
    run();
    assert_string_equal(told, ">b!");
    end();
}

static void test_a_call_that_never_answers_is_our_fault(void **state) {
    (void)state;
    static const struct call_step steps[] = {STEP(step_a), STEPS_END};
    call_begin(request, steps);
    run();
    assert_string_equal(told, "a");
    assert_int_equal(request->answer.status, MHD_HTTP_INTERNAL_SERVER_ERROR);
    end();
}

struct held {
    struct request_hold hold;
    char letter;
};

static void held_release(struct request_hold *hold) { tell(((struct held *)hold)->letter); }

static void test_what_a_request_holds_is_given_back_with_it_last_first(void **state) {
    (void)state;
    struct held *first = request_allocate(request, sizeof *first);
    struct held *second = request_allocate(request, sizeof *second);
    first->letter = '1';
    second->letter = '2';
    request_hold_add(request, &first->hold, held_release);
    request_hold_add(request, &second->hold, held_release);
    assert_string_equal(told, "");
    end();
    assert_string_equal(told, "21");
}

static void test_bodies_share_a_memory(void **state) {
    (void)state;
    assert_true(request_body_reserve(request, 600));
    assert_true(request_body_reserve(request, 400)); /* it has that already */
    assert_true(http_loop_memory_take(&loop, 400));
    assert_false(request_body_reserve(request, 601));
    assert_true(request_body_reserve(request, 600));
    http_loop_memory_give_back(&loop, 400);
    assert_true(request_body_reserve(request, 1000));
    end(); /* asserts that all of it was given back */
}

static void test_every_call_has_steps_and_an_end(void **state) {
    (void)state;
    for (size_t i = 0; i < ingest_route_count; i++) {
        const struct call_step *step = ingest_routes[i].steps;
        assert_non_null(step);
        size_t count = 0;
        for (; step[count].step != NULL || step[count].work != NULL; count++) {
            assert_true(step[count].step == NULL || step[count].work == NULL);
            assert_true(count < 16);
        }
        assert_true(count > 0);
    }
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_steps_come_in_the_order_of_the_table, setup),
        cmocka_unit_test_setup(test_an_answer_ends_the_call, setup),
        cmocka_unit_test_setup(test_a_step_may_begin_another_table, setup),
        cmocka_unit_test_setup(test_a_call_that_never_answers_is_our_fault, setup),
        cmocka_unit_test_setup(test_what_a_request_holds_is_given_back_with_it_last_first, setup),
        cmocka_unit_test_setup(test_bodies_share_a_memory, setup),
        cmocka_unit_test_setup(test_every_call_has_steps_and_an_end, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
