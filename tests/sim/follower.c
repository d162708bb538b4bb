/* SPDX-License-Identifier: Apache-2.0 */
/* Events, read by the rule that ships. */
#include "tests/sim/follower.h"

#include <assert.h>
#include <string.h>

static int64_t history_cursor_of(struct sim_world *world, const struct sim_entry *entry) {
    struct event event;
    return sim_event_decode(world, entry->value, &event) ? event.as.head.command_offset + 1 : 0;
}

struct term_label sim_term_label(const struct sim_entry *entry) {
    return entry->label.size > 0
               ? term_label_parse((const char *)entry->label.data, entry->label.size)
               : (struct term_label){.kind = TERM_LABEL_NONE};
}

enum term_verdict sim_term_feed(struct sim_world *world, struct term_reader *reader, int64_t offset,
                                const struct sim_entry *entry) {
    struct term_label label = sim_term_label(entry);
    bool history = label.kind == TERM_LABEL_NONE && reader->position.term.offset == TERM_NONE &&
                   offset >= reader->next_offset;
    return term_reader_feed(reader, offset, &label, history ? history_cursor_of(world, entry) : 0);
}

void sim_follower_init(struct sim_follower *follower, int32_t partition,
                       const struct term_position *position) {
    *follower = (struct sim_follower){.partition = partition};
    term_reader_init(&follower->reader, position);
}

static void delivered(struct sim_follower *follower, size_t held, int64_t offset) {
    memcpy(follower->offsets, follower->held, held * sizeof follower->held[0]);
    follower->offsets[held] = offset;
    follower->count = held + 1;
}

bool sim_follower_next(struct sim_world *world, struct sim_follower *follower, bool uncommitted) {
    struct term_reader *reader = &follower->reader;
    const struct sim_entry *entry;
    int64_t next = reader->next_offset;
    while ((entry = sim_log_fetch(world, SIM_EVENTS, follower->partition, &next, uncommitted)) !=
           NULL) {
        uint32_t held = reader->held;
        assert(held + 1 < SIM_FOLLOWED_MAX);
        switch (sim_term_feed(world, reader, next - 1, entry)) {
        case TERM_HISTORY:
        case TERM_DELIVERS:
            delivered(follower, held, next - 1);
            return true;
        case TERM_JOINS:
            follower->held[held] = next - 1;
            break;
        case TERM_REREAD:
            next = reader->next_offset;
            break;
        case TERM_FORGOTTEN:
            sim_violated(world, 7, "events, partition %d: record %lld says that the log forgot",
                         (int)follower->partition, (long long)next - 1);
            return false;
        case TERM_CLAIM:
        case TERM_STALE:
        case TERM_PASSED:
            break;
        }
    }
    return false;
}

bool sim_follower_rests(const struct sim_world *world, const struct sim_follower *follower) {
    int64_t offset = follower->reader.next_offset;
    return sim_log_read(world, SIM_EVENTS, follower->partition, &offset, INT64_MAX, false) == NULL;
}

const struct sim_entry *sim_follower_entry(const struct sim_world *world,
                                           const struct sim_follower *follower, size_t index) {
    assert(index < follower->count);
    return &world->broker.logs[SIM_EVENTS][follower->partition].entries[follower->offsets[index]];
}
