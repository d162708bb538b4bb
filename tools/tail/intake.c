/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a partition, from what the rule says of them to when they are told. */
#include "tools/tail/intake.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN 16

void tail_intake_init(struct tail_intake *intake, bool all, void (*release)(void *record)) {
    *intake = (struct tail_intake){.all = all, .release = release};
}

void tail_intake_deinit(struct tail_intake *intake) {
    for (size_t i = 0; i < intake->count; i++) {
        intake->release(intake->records[intake->begin + i].record);
    }
    free(intake->records);
    *intake = (struct tail_intake){0};
}

static void record_add(struct tail_intake *intake, struct tail_record record) {
    if (intake->count == 0) {
        intake->begin = 0;
    }
    if (intake->begin + intake->count == intake->capacity) {
        intake->capacity = intake->capacity > 0 ? 2 * intake->capacity : CAPACITY_MIN;
        intake->records = reallocate(intake->records, intake->capacity * sizeof intake->records[0]);
    }
    intake->records[intake->begin + intake->count++] = record;
}

/* The fate of what is held. Without `all`, what does not count leaves the row. */
static void held_settle(struct tail_intake *intake, const char *why) {
    size_t kept = 0;
    struct tail_record *records = intake->records + intake->begin;
    for (size_t i = 0; i < intake->count; i++) {
        bool held = !records[i].known;
        if (held && why != NULL && !intake->all) {
            intake->release(records[i].record);
            continue;
        }
        if (held) {
            records[i].known = true;
            records[i].why = why;
        }
        records[kept++] = records[i];
    }
    intake->count = kept;
}

void tail_intake_restart(struct tail_intake *intake, const struct term_reader *reader) {
    int64_t offset = reader->position.next_offset;
    while (intake->count > 0 &&
           intake->records[intake->begin + intake->count - 1].offset >= offset) {
        intake->release(intake->records[intake->begin + --intake->count].record);
    }
}

static void not_counting_add(struct tail_intake *intake, int64_t offset, void *record,
                             const char *why) {
    if (intake->all && offset >= intake->told_offset) {
        record_add(intake, (struct tail_record){record, offset, true, why});
    } else {
        intake->release(record);
    }
}

/* Why a record that the reader has just called stale is so: the count that has grown says. */
static const char *stale_why(struct tail_intake *intake, const struct term_reader *reader) {
    static const char *const words[TERM_STALE_COUNT] = {
        [TERM_STALE_FOREIGN] = "of another term",
        [TERM_STALE_AGAIN] = "a copy",
        [TERM_STALE_HOLE] = "an event before it is missing",
        [TERM_STALE_MISMATCH] = "its term does not go on from what counted",
    };
    const char *why = NULL;
    for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
        why = reader->stale[kind] != intake->stale[kind] ? words[kind] : why;
        intake->stale[kind] = reader->stale[kind];
    }
    assert(why != NULL);
    return why;
}

void tail_intake_take(struct tail_intake *intake, const struct term_reader *reader,
                      enum term_verdict verdict, int64_t offset, void *record) {
    switch (verdict) {
    case TERM_HISTORY:
        record_add(intake, (struct tail_record){record, offset, true, NULL});
        break;
    case TERM_JOINS:
        record_add(intake, (struct tail_record){record, offset, false, NULL});
        break;
    case TERM_DELIVERS:
        held_settle(intake, NULL);
        record_add(intake, (struct tail_record){record, offset, true, NULL});
        break;
    case TERM_CLAIM:
        held_settle(intake, TAIL_WHY_UNFINISHED);
        not_counting_add(intake, offset, record, TAIL_WHY_CLAIM);
        break;
    case TERM_STALE: {
        const char *why = stale_why(intake, reader);
        if (reader->held == 0) {
            held_settle(intake, TAIL_WHY_UNFINISHED);
        }
        not_counting_add(intake, offset, record, why);
        break;
    }
    case TERM_REREAD:
    case TERM_PASSED:
    case TERM_FORGOTTEN:
        intake->release(record);
        break;
    }
}

const struct tail_record *tail_intake_first(const struct tail_intake *intake) {
    const struct tail_record *first = intake->records + intake->begin;
    return intake->count > 0 && first->known ? first : NULL;
}

void tail_intake_pass(struct tail_intake *intake) {
    const struct tail_record *first = tail_intake_first(intake);
    assert(first != NULL);
    if (first->why != NULL) {
        intake->told_offset = first->offset + 1;
    }
    intake->release(first->record);
    intake->begin++;
    intake->count--;
}
