/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-replay: the auditor's commands. */
#include "replay/commands/rebuild.h"
#include "replay/commands/seal.h"
#include "replay/commands/segments.h"
#include "replay/commands/show.h"
#include "replay/verify/verify.h"
#include "runtime/base/log.h"
#include "runtime/loop/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_option options[] = {
    {"log_level", CONFIG_TEXT, "warning", 0, 0, "debug, info, warning or error"},
    {"directory", CONFIG_TEXT, "", 0, 0,
     "read exported segments from this directory instead of Kafka"},
    {"hold_grace_ms", CONFIG_INTEGER, "15000", 0, 86400000,
     "how long after its end a hold may still be open at the end of the log"},
    {"projections", CONFIG_BOOLEAN, "no", 0, 0, "verify: the catalog in PostgreSQL too"},
    {"payments", CONFIG_BOOLEAN, "no", 0, 0, "verify: the provider's books too"},
    {"tickets", CONFIG_BOOLEAN, "no", 0, 0, "verify: the tickets and their signatures too"},
    {"mails", CONFIG_BOOLEAN, "no", 0, 0, "verify: the outbox, and mails that arrived, too"},
    {"overdue_s", CONFIG_INTEGER, "60", 0, 86400,
     "verify: tickets and mails of an order must be there so long after it was sold"},
    {"postgres_url", CONFIG_SECRET, "postgresql://seatlog@127.0.0.1:5432/seatlog", 0, 0,
     "PostgreSQL connection URI (libpq)"},
    {"payments_url", CONFIG_TEXT, "http://127.0.0.1:4010", 0, 0, "the provider's API"},
    {"payments_token", CONFIG_SECRET, "", 0, 0, "bearer token for it"},
    {"mails_folder", CONFIG_TEXT, "", 0, 0,
     "folder with the mails that arrived (*.eml); empty: the outbox's word is taken"},
    {"seals", CONFIG_TEXT, "", 0, 0, "verify: a folder of seals that must hold"},
    {"seal_public_key", CONFIG_TEXT, "", 0, 0,
     "verify: the only key that counts for seals, in hexadecimal; empty: the one each names"},
    {"seal_key_file", CONFIG_TEXT, "", 0, 0, "seal: the signing key; made if it is missing"},
    {"into", CONFIG_TEXT, "", 0, 0, "import: the archive's folder"},
    {"at", CONFIG_TEXT, "", 0, 0, "show: the story up to this time, 2026-11-24T06:50:00Z"},
    {"follow_timeout_ms", CONFIG_INTEGER, "60000", 0, 3600000,
     "how long to wait for the projections to follow the log"},
    {0}};

/* `--payments` alone is `--payments=yes`. */
static void switches_expand(int argc, char **argv) {
    static char *const switches[][2] = {{"--projections", "--projections=yes"},
                                        {"--payments", "--payments=yes"},
                                        {"--tickets", "--tickets=yes"},
                                        {"--mails", "--mails=yes"}};
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < sizeof switches / sizeof switches[0]; j++) {
            if (strcmp(argv[i], switches[j][0]) == 0) {
                argv[i] = switches[j][1];
            }
        }
    }
}

struct replay_command {
    const char *name;
    int (*run)(const struct replay_context *context);
    const char *description;
    bool reads_no_log;
};

static const struct replay_command commands[] = {
    {"verify", replay_verify, "decide the whole history again and compare, byte for byte", false},
    {"seal", replay_seal, "FOLDER: sign what the history is up to now", false},
    {"show", replay_show, "EVENT_ID: a show's story as prose", false},
    {"export", replay_export, "FOLDER: the log as files, for auditors without a Kafka", false},
    {"import", replay_import, "FOLDER: check an export and add it to an archive (--into)", true},
    {"rebuild", replay_rebuild, "make the catalog again from the log, while it is read", false},
};

static int usage(void) {
    fputs("usage: seatlog-replay COMMAND [ARGUMENT] [--key=value …]\n\n", stderr);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fprintf(stderr, "  %-10s %s\n", commands[i].name, commands[i].description);
    }
    char *described = config_describe(NULL, options, false);
    fprintf(stderr, "\n%s", described);
    free(described);
    return 2;
}

static struct replay_log *log_open(const struct config *config, struct error *error) {
    const char *directory = config_text(config, "directory");
    return *directory != '\0' ? replay_log_open_directory(directory, error)
                              : replay_log_open_kafka(config, error);
}

static int command_run(const struct replay_command *command, const char *argument, int argc,
                       char **argv) {
    struct error error;
    enum log_level level = LOG_LEVEL_WARNING;
    switches_expand(argc, argv);
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    log_level_parse(config_text(config, "log_level"), &level);
    log_init("replay", level);
    struct replay_context context = {.config = config, .argument = argument};
    context.log = command->reads_no_log ? NULL : log_open(config, &error);
    int status = 2;
    if (context.log == NULL && !command->reads_no_log) {
        fprintf(stderr, "%s\n", error.message);
    } else {
        status = command->run(&context);
        replay_log_close(context.log);
    }
    config_free(config);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        return usage();
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0) {
            continue;
        }
        bool has_argument = argc > 2 && strncmp(argv[2], "--", 2) != 0;
        int skipped = has_argument ? 2 : 1;
        return command_run(&commands[i], has_argument ? argv[2] : NULL, argc - skipped,
                           argv + skipped);
    }
    return usage();
}
