/* SPDX-License-Identifier: Apache-2.0 */
/* show ID: the story of one show. */
#ifndef SEATLOG_REPLAY_COMMANDS_SHOW_H
#define SEATLOG_REPLAY_COMMANDS_SHOW_H

#include "replay/context.h"

int replay_show(const struct replay_context *context);

#endif
