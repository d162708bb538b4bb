/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop/daemon.h"

#include "runtime/base/buffer.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "tests/unit/support/test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A daemon in a child process, whose standard output and error come through one pipe. */
struct child {
    pid_t process;
    int output;
};

static const struct config_option options[] = {
    {"greeting", CONFIG_TEXT, "hello", 0, 0, "what it says"},
    {"start_failures", CONFIG_INTEGER, "0", 0, 100, "how often start asks to be tried again"},
    {"start_dies", CONFIG_BOOLEAN, "no", 0, 0, "whether start gives up"},
    {"run_status", CONFIG_INTEGER, "-1", -1, 100,
     "what run returns at once; -1: it runs until stopped"},
    {"stubborn", CONFIG_BOOLEAN, "no", 0, 0, "whether run ignores that it is to stop"},
    {0},
};

static int start_failures;

static bool test_start(struct daemon *daemon, struct error *error) {
    if (config_boolean(daemon->config, "start_dies")) {
        return error_set(error, ERROR_DIE, "there is no key");
    }
    if (start_failures++ < config_integer(daemon->config, "start_failures")) {
        return error_set(error, ERROR_RETRY, "the database is away");
    }
    daemon->state = text_duplicate(config_text(daemon->config, "greeting"));
    return true;
}

static void *wait_for_stop(void *context) {
    struct pollfd waiter = {.fd = daemon_stop_descriptor(), .events = POLLIN};
    poll(&waiter, 1, -1);
    return context;
}

static int test_run(struct daemon *daemon) {
    int status = (int)config_integer(daemon->config, "run_status");
    if (status >= 0) {
        return status;
    }
    pthread_t thread; /* all who wait see the stop */
    pthread_create(&thread, NULL, wait_for_stop, NULL);
    log_info("running", LOG_TEXT("greeting", daemon->state), LOG_TEXT("slot", daemon->instance));
    daemon_sleep_ms(60000);
    pthread_join(thread, NULL);
    while (config_boolean(daemon->config, "stubborn")) {
        pause();
    }
    return 0;
}

static void test_stop(struct daemon *daemon) {
    log_info("cleaned up");
    free(daemon->state);
}

static const struct daemon_spec spec = {
    .name = "tester",
    .summary = "Says hello.",
    .options = options,
    .start = test_start,
    .run = test_run,
    .stop = test_stop,
};

#define LAUNCH(...)                                                                                \
    launch((const char *[]){"tester", ##__VA_ARGS__},                                              \
           sizeof((const char *[]){"tester", ##__VA_ARGS__}) / sizeof(char *))

static struct child launch(const char *const *arguments, size_t count) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    struct child child = {.process = fork()};
    if (child.process == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        int status = daemon_main(&spec, (int)count, (char **)arguments);
        fflush(NULL);
        _exit(status);
    }
    close(pipes[1]);
    child.output = pipes[0];
    return child;
}

/* Reads until the words come, or to the end where words is NULL; the text so far is added to *out.
 */
static void read_until(const struct child *child, const char *words, struct buffer *out) {
    char part[1024];
    buffer_append_text(out, "");
    while (words == NULL || strstr(out->data, words) == NULL) {
        struct pollfd waiter = {.fd = child->output, .events = POLLIN};
        if (poll(&waiter, 1, 20000) <= 0) {
            fail_msg("\"%s\" does not come in: %s", words != NULL ? words : "the end", out->data);
        }
        ssize_t size = read(child->output, part, sizeof part);
        if (size <= 0) {
            break;
        }
        buffer_append(out, part, (size_t)size);
    }
    if (words != NULL && strstr(out->data, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, out->data);
    }
}

/* Expects the exit status (128 + n for a signal) and the words in what was written. */
static void assert_ends(const struct child *child, struct buffer *out, int expected,
                        const char *words) {
    read_until(child, NULL, out);
    int status = 0;
    waitpid(child->process, &status, 0);
    close(child->output);
    int ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended != expected || strstr(out->data, words) == NULL) {
        fail_msg("status %d, not %d, or no \"%s\" in: %s", ended, expected, words, out->data);
    }
    buffer_deinit(out);
}

static void help_and_version_are_answered_without_a_configuration(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--help");
    assert_ends(&child, &out, 0, "--greeting=text");
    child = LAUNCH("--unknown=1", "--help");
    assert_ends(&child, &out, 0, "Says hello.");
    child = LAUNCH("--help=markdown");
    assert_ends(&child, &out, 0, "| `drain_s_max` | integer, 1 to 3600 | `20` |");
    child = LAUNCH("--version");
    assert_ends(&child, &out, 0, "seatlog-tester ");
}

static void a_configuration_is_judged_without_starting_anything(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--check", "--greeting=hello");
    assert_ends(&child, &out, 0, "");
    child = LAUNCH("--check", "--greting=x");
    assert_ends(&child, &out, 2, "there is no option greting");
    child = LAUNCH("--check", "--drain_s_max=soon");
    assert_ends(&child, &out, 2, "drain_s_max must be an integer from 1 to 3600");
    child = LAUNCH("--check", "--log_level=loud");
    assert_ends(&child, &out, 2, "log_level must be");
    child = LAUNCH("--check", "--instance_id=a b");
    assert_ends(&child, &out, 2, "instance_id must be");
    child = LAUNCH("--check", "--kafka.no.such=1");
    assert_ends(&child, &out, 2, "kafka.no.such: No such configuration property");
}

static void a_configuration_that_is_wrong_ends_it_with_a_word(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--greting=x");
    assert_ends(&child, &out, 2, "greting");
    child = LAUNCH("--log_level=loud");
    assert_ends(&child, &out, 2, "log_level must be");
    child = LAUNCH("--admin_listen=here");
    assert_ends(&child, &out, 2, "admin_listen");
    child = LAUNCH("--instance_id=a/b");
    assert_ends(&child, &out, 2, "instance_id");
    child =
        LAUNCH("--instance_id=x234567890123456789012345678901234567890123456789012345678901234");
    assert_ends(&child, &out, 2, "instance_id");
}

static void it_runs_until_asked_to_stop_and_cleans_up(void **state) {
    (void)state;
    const int signals[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        struct buffer out = {0};
        struct child child = LAUNCH("--greeting=good evening");
        read_until(&child, "greeting=\"good evening\" slot=tester-0", &out);
        kill(child.process, signals[i]);
        assert_ends(&child, &out, 0, "message=\"cleaned up\"");
    }
}

static void its_instance_is_the_one_given(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--instance_id", "tester-7", "--admin_listen=");
    read_until(&child, "slot=tester-7", &out);
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 0, "admin_port=0");
}

static void sigpipe_does_not_end_it(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--greeting=x");
    read_until(&child, "message=running", &out);
    kill(child.process, SIGPIPE);
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 0, "cleaned up");
}

