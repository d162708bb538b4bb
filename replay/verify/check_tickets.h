/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_CHECK_TICKETS_H
#define SEATLOG_REPLAY_VERIFY_CHECK_TICKETS_H

#include "replay/verify/books.h"

/* seatlog.tickets: one valid ticket a sold place, none for any other; tokens verify; returned ones
 * revoked. */
bool replay_check_tickets(struct replay_books *books, struct error *error);

#endif
