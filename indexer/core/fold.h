/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of an event that is folded into a row of a projection. */
#ifndef SEATLOG_INDEXER_CORE_FOLD_H
#define SEATLOG_INDEXER_CORE_FOLD_H

/*
 * The projections are folds: a seat map and a reservation row, each a pure function of the row
 * before and one event. No I/O, no clock. Rows live in the arena they are made in.
 */
enum fold_result {
    FOLD_APPLIED,
    FOLD_SEEN, /* its seq is not beyond the row's: nothing was changed */
    FOLD_GAP   /* applied, but events of the show are missing before it */
};

#endif
