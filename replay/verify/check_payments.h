/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_CHECK_PAYMENTS_H
#define SEATLOG_REPLAY_VERIFY_CHECK_PAYMENTS_H

#include "replay/verify/books.h"

/*
 * The provider's payments and refunds, by its own API: every capture has exactly one sold order or
 * was given back, every other authorization was let go, and amounts agree.
 */
bool replay_check_payments(struct replay_books *books, struct error *error);

#endif