static void a_start_that_may_succeed_later_is_tried_again(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--start_failures=2");
    read_until(&child, "message=running", &out);
    assert_non_null(strstr(out.data, "the database is away"));
    assert_non_null(strstr(out.data, "failures=2"));
    assert_null(strstr(out.data, "failures=3"));
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 0, "cleaned up");
}

static void a_start_is_given_up_when_stopping(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--start_failures=100");
    read_until(&child, "failures=1", &out);
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 0, "message=stopped");
}

static void a_start_that_can_not_succeed_ends_it(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--start_dies=yes");
    assert_ends(&child, &out, 1, "there is no key");
}

static void the_loops_status_is_the_processs(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--run_status=7");
    assert_ends(&child, &out, 7, "cleaned up");
    child = LAUNCH("--run_status=0");
    assert_ends(&child, &out, 0, "cleaned up");
}

static void a_second_signal_ends_it_at_once(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--stubborn=yes");
    read_until(&child, "message=running", &out);
    kill(child.process, SIGTERM);
    usleep(200000);
    assert_int_equal(waitpid(child.process, NULL, WNOHANG), 0);
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 128 + SIGTERM, "message=running");
}

static void what_does_not_drain_is_ended(void **state) {
    (void)state;
    struct buffer out = {0};
    struct child child = LAUNCH("--stubborn=yes", "--drain_s_max=1");
    read_until(&child, "message=running", &out);
    kill(child.process, SIGTERM);
    assert_ends(&child, &out, 3, "did not drain in time");
}

/* The daemon's parent is a process in between, which is killed; we hear of the daemon's end by its
 * pipe. */
static void grandchild_check(const char *option, bool ends) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    fflush(NULL);
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            dup2(pipes[1], STDERR_FILENO);
            close(pipes[0]);
            close(pipes[1]);
            char *arguments[] = {"tester", (char *)option};
            _exit(daemon_main(&spec, 2, arguments));
        }
        pause();
        _exit(0);
    }
    close(pipes[1]);
    struct child child = {.output = pipes[0]};
    struct buffer out = {0};
    read_until(&child, "message=running", &out);
    kill(middle, SIGKILL);
    waitpid(middle, NULL, 0);
    struct pollfd waiter = {.fd = pipes[0], .events = POLLIN};
    if (ends) {
        read_until(&child, "message=stopped", &out);
    } else {
        assert_int_equal(poll(&waiter, 1, 500), 0);
    }
    /* Adopted by us: end it where it lives, and reap it. */
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", getpid(), getpid());
    FILE *children = fopen(path, "r");
    int orphan = 0;
    if (children != NULL && fscanf(children, "%d", &orphan) == 1) {
        kill(orphan, SIGTERM);
    }
    fclose(children);
    wait(NULL);
    close(pipes[0]);
    buffer_deinit(&out);
}

static void it_dies_with_its_parent_unless_told_otherwise(void **state) {
    (void)state;
    grandchild_check("--die_with_parent=yes", true);
    grandchild_check("--die_with_parent=no", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_are_answered_without_a_configuration),
        cmocka_unit_test(a_configuration_that_is_wrong_ends_it_with_a_word),
        cmocka_unit_test(a_configuration_is_judged_without_starting_anything),
        cmocka_unit_test(it_runs_until_asked_to_stop_and_cleans_up),
        cmocka_unit_test(its_instance_is_the_one_given),
        cmocka_unit_test(sigpipe_does_not_end_it),
        cmocka_unit_test(a_start_that_may_succeed_later_is_tried_again),
        cmocka_unit_test(a_start_is_given_up_when_stopping),
        cmocka_unit_test(a_start_that_can_not_succeed_ends_it),
        cmocka_unit_test(the_loops_status_is_the_processs),
        cmocka_unit_test(a_second_signal_ends_it_at_once),
        cmocka_unit_test(what_does_not_drain_is_ended),
        cmocka_unit_test(it_dies_with_its_parent_unless_told_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
