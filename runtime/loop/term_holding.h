/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TERM_HOLDING_H
#define SEATLOG_RUNTIME_LOOP_TERM_HOLDING_H

#include "runtime/term/reader.h"

/*
 * The records of the command under way, held until it is whole, as the verdicts of the rule say
 * (runtime/term/reader.h). Pure; one for each partition. What a record is, only the caller knows.
 */
struct term_holding {
    void (*release)(void *record); /* frees one */
    void **records;
    size_t count;
    size_t capacity;
    bool whole; /* records are those of a command that counts */
};

/* More than any decider writes of one command: a reader's memory ends somewhere. */
#define TERM_HELD_MAX 10000

enum term_held {
    TERM_HELD_ON,      /* nothing to be done */
    TERM_HELD_WHOLE,   /* records[0] to records[count - 1] count, in this order, as one whole */
    TERM_HELD_TOO_MANY /* above TERM_HELD_MAX: the log is not ours to read */
};

void term_holding_init(struct term_holding *holding, void (*release)(void *record));

/* Takes over a record that the reader has just judged. What is whole lives until the next call. */
enum term_held term_holding_take(struct term_holding *holding, const struct term_reader *reader,
                                 enum term_verdict verdict, void *record);

/* Releases what is held, as if it had not come. */
void term_holding_drop(struct term_holding *holding);

/* The same, and frees what the holding itself has. */
void term_holding_deinit(struct term_holding *holding);

#endif
