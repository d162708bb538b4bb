/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's rule. */
#include "runtime/term/reader.h"

#include <assert.h>

#define NOTHING_DOUBTED INT64_C(-1)

const char *term_stale_name(enum term_stale kind) {
    static const char *const names[] = {[TERM_STALE_FOREIGN] = "foreign",
                                        [TERM_STALE_AGAIN] = "again",
                                        [TERM_STALE_HOLE] = "hole",
                                        [TERM_STALE_MISMATCH] = "mismatch"};
    assert((unsigned)kind < TERM_STALE_COUNT);
    return names[kind];
}

static void holds_together(const struct term_reader *reader) {
    assert(reader->position.cursor >= 0);
    assert(reader->position.term.offset < reader->position.next_offset);
    assert(reader->next_offset >= reader->position.next_offset);
    assert(reader->held < (uint64_t)(reader->next_offset - reader->position.next_offset) + 1);
    assert(!reader->deaf || reader->held == 0);
    assert(reader->position.term.offset != TERM_NONE || !(reader->fresh || reader->deaf));
    assert(reader->position.term.offset != TERM_NONE || reader->held == 0);
    assert(reader->doubted_offset >= NOTHING_DOUBTED);
}

void term_reader_init(struct term_reader *reader, const struct term_position *position) {
    assert(position->next_offset >= 0 && position->cursor >= 0);
    *reader = (struct term_reader){
        .position = *position,
        .next_offset = position->next_offset,
        .fresh = position->term.offset != TERM_NONE &&
                 position->next_offset == position->term.offset + 1,
        .doubted_offset = NOTHING_DOUBTED,
        .doubted_term = {.offset = TERM_NONE},
    };
    holds_together(reader);
}

void term_reader_restart(struct term_reader *reader) {
    holds_together(reader);
    reader->next_offset = reader->position.next_offset;
    reader->held = 0;
}

static enum term_verdict stale(struct term_reader *reader, enum term_stale kind) {
    assert((unsigned)kind < TERM_STALE_COUNT);
    assert(reader->stale[kind] >= 0 && reader->stale[kind] < INT64_MAX);
    reader->stale[kind]++;
    return TERM_STALE;
}

/* The consumer may have skipped a record: whatever looks so is read again once, and nothing up to
 * there a second time, so that this comes to an end. */
static bool is_doubted(struct term_reader *reader, int64_t offset) {
    assert(offset >= reader->position.next_offset);
    if (offset <= reader->doubted_offset) {
        return false;
    }
    reader->doubted_offset = offset;
    term_reader_restart(reader);
    assert(reader->next_offset <= offset);
    return true;
}

/* Nothing on the partition is transactional from its first claim on: every offset is a record. Only
 * so is a claim missed that the consumer skipped, where what follows it is of the term before. */
static bool is_gap(const struct term_reader *reader, int64_t offset) {
    assert(offset >= reader->next_offset);
    assert(reader->next_offset >= reader->position.next_offset);
    return offset > reader->next_offset && reader->position.term.offset != TERM_NONE;
}

static enum term_verdict claimed(struct term_reader *reader, int64_t offset, uint64_t nonce) {
    assert(offset > reader->position.term.offset);
    assert(offset >= reader->position.next_offset);
    reader->position.term = (struct term){offset, nonce};
    reader->position.next_offset = offset + 1;
    reader->held = 0;
    reader->fresh = true;
    reader->deaf = false;
    reader->doubted_offset = NOTHING_DOUBTED;
    assert(reader->next_offset == reader->position.next_offset);
    return TERM_CLAIM;
}

static enum term_verdict history(struct term_reader *reader, int64_t offset,
                                 int64_t history_cursor) {
    assert(reader->position.term.offset == TERM_NONE);
    assert(reader->held == 0 && !reader->deaf);
    reader->position.next_offset = offset + 1;
    if (history_cursor > reader->position.cursor) {
        reader->position.cursor = history_cursor;
    }
    assert(reader->next_offset == reader->position.next_offset);
    return TERM_HISTORY;
}

