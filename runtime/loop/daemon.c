/* SPDX-License-Identifier: Apache-2.0 */
/* The skeleton of a daemon, from its arguments to its exit status. */
#include "runtime/loop/daemon.h"

#include "runtime/base/backoff.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/http/admin.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/blame.h"
#include "runtime/loop/foundation.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/sink/sink.h"
#include "runtime/loop/stall.h"
#include "runtime/loop/transaction/transaction.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define START_RETRY_BASE_MS 200
#define START_RETRY_MAX_MS 10000
#define EXIT_CONFIGURATION 2

const struct config_option daemon_options[] = {
    {"instance_id", CONFIG_TEXT, "", 0, 0,
     "name of this process slot, unique among instances and kept over restarts; empty: the "
     "daemon's "
     "name and -0"},
    {"admin_listen", CONFIG_TEXT, "127.0.0.1:0", 0, 0,
     "ADDRESS:PORT of /metrics, /healthz and /readyz; port 0: any free one; empty: none"},
    {"log_level", CONFIG_TEXT, "info", 0, 0, "debug, info, warning or error"},
    {"die_with_parent", CONFIG_BOOLEAN, "yes", 0, 0,
     "stop when the process that started this one is gone"},
    {"drain_s_max", CONFIG_INTEGER, "20", 1, 3600,
     "after a stop signal, what is under way may take this long; then the process ends as it is"},
    {"postgres_url", CONFIG_SECRET, "postgresql://seatlog@127.0.0.1:5432/seatlog", 0, 0,
     "PostgreSQL connection URI (libpq); options such as connect_timeout may be in it"},
    {"partitions", CONFIG_INTEGER, "6", 1, 10000,
     "partitions of the topics keyed by show; fixed for the life of the log and checked at start"},
    {"sink_batch_records_max", CONFIG_INTEGER, "1000", 1, 100000,
     "records handled in one PostgreSQL transaction at most"},
    BLAME_OPTION,
    {"stall_s_max", CONFIG_INTEGER, "60", 1, 86400,
     "a partition with lag that has not got on for so long is stuck: the daemon is not ready, and "
     "the log has an alarm"},
    {0},
};

static void help_print(const struct daemon_spec *spec, bool markdown) {
    char *options = config_describe(daemon_options, spec->options, markdown);
    if (markdown) {
        fputs(options, stdout);
    } else {
        printf(
            "Usage: seatlog-%s [--config FILE] [--KEY=VALUE]...\n\n%s\n\n"
            "A value comes from the file (KEY = VALUE a line), the environment (SEATLOG_KEY) or a\n"
            "flag; later ones win. SIGTERM stops it when what is under way is done.\n\n"
            "  --help, --help=markdown, --version\n"
            "  --check  judges the configuration that the other flags give; starts nothing\n%s",
            spec->name, spec->summary, options);
    }
    free(options);
}

/* --help and --version are answered before anything is read. */
static bool question_answer(const struct daemon_spec *spec, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_print(spec, false);
            return true;
        }
        if (strcmp(argv[i], "--help=markdown") == 0) {
            help_print(spec, true);
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("seatlog-%s %s\n", spec->name, SEATLOG_VERSION);
            return true;
        }
    }
    return false;
}

/* The instance becomes part of transactional ids, group member ids and headers. */
static bool instance_init(struct daemon *daemon, struct error *error) {
    const char *given = config_text(daemon->config, "instance_id");
    int size = given[0] != '\0'
                   ? snprintf(daemon->instance, sizeof daemon->instance, "%s", given)
                   : snprintf(daemon->instance, sizeof daemon->instance, "%s-0", daemon->name);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if ((size_t)size >= sizeof daemon->instance ||
        strspn(daemon->instance, allowed) != (size_t)size) {
        return error_set(
            error, ERROR_DIE,
            "instance_id must be at most %zu of letters, digits, '.', '_', '-'; not \"%s\"",
            sizeof daemon->instance - 1, given);
    }
    return true;
}

static bool level_read(const struct daemon *daemon, enum log_level *level, struct error *error) {
    const char *name = config_text(daemon->config, "log_level");
    return log_level_parse(name, level) ||
           error_set(error, ERROR_DIE,
                     "log_level must be debug, info, warning or error; not \"%s\"", name);
}

struct property_check {
    rd_kafka_conf_t *scratch;
    struct error *error;
    bool good;
};

static void property_check(void *context, const char *property, const char *value) {
    struct property_check *check = context;
    char reason[KAFKA_REASON_SIZE];
    if (check->good && rd_kafka_conf_set(check->scratch, property, value, reason, sizeof reason) !=
                           RD_KAFKA_CONF_OK) {
        check->good = error_set(check->error, ERROR_DIE, "kafka.%s: %s", property, reason);
    }
}

/* What librdkafka would say of the kafka.* properties. */
static bool properties_check(const struct config *config, struct error *error) {
    struct property_check check = {rd_kafka_conf_new(), error, true};
    config_kafka_visit(config, property_check, &check);
    rd_kafka_conf_destroy(check.scratch);
    return check.good;
}

/* `--check FLAG…`: what the configuration would be is read and judged, and nothing is started.
 * Says on standard error what is wrong with it. */
