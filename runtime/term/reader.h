/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_TERM_READER_H
#define SEATLOG_RUNTIME_TERM_READER_H

#include "runtime/term/label.h"

/*
 * The reader's rule: which records of a partition of seatlog.events count. Pure; one per partition.
 *
 * A claim begins a term. Of a term count the events that continue where the reader is: `prev` is
 * its cursor, `index` the number of events it holds of the command under way. With the `last` one
 * the command is delivered whole, and the cursor becomes `next`. Everything else is stale: it is
 * skipped before it is decoded, and is no dead letter. So whatever a decider that was deposed, a
 * producer that repeats itself or a lost acknowledgement leave behind, all readers see the same
 * commands, each once, in order, whole.
 *
 * Something that should be there may be on the log all the same, and the consumer has skipped it: a
 * gap in the offsets, `prev` or `index` above what is held, a label of a term whose claim was not
 * seen. It is read again once; what is missing still is missing on the log.
 *
 * Before a partition's first claim (history) the broker's transactions say what counts: readers are
 * read committed, and each record that they get counts by itself.
 *
 * A caller holds the events of a command under way and does nothing with them until the command is
 * delivered. What it keeps for a restart is reader.position, which never stands inside a command.
 */
enum term_verdict {
    TERM_PASSED,   /* an offset that was seen already */
    TERM_HISTORY,  /* from before the first claim: it counts */
    TERM_CLAIM,    /* a new term: what is held is dropped */
    TERM_JOINS,    /* to be held */
    TERM_DELIVERS, /* the command is whole: what is held, and this, count */
    TERM_STALE,    /* it does not count */
    TERM_REREAD, /* something may have been skipped: read again from position.next_offset on, once;
                      what is held is dropped */
    TERM_FORGOTTEN /* the log has lost what was delivered from it: stop with an alarm */
};

enum term_stale {
    TERM_STALE_FOREIGN,  /* of another term, or without a readable label */
    TERM_STALE_AGAIN,    /* a copy of what has counted */
    TERM_STALE_HOLE,     /* something before it is missing on the log: nothing counts until the next
                            claim */
    TERM_STALE_MISMATCH, /* the same, from a term's first event on */
    TERM_STALE_COUNT
};

/* A reader that is deaf for so long raises an alarm. */
#define TERM_DEAF_MS_MAX 10000

/* Read only for the caller. */
struct term_reader {
    struct term_position position; /* after the last claim, delivery, or record of history */
    int64_t next_offset;           /* everything below was seen; at least position.next_offset */
    uint32_t held;                 /* events of the command under way */
    bool fresh;                    /* nothing of the term has counted yet */
    bool deaf;                     /* nothing counts until the next claim: raise an alarm if it
                                      stays so */
    int64_t doubted_offset;        /* read again because of the record there; -1: none */
    struct term doubted_term;      /* read again because its claim was not seen */
    int64_t stale[TERM_STALE_COUNT];
};

/* `position`: as kept, or term_position_of_beginning(). */
void term_reader_init(struct term_reader *reader, const struct term_position *position);

/*
 * Judges the record at `offset`; a caller feeds all that it gets, in order. history_cursor: the
 * command's offset + 1 where the label is TERM_LABEL_NONE (from the event's head; 0 if it has none),
 * else ignored.
 */
enum term_verdict term_reader_feed(struct term_reader *reader, int64_t offset,
                                   const struct term_label *label, int64_t history_cursor);

/*
 * The consumer has come to the end of the partition, which is `offset` (librdkafka's PARTITION_EOF):
 * true where it has skipped what stands last, which no record behind it would tell. The caller reads
 * again from position.next_offset on, as at TERM_REREAD.
 */
bool term_reader_end(struct term_reader *reader, int64_t offset);

/* The caller reads again from position.next_offset on, for reasons of its own. What is held is
 * dropped. */
void term_reader_restart(struct term_reader *reader);

/* "foreign", "again", "hole", "mismatch" */
const char *term_stale_name(enum term_stale kind);

#endif