/* Of a term whose claim should have been seen by now, if it is on the log: as it lies above ours. */
static enum term_verdict foreign(struct term_reader *reader, int64_t offset,
                                 const struct term_label *label) {
    assert(label->kind != TERM_LABEL_CLAIM);
    assert(offset == reader->next_offset - 1);
    bool unseen = label->kind == TERM_LABEL_EVENT && label->term.offset < offset &&
                  label->term.offset > reader->position.term.offset;
    if (unseen && !term_equal(&label->term, &reader->doubted_term)) {
        reader->doubted_term = label->term;
        if (is_doubted(reader, offset)) {
            return TERM_REREAD;
        }
    }
    return stale(reader, TERM_STALE_FOREIGN);
}

static enum term_verdict too_low(struct term_reader *reader, int64_t offset,
                                 const struct term_label *label) {
    assert(label->prev <= reader->position.cursor);
    assert(!reader->deaf);
    if (!reader->fresh || label->prev == reader->position.cursor) {
        return stale(reader, TERM_STALE_AGAIN);
    }
    return is_doubted(reader, offset) ? TERM_REREAD : TERM_FORGOTTEN;
}

static enum term_verdict too_high(struct term_reader *reader, int64_t offset) {
    assert(!reader->deaf);
    if (is_doubted(reader, offset)) {
        return TERM_REREAD;
    }
    reader->deaf = true;
    reader->held = 0;
    assert(offset == reader->next_offset - 1);
    return stale(reader, reader->fresh ? TERM_STALE_MISMATCH : TERM_STALE_HOLE);
}

static enum term_verdict joins(struct term_reader *reader, int64_t offset,
                               const struct term_label *label) {
    assert(label->prev == reader->position.cursor && label->index == reader->held);
    assert(label->next > reader->position.cursor);
    reader->held++;
    if (!label->last) {
        return TERM_JOINS;
    }
    assert(offset >= reader->position.next_offset + (int64_t)reader->held - 1);
    reader->position.cursor = label->next;
    reader->position.next_offset = offset + 1;
    reader->held = 0;
    reader->fresh = false;
    return TERM_DELIVERS;
}

bool term_reader_end(struct term_reader *reader, int64_t offset) {
    holds_together(reader);
    assert(offset >= 0);
    assert(reader->position.next_offset >= 0);
    return offset > reader->next_offset && is_gap(reader, offset) && is_doubted(reader, offset);
}

enum term_verdict term_reader_feed(struct term_reader *reader, int64_t offset,
                                   const struct term_label *label, int64_t history_cursor) {
    holds_together(reader);
    assert(offset >= 0);
    if (offset < reader->next_offset) {
        return TERM_PASSED;
    }
    if (is_gap(reader, offset) && is_doubted(reader, offset)) {
        return TERM_REREAD;
    }
    reader->next_offset = offset + 1;
    if (label->kind == TERM_LABEL_CLAIM) {
        return claimed(reader, offset, label->term.nonce);
    }
    if (label->kind == TERM_LABEL_NONE && reader->position.term.offset == TERM_NONE) {
        return history(reader, offset, history_cursor);
    }
    if (label->kind != TERM_LABEL_EVENT || !term_equal(&label->term, &reader->position.term)) {
        return foreign(reader, offset, label);
    }
    if (reader->deaf) {
        return stale(reader, reader->fresh ? TERM_STALE_MISMATCH : TERM_STALE_HOLE);
    }
    int64_t cursor = reader->position.cursor;
    if (label->prev == cursor && label->index == reader->held) {
        return joins(reader, offset, label);
    }
    bool low = label->prev < cursor || (label->prev == cursor && label->index < reader->held);
    return low ? too_low(reader, offset, label) : too_high(reader, offset);
}
