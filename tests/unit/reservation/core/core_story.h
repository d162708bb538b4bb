/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_CORE_STORY_H
#define SEATLOG_TESTS_CORE_STORY_H

/*
 * Golden traces of the reservation core, in prose. A story is a text of lines:
 *
 *     at 10:00 Ada reserves A1 A2 as r1
 *       2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
 *
 * A line that begins with "at" is a command; the indented ones after it are the events that it must
 * lead to, all of their fields told. A line that begins with # is a remark. A story plays on the
 * show Ghost (see story_details), which Olga has put on sale at 09:00 of day 0 by event 1.
 *
 * Whatever the story says, after every command it is checked that
 *   - every event's head is right, and seq has no gaps;
 *   - folding the events gives the same state as deciding did;
 *   - a core restored from a snapshot decides the command alike;
 *   - all of that holds for what came back from the codec, compared byte by byte;
 *   - no seat is held by two, and the free ones are those that nobody has.
 *
 * Names (of people, reservations, shows) are their own ids: their letters, padded with zeros.
 */

#include <stdio.h>

#include "codec/arena.h"
#include "reservation/core/core.h"
#include "seatlog_codec.h"

/* Day 0, midnight. */
#define STORY_DAY_MS (20788LL * 24 * 60 * 60 * 1000)
#define STORY_HOUR_MS (60 * 60 * 1000LL)

struct story {
    struct codec *codec;
    struct arena arena;
    struct reservation_allocator allocator;
    size_t octets_allocated;
    struct reservation_effects *effects;
    struct reservation_effects *others; /* for all but the first core */
    struct reservation_core *core;      /* decides */
    struct reservation_core *folded;    /* folds what the first decided */
    int32_t logic_version;              /* that all its cores decide as: story_decide_as */
    int64_t offset;
    int64_t restore_every; /* commands; 0: never */
    FILE *out;
    char *transcript;
    size_t transcript_size;
};

/* One story with its own show; fails the running test with both texts where they differ. */
void story_run(const char *text);

/* What happens in a story: its commands, with the events they led to. The caller frees it. */
char *story_play_text(const char *text);

/* The pieces, for tests that play without a text. */
void story_init(struct story *story);
void story_deinit(struct story *story);
/* Decides a command at a time, checks everything named above, adds the events to the transcript. */
void story_step(struct story *story, const struct command *given, int64_t now_ms);
/* Decides as that version of the logic did from now on; it is the newest at first. */
void story_decide_as(struct story *story, int32_t logic_version);
/* What happened so far, from the last call on; valid until the next step. */
const char *story_transcript(struct story *story);
/* A line of a story as a command. The texts live in the story's arena. */
struct command story_command(struct story *story, const char *line, int64_t *now_ms);

/*
 * The show of the stories, on day 0, 20:00 to 22:00; 10 minutes to hold, 6 places a buyer:
 *   Stalls   rows A, B, C of 6 seats   seats 0..17   10.00 USD
 *   Balcony  row D of 4                seats 18..21   7.50
 *   Floor    general, 10 places                       5.00
 *   Gallery  row G of 2                seats 22, 23   free
 */
struct show_details story_details(void);
struct uuid story_uuid(const char *name);

/* Checked after every step; a test may call them of its own. */
void story_check_places(struct story *story, struct reservation_core *core);
/* The show as its snapshot's bytes; valid until the codec's next encode. */
struct octets story_snapshot(struct story *story, struct reservation_core *core,
                             const struct reservation_show *show);
/* A core with what the snapshots of all shows of another tell. */
struct reservation_core *story_restored(struct story *story, struct reservation_core *core);
/* All shows alike, byte by byte. */
void story_check_same(struct story *story, struct reservation_core *a, struct reservation_core *b);

#endif
