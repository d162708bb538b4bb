/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild: the catalog made again from the log. */
#ifndef SEATLOG_REPLAY_COMMANDS_REBUILD_H
#define SEATLOG_REPLAY_COMMANDS_REBUILD_H

#include "replay/context.h"

int replay_rebuild(const struct replay_context *context);

#endif
