/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_CHECK_PROJECTIONS_H
#define SEATLOG_REPLAY_VERIFY_CHECK_PROJECTIONS_H

#include "replay/verify/books.h"

/* The catalog in PostgreSQL equals the fold of the events; waits until the indexer has followed. */
bool replay_check_projections(struct replay_books *books, struct error *error);

#endif