static int configuration_check(const struct daemon_spec *spec, int argc, char **argv) {
    struct error error = {0};
    enum log_level level;
    struct daemon daemon = {.name = spec->name};
    struct config *config = config_load(daemon_options, spec->options, argc, argv, &error);
    daemon.config = config;
    bool good = config != NULL && level_read(&daemon, &level, &error) &&
                instance_init(&daemon, &error) && properties_check(config, &error);
    if (!good) {
        fprintf(stderr, "%s\n", error.message);
    }
    config_free(config);
    return good ? 0 : EXIT_CONFIGURATION;
}

static bool surroundings_init(struct daemon *daemon, pid_t parent, struct error *error) {
    enum log_level level = LOG_LEVEL_INFO;
    if (!level_read(daemon, &level, error)) {
        return false;
    }
    log_init(daemon->name, level);
    process_drain_s_max_set((int)config_integer(daemon->config, "drain_s_max"));
    if (!instance_init(daemon, error)) {
        return false;
    }
    if (config_boolean(daemon->config, "die_with_parent")) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) { /* gone before it was asked for */
            daemon_stop(0);
        }
    }
    const char *listen = config_text(daemon->config, "admin_listen");
    return listen[0] == '\0' || admin_server_start(listen, ready_ask, error);
}

/* Returns whether it has started; not so when stopping, or with an *error that is no RETRY. */
static bool daemon_start(struct daemon *daemon, const struct daemon_spec *spec,
                         struct error *error) {
    if (spec->start == NULL) {
        return true;
    }
    for (int failures = 1; !daemon_stopping(); failures++) {
        *error = (struct error){0};
        if (spec->start(daemon, error)) {
            return true;
        }
        if (error->action != ERROR_RETRY) {
            return false;
        }
        log_warning("start failed; trying again", LOG_TEXT("reason", error->message),
                    LOG_INTEGER("failures", failures));
        ready_set(error->message);
        daemon_sleep_ms(backoff_ms(failures, START_RETRY_BASE_MS, START_RETRY_MAX_MS));
    }
    *error = (struct error){0};
    return false;
}

static void foundation_begin(const struct daemon *daemon, const struct daemon_spec *spec) {
    unsigned parts = spec->stands_on;
    if (spec->sink != NULL) {
        parts |= FOUNDATION_POSTGRESQL | FOUNDATION_KAFKA;
    }
    if (spec->transaction != NULL) {
        parts |= FOUNDATION_KAFKA;
    }
    stall_s_max_set(config_integer(daemon->config, "stall_s_max"));
    if (parts != 0) {
        foundation_watch(daemon->config, daemon->instance, parts);
    }
}

static int daemon_loop(struct daemon *daemon, const struct daemon_spec *spec) {
    if (spec->sink != NULL) {
        return sink_run(daemon, spec->sink);
    }
    if (spec->transaction != NULL) {
        return transaction_run(daemon, spec->transaction);
    }
    if (spec->run == NULL) {
        die("%s has no loop", spec->name);
    }
    return spec->run(daemon);
}

static int daemon_live(struct daemon *daemon, const struct daemon_spec *spec) {
    struct error error = {0};
    int status = EXIT_FAILURE;
    if (daemon_start(daemon, spec, &error)) {
        log_info("started", LOG_TEXT("instance", daemon->instance),
                 LOG_TEXT("version", SEATLOG_VERSION),
                 LOG_INTEGER("admin_port", admin_server_port()));
        status = daemon_stopping() ? 0 : daemon_loop(daemon, spec);
        ready_set("stopping");
        if (!daemon_stopping()) { /* the loop ended by itself: anybody who looks must see it too */
            daemon_stop(status);
        }
        if (spec->stop != NULL) {
            spec->stop(daemon);
        }
    } else if (error.action != ERROR_NONE) {
        log_error("cannot start", LOG_TEXT("reason", error.message));
        daemon_stop(status);
    } else {
        status = 0;
    }
    return status != 0 ? status : process_stop_status();
}

int daemon_main(const struct daemon_spec *spec, int argc, char **argv) {
    pid_t parent = getppid();
    if (question_answer(spec, argc, argv)) {
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--check") == 0) {
        return configuration_check(spec, argc - 1, argv + 1);
    }
    log_init(spec->name, LOG_LEVEL_INFO);
    process_begin();

    struct error error = {0};
    struct daemon daemon = {.name = spec->name};
    struct config *config = config_load(daemon_options, spec->options, argc, argv, &error);
    if (config == NULL) {
        log_error("cannot start", LOG_TEXT("reason", error.message));
        return EXIT_CONFIGURATION;
    }
    daemon.config = config;

    int status = EXIT_CONFIGURATION;
    if (surroundings_init(&daemon, parent, &error)) {
        foundation_begin(&daemon, spec);
        status = daemon_live(&daemon, spec);
        foundation_release();
        log_info("stopped", LOG_INTEGER("status", status));
    } else {
        log_error("cannot start", LOG_TEXT("reason", error.message));
    }
    admin_server_stop();
    config_free(config);
    alarm(0);
    return status;
}
