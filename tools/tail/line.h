/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_TAIL_LINE_H
#define SEATLOG_TOOLS_TAIL_LINE_H

#include "runtime/base/buffer.h"

#include <stdbool.h>

enum { TAIL_WIDTH_MIN = 20, TAIL_WIDTH_MAX = 1000 };

/*
 * How a line of the log is shown. Wrapping is between words, by the columns that a terminal gives
 * each character (wide ones two, combining ones none): the caller has set a UTF-8 locale. A word
 * that is wider than a line is broken.
 */
struct tail_style {
    int width; /* columns; 0: the line stays one line */
    bool colours;
};

/* What suits standard output: the width of the terminal, and colours unless NO_COLOR is set or the
 * terminal knows none. Anything else than a terminal gets one line an event, plain. */
struct tail_style tail_style_of_output(void);

/* Appends the line (UTF-8, time first, then "show · what happened") as it is shown, with line ends.
 */
void tail_line_write(struct buffer *out, const char *line, struct tail_style style);

#endif
