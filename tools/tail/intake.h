/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_TAIL_INTAKE_H
#define SEATLOG_TOOLS_TAIL_INTAKE_H

#include "runtime/term/reader.h"

#include <stddef.h>

/*
 * What of a partition is to be told, in its order: records that count, by the reader's rule, once
 * their command is whole; and if all are wanted, those that do not, with the reason. Pure: what a
 * record is, only the caller knows.
 */
struct tail_record {
    void *record;
    int64_t offset;
    bool known;      /* whether it counts is known */
    const char *why; /* it does not; NULL: it counts */
};

#define TAIL_WHY_CLAIM "a claim"
#define TAIL_WHY_UNFINISHED "its command was never whole"

struct tail_intake {
    void (*release)(void *record);
    bool all;
    struct tail_record *records; /* count from begin on; those held for the rest have no fate yet */
    size_t begin;
    size_t count;
    size_t capacity;
    int64_t told_offset;             /* what does not count was told below */
    int64_t stale[TERM_STALE_COUNT]; /* the reader's counts, as they were */
};

void tail_intake_init(struct tail_intake *intake, bool all, void (*release)(void *record));
void tail_intake_deinit(struct tail_intake *intake);

/* Takes over a record that the reader has just judged; after TERM_REREAD call tail_intake_restart.
 */
void tail_intake_take(struct tail_intake *intake, const struct term_reader *reader,
                      enum term_verdict verdict, int64_t offset, void *record);

/* The caller reads again from reader->position.next_offset on. */
void tail_intake_restart(struct tail_intake *intake, const struct term_reader *reader);

/* The next record to tell, until it is passed; NULL: none yet. */
const struct tail_record *tail_intake_first(const struct tail_intake *intake);
void tail_intake_pass(struct tail_intake *intake);

#endif
