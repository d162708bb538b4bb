/* SPDX-License-Identifier: Apache-2.0 */
/* seal FOLDER: signs how far the log goes and what it sums to. */
#ifndef SEATLOG_REPLAY_COMMANDS_SEAL_H
#define SEATLOG_REPLAY_COMMANDS_SEAL_H

#include "replay/context.h"

int replay_seal(const struct replay_context *context);

#endif
