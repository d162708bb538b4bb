/* SPDX-License-Identifier: Apache-2.0 */
/* A seat as catalog.seat_map.states has it, a byte each: written by indexer, read by ingest-api. */
#ifndef SEATLOG_CODEC_SEAT_STATE_H
#define SEATLOG_CODEC_SEAT_STATE_H

enum seat_state { SEAT_FREE = 0, SEAT_HELD = 1, SEAT_SOLD = 2 };
#define SEAT_STATE_COUNT (SEAT_SOLD + 1)

#endif
