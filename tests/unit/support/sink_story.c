/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the sink's core what happens, and keeps what it tells and asks. */
#include "tests/unit/support/sink_story.h"

#include <stdio.h>
#include <string.h>

struct sink_core core;
struct sink_core_entry entries[4 * RECORDS_MAX];
struct sink_core_partition partitions[2];
struct sink_core_effect asked;
char told[256];
int64_t now_ms;

static int some_record; /* of the caller, who is none */

void step(struct sink_core_event event) {
    static const char *const words[] = {
        [SINK_TELL_DROP] = "drop",         [SINK_TELL_PARK] = "park",
        [SINK_TELL_ROLLBACK] = "rollback", [SINK_TELL_DISCARD] = "discard",
        [SINK_TELL_SETTLED] = "settled",   [SINK_TELL_STUCK] = "stuck",
        [SINK_TELL_FENCED] = "fenced",     [SINK_TELL_STALE] = "stale",
        [SINK_TELL_DEAF] = "deaf"};
    struct sink_core_effects effects;
    event.now_ms = now_ms;
    told[0] = '\0';
    sink_core_step(&core, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.items[i].kind > SINK_ASK_NOTHING) {
            asked = effects.items[i];
            assert_int_equal(i, effects.count - 1);
            continue;
        }
        size_t size = strlen(told);
        snprintf(told + size, sizeof told - size, "%s%s", size > 0 ? " " : "",
                 words[effects.items[i].kind]);
    }
    assert_int_equal(asked.kind, core.asked);
}

void happens(enum sink_core_event_kind kind) { step((struct sink_core_event){.kind = kind}); }

void is_assigned(size_t count) {
    step((struct sink_core_event){
        .kind = SINK_ASSIGNED, .partitions = partitions, .partition_count = count});
}

void stands_at(int64_t offset) {
    step((struct sink_core_event){.kind = SINK_FOUND, .offset = offset, .high = 100});
}

void fails_with(enum error_action action, bool outside, const char *message) {
    struct error error = {.action = action, .outside = outside};
    snprintf(error.message, sizeof error.message, "%s", message);
    step((struct sink_core_event){.kind = SINK_FAILED, .error = &error});
}

void fails(const char *message) { fails_with(ERROR_RETRY, false, message); }
void is_away(void) { fails_with(ERROR_RETRY, true, "PostgreSQL is away"); }

void works(enum sink_core_effect_kind kind) {
    ASSERT_ASKED(kind);
    happens(SINK_DONE);
}

void is_waited_for(void) {
    ASSERT_ASKED(SINK_ASK_WAIT);
    now_ms = asked.until_ms;
    happens(SINK_QUIET);
}

void comes(size_t partition, int64_t offset) {
    assert_true(sink_core_expects(&core, partition, offset));
    assert_true(sink_core_counts(&core, partition, offset, NULL));
    step((struct sink_core_event){.kind = SINK_RECORD,
                                  .partition = partition,
                                  .offset = offset,
                                  .record = &some_record,
                                  .size = 1});
}

void a_batch_comes(int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        comes(0, 10 + i);
    }
    if (core.asked == SINK_ASK_POLL) {
        happens(SINK_QUIET);
    }
}

void advance_to(int64_t offset) {
    ASSERT_ASKED(SINK_ASK_ADVANCE);
    assert_int_equal(partitions[asked.partition].moves_to.next_offset, offset);
    happens(SINK_DONE);
}

void handle_offset(int64_t offset) {
    ASSERT_ASKED(SINK_ASK_HANDLE);
    assert_int_equal(entries[asked.entry].offset, offset);
    happens(SINK_DONE);
}

void is_committed(int64_t from, int64_t to) {
    works(SINK_ASK_BEGIN);
    advance_to(to);
    for (int64_t offset = from; offset < to; offset++) {
        handle_offset(offset);
    }
    works(SINK_ASK_FLUSH);
    works(SINK_ASK_COMMIT);
    assert_int_equal(partitions[0].next_offset, to);
}

/* --- with labels --- */

static void labelled_comes(size_t partition, int64_t offset, const struct term_label *label) {
    assert_true(sink_core_expects(&core, partition, offset));
    bool counts = sink_core_counts(&core, partition, offset, label);
    step((struct sink_core_event){.kind = SINK_RECORD,
                                  .partition = partition,
                                  .offset = offset,
                                  .label = label,
                                  .record = counts ? &some_record : NULL,
                                  .size = 1});
}

void event_comes(size_t partition, int64_t offset, int64_t term, int64_t prev, uint32_t index,
                 bool last) {
    labelled_comes(partition, offset,
                   &(struct term_label){.kind = TERM_LABEL_EVENT,
                                        .term = {term, (uint64_t)term},
                                        .prev = prev,
                                        .next = prev + 1,
                                        .index = index,
                                        .last = last});
}

void claim_comes(size_t partition, int64_t offset) {
    labelled_comes(
        partition, offset,
        &(struct term_label){.kind = TERM_LABEL_CLAIM, .term = {TERM_NONE, (uint64_t)offset}});
}

/* --- beginnings --- */

void is_in_the_group(size_t count) {
    now_ms = 1000;
    memset(&asked, 0, sizeof asked);
    sink_core_init(&core, &(struct sink_core_options){.batch_records_max = RECORDS_MAX,
                                                      .record_tries_max = TRIES_MAX,
                                                      .entries = entries,
                                                      .entry_capacity = 4 * RECORDS_MAX});
    happens(SINK_START);
    works(SINK_ASK_JOIN);
    ASSERT_ASKED(SINK_ASK_POLL);
    is_assigned(count);
    happens(SINK_QUIET);
    works(SINK_ASK_LOOK);
    ASSERT_ASKED(SINK_ASK_LOAD);
}

static void records_flow(void) {
    works(SINK_ASK_FLOW);
    ASSERT_ASKED(SINK_ASK_POLL);
    assert_int_equal(asked.timeout_ms, SINK_POLL_MS);
}

int sink_story_begin(void **state) {
    (void)state;
    is_in_the_group(2);
    stands_at(10);
    ASSERT_ASKED(SINK_ASK_LOAD);
    stands_at(10);
    records_flow();
    return 0;
}

int sink_story_begin_ruled(void **state) {
    (void)state;
    const struct term_position place = {.next_offset = 10, .term = {5, 5}, .cursor = 20};
    is_in_the_group(2);
    for (int i = 0; i < 2; i++) {
        ASSERT_ASKED(SINK_ASK_LOAD);
        step((struct sink_core_event){
            .kind = SINK_FOUND, .offset = 10, .high = 100, .ruled = true, .place = &place});
    }
    records_flow();
    return 0;
}
