/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of events that goes by the rule that ships. */
#ifndef SEATLOG_TESTS_SIM_FOLLOWER_H
#define SEATLOG_TESTS_SIM_FOLLOWER_H

#include "runtime/term/reader.h"
#include "tests/sim/world.h"

/*
 * A partition of events, read command by command: for those who have no core that does it, ingest's
 * tail and the loop of ticketgen.
 */
#define SIM_FOLLOWED_MAX 512

struct sim_follower {
    int32_t partition;
    struct term_reader reader;
    int64_t held[SIM_FOLLOWED_MAX]; /* reader.held of them */
    int64_t offsets[SIM_FOLLOWED_MAX];
    size_t count; /* of offsets: the events of the command that was delivered last */
};

/* The label of an entry of events. */
struct term_label sim_term_label(const struct sim_entry *entry);

/* What the rule says of an entry of events. */
enum term_verdict sim_term_feed(struct sim_world *world, struct term_reader *reader, int64_t offset,
                                const struct sim_entry *entry);

void sim_follower_init(struct sim_follower *follower, int32_t partition,
                       const struct term_position *position);

/* Reads on to the next whole command; false: there is none yet. */
bool sim_follower_next(struct sim_world *world, struct sim_follower *follower, bool uncommitted);

/* Whether something is left to read. */
bool sim_follower_rests(const struct sim_world *world, const struct sim_follower *follower);

const struct sim_entry *sim_follower_entry(const struct sim_world *world,
                                           const struct sim_follower *follower, size_t index);

#endif
