/* SPDX-License-Identifier: Apache-2.0 */
/* export FOLDER, import FOLDER: the log as files. */
#ifndef SEATLOG_REPLAY_COMMANDS_SEGMENTS_H
#define SEATLOG_REPLAY_COMMANDS_SEGMENTS_H

#include "replay/context.h"

int replay_export(const struct replay_context *context);
int replay_import(const struct replay_context *context);

#endif
