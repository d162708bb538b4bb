/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_TAIL_SHOWS_H
#define SEATLOG_TOOLS_TAIL_SHOWS_H

#include "codec/arena.h"
#include "seatlog_codec.h"
#include "seatlog_types.h"

#include <stdbool.h>

/*
 * What the log said of each show, for events that only carry its id: its ShowCreated as it was on
 * the log, decoded when needed.
 */
struct tail_shows;

struct tail_shows *tail_shows_new(void);
void tail_shows_free(struct tail_shows *shows);

/* Remembers a ShowCreated; copies wire. */
void tail_shows_put(struct tail_shows *shows, const struct uuid *show_id, struct octets wire);

/* Fills *out from memory, texts in the arena. false: the show's ShowCreated was not seen. */
bool tail_shows_get(const struct tail_shows *shows, struct codec *codec, struct arena *arena,
                    const struct uuid *show_id, struct event_show_created *out);

#endif
