/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_PRESENT_PRESENT_EVENT_H
#define SEATLOG_RUNTIME_PRESENT_PRESENT_EVENT_H

#include "runtime/base/buffer.h"
#include "seatlog_types.h"

/*
 * One event in a sentence, for people. Ids are shortened to their first eight digits. show is what
 * the event's show was created as, or NULL where that is not known: then seats are told by number.
 *
 *   Ghost, Chico · buyer 1f0c2a9b holds Middle D 9, D 10 for $29.00 until 06:41:20 (reservation
 * 5be01c77)
 *
 * Appends to out, without a line end.
 */
void present_event(struct buffer *out, const struct event *event,
                   const struct event_show_created *show);

#endif
