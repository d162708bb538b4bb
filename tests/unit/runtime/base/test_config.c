/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/config.h"

#include "runtime/base/buffer.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct config_option common[] = {
    {"instance_id", CONFIG_TEXT, "one", 0, 0, "name of the slot"},
    {"postgres_url", CONFIG_SECRET, "postgresql://localhost", 0, 0, "where"},
    {0},
};

static const struct config_option own[] = {
    {"hold_ttl_ms", CONFIG_INTEGER, "600000", 1000, 3600000, "how long a hold lasts"},
    {"offset", CONFIG_INTEGER, "-5", 0, 0, "any integer"},
    {"strict", CONFIG_BOOLEAN, "no", 0, 0, "whether"},
    {0},
};

static const struct config_option required[] = {
    {"signing_key", CONFIG_SECRET, NULL, 0, 0, "the key to sign with"},
    {0},
};

#define LOAD(error, own_table, ...)                                                                \
    config_load(common, (own_table),                                                               \
                (int)(sizeof((char *[]){"x", ##__VA_ARGS__}) / sizeof(char *)),                    \
                (char *[]){"x", ##__VA_ARGS__}, (error))

/* Expects a refusal whose words contain all of the given. */
static void assert_refused(struct config *config, const struct error *error, const char *first,
                           const char *second) {
    assert_null(config);
    assert_int_equal(error->action, ERROR_DIE);
    if (strstr(error->message, first) == NULL || strstr(error->message, second) == NULL) {
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", error->message, first, second);
    }
}

static char file_path[64];

static void file_write(const char *contents, size_t size) {
    snprintf(file_path, sizeof file_path, "/tmp/seatlog-config-XXXXXX");
    int descriptor = mkstemp(file_path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, contents, size), size);
    close(descriptor);
}

static int clear(void **state) {
    (void)state;
    unlink(file_path);
    unsetenv("SEATLOG_HOLD_TTL_MS");
    unsetenv("SEATLOG_STRICT");
    unsetenv("SEATLOG_SOMEBODY_ELSES");
    unsetenv("SEATLOG_KAFKA_BOOTSTRAP_SERVERS");
    unsetenv("SEATLOG_KAFKA_");
    unsetenv("SEATLOG_");
    return 0;
}

static void defaults_hold_where_nothing_is_said(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, own);
    assert_non_null(config);
    assert_string_equal(config_text(config, "instance_id"), "one");
    assert_string_equal(config_text(config, "postgres_url"), "postgresql://localhost");
    assert_int_equal(config_integer(config, "hold_ttl_ms"), 600000);
    assert_int_equal(config_integer(config, "offset"), -5);
    assert_false(config_boolean(config, "strict"));
    config_free(config);
}

static void a_flag_beats_the_environment_beats_the_file_beats_the_default(void **state) {
    (void)state;
    struct error error = {0};
    const char contents[] =
        "# of the file\n\n  hold_ttl_ms = 2000 \ninstance_id=two=2\nstrict = on\r\n";
    file_write(contents, sizeof contents - 1);
    struct config *config = LOAD(&error, own, "--config", file_path);
    assert_non_null(config);
    assert_int_equal(config_integer(config, "hold_ttl_ms"), 2000);
    assert_string_equal(config_text(config, "instance_id"), "two=2");
    assert_true(config_boolean(config, "strict"));
    config_free(config);

    setenv("SEATLOG_HOLD_TTL_MS", "3000", 1);
    setenv("SEATLOG_STRICT", "FALSE", 1);
    config = LOAD(&error, own, "--config", file_path);
    assert_int_equal(config_integer(config, "hold_ttl_ms"), 3000);
    assert_false(config_boolean(config, "strict"));
    config_free(config);

    /* Wherever --config stands among the flags. */
    config = LOAD(&error, own, "--hold_ttl_ms=4000", "--config", file_path, "--strict", "yes");
    assert_int_equal(config_integer(config, "hold_ttl_ms"), 4000);
    assert_true(config_boolean(config, "strict"));
    config_free(config);
}

static void the_last_of_two_flags_wins(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, own, "--offset=1", "--offset=-9223372036854775808");
    assert_int_equal(config_integer(config, "offset"), INT64_MIN);
    config_free(config);
}

static void an_integer_is_one_and_within_its_range(void **state) {
    (void)state;
    struct config *config = NULL;
    struct error error = {0};
    char *const bad[] = {
        "--hold_ttl_ms=999",   "--hold_ttl_ms=3600001", "--hold_ttl_ms=",
        "--hold_ttl_ms=10s",   "--hold_ttl_ms=1e6",     "--hold_ttl_ms= 2000",
        "--hold_ttl_ms=2000 ", "--hold_ttl_ms=0x900",   "--hold_ttl_ms=99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config = LOAD(&error, own, bad[i]);
        assert_refused(config, &error, "hold_ttl_ms must be an integer from 1000 to 3600000",
                       "command line");
    }
    char *const edges[] = {"--hold_ttl_ms=1000", "--hold_ttl_ms=3600000"};
    for (size_t i = 0; i < 2; i++) {
        config = LOAD(&error, own, edges[i]);
        assert_non_null(config);
        config_free(config);
    }
}

static void a_boolean_has_eight_words(void **state) {
    (void)state;
    struct error error = {0};
    char *const yes[] = {"--strict=true", "--strict=yes", "--strict=on", "--strict=1",
                         "--strict=TRUE"};
    char *const no[] = {"--strict=false", "--strict=no", "--strict=off", "--strict=0",
                        "--strict=Off"};
    for (size_t i = 0; i < 5; i++) {
        struct config *config = LOAD(&error, own, yes[i]);
        assert_true(config_boolean(config, "strict"));
        config_free(config);
        config = LOAD(&error, own, no[i]);
        assert_false(config_boolean(config, "strict"));
        config_free(config);
    }
    struct config *config = LOAD(&error, own, "--strict=2");
    assert_refused(config, &error, "strict must be true or false", "\"2\"");
}

static void an_unknown_key_is_refused_with_its_place(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, own, "--hold_ttl=5");
    assert_refused(config, &error, "command line", "hold_ttl");
    const char contents[] = "strict = no\nHold_ttl_ms = 5\n";
    file_write(contents, sizeof contents - 1);
    config = LOAD(&error, own, "--config", file_path);
    assert_refused(config, &error, ":2", "Hold_ttl_ms");
}

static void the_environment_of_other_daemons_is_theirs(void **state) {
    (void)state;
    struct error error = {0};
    setenv("SEATLOG_SOMEBODY_ELSES", "x", 1);
    setenv("SEATLOG_", "x", 1);
    setenv("SEATLOG_KAFKA_", "x", 1);
    struct config *config = LOAD(&error, own);
    assert_non_null(config);
    config_free(config);
    setenv("SEATLOG_HOLD_TTL_MS", "soon", 1);
    config = LOAD(&error, own);
    assert_refused(config, &error, "environment SEATLOG_HOLD_TTL_MS", "soon");
}

static void files_that_can_not_be_read_are_named(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, own, "--config", "/nowhere/at.all");
    assert_refused(config, &error, "/nowhere/at.all", "No such file");
    config = LOAD(&error, own, "--config=/tmp");
    assert_refused(config, &error, "/tmp", "directory");
    file_write("no equals sign\n", 15);
    config = LOAD(&error, own, "--config", file_path);
    assert_refused(config, &error, ":1", "key = value");
    file_write("strict = no\0yes\n", 16);
    config = LOAD(&error, own, "--config", file_path);
    assert_refused(config, &error, ":1", "NUL");
}

