/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_DEAD_LETTERS_PRINT_H
#define SEATLOG_TOOLS_DEAD_LETTERS_PRINT_H

#include "tools/dead-letters/letters.h"

/* Letters for people, on standard output, in 80 columns. */

/* A paragraph a letter that is open, or of all; and how many there are. */
void letters_list(const struct letters *letters, struct codec *codec, bool all);

/* All of one letter: record, reason, state, what a retry does, key and value as bytes. */
void letter_show(const struct letter *letter, struct codec *codec);

/* What has become of it, in a line. */
void letter_state_say(const struct letter *letter);

#endif
