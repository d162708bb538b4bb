/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_WORDS_H
#define SEATLOG_NOTIFIER_CORE_WORDS_H

#include "notifier/core/letter.h"
#include "runtime/base/buffer.h"

/* What text and HTML have in common. */
struct mail_words {
    const char *headline;      /* "You're going!" */
    struct buffer lead;        /* a paragraph: what has happened */
    struct buffer explanation; /* a second one, may be empty: why, or what to expect */
    const char *total_label;   /* "Total paid" */
    const char *colour;        /* of the band: #rrggbb, white reads on it */
    bool places_void;          /* the places are not the buyer's any more */
};

void mail_words_init(const struct mail_letter *letter, struct mail_words *words);
void mail_words_deinit(struct mail_words *words);

/* "Stalls, row F, seat 12", or "Standing, general admission". */
void mail_words_place(const struct place *place, struct buffer *out);

/* "Pageant Theatre, Chico"; what has no visible name is left out. */
void mail_words_where(const struct show_summary *summary, struct buffer *out);

/* "Starts: Friday, 27 November 2026, 19:30 PST (UTC−8)". */
void mail_words_starts(const struct show_summary *summary, struct buffer *out);

/* The same for the end; false, and nothing is appended, where the show has none worth telling. */
bool mail_words_ends(const struct show_summary *summary, struct buffer *out);

#endif
