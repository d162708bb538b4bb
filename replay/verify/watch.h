/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_WATCH_H
#define SEATLOG_REPLAY_VERIFY_WATCH_H

#include "replay/log/seal.h"
#include "runtime/base/buffer.h"

/*
 * Follows one partition of a topic and compares it with what the seals say of it. Seals stand in
 * the order they were made, so their ends only grow.
 *
 * A seal of version 1 cannot say which events count once there is a claim: then it proves nothing,
 * and is broken.
 */
struct replay_watch {
    const struct seal *seals;
    size_t count;
    size_t next; /* first seal not compared yet */
    int32_t partition;
    bool commands;                        /* which of the two topics */
    struct replay_sum sums[SEAL_VERSION]; /* of version 1, 2 */
    int64_t label_offset;                 /* of the first label; -1: none */
    uint64_t broken;
};

void replay_watch_init(struct replay_watch *watch, const struct seal *seals, size_t count,
                       int32_t partition, bool commands);

/* Before each record, in order; findings get a line for every seal that is broken. */
void replay_watch_take(struct replay_watch *watch, const struct replay_record *record,
                       struct buffer *findings);

/* At the end of the partition. */
void replay_watch_end(struct replay_watch *watch, struct buffer *findings);

/* Whether a seal speaks of records that have not come yet. */
bool replay_watch_waits(const struct replay_watch *watch);

#endif