static void what_is_no_flag_is_refused(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, own, "strict=yes");
    assert_refused(config, &error, "strict=yes", "not a flag");
    config = LOAD(&error, own, "--strict");
    assert_refused(config, &error, "--strict", "lacks its value");
    config = LOAD(&error, own, "--");
    assert_refused(config, &error, "--", "not a flag");
    config = LOAD(&error, own, "--=x");
    assert_refused(config, &error, "no option", "command line");
}

static void what_is_required_is_asked_for(void **state) {
    (void)state;
    struct error error = {0};
    struct config *config = LOAD(&error, required);
    assert_refused(config, &error, "signing_key must be given", "the key to sign with");
    config = LOAD(&error, required, "--signing_key=");
    assert_non_null(config);
    assert_string_equal(config_text(config, "signing_key"), "");
    config_free(config);
}

static void gather(void *context, const char *property, const char *value) {
    buffer_append_format(context, "%s=%s;", property, value);
}

static void kafka_keys_pass_through_in_order(void **state) {
    (void)state;
    struct error error = {0};
    setenv("SEATLOG_KAFKA_BOOTSTRAP_SERVERS", "broker:9092", 1);
    file_write("kafka.linger.ms = 5\n", 20);
    struct config *config = LOAD(&error, NULL, "--config", file_path, "--kafka.acks", "all");
    assert_non_null(config);
    struct buffer seen = {0};
    config_kafka_visit(config, gather, &seen);
    assert_string_equal(seen.data, "linger.ms=5;bootstrap.servers=broker:9092;acks=all;");
    buffer_deinit(&seen);
    config_free(config);
    config = LOAD(&error, own, "--kafka.=x");
    assert_refused(config, &error, "no option", "kafka.");
}

static void the_tables_describe_themselves(void **state) {
    (void)state;
    char *markdown = config_describe(common, required, true);
    assert_non_null(
        strstr(markdown, "| `signing_key` | secret | *required* | the key to sign with |\n"));
    assert_non_null(strstr(markdown, "| `instance_id` | text | `one` | name of the slot |\n"));
    assert_non_null(strstr(markdown, "`kafka.*`"));
    free(markdown);
    char *text = config_describe(common, own, false);
    assert_non_null(strstr(text, "--hold_ttl_ms=integer"));
    assert_non_null(strstr(text, "[default: 600000, 1000 to 3600000]"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(defaults_hold_where_nothing_is_said, clear),
        cmocka_unit_test_teardown(a_flag_beats_the_environment_beats_the_file_beats_the_default,
                                  clear),
        cmocka_unit_test_teardown(the_last_of_two_flags_wins, clear),
        cmocka_unit_test_teardown(an_integer_is_one_and_within_its_range, clear),
        cmocka_unit_test_teardown(a_boolean_has_eight_words, clear),
        cmocka_unit_test_teardown(an_unknown_key_is_refused_with_its_place, clear),
        cmocka_unit_test_teardown(the_environment_of_other_daemons_is_theirs, clear),
        cmocka_unit_test_teardown(files_that_can_not_be_read_are_named, clear),
        cmocka_unit_test_teardown(what_is_no_flag_is_refused, clear),
        cmocka_unit_test_teardown(what_is_required_is_asked_for, clear),
        cmocka_unit_test_teardown(kafka_keys_pass_through_in_order, clear),
        cmocka_unit_test_teardown(the_tables_describe_themselves, clear),
    };
    clear(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
