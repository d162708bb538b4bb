/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_CHECK_MAILS_H
#define SEATLOG_REPLAY_VERIFY_CHECK_MAILS_H

#include "replay/verify/books.h"

/* The outbox: every sold order's confirmation was accepted by SMTP, under one Message-ID. */
bool replay_check_mails(struct replay_books *books, struct error *error);

#endif
