/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"
#include "tests/unit/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void an_error_says_what_to_do_and_why(void **state) {
    (void)state;
    struct error error = {0};
    assert_false(error_set(&error, ERROR_PARK, "seat %d of %s", 7, "row A"));
    assert_int_equal(error.action, ERROR_PARK);
    assert_string_equal(error.message, "seat 7 of row A");
}

static void an_error_that_nobody_wants_is_dropped(void **state) {
    (void)state;
    assert_false(error_set(NULL, ERROR_DIE, "%s", "ignored"));
}

static void an_error_may_be_made_from_itself(void **state) {
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_RETRY, "connection refused");
    error_set(&error, ERROR_RETRY, "start: %s", error.message);
    assert_string_equal(error.message, "start: connection refused");
}

static void a_long_message_is_cut(void **state) {
    (void)state;
    struct error error = {0};
    char text[2 * ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, ERROR_DIE, "%s", text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
}

static void actions_have_names(void **state) {
    (void)state;
    assert_string_equal(error_action_name(ERROR_NONE), "none");
    assert_string_equal(error_action_name(ERROR_RETRY), "retry");
    assert_string_equal(error_action_name(ERROR_PARK), "park");
    assert_string_equal(error_action_name(ERROR_DIE), "die");
}

static void memory_of_no_size_is_memory(void **state) {
    (void)state;
    void *memory = allocate(0);
    assert_non_null(memory);
    memory = reallocate(memory, 0);
    assert_non_null(memory);
    free(memory);
    int *numbers = allocate_zeroed(3, sizeof *numbers);
    assert_int_equal(numbers[0] | numbers[1] | numbers[2], 0);
    free(numbers);
    char *copy = text_duplicate("");
    assert_string_equal(copy, "");
    free(copy);
}

/* Runs `act` in a child and returns the signal that ended it. */
static int signal_of(void (*act)(void)) {
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* not cmocka's nor a sanitizer's */
        close(STDERR_FILENO);
        act();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void act_die(void) { die("%s", "no way on"); }

static void to_die_is_to_abort(void **state) {
    (void)state;
    assert_int_equal(signal_of(act_die), SIGABRT);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void act_exhaust(void) { free(allocate_zeroed(INT64_MAX, 2)); }

static void out_of_memory_is_to_die(void **state) {
    (void)state;
    assert_int_equal(signal_of(act_exhaust), SIGABRT);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_to_do_and_why),
        cmocka_unit_test(an_error_that_nobody_wants_is_dropped),
        cmocka_unit_test(an_error_may_be_made_from_itself),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(actions_have_names),
        cmocka_unit_test(memory_of_no_size_is_memory),
        cmocka_unit_test(to_die_is_to_abort),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(out_of_memory_is_to_die),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
