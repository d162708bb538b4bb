/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_DEAD_LETTERS_LETTERS_H
#define SEATLOG_TOOLS_DEAD_LETTERS_LETTERS_H

#include "codec/arena.h"
#include "runtime/base/config.h"
#include "runtime/pg/pg.h"
#include "seatlog_codec.h"

/*
 * What was set aside: the letters of seatlog.dead-letters, one for each record and consumer (a
 * record that was set aside again is told by its last letter), with what became of the retries that
 * were asked for (public.dead_letter_retry).
 */
enum letter_state {
    LETTER_ASIDE,   /* nobody has asked, or the retry has failed: see tries */
    LETTER_ASKED,   /* its consumer has been asked to handle it again */
    LETTER_SETTLED, /* handled after all */
};
#define LETTER_STATE_COUNT (LETTER_SETTLED + 1)

#define LETTER_ID_SIZE 64 /* PARTITION-OFFSET with its NUL, and more */

struct letter {
    int32_t partition; /* of the letter: PARTITION-OFFSET is its id for people */
    int64_t offset;
    int64_t at_ms;             /* when it was set aside, by the broker's clock */
    struct dead_letter record; /* in the arena */
    enum letter_state state;
    int64_t tries;     /* retries that came to an end */
    const char *ended; /* when the last of them did, for people; empty: none has */
    const char *said;  /* why it failed, or how it was settled otherwise; empty: nothing to say */
};

struct letters {
    struct letter *items; /* in the order they were set aside */
    size_t count;
    size_t capacity;
};

/* Reads the topic to its end, and the retries. Texts live in the arena; free(items). */
bool letters_load(const struct config *config, struct pg *pg, struct codec *codec,
                  struct arena *arena, struct letters *letters, struct error *error);

/* What the retries have come to since. */
bool letters_refresh(struct pg *pg, struct arena *arena, struct letters *letters,
                     struct error *error);

/* The letter "PARTITION-OFFSET"; NULL: none, or it is no id. */
struct letter *letters_find(const struct letters *letters, const char *id);

/* Why no retry can help, and what does; NULL: one can be asked for. */
const char *letter_refusal(const struct letter *letter);

/*
 * Asks the consumer to handle the record again, which is read from the log as it is. *asked is
 * false where it is settled or asked for already.
 */
bool letter_ask(const struct config *config, struct pg *pg, const struct letter *letter,
                bool *asked, struct error *error);

#endif
