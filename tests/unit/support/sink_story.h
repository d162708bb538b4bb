/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of the sink's core: what happened, what it told, what it asked for. */
#ifndef SEATLOG_TESTS_UNIT_SUPPORT_SINK_STORY_H
#define SEATLOG_TESTS_UNIT_SUPPORT_SINK_STORY_H

#include "runtime/loop/sink/core/core.h"
#include "tests/unit/support/test.h"

#define RECORDS_MAX 8
#define TRIES_MAX 3

extern struct sink_core core;
extern struct sink_core_entry entries[4 * RECORDS_MAX];
extern struct sink_core_partition partitions[2];
extern struct sink_core_effect asked;
extern char told[256]; /* "rollback discard" */
extern int64_t now_ms;

#define ASSERT_ASKED(wanted) assert_int_equal(asked.kind, (wanted))
#define ASSERT_TOLD(words) assert_string_equal(told, (words))

/* In the group, owner of both partitions, at offset 10 of each; records flow. Each is a command of
 * its own. For cmocka: a setup. */
int sink_story_begin(void **state);

/* The same, of seatlog.events, in the term "5-…05" and at cursor 20. */
int sink_story_begin_ruled(void **state);

/* In the group, with so many partitions, of which the first one is to be loaded. */
void is_in_the_group(size_t count);

void step(struct sink_core_event event);
void happens(enum sink_core_event_kind kind);
void is_assigned(size_t count);
void stands_at(int64_t offset);

void fails_with(enum error_action action, bool outside, const char *message);
void fails(const char *message);
void is_away(void);

/* Answers "it worked" to what is asked for, which must be this. */
void works(enum sink_core_effect_kind kind);
void is_waited_for(void);

void comes(size_t partition, int64_t offset);

/* Records 10, 11, … of partition 0, and then none. */
void a_batch_comes(int64_t count);
void advance_to(int64_t offset);
void handle_offset(int64_t offset);

/* From BEGIN to what is asked for after the COMMIT. */
void is_committed(int64_t from, int64_t to);

/* A record with a label comes: an event of a term, or a claim. `term` is its offset, and its nonce
 * too. */
void event_comes(size_t partition, int64_t offset, int64_t term, int64_t prev, uint32_t index,
                 bool last);
void claim_comes(size_t partition, int64_t offset);

#endif
