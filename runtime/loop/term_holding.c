/* SPDX-License-Identifier: Apache-2.0 */
/* Records that wait until their command is whole. */
#include "runtime/loop/term_holding.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN 8

void term_holding_init(struct term_holding *holding, void (*release)(void *record)) {
    assert(release != NULL);
    *holding = (struct term_holding){.release = release};
}

void term_holding_drop(struct term_holding *holding) {
    for (size_t i = 0; i < holding->count; i++) {
        holding->release(holding->records[i]);
    }
    holding->count = 0;
    holding->whole = false;
}

void term_holding_deinit(struct term_holding *holding) {
    term_holding_drop(holding);
    free(holding->records);
    holding->records = NULL;
    holding->capacity = 0;
}

static void record_add(struct term_holding *holding, void *record) {
    if (holding->count == holding->capacity) {
        holding->capacity = holding->capacity > 0 ? 2 * holding->capacity : CAPACITY_MIN;
        holding->records =
            reallocate(holding->records, holding->capacity * sizeof holding->records[0]);
    }
    holding->records[holding->count++] = record;
}

enum term_held term_holding_take(struct term_holding *holding, const struct term_reader *reader,
                                 enum term_verdict verdict, void *record) {
    assert(holding->release != NULL);
    if (holding->whole) {
        term_holding_drop(holding);
    }
    bool counts = verdict == TERM_HISTORY || verdict == TERM_JOINS || verdict == TERM_DELIVERS;
    if (counts && holding->count == TERM_HELD_MAX) {
        holding->release(record);
        return TERM_HELD_TOO_MANY;
    }
    if (counts) {
        record_add(holding, record);
        holding->whole = verdict != TERM_JOINS;
        return holding->whole ? TERM_HELD_WHOLE : TERM_HELD_ON;
    }
    holding->release(record);
    if (reader->held == 0) { /* the reader has dropped them */
        term_holding_drop(holding);
    }
    return TERM_HELD_ON;
}
