/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_CORE_STORY_RENDER_H
#define SEATLOG_TESTS_CORE_STORY_RENDER_H

#include <stdio.h>

#include "seatlog_types.h"

/* An event as a line of a story, without the line's end. */
void story_event_print(FILE *out, const struct event *event);
/* A seat of the show of the stories by its name, as A1; #n where there is none. */
void story_seat_print(FILE *out, int32_t seat);
/* 10:05, 10:05:30.250, day 2 10:05. */
void story_time_print(FILE *out, int64_t at);

#endif
