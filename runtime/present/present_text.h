/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PRESENT_PRESENT_TEXT_H
#define SEATLOG_RUNTIME_PRESENT_PRESENT_TEXT_H

#include "codec/value.h"
#include "runtime/base/buffer.h"

#include <stdbool.h>

/*
 * Somebody else's text (a title, a venue, a label), made ready to be shown. What may be on the log
 * was decided by rules that changed; whatever it is, it can be shown:
 *   - controls, line ends and every other kind of blank become one space, none at the ends;
 *   - what nobody sees is left out: bidirectional marks, zero-width characters, controls. Joiners
 *     between letters or emoji stay, and so do selectors and tags of emoji;
 *   - what is no text (bytes that are not UTF-8, surrogates, noncharacters, private use) becomes
 *     U+FFFD.
 * Appends to out. Returns whether anything of it can be seen; if not, nothing was appended. Pure.
 */
bool present_line(struct text value, struct buffer *out);

/* present_line, or `otherwise` where there is nothing to see. */
void present_line_or(struct text value, const char *otherwise, struct buffer *out);

/* The title of a show, or "Untitled event". */
void present_title(struct text title, struct buffer *out);

/* present_line_or between our words: right-to-left text is isolated (U+2068 … U+2069), so that it
 * does not reorder what stands around it. */
void present_isolated(struct text value, const char *otherwise, struct buffer *out);

#define PRESENT_UNTITLED "Untitled event"
#define PRESENT_UNNAMED "—" /* a place without a visible name */

#endif
