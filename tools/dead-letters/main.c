/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-dead-letters: what consumers set aside; and that they handle it after all. */
#include "tools/dead-letters/letters.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "tools/dead-letters/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct config_option options[] = {
    {"all", CONFIG_BOOLEAN, "no", 0, 0, "list: what is settled too; retry: everything"},
    {"wait_s", CONFIG_INTEGER, "30", 0, 3600, "retry: how long to wait for what comes of it"},
    {"postgres_url", CONFIG_SECRET, "postgresql://seatlog@127.0.0.1:5432/seatlog", 0, 0,
     "PostgreSQL connection URI (libpq)"},
    {0},
};

enum { DONE = 0, WRONG = 1, MISUSE = 2 };

static int complain(const char *message) {
    fflush(stdout);
    fprintf(stderr, "seatlog-dead-letters: %s\n", message);
    return WRONG;
}

struct tool {
    struct config *config;
    struct pg *pg;
    struct codec *codec;
    struct arena arena;
    struct letters letters;
};

/* Asks for one. Returns whether it is to be waited for; *bad where nothing can come of it. */
static bool retry_ask(struct tool *tool, struct letter *letter, bool *bad) {
    struct error error = {0};
    const char *refusal = letter_refusal(letter);
    bool asked = false;
    if (letter->state == LETTER_SETTLED) {
        letter_state_say(letter);
        return false;
    }
    if (refusal != NULL) {
        printf("%d-%lld cannot be retried. %s\n", letter->partition, (long long)letter->offset,
               refusal);
        *bad = true;
        return false;
    }
    if (!letter_ask(tool->config, tool->pg, letter, &asked, &error)) {
        *bad = true;
        complain(error.message);
        return false;
    }
    letter->state = LETTER_ASKED;
    return true;
}

static bool any_asked(const struct letters *letters, const bool *waited) {
    for (size_t i = 0; i < letters->count; i++) {
        if (waited[i] && letters->items[i].state == LETTER_ASKED) {
            return true;
        }
    }
    return false;
}

/* Asks for `only`, or for all that is not settled, and says what came of each. */
static int retry(struct tool *tool, const struct letter *only) {
    struct letters *letters = &tool->letters;
    struct error error = {0};
    bool bad = false;
    bool *waited = allocate_zeroed(letters->count + 1, sizeof *waited);
    for (size_t i = 0; i < letters->count; i++) {
        struct letter *letter = &letters->items[i];
        if (letter == only || (only == NULL && letter->state != LETTER_SETTLED)) {
            waited[i] = retry_ask(tool, letter, &bad);
        }
    }
    int64_t until_ms = clock_monotonic_ms() + config_integer(tool->config, "wait_s") * 1000;
    while (any_asked(letters, waited)) {
        if (!letters_refresh(tool->pg, &tool->arena, letters, &error)) {
            free(waited);
            return complain(error.message);
        }
        if (clock_monotonic_ms() > until_ms) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200 * 1000000L}, NULL);
    }
    for (size_t i = 0; i < letters->count; i++) {
        if (waited[i]) {
            letter_state_say(&letters->items[i]);
            bad = bad || letters->items[i].state != LETTER_SETTLED;
        }
    }
    if (any_asked(letters, waited)) {
        puts("It has not been handled yet. Is the daemon up, and the partition not stuck?\n"
             "It stays asked for: ./seatlog status, then ./seatlog dead-letters list");
    }
    free(waited);
    return bad ? WRONG : DONE;
}

static int run(struct tool *tool, const char *command, const char *id) {
    struct error error = {0};
    bool all = config_boolean(tool->config, "all");
    if (!letters_load(tool->config, tool->pg, tool->codec, &tool->arena, &tool->letters, &error)) {
        return complain(error.message);
    }
    struct letter *letter = id != NULL ? letters_find(&tool->letters, id) : NULL;
    if (id != NULL && letter == NULL) {
        char text[256];
        snprintf(text, sizeof text, "there is no dead letter %.64s", id);
        return complain(text);
    }
    if (strcmp(command, "count") == 0) { /* for ./seatlog status */
        size_t settled = 0;
        for (size_t i = 0; i < tool->letters.count; i++) {
            settled += tool->letters.items[i].state == LETTER_SETTLED;
        }
        printf("%zu %zu\n", tool->letters.count - settled, settled);
        return DONE;
    }
    if (strcmp(command, "list") == 0) {
        letters_list(&tool->letters, tool->codec, all);
        return DONE;
    }
    if (strcmp(command, "show") == 0) {
        letter_show(letter, tool->codec);
        return DONE;
    }
    return retry(tool, letter);
}

static int misuse(const char *what) {
    fprintf(stderr,
            "seatlog-dead-letters: %s\n"
            "usage: seatlog-dead-letters list [--all=yes]\n"
            "       seatlog-dead-letters count      (open, and settled)\n"
            "       seatlog-dead-letters show ID\n"
            "       seatlog-dead-letters retry ID|--all=yes [--wait_s=N]\n",
            what);
    return MISUSE;
}

int main(int argc, char **argv) {
    struct tool tool = {0};
    struct error error = {0};
    const char *command = argc > 1 ? argv[1] : "";
    bool list = strcmp(command, "list") == 0 || strcmp(command, "count") == 0,
         show = strcmp(command, "show") == 0;
    if (!list && !show && strcmp(command, "retry") != 0) {
        return misuse("list, show or retry?");
    }
    const char *id = argc > 2 && argv[2][0] != '-' ? argv[2] : NULL;
    int taken = id != NULL ? 2 : 1;
    argv[taken] = argv[0];
    log_init("dead-letters", LOG_LEVEL_ERROR);
    tool.config = config_load(NULL, options, argc - taken, argv + taken, &error);
    if (tool.config == NULL) {
        return misuse(error.message);
    }
    bool all = config_boolean(tool.config, "all");
    if (list ? id != NULL : (id == NULL) != (all && !show)) {
        config_free(tool.config);
        return misuse(list ? "list takes no id" : show ? "which one?" : "one id, or --all=yes");
    }
    tool.pg = pg_new(config_text(tool.config, "postgres_url"), "seatlog-dead-letters");
    tool.codec = codec_new();
    arena_init(&tool.arena);
    int status = run(&tool, command, id);
    free(tool.letters.items);
    arena_deinit(&tool.arena);
    codec_free(tool.codec);
    pg_free(tool.pg);
    config_free(tool.config);
    return status;
}
