/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden traces of core_stories: each file holds stories that begin with a line "== title".
 * With SEATLOG_GOLDEN_WRITE set, what happens is written there, for people to read.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"

#define STORIES_MAX 256

struct told {
    const char *title;
    const char *text;
};

static char *file_read(const char *path) {
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file == NULL || getdelim(&text, &size, '\0', file) <= 0) {
        abort();
    }
    fclose(file);
    return text;
}

/* Cuts the file's text in place; the lines between stories' ends and titles are kept with them. */
static size_t stories_cut(char *text, struct told *stories, size_t count) {
    for (char *title = strncmp(text, "== ", 3) == 0 ? text : NULL; title != NULL;) {
        char *line_end = strchr(title, '\n');
        char *next = strstr(line_end, "\n== ");
        *line_end = '\0';
        if (next != NULL) {
            *next++ = '\0';
        }
        if (count == STORIES_MAX) {
            abort();
        }
        stories[count++] = (struct told){.title = title + 3, .text = line_end + 1};
        title = next;
    }
    return count;
}

static void test_story(void **state) {
    const struct told *told = *state;
    story_run(told->text);
}

static void stories_write(const char *path, const struct told *stories, size_t count) {
    FILE *file = fopen(path, "w");
    for (size_t i = 0; i < count; i++) {
        char *happened = story_play_text(stories[i].text);
        fprintf(file, "%s== %s\n%s", i == 0 ? "" : "\n", stories[i].title, happened);
        free(happened);
    }
    fclose(file);
}

int main(void) {
    static struct told stories[STORIES_MAX];
    static struct CMUnitTest tests[STORIES_MAX];
    size_t count = 0;
    glob_t files;
    if (glob(SEATLOG_SOURCE_DIRECTORY "/tests/unit/reservation/core/core_stories/*.story", 0, NULL,
             &files) != 0) {
        return 1;
    }
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t first = count;
        count = stories_cut(file_read(files.gl_pathv[i]), stories, count);
        if (getenv("SEATLOG_GOLDEN_WRITE") != NULL) {
            stories_write(files.gl_pathv[i], stories + first, count - first);
        }
    }
    if (getenv("SEATLOG_GOLDEN_WRITE") != NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){
            .name = stories[i].title, .test_func = test_story, .initial_state = &stories[i]};
    }
    globfree(&files);
    return _cmocka_run_group_tests("core: stories", tests, count, NULL, NULL);
}
