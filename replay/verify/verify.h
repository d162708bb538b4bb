/* SPDX-License-Identifier: Apache-2.0 */
/* verify: decides the history again and compares all books with it. */
#ifndef SEATLOG_REPLAY_VERIFY_VERIFY_H
#define SEATLOG_REPLAY_VERIFY_VERIFY_H

#include "replay/context.h"

int replay_verify(const struct replay_context *context);

#endif
