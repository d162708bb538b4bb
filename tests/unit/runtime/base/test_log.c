/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/log.h"
#include "tests/unit/support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* Standard error while a test writes: a file, for a pipe would fill up. */
static int real_stderr = -1;
static FILE *captured;

static void capture(void) {
    captured = tmpfile();
    assert_non_null(captured);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

static char *captured_text(void) {
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    fseek(captured, 0, SEEK_END);
    long size = ftell(captured);
    rewind(captured);
    char *text = calloc(1, (size_t)size + 1);
    assert_int_equal(fread(text, 1, (size_t)size, captured), size);
    fclose(captured);
    return text;
}

/* What stands behind message=, up to the line's end. */
static void assert_line_ends(const char *text, const char *end) {
    const char *found = strstr(text, " message=");
    assert_non_null(found);
    assert_string_equal(found + 1, end);
}

static void a_line_has_time_level_daemon_message_and_fields(void **state) {
    (void)state;
    struct uuid id = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89,
                       0xab, 0xcd, 0xef}};
    log_init("payment", LOG_LEVEL_INFO);
    capture();
    log_info("captured", LOG_UUID("reservation_id", &id), LOG_INTEGER("attempt", -1),
             LOG_TEXT("state", "SOLD"), LOG_SPAN("seat", TEXT_LITERAL("A-7")));
    char *text = captured_text();
    int year, month, day, hour, minute, second, millisecond, end = 0;
    assert_int_equal(sscanf(text, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ level=info daemon=payment %n",
                            &year, &month, &day, &hour, &minute, &second, &millisecond, &end),
                     7);
    assert_true(end > 0);
    assert_line_ends(text, "message=captured reservation_id=01234567-89ab-cdef-0123-456789abcdef "
                           "attempt=-1 state=SOLD seat=A-7\n");
    free(text);
}

static void values_are_quoted_and_escaped_where_they_must(void **state) {
    (void)state;
    static const struct {
        const char *value;
        const char *line;
    } cases[] = {
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"ghost\"", "\"say \\\"ghost\\\"\""},
        {"C:\\seats", "\"C:\\\\seats\""},
        {"a\nlevel=error\r\t\x01\x7f", "\"a\\nlevel=error\\u000d\\t\\u0001\\u007f\""},
        {"千と千尋", "\"千と千尋\""},
        {"bad\xff\xc3", "\"bad\\ufffd\\ufffd\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                       /* overlong */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* a surrogate */
        {"\xf0\x9f\x8e\xab", "\"\xf0\x9f\x8e\xab\""},             /* a ticket */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* beyond Unicode */
        {NULL, "\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        capture();
        log_error("m", LOG_TEXT("v", cases[i].value));
        char *text = captured_text();
        char expected[128];
        snprintf(expected, sizeof expected, "message=m v=%s\n", cases[i].line);
        assert_line_ends(text, expected);
        free(text);
    }
}

static void what_is_below_the_level_is_not_written(void **state) {
    (void)state;
    log_init("x", LOG_LEVEL_WARNING);
    capture();
    log_debug("no");
    log_info("no");
    log_warning("yes");
    log_error("yes");
    char *text = captured_text();
    assert_null(strstr(text, "message=no"));
    assert_non_null(strstr(text, "level=warning"));
    assert_non_null(strstr(text, "level=error"));
    free(text);
    log_init("x", LOG_LEVEL_INFO);
}

static void level_names_are_known_and_others_are_not(void **state) {
    (void)state;
    enum log_level level = LOG_LEVEL_INFO;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void a_line_never_exceeds_what_a_pipe_takes_at_once(void **state) {
    (void)state;
    static char long_value[10000];
    for (int quoted = 0; quoted < 2; quoted++) {
        memset(long_value, 'x', sizeof long_value - 1);
        long_value[0] = quoted ? ' ' : 'x';
        capture();
        log_info("long", LOG_TEXT("v", long_value), LOG_TEXT("after", "gone"));
        char *text = captured_text();
        assert_true(strlen(text) <= 4096);
        assert_true(strlen(text) > 4000);
        const char *end = quoted ? "x\" truncated=yes\n" : "x truncated=yes\n";
        assert_string_equal(text + strlen(text) - strlen(end), end);
        assert_null(strstr(text, "after"));
        free(text);
    }
}

/* At every length around the limit: one line, well-formed. */
static void no_length_breaks_the_line(void **state) {
    (void)state;
    static char value[4200];
    for (size_t size = 3900; size < 4150; size++) {
        memset(value, 'y', size);
        value[0] = ' ';
        value[size] = '\0';
        capture();
        log_info("m", LOG_TEXT("v", value));
        char *text = captured_text();
        size_t length = strlen(text);
        assert_true(length <= 4096);
        assert_ptr_equal(strchr(text, '\n'), text + length - 1);
        size_t quotes = 0;
        for (size_t i = 0; i < length; i++) {
            quotes += text[i] == '"';
        }
        assert_int_equal(quotes % 2, 0);
        free(text);
    }
}

static void the_trace_id_goes_along_until_it_is_taken_away(void **state) {
    (void)state;
    capture();
    log_trace_set(TRACEPARENT);
    log_info("traced", LOG_INTEGER("n", 1));
    log_trace_set(NULL);
    log_info("bare");
    char *text = captured_text();
    assert_non_null(strstr(text, "message=traced trace_id=4bf92f3577b34da6a3ce929d0e0e4736 n=1\n"));
    assert_non_null(strstr(text, "message=bare\n"));
    free(text);
}

static void an_ill_formed_traceparent_is_none(void **state) {
    (void)state;
    const char *const bad[] = {
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6 a3ce929d0e0e473-00f067aa0ba902b7-01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        capture();
        log_trace_set(TRACEPARENT);
        log_trace_set(bad[i]);
        log_info("m");
        char *text = captured_text();
        assert_line_ends(text, "message=m\n");
        free(text);
    }
}

#define THREADS 4
#define LINES 500

static void *write_lines(void *context) {
    char value[200];
    memset(value, 'a' + *(int *)context, sizeof value - 1);
    value[sizeof value - 1] = '\0';
    char traceparent[] = TRACEPARENT;
    traceparent[3] = (char)('a' + *(int *)context);
    log_trace_set(traceparent);
    for (int i = 0; i < LINES; i++) {
        log_info("m", LOG_TEXT("v", value));
    }
    return NULL;
}

static void lines_of_threads_never_mix(void **state) {
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    int saved = dup(STDERR_FILENO);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[1]);
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, write_lines, &numbers[i]);
    }
    FILE *lines = fdopen(pipes[0], "r");
    char line[4096];
    int mixed = 0;
    for (int i = 0; i < THREADS * LINES; i++) {
        char *read = fgets(line, sizeof line, lines);
        const char *trace = read != NULL ? strstr(line, "trace_id=") : NULL;
        const char *value = read != NULL ? strstr(line, " v=") : NULL;
        mixed += trace == NULL || value == NULL || strspn(value + 3, (char[]){trace[9], 0}) != 199;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    fclose(lines);
    assert_int_equal(mixed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_daemon_message_and_fields),
        cmocka_unit_test(values_are_quoted_and_escaped_where_they_must),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(level_names_are_known_and_others_are_not),
        cmocka_unit_test(a_line_never_exceeds_what_a_pipe_takes_at_once),
        cmocka_unit_test(no_length_breaks_the_line),
        cmocka_unit_test(the_trace_id_goes_along_until_it_is_taken_away),
        cmocka_unit_test(an_ill_formed_traceparent_is_none),
        cmocka_unit_test(lines_of_threads_never_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
