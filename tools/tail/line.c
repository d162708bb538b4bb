/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log on a terminal: wrapped between words, time and show set off by colours. */
#include "tools/tail/line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define COLOUR_TIME "\033[2m"
#define COLOUR_SHOW "\033[1m"
#define COLOUR_OFF "\033[0m"
#define SHOW_END " · "

enum { INDENT = 4, WIDTH_DEFAULT = 80 };

struct tail_style tail_style_of_output(void) {
    struct tail_style style = {0, false};
    if (!isatty(STDOUT_FILENO)) {
        return style;
    }
    struct winsize size = {0};
    const char *terminal = getenv("TERM");
    const char *refusal = getenv("NO_COLOR");
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    style.width = known ? size.ws_col : WIDTH_DEFAULT;
    if (style.width < TAIL_WIDTH_MIN) {
        style.width = TAIL_WIDTH_MIN;
    }
    style.colours =
        (refusal == NULL || *refusal == '\0') && terminal != NULL && strcmp(terminal, "dumb") != 0;
    return style;
}

/* The bytes of the character at text, and its columns. What is no character counts as one of each.
 */
static size_t character_measure(const char *text, int *columns) {
    wchar_t wide = 0;
    mbstate_t state = {0};
    size_t size = mbrtowc(&wide, text, strlen(text), &state);
    if (size == 0 || size > (size_t)4) {
        *columns = 1;
        return 1;
    }
    int width = wcwidth(wide);
    *columns = width < 0 ? 1 : width;
    return size;
}

/* The bytes of the word at text, at most limit columns of it; *columns is what it takes. */
static size_t word_measure(const char *text, int limit, int *columns) {
    size_t size = 0;
    *columns = 0;
    while (text[size] != '\0' && text[size] != ' ') {
        int width = 0;
        size_t bytes = character_measure(text + size, &width);
        if (*columns + width > limit) {
            break;
        }
        size += bytes;
        *columns += width;
    }
    return size;
}

static void colour(struct buffer *out, struct tail_style style, const char *code) {
    if (style.colours) {
        buffer_append_text(out, code);
    }
}

static void line_end(struct buffer *out, struct tail_style style, const char *running) {
    colour(out, style, COLOUR_OFF);
    buffer_append_format(out, "\n%*s", INDENT, "");
    colour(out, style, running);
}

void tail_line_write(struct buffer *out, const char *line, struct tail_style style) {
    const int width = style.width > 0 ? style.width : INT32_MAX;
    const char *time_end = strchr(line, 'Z');
    const char *show_end = strstr(line, SHOW_END);
    const char *running = COLOUR_TIME;
    int at = 0; /* columns taken */
    colour(out, style, running);
    for (const char *next = line; *next != '\0';) {
        if (time_end != NULL && next == time_end + 1) {
            running = show_end != NULL ? COLOUR_SHOW : "";
            colour(out, style, COLOUR_OFF);
            colour(out, style, running);
        } else if (next == show_end) {
            running = "";
            colour(out, style, COLOUR_OFF);
        }
        size_t blanks = strspn(next, " ");
        int columns = 0;
        size_t size = word_measure(next + blanks, width - INDENT, &columns);
        if (blanks + size == 0) { /* one character wider than a line */
            size = character_measure(next, &columns);
        }
        if (at > INDENT && at + (int)blanks + columns > width) {
            line_end(out, style, running);
            at = INDENT;
            blanks = 0;
            next += strspn(next, " ");
        }
        buffer_append(out, next, blanks + size);
        at += (int)blanks + columns;
        next += blanks + size;
    }
    colour(out, style, COLOUR_OFF);
    buffer_append(out, "\n", 1);
}
