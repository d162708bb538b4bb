/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the simulators that have a planted bug, and tells which of them found it. */
#include "tests/sim/hunt.h"

#include "runtime/base/buffer.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUGS_MAX 1000
#define OPTIONS_MAX 40
#define PATH_SIZE 4096
#define PREFIX "seatlog-sim-"

struct bug {
    char *name; /* skip-expiry */
    char *what; /* a sentence */
    pid_t process;
    int output; /* what the process prints */
};

struct hunt {
    char folder[PATH_SIZE];
    struct bug bugs[BUGS_MAX];
    size_t count;
};

/* The folder of the planted programs: beside this one. */
static bool folder_find(struct hunt *hunt) {
    static const char planted[] = "/planted";
    ssize_t size = readlink("/proc/self/exe", hunt->folder, sizeof hunt->folder - sizeof planted);
    if (size <= 0) {
        return false;
    }
    hunt->folder[size] = '\0';
    memcpy(strrchr(hunt->folder, '/'), planted, sizeof planted);
    return true;
}

/* A line a bug: its name, a tab, what it is. */
static bool bugs_read(struct hunt *hunt, const char *only) {
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/bugs.tsv", hunt->folder);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\nBuild the programs with the bugs first: the target `planted`.\n",
                path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0 && hunt->count < BUGS_MAX) {
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\n")] = '\0';
        if (tab == NULL) {
            continue;
        }
        *tab = '\0';
        if (only == NULL || strcmp(only, line) == 0) {
            hunt->bugs[hunt->count++] =
                (struct bug){.name = text_duplicate(line), .what = text_duplicate(tab + 1)};
        }
    }
    free(line);
    fclose(file);
    if (hunt->count == 0) {
        fprintf(stderr, "there is no bug %s; their names are in %s\n", only != NULL ? only : "",
                path);
    }
    return hunt->count > 0;
}

/* Of the child: never returns. */
static void bug_run(const char *folder, const struct bug *bug, int output, char *const options[]) {
    char program[PATH_SIZE + 100];
    char *arguments[OPTIONS_MAX + 3] = {program, "--hunt"};
    for (int i = 0; i < OPTIONS_MAX && options[i] != NULL; i++) {
        arguments[i + 2] = options[i];
    }
    snprintf(program, sizeof program, "%s/" PREFIX "%s", folder, bug->name);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(program, arguments);
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

static void bug_start(const struct hunt *hunt, struct bug *bug, char *const options[]) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        die("cannot make a pipe: %s", strerror(errno));
    }
    bug->process = fork();
    if (bug->process < 0) {
        die("cannot start a process: %s", strerror(errno));
    }
    if (bug->process == 0) {
        bug_run(hunt->folder, bug, ends[1], options);
    }
    close(ends[1]);
    bug->output = ends[0];
}

/* Skips the lines that name seeds; the seed of the last of them, 0: none was begun. */
static unsigned long long seeds_skip(const char **text) {
    unsigned long long seed = 0;
    int size;
    do {
        size = 0;
        if (sscanf(*text, HUNT_SEED_FORMAT "%n", &seed, &size) != 1 || size == 0) {
            break;
        }
        *text = strchr(*text, '\n') + 1;
    } while (**text != '\0');
    return seed;
}

/* Each line of what a program has said, indented. */
static void lines_print(const char *text) {
    while (*text != '\0') {
        int size = (int)strcspn(text, "\n");
        printf("        %.*s\n", size, text);
        text += text[size] == '\n' ? size + 1 : size;
    }
}

/*
 * Waits for a bug's process and tells its end. A failed assertion catches a bug too. Anything else
 * than that and a violated invariant does not: nobody knows then what was found.
 */
static bool bug_settle(struct bug *bug) {
    struct buffer output = {0};
    char piece[8192];
    ssize_t size;
    while ((size = read(bug->output, piece, sizeof piece)) > 0 || (size < 0 && errno == EINTR)) {
        buffer_append(&output, piece, size > 0 ? (size_t)size : 0);
    }
    close(bug->output);
    int status = 0;
    waitpid(bug->process, &status, 0);
    const char *text = output.data != NULL ? output.data : "";
    unsigned long long seed = seeds_skip(&text);
    bool asserted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && seed > 0;
    bool caught = asserted || (WIFEXITED(status) && WEXITSTATUS(status) == HUNT_STATUS_FOUND);
    if (caught) {
        printf("caught  %-28s seed %-4llu %s\n", bug->name, seed, bug->what);
    } else {
        printf("MISSED  %-28s %s\n", bug->name, bug->what);
    }
    if (WIFSIGNALED(status)) {
        printf("        its program died of signal %d\n", WTERMSIG(status));
    } else if (!caught && WEXITSTATUS(status) != EXIT_SUCCESS) {
        printf("        its program ended with status %d\n", WEXITSTATUS(status));
    }
    lines_print(text);
    fflush(stdout);
    buffer_deinit(&output);
    return caught;
}

int hunt_all(const char *only, char *const options[]) {
    static struct hunt hunt;
    if (!folder_find(&hunt) || !bugs_read(&hunt, only)) {
        return 2;
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t started = 0, caught = 0;
    for (size_t i = 0; i < hunt.count; i++) {
        while (started < hunt.count && started < i + (size_t)(cores > 0 ? cores : 1)) {
            bug_start(&hunt, &hunt.bugs[started++], options);
        }
        caught += bug_settle(&hunt.bugs[i]);
    }
    for (size_t i = 0; i < hunt.count; i++) {
        free(hunt.bugs[i].name);
        free(hunt.bugs[i].what);
    }
    printf("planted: %zu of %zu caught\n", caught, hunt.count);
    return caught == hunt.count ? EXIT_SUCCESS : EXIT_FAILURE;
}
