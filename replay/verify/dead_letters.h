/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_DEAD_LETTERS_H
#define SEATLOG_REPLAY_VERIFY_DEAD_LETTERS_H

#include "replay/context.h"
#include "replay/log/log.h"

/* What was set aside of the log: by which daemon, and why. */
struct replay_dead_letters;

/* NULL with *error when the topic cannot be read; none where the log has no such topic. */
struct replay_dead_letters *replay_dead_letters_load(const struct replay_context *context,
                                                     struct error *error);
void replay_dead_letters_free(struct replay_dead_letters *letters);

/* Why the daemon set the record aside; NULL: it did not. Lives as long as the letters. */
const char *replay_dead_letters_reason(const struct replay_dead_letters *letters,
                                       const char *daemon, const char *topic, int32_t partition,
                                       int64_t offset);

#endif
