/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_WITNESS_H
#define SEATLOG_REPLAY_VERIFY_WITNESS_H

#include "replay/log/counted.h"
#include "replay/verify/model.h"
#include "replay/verify/watch.h"
#include "seatlog_codec.h"

/*
 * Looks at every record of a partition of events, whether it counts or not:
 *
 *   what does not count, is counted by kind
 *   the model's own reading of the rule (replay_model_judge) says the same of each record
 *   an event that does not count is of a term whose claim is on the log
 *   a claim's value says what its header says
 *   what others have kept of this partition is a place between two commands on it
 *   nothing is missing where the log ends: a hole there is still open
 *   the seals hold
 */

/* A position that somebody goes on from, or would after a restart. */
struct replay_fit {
    char whose[64];
    struct term_position position;
    enum {
        REPLAY_FIT_WHOLE,
        REPLAY_FIT_CURSOR, /* kept by a decider that knew of no terms: the cursor may be ahead of
                              the events there */
        REPLAY_FIT_OFFSET  /* kept by a sink that knew of none: only the offset counts */
    } known;
    bool judged;
};
#define REPLAY_FITS_MAX 8 /* the snapshot, the offset, and the rows of sinks */

struct replay_tally {
    uint64_t claims;
    uint64_t stale[TERM_STALE_COUNT];
    uint64_t halves; /* events of commands that a claim or a hole has cut off */
};

struct replay_witness {
    int32_t partition;
    struct replay_model *model;
    struct buffer *findings; /* a line each */
    struct replay_watch watch;
    struct replay_judge judge; /* for replay_counted_new */
    struct replay_fit fits[REPLAY_FITS_MAX];
    size_t fit_count;
    struct term *claims; /* all of them, by offset */
    size_t claims_capacity;
    struct codec *codec;
    struct arena arena;
    struct replay_tally tally;
    uint64_t violated; /* without the seals */
};

/* All zero but partition, model, findings and the fits; the watch is begun by the caller. */
void replay_witness_begin(struct replay_witness *witness);

/* Once everything was read; end_offset: where the partition ends. */
void replay_witness_end(struct replay_witness *witness, const struct term_reader *rule,
                        int64_t end_offset);

void replay_witness_deinit(struct replay_witness *witness);

#endif
